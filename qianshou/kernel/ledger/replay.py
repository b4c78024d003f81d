"""Verify: every entry, every chain, every seal, and every matter replayed from its acts."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from qianshou.kernel.ledger.append import Stamped
from qianshou.kernel.ledger.chain import ALGORITHMS, digest
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.ledger.seals import check_seals
from qianshou.kernel.ledger.tables import (
    Picture,
    StoredMatter,
    is_written,
    registry_rows,
    stored_matters,
)
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.migration import Route
from qianshou.kernel.procedures.versions import compiled, route_between

CHANGES = ("register", "amend")  # acts on a row of the registry that say what it became
Progress = Callable[[int, int], None]
COLUMNS = (
    "pk", "subject", "seq", "act", "node", "officer_id", "organisation_id", Stamped("at"), "body",
    "prev", "algorithm", "hash",
)  # fmt: skip
Row = tuple[Any, ...]
Rows = dict[str, dict[str, Any]]
PARTS = {
    "title": "标题", "organisation": "承办机构", "division": "区划", "receipt": "回执",
    "circle": "知情范围", "person": "当事人",
    "supervised": "督办", "suspended": "挂起", "outcome": "结果", "parties": "参与机构", "tasks": "任务",
    "timers": "计时", "awaited": "等待的消息", "readers": "抄送", "version": "规范版本",
}  # fmt: skip


def verify(
    subject: str = "", progress: Progress | None = None, *, at: datetime | None = None
) -> Iterator[Problem]:
    """Yield every problem of the ledger, or of one subject; `progress(done, total)` as it goes.

    With `at` (now), entries that have waited too long for a seal are a problem too.
    """
    for found in check_entries(subject, at=at):
        if isinstance(found, Problem):
            yield found
        elif progress:
            progress(*found)


def check_entries(
    subject: str = "", *, at: datetime | None = None
) -> Iterator[Problem | tuple[int, int]]:
    """Yield every problem, and between them how many entries of how many are checked.

    Finds an altered, missing, reordered or forged entry, a broken or missing seal, a matter
    that is not what its acts give (its state, tasks, timers, parties and own columns), and a
    row of the registry whose values are not those that were last written down. A subject with
    a problem is read once more before it is told, for people go on working meanwhile.
    """
    entries = Entry.objects.order_by("subject", "seq").values_list(*COLUMNS)
    if subject:
        entries = entries.filter(subject=subject)
    total = entries.count()
    done = 0
    matters = stored_matters(subject)
    rows_of = cache(registry_rows)
    for name, rows in groupby(entries.iterator(chunk_size=5000), key=lambda row: row[1]):
        kept = list(rows)
        found = list(check_subject(name, kept, matters.pop(name, None), rows_of))
        yield from found if subject or not found else verify(name)
        before, done = done, done + len(kept)
        if before // 500 != done // 500:
            yield done, total
    for name, matter in matters.items():
        found = [
            Problem(
                name,
                0,
                f"事项 {name} 没有任何台账记录（应有 {matter.seq} 条）",
                f"matter {name} has no entry at all (should have {matter.seq})",
            )
        ]
        yield from found if subject else verify(name)
    if not subject:
        yield from check_seals(at)
    yield total, total


def check_subject(
    subject: str,
    rows: list[Row],
    matter: StoredMatter | None,
    rows_of: Callable[[str], Rows | None],
) -> Iterator[Problem]:
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
        if algorithm not in ALGORITHMS or digest(body, algorithm) != own:
            yield Problem(
                subject,
                seq,
                f"{subject} 第 {seq} 条记录（编号 {pk}）内容被改动：哈希不符",
                f"{subject}: entry {seq} (id {pk}) was altered: its hash does not match",
            )
            return
        try:
            parsed = json.loads(body)
            by = parsed["by"]
            told = (
                parsed["subject"], parsed["seq"], parsed["act"], parsed["node"], by["id"],
                by["organisation"], parsed["at"], parsed["prev"],
            )  # fmt: skip
        except (ValueError, LookupError, TypeError, RecursionError):
            yield Problem(
                subject,
                seq,
                f"{subject} 第 {seq} 条记录（编号 {pk}）的正文无法读取",
                f"{subject}: the body of entry {seq} (id {pk}) cannot be read",
            )
            return
        columns = (subject, seq, act, node, officer, organisation, at, stored_prev)
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
    if bodies[0]["act"] not in ("open", *CHANGES, "disclose"):
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
    else:
        yield from check_row(subject, bodies, rows_of)


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
        state, told = replay(bodies)
        same = json.loads(json.dumps(state.to_json())) == json.loads(matter.state)
    except Exception as error:  # whatever a forged body makes of the engine
        yield Problem(
            subject,
            len(bodies),
            f"{subject} 无法按台账重放：{error}",
            f"{subject} cannot be replayed from its acts: {error!r}",
        )
        return
    stored = matter.picture
    if same and told == stored:
        return
    differs = [name for name in PARTS if getattr(told, name) != getattr(stored, name)]
    zh = "、".join((*([] if same else ["状态"]), *(PARTS[name] for name in differs)))
    en = ", ".join((*([] if same else ["state"]), *differs))
    yield Problem(
        subject,
        len(bodies),
        f"{subject} 的现状与台账重放的结果不一致：{zh}",
        f"{subject}: what is stored is not what its acts give: {en}",
    )


def check_row(
    subject: str, bodies: list[dict[str, Any]], rows_of: Callable[[str], Rows | None]
) -> Iterator[Problem]:
    """Yield the problems of a registry row: has it the values that were last written down?"""
    kind, _, key = subject.partition("/")
    rows = rows_of(kind)
    if rows is None:
        return
    row = rows.get(key)
    if row is None:
        yield Problem(
            subject, 0, f"台账里的 {subject} 在底册里不存在", f"{subject} is missing from its table"
        )
        return
    told: dict[str, Any] = {}
    try:
        for body in bodies:
            told.update(body["after"] if body["act"] in CHANGES else {})
        differs = [
            name for name in told if name in row and not _agrees(name, row[name], told[name])
        ]
    except (ValueError, LookupError, TypeError):  # a forged body
        differs = ["after"]
    if differs:
        names = ", ".join(differs)
        yield Problem(
            subject,
            len(bodies),
            f"{subject} 的现状与台账最后的记录不一致：{names}",
            f"{subject}: its row is not what the ledger says: {names}",
        )


def _agrees(name: str, value: Any, told: Any) -> bool:
    """Whether a column is as written; of a wrapped key, whether there is one: a change of the
    master key wraps it anew.
    """
    if name == "wrapped_key":
        return (value is None) == (told is None)
    return is_written(value, told)


def replay(bodies: list[dict[str, Any]]) -> tuple[engine.State, Picture]:
    """Return a matter's state and what else is told of it, from its acts.

    `bodies` are parsed entries in order; the first names the version, and each that moves the
    matter to another the next one. Raises what the engine refuses.
    """
    first = bodies[0]
    procedure = compiled(first["procedure"])
    home = first["facts"]["home"]
    told = Picture(
        first["title"],
        home,
        first["division"],
        first["receipt"],
        circle=first.get("circle"),
        person=first.get("person"),
        version=first["procedure"],
    )
    state: engine.State | None = None
    due: dict[str, str] = {}
    opened: dict[int, engine.Opened] = {}
    holders: dict[int, tuple[int | None, int | None]] = {}
    moved: dict[int, str] = {}
    resumes: dict[int, str] = {}
    waiting: dict[int, int] = {}
    for body in bodies:
        act = engine_act(body)
        if act is not None:
            step = engine.advance(procedure, state, act, datetime.fromisoformat(body["at"]))
            state = step.state
            for closed in step.closed:
                due.pop(str(closed.token), None)
                for ahead in [one for one, token in waiting.items() if token == closed.token]:
                    due.pop(str(ahead), None)
            for token in step.stopped:
                due.pop(str(token), None)
            if isinstance(act, engine.Fire):
                due.pop(str(act.token), None)
            for one in step.opened:
                opened[one.token] = one
                if one.node == body.get("target") and "resume" in body:
                    resumes[one.token] = body["resume"]
        elif body["act"] == "merge":
            assert state is not None
            state, due = state.stopped(), {}
        elif body["act"] == "migrate":
            assert state is not None
            route = _route(body, told.version)
            state, procedure, told.version = route.move(state), route.new, body["to"]
            for token in opened.keys() & set(map(int, due)):
                node = procedure.node(route.name(opened[token].node))
                opened[token] = opened[token]._replace(node=node.id, posts=node.posts)
            resumes = {token: route.name(node) for token, node in resumes.items()}
        elif body["act"] in ("claim", "release", "transfer", "delegate", "resolve", "recall"):
            holders[body["token"]] = body["assignee"], body.get("delegated_from")
            if "organisation" in body:
                moved[body["token"]] = body["organisation"]
        elif body["act"] == "reassign":
            holders |= {int(token): (back, None) for token, back in body["tokens"].items()}
        elif body["act"] == "add_signer":
            assert state is not None
            state = state._replace(serial=state.serial + 1)
            ahead, token = body["before"], body["token"]
            waiting[ahead] = token
            opened[ahead] = opened[token]._replace(token=ahead, assignee=body["element"])
            if token in moved:
                moved[ahead] = moved[token]
        elif body["act"] in ("sign", "remove_signer"):
            due.pop(str(body["token"]), None)
        elif body["act"] == "copy":
            if body["on"]:
                told.readers |= dict.fromkeys(body["officers"], False)
            else:
                told.readers = {
                    one: read for one, read in told.readers.items() if one not in body["officers"]
                }
        elif body["act"] == "read":
            told.readers[body["by"]["id"]] = True
        elif body["act"] == "supervise":
            told.supervised = body["on"]
        elif body["act"] in ("suspend", "resume"):
            told.suspended = body["act"] == "suspend"
        if "due" in body:
            due.update(body["due"])
        told.outcome = body.get("outcome", told.outcome)
    assert state is not None
    codes = {
        token: home if one.organisation is None else str(one.organisation)
        for token, one in opened.items()
    }
    told.awaited = engine.awaited_of(procedure, state)
    told.parties = {home, *codes.values(), *moved.values()}
    codes.update(moved)
    for key, at in due.items():
        token = int(key)
        if token in opened:
            one = opened[token]
            posts = ",".join(one.posts)
            told.tasks[token] = (
                one.node,
                at,
                posts,
                codes[token],
                *holders.get(token, (one.assignee, None)),
                resumes.get(token, ""),
                waiting.get(token),
            )
        else:
            told.timers[token] = at
    return state, told


def _route(body: Mapping[str, Any], version: str) -> Route:
    """Return the route of an entry that moved a matter; ValueError where it is from elsewhere."""
    if body["from"] != version:
        raise ValueError(f"moved from {body['from']}, but it was under {version}")
    return route_between(version, body["to"], tuple(sorted(body["mapping"].items())))


Move = tuple[engine.Act | None, engine.State | None, engine.Step | None, Route | None]


def _moves(bodies: list[dict[str, Any]]) -> Iterator[Move]:
    """Yield what moved a matter's tokens: an act, the state that it met and the step that followed;
    or the route to another version.
    """
    version = bodies[0]["procedure"]
    procedure = compiled(version)
    state: engine.State | None = None
    for body in bodies:
        act = engine_act(body)
        if act is not None:
            step = engine.advance(procedure, state, act, datetime.fromisoformat(body["at"]))
            yield act, state, step, None
            state = step.state
        elif body["act"] == "migrate" and state is not None:
            route = _route(body, version)
            state, procedure, version = route.move(state), route.new, body["to"]
            yield None, state, None, route
        elif body["act"] == "add_signer" and state is not None:
            state = state._replace(serial=state.serial + 1)


def path_of(bodies: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the nodes that each act of a matter passed, in order, from its entries; by their
    names of today where it was moved to another version.
    """
    path: list[tuple[str, ...]] = []
    for _act, _state, step, route in _moves(bodies):
        if step is not None:
            path.append(step.passed)
        elif route is not None:
            path = [tuple(map(route.name, passed)) for passed in path]
    return path


