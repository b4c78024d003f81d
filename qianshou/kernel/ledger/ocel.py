"""The ledger as an OCEL 2.0 file for process mining: JSON or SQLite (ocel-standard.org, 2023).

Events are the entries of matters, objects are matters, tasks, organisations, posts, documents by
digest, and officers under a pseudonym of this one file. No facts, no titles, no names; nothing of
a matter in a circle, and no entry of the registry.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps

from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.read import moves_in
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Organisation, Post

ALWAYS = "1970-01-01T00:00:00Z"
OF_ENTRIES = ("act", "node", "by", "seq", "outcome")
OF_KINDS = {
    "matter": ("procedure", "version", "opened", "closed"),
    "task": ("procedure", "node", "due"),
    "organisation": ("name", "kind"),
    "post": ("name", "pack"),
    "document": (),
    "officer": (),
}
Relations = list[tuple[str, str]]


class Told(NamedTuple):
    """An event: its id, its kind, when, its attributes, and the objects it is related to."""

    id: str
    kind: str
    at: str
    values: dict[str, str]
    relations: Relations


class Thing(NamedTuple):
    """An object: its id, its kind, its attributes, and the objects it belongs to."""

    id: str
    kind: str
    values: dict[str, str]
    relations: Relations


class _Reading:
    """The ledger read once: what it tells, and then the things that were named."""

    def __init__(self) -> None:
        self.matters = apps.get_model("worklist", "Matter").objects.filter(circle=None)
        self.key = secrets.token_bytes(32)
        self.kinds: set[str] = set()
        self.named: set[tuple[str, str]] = set()
        self.codes = dict(Organisation.objects.values_list("pk", "code"))
        self.tasks: dict[str, set[int]] = {}

    def officer(self, number: int) -> str:
        """Return the pseudonym of an officer in this file; its key is kept nowhere."""
        told = hmac.new(self.key, str(number).encode(), hashlib.sha256).hexdigest()
        return f"officer-{told[:16]}"

    def entries(self) -> Iterator[Told]:
        """Yield every entry of every matter that no circle hides."""
        procedures = dict(self.matters.values_list("number", "procedure"))
        for body in moves_in(self.matters.values("number")):
            number, act, node = body["subject"], body["act"], body.get("node", "")
            kind = " ".join(filter(None, (procedures[number], act, node)))
            self.kinds.add(kind)
            values = {
                "act": act,
                "node": node,
                "by": body["by"]["kind"],
                "seq": str(body["seq"]),
                "outcome": body.get("outcome") or "",
            }
            yield Told(
                f"{number}#{body['seq']}", kind, body["at"], values, self.relations(number, body)
            )

    def relations(self, number: str, body: dict[str, Any]) -> Relations:
        """Return the objects that an entry is about, with how."""
        by, found = body["by"], [(f"matter-{number}", "of")]
        token = body.get("token")
        if token is not None and body["act"] != "fire":
            self.tasks.setdefault(number, set()).add(token)
            found.append((f"task-{number}-{token}", body["act"]))
        named = []
        if by.get("id") is not None:
            named.append(("officer", self.officer(by["id"]), "by"))
        if by.get("organisation") in self.codes:
            code = self.codes[by["organisation"]]
            named.append(("organisation", f"organisation-{code}", "at"))
        if by.get("post"):
            named.append(("post", f"post-{by['post']}", "as"))
        named += [
            ("document", f"document-{one['digest']}", "attaches")
            for one in body.get("documents", ())
        ]
        for kind, name, how in named:
            self.named.add((kind, name))
            found.append((name, how))
        return found

    def things(self) -> Iterator[Thing]:
        """Yield what the entries named; to be asked after all of them were read."""
        for number, procedure, digest, opened, closed in self.matters.order_by("pk").values_list(
            "number", "procedure", "version__digest", "opened_at", "closed_at"
        ):
            values = {
                "procedure": procedure,
                "version": digest,
                "opened": stamp(opened),
                "closed": stamp(closed) if closed else "",
            }
            yield Thing(f"matter-{number}", "matter", values, [])
        tasks = apps.get_model("worklist", "Task").objects.filter(matter__circle=None)
        told = {}
        for number, token, procedure, node, due in tasks.values_list(
            "matter__number", "token", "procedure", "node", "due_at"
        ):
            told[number, token] = {"procedure": procedure, "node": node, "due": stamp(due)}
        for number, tokens in self.tasks.items():
            for token in sorted(tokens):
                values = told.get((number, token), {})
                belongs = [(f"matter-{number}", "of")]
                yield Thing(f"task-{number}-{token}", "task", values, belongs)
        for code, name, sort in Organisation.objects.values_list("code", "name", "kind"):
            if ("organisation", f"organisation-{code}") in self.named:
                values = {"name": name, "kind": sort}
                yield Thing(f"organisation-{code}", "organisation", values, [])
        for code, name, pack in Post.objects.values_list("code", "name", "pack"):
            if ("post", f"post-{code}") in self.named:
                yield Thing(f"post-{code}", "post", {"name": name, "pack": pack}, [])
        for kind, name in sorted(self.named):
            if kind in ("officer", "document"):
                yield Thing(name, kind, {}, [])


def export_ocel(path: Path) -> int:
    """Write the ledger to `path`, as its ending says, and return how many entries it holds.

    Raises Refusal ocel.format for an ending that is neither .json nor .sqlite, and ocel.file for
    a place that cannot be written.
    """
    ways = {".json": _write_json, ".sqlite": _write_sqlite}
    if path.suffix not in ways:
        raise Refusal(
            "ocel.format",
            f"{path.name}：文件名应以 .json 或 .sqlite 结尾",
            f"{path.name}: the name must end in .json or .sqlite",
            "file",
        )
    try:
        path.unlink(missing_ok=True)
        return ways[path.suffix](path)
    except OSError as error:
        raise Refusal(
            "ocel.file", f"写不了 {path}：{error}", f"Cannot write {path}: {error}", "file"
        ) from None


def _write_json(path: Path) -> int:
    """Write one part after the other, so that a long ledger need not lie in memory."""
    reading, count = _Reading(), 0

    def listed(relations: Relations) -> list[dict[str, str]]:
        return [{"objectId": name, "qualifier": how} for name, how in relations]

    with path.open("w", encoding="utf-8") as file:
        file.write('{"events":[')
        for one in reading.entries():
            told: dict[str, Any] = {
                "id": one.id,
                "type": one.kind,
                "time": one.at,
                "attributes": [{"name": name, "value": one.values[name]} for name in OF_ENTRIES],
                "relationships": listed(one.relations),
            }
            file.write(("," if count else "") + json.dumps(told, ensure_ascii=False))
            count += 1
        file.write('],"objects":[')
        for place, thing in enumerate(reading.things()):
            told = {
                "id": thing.id,
                "type": thing.kind,
                "attributes": [
                    {"name": name, "time": ALWAYS, "value": value}
                    for name, value in thing.values.items()
                ],
                "relationships": listed(thing.relations),
            }
            file.write(("," if place else "") + json.dumps(told, ensure_ascii=False))
        kinds = [(kind, OF_ENTRIES) for kind in sorted(reading.kinds)]
        for name, declared in (("eventTypes", kinds), ("objectTypes", list(OF_KINDS.items()))):
            types = [
                {"name": kind, "attributes": [{"name": one, "type": "string"} for one in known]}
                for kind, known in declared
            ]
            file.write(f'],"{name}":' + json.dumps(types, ensure_ascii=False)[:-1])
        file.write("]}")
    return count


def _write_sqlite(path: Path) -> int:
    """Write the tables of the standard's relational format."""
    reading, count = _Reading(), 0
    kinds: dict[str, str] = {}
    with sqlite3.connect(path) as file:
        file.executescript(
            "CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);"
            "CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);"
            "CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);"
            "CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);"
            "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT,"
            " ocel_qualifier TEXT, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));"
            "CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT,"
            " ocel_qualifier TEXT, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));"
        )
        for one in reading.entries():
            if one.kind not in kinds:
                kinds[one.kind] = f"k{len(kinds)}"
                columns = ", ".join(f'"{name}" TEXT' for name in OF_ENTRIES)
                file.execute(
                    f'CREATE TABLE "event_{kinds[one.kind]}"'
                    f" (ocel_id TEXT PRIMARY KEY, ocel_time TIMESTAMP, {columns})"
                )
                file.execute(
                    "INSERT INTO event_map_type VALUES (?, ?)", (one.kind, kinds[one.kind])
                )
            file.execute("INSERT INTO event VALUES (?, ?)", (one.id, one.kind))
            row = [one.id, one.at, *(one.values[name] for name in OF_ENTRIES)]
            marks = ", ".join("?" * len(row))
            file.execute(f'INSERT INTO "event_{kinds[one.kind]}" VALUES ({marks})', row)
            file.executemany(
                "INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)",
                [(one.id, name, how) for name, how in one.relations],
            )
            count += 1
        for kind, known in OF_KINDS.items():
            columns = "".join(f', "{name}" TEXT' for name in known)
            file.execute(
                f'CREATE TABLE "object_{kind}"'
                f" (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT{columns})"
            )
            file.execute("INSERT INTO object_map_type VALUES (?, ?)", (kind, kind))
        for thing in reading.things():
            file.execute("INSERT INTO object VALUES (?, ?)", (thing.id, thing.kind))
            known = OF_KINDS[thing.kind]
            row = [thing.id, ALWAYS, *(thing.values.get(name, "") for name in known)]
            marks = ", ".join("?" * len(known))
            told = f"(?, ?, NULL{', ' if known else ''}{marks})"
            file.execute(f'INSERT INTO "object_{thing.kind}" VALUES {told}', row)
            file.executemany(
                "INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)",
                [(thing.id, name, how) for name, how in thing.relations],
            )
    file.close()
    return count
