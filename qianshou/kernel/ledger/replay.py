"""Verify: every entry, every chain, every seal, and every matter replayed from its acts."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import connection

from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.chain import digest, merkle_root, seal_body
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal

Progress = Callable[[int, int], None]
COLUMNS = (
    "pk", "subject", "seq", "act", "node", "officer_id", "organisation_id", "at", "body", "prev",
    "algorithm", "hash",
)  # fmt: skip
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: which subject and entry, in both languages."""

    subject: str
    seq: int
    zh: str
    en: str


def verify(subject: str = "", progress: Progress | None = None) -> Iterator[Problem]:
    """Yield every problem of the ledger, or of one subject; `progress(done, total)` as it goes."""
    for found in check_entries(subject):
        if isinstance(found, Problem):
            yield found
        elif progress:
            progress(*found)


def check_entries(subject: str = "") -> Iterator[Problem | tuple[int, int]]:
    """Yield every problem, and between them how many entries of how many are checked.

    Finds an altered, missing, reordered or forged entry, a broken seal, and a matter whose
    stored state, tasks or timers are not what its acts give.
    """
    entries = Entry.objects.order_by("subject", "seq").values_list(*COLUMNS)
    if subject:
        entries = entries.filter(subject=subject)
    total = entries.count()
    done = 0
    matters = _stored_matters(subject)
    for name, rows in groupby(entries.iterator(chunk_size=5000), key=lambda row: row[1]):
        kept = list(rows)
        yield from check_subject(name, kept, matters.pop(name, None))
        before, done = done, done + len(kept)
        if before // 500 != done // 500:
            yield done, total
    for name, matter in matters.items():
        yield Problem(
            name,
            0,
            f"事项 {name} 没有任何台账记录（应有 {matter.seq} 条）",
            f"matter {name} has no entry at all (should have {matter.seq})",
        )
    if not subject:
        yield from check_seals()
    yield total, total


@dataclass(slots=True)
class StoredMatter:
    """What the tables say of a matter, to be compared with its replay."""

    digest: str
    state: str
    seq: int
    head: str
    outcome: str
    tasks: dict[int, tuple[str, str]] = field(default_factory=dict)
    timers: set[int] = field(default_factory=set)


def _stored_matters(subject: str) -> dict[str, StoredMatter]:
    found = apps.get_model("worklist", "Matter").objects.order_by("pk")
    tasks = apps.get_model("worklist", "Task").objects.filter(state=0)
    timers = apps.get_model("worklist", "Timer").objects.all()
    if subject:
        found = found.filter(number=subject)
        tasks = tasks.filter(matter__number=subject)
        timers = timers.filter(matter__number=subject)
    numbers: dict[int, str] = {}
    stored: dict[str, StoredMatter] = {}
    rows = found.values_list("pk", "number", "version__digest", "state", "seq", "head", "outcome")
    for pk, number, digest_of_version, state, seq, head, outcome in rows.iterator(chunk_size=5000):
        numbers[pk] = number
        stored[number] = StoredMatter(digest_of_version, state, seq, head, outcome)
    for matter, token, node, due_at in tasks.values_list("matter", "token", "node", "due_at"):
        if matter in numbers:
            stored[numbers[matter]].tasks[token] = (node, stamp(due_at))
    for matter, token in timers.values_list("matter", "token"):
        if matter in numbers:
            stored[numbers[matter]].timers.add(token)
    return stored


def check_subject(subject: str, rows: list[Row], matter: StoredMatter | None) -> Iterator[Problem]:
    """Yield the problems of one subject's entries, given in order of their numbers."""
    prev = ""
    bodies: list[dict[str, Any]] = []
    for place, row in enumerate(rows, start=1):
        pk, _, seq, act, node, officer, organisation, at, body, stored_prev, algorithm, own = row
        if seq != place:
            yield Problem(
                subject,
                place,
                f"{subject} 缺少第 {place} 条记录（下一条是第 {seq} 条，编号 {pk}）",
                f"{subject}: entry {place} is missing (the next is {seq}, id {pk})",
            )
            return
        if algorithm not in ("sm3", "sha256") or digest(body, algorithm) != own:
            yield Problem(
                subject,
                seq,
                f"{subject} 第 {seq} 条记录（编号 {pk}）内容被改动：哈希不符",
                f"{subject}: entry {seq} (id {pk}) was altered: its hash does not match",
            )
            return
        parsed = json.loads(body)
        by = parsed["by"]
        columns = (subject, seq, act, node, officer, organisation, stamp(at), stored_prev)
        told = (
            parsed["subject"], parsed["seq"], parsed["act"], parsed["node"], by["id"],
            by["organisation"], parsed["at"], parsed["prev"],
        )  # fmt: skip
        if columns != told or stored_prev != prev:
            yield Problem(
                subject,
                seq,
                f"{subject} 第 {seq} 条记录（编号 {pk}）与上一条不相扣，或列与正文不符",
                f"{subject}: entry {seq} (id {pk}) does not follow the one before, "
                "or its columns differ from its body",
            )
            return
        prev = own
        bodies.append(parsed)
    if bodies[0]["act"] not in ("open", "register", "amend"):
        yield Problem(subject, 1, f"{subject} 没有开头", f"{subject} has no opening entry")
    elif matter is not None:
        yield from check_matter(subject, bodies, prev, matter)
    elif bodies[0]["act"] == "open":
        yield Problem(
            subject,
            0,
            f"台账里的事项 {subject} 在事项表里不存在",
            f"matter {subject} of the ledger is missing from the table of matters",
        )