def done_beside(bodies: list[dict[str, Any]], token: int) -> set[int]:
    """Return the tokens of the instances that are done of what several do, beside that of `token`,
    which waits; `bodies` are the parsed entries of its matter, in order.
    """
    scopes: dict[int, int] = {}
    here = 0
    for act, state, step, _route in _moves(bodies):
        if isinstance(act, engine.Complete) and state is not None:
            scopes[act.token] = state.tokens[act.token].scope
        if step is not None and token in step.state.tokens:
            here = step.state.tokens[token].scope
    return {done for done, scope in scopes.items() if scope == here}


def engine_act(body: dict[str, Any]) -> engine.Act | None:
    """Return the engine's act of an entry; None for one that moves no token."""
    facts = body.get("facts", {})
    match body["act"]:
        case "open":
            return engine.Open(facts, body["start"])
        case "complete":
            return engine.Complete(body["token"], facts, body.get("then", ""))
        case "return" | "withdraw":
            return engine.Return(body["token"], body["target"], facts)
        case "add_signer":
            return None if "before" in body else engine.Widen(body["token"], body["element"])
        case "remove_signer":
            if "before" in body:
                return None
            return engine.Narrow(body["token"], body.get("ends", False))
        case "fire":
            return engine.Fire(body["token"])
        case "deliver":
            return engine.Deliver(body["message"], facts)
    return None