def check_matter(
    subject: str, bodies: list[dict[str, Any]], head: str, matter: StoredMatter
) -> Iterator[Problem]:
    """Yield the problems of a matter: replayed from its acts, is it what is stored?"""
    if (len(bodies), head) != (matter.seq, matter.head):
        yield Problem(
            subject,
            len(bodies),
            f"{subject} 台账末尾缺记录：应有 {matter.seq} 条，实有 {len(bodies)} 条",
            f"{subject}: the end of its chain is missing or replaced: "
            f"{matter.seq} entries expected, {len(bodies)} found",
        )
        return
    try:
        state, due, outcome = replay(matter.digest, bodies)
    except (Refusal, LookupError, TypeError, ValueError) as error:
        yield Problem(
            subject,
            len(bodies),
            f"{subject} 无法按台账重放：{error}",
            f"{subject} cannot be replayed from its acts: {error!r}",
        )
        return
    stored = json.loads(matter.state)
    waiting = {str(token) for token in (*matter.tasks, *matter.timers)}
    if (
        json.loads(json.dumps(state.to_json())) != stored
        or outcome != matter.outcome
        or any(due.get(str(token)) != told for token, (_, told) in matter.tasks.items())
        or waiting != due.keys()
    ):
        yield Problem(
            subject,
            len(bodies),
            f"{subject} 的现状与台账重放的结果不一致",
            f"{subject}: its stored state, tasks or timers are not what its acts give",
        )


def replay(digest_of_version: str, bodies: list[dict[str, Any]]) -> tuple[Any, dict[str, str], str]:
    """Return a matter's state, the deadline of each waiting token, and its outcome, from its acts.

    `bodies` are parsed entries in order. Raises what the engine refuses.
    """
    procedure = compiled(digest_of_version)
    state: engine.State | None = None
    due: dict[str, str] = {}
    outcome = ""
    for body in bodies:
        act = engine_act(body)
        if act is not None:
            step = engine.advance(procedure, state, act, datetime.fromisoformat(body["at"]))
            state = step.state
            for closed in step.closed:
                due.pop(str(closed.token), None)
            for token in step.stopped:
                due.pop(str(token), None)
            if isinstance(act, engine.Fire):
                due.pop(str(act.token), None)
        elif body["act"] == "merge":
            assert state is not None
            state, due = state.stopped(), {}
        due.update(body.get("due", {}))
        outcome = body.get("outcome", outcome)
    return state, due, outcome


def path_of(digest_of_version: str, bodies: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the nodes that each act of a matter passed, in order, from its entries."""
    procedure = compiled(digest_of_version)
    state: engine.State | None = None
    path = []
    for body in bodies:
        act = engine_act(body)
        if act is not None:
            step = engine.advance(procedure, state, act, datetime.fromisoformat(body["at"]))
            state = step.state
            path.append(step.passed)
    return path


def engine_act(body: dict[str, Any]) -> engine.Act | None:
    """Return the engine's act of an entry; None for one that moves no token."""
    facts = body.get("facts", {})
    match body["act"]:
        case "open":
            return engine.Open(facts, body["start"])
        case "complete":
            return engine.Complete(body["token"], facts)
        case "return" | "withdraw":
            return engine.Return(body["token"], body["target"], facts)
        case "fire":
            return engine.Fire(body["token"])
        case "deliver":
            return engine.Deliver(body["message"], facts, None)
    return None


def check_seals() -> Iterator[Problem]:
    """Yield every seal that does not follow the one before or does not fit its entries."""
    prev, last = "", 0
    for seal in Seal.objects.order_by("first_entry").iterator():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT hash FROM ledger_entry WHERE id > %s AND id <= %s ORDER BY id",
                [last, seal.last_entry],
            )
            leaves = [leaf for (leaf,) in cursor.fetchall()]
        body = seal_body(
            seal.first_entry, seal.last_entry, seal.count, stamp(seal.at), seal.root, seal.prev
        )
        whole = (
            len(leaves) == seal.count
            and merkle_root(leaves, seal.algorithm) == seal.root
            and seal.prev == prev
            and digest(body, seal.algorithm) == seal.hash
        )
        if not whole:
            yield Problem(
                f"seal/{seal.pk}",
                0,
                f"封存 {seal.pk}（记录 {seal.first_entry}–{seal.last_entry}）被破坏："
                f"应有 {seal.count} 条，实有 {len(leaves)} 条或内容不符",
                f"seal {seal.pk} (entries {seal.first_entry}-{seal.last_entry}) is broken: "
                f"{seal.count} entries expected, {len(leaves)} found, or other hashes",
            )
        prev, last = seal.hash, seal.last_entry
