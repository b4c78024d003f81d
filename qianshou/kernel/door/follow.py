"""What an engine step means for the list: tasks with deadlines, timers, parties, closure."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from qianshou.kernel.access import REPORTER, RESIDENT, Actor, Principal, principal_at
from qianshou.kernel.calendar import NEVER, amber_at, due_at
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.turn import MatterRow, TaskRow, append, head_statement, instant
from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.outbox import send
from qianshou.kernel.pack import Change, declaration_of, effect_named, project
from qianshou.kernel.procedures.engine import SIGNAL, Opened, State, Step, advance
from qianshou.kernel.procedures.engine import Act as EngineAct
from qianshou.kernel.procedures.feel import compile_expression
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.models import CANCELLED, DONE

NO_DEADLINE = "3mo"
NO_SOURCE = "local.default"
NEVER_REFUSED = ("clock", REPORTER)


@dataclass(slots=True)
class Doing:
    """One act on its way through the door: who, when, on what, with which facts."""

    act: str
    by: Actor
    at: datetime
    matter: MatterRow
    task: TaskRow | None = None
    node: str = ""
    submitted: Mapping[str, Any] | None = None
    entry: dict[str, Any] | None = None
    behalf: Principal | None = None

    @property
    def principal(self) -> Principal | None:
        """For whom the actor does this as a substitute: `behalf`, or whose the task is."""
        task = self.task
        if self.behalf is not None or task is None:
            return self.behalf
        whose = task.delegated_from or task.assignee
        return principal_at(self.by, whose, task.organisation, task.posts)


Held = dict[str | int, tuple[int, str, set[str]]]


def follow(doing: Doing, engine_act: EngineAct) -> Step:
    """Advance the matter by `engine_act`, run its effects, append the entry, store the rest.

    Raises the engine's Refusal where the act does not fit the matter's state.
    """
    matter = doing.matter
    step, statements = work_out(doing, engine_act)
    statements.append(
        (
            change.UPDATE_MATTER,
            [
                matter.state,
                matter.seq,
                matter.head,
                instant(matter.head_at),
                matter.level,
                instant(matter.closed_at),
                step.outcome or "",
                matter.id,
            ],
        )
    )
    change.run(statements)
    tell_pack(doing, step)
    return step


def work_out(
    doing: Doing, engine_act: EngineAct, held: Held | None = None
) -> tuple[Step, list[Statement]]:
    """Advance the matter as an object and return the step with what stores it: the entry, and
    what hangs on the matter, but not the matter's own row. Nothing is written.

    `held` keeps who sits where, for many acts at one instant.
    """
    matter, at = doing.matter, doing.at
    procedure = compiled(matter.digest)
    state = State.from_json(json.loads(matter.state)) if matter.state else None
    step = advance(procedure, state, engine_act, at)
    declared = declaration_of(matter.procedure)
    if declared.level:
        matter.level = str(evaluate(declared.level, step.state.facts) or "")
    matter.state = json.dumps(step.state.to_json(), ensure_ascii=False, separators=(",", ":"))
    if step.outcome is not None:
        matter.closed_at = at
    statements, due = _task_statements(doing, step, {} if held is None else held)
    entry = {**(doing.entry or {}), "procedure": matter.digest}
    if doing.submitted is not None:
        entry["facts"] = doing.submitted
    if due:
        entry["due"] = due
    if step.outcome is not None:
        entry["outcome"] = step.outcome
    holder = doing.task.organisation if doing.task else None
    appended = append(
        matter,
        doing.act,
        by=doing.by,
        at=at,
        facts=entry,
        node=doing.node,
        organisation=holder,
        principal=doing.principal,
    )
    return step, [appended, *statements]


def tell_pack(doing: Doing, step: Step | None) -> None:
    """Run the effects a step passed and the pack's projection, inside the transaction."""
    matter = doing.matter
    seen = Change(
        matter=matter.id,
        number=matter.number,
        procedure=matter.procedure,
        act=doing.act,
        node=doing.node,
        task=doing.task.token if doing.task else None,
        by=doing.by.kind,
        officer=doing.by.officer,
        at=doing.at,
        opened_at=matter.opened_at,
        division=matter.division,
        organisation=matter.organisation,
        holder=doing.task.organisation if doing.task else None,
        facts=step.state.facts if step else json.loads(matter.state).get("facts", {}),
        submitted=doing.submitted or {},
        step=step,
        closed=matter.closed_at is not None,
        late=doing.task is not None and doing.at > doing.task.due_at,
        circle=matter.circle,
        person=matter.person,
    )
    if step is not None:
        for place, effect in enumerate(step.effects):
            if effect.name.startswith(SIGNAL):
                key = f"signal/{matter.id}/{matter.seq}/{place}"
                told = {"signal": effect.name, "key": key, "organisation": matter.organisation}
                send("signal", told, key=key, at=doing.at)
            else:
                effect_named(effect.name)(seen, effect.facts)
    project(seen)


def evaluate(text: str, facts: Mapping[str, Any]) -> Any:
    """Return the value of a declared FEEL expression over a matter's facts."""
    return _compiled_once(text)(facts)


_compiled_once = lru_cache(maxsize=256)(compile_expression)


def _task_statements(
    doing: Doing, step: Step, held: Held
) -> tuple[list[Statement], dict[str, str]]:
    matter, at = doing.matter, doing.at
    statements: list[Statement] = []
    for closed in step.closed:
        done = closed.reason == "done"
        closer = doing.by.officer if done else None
        statements.append(
            (
                change.CLOSE_TASK,
                [
                    DONE if done else CANCELLED,
                    instant(at),
                    matter.seq + 1,
                    closer,
                    instant(at) if closer else None,
                    matter.id,
                    closed.token,
                ],
            )
        )
        if not done:
            ends = [instant(at), matter.seq + 1, matter.id, closed.token]
            statements.append((change.CANCEL_BLOCKING, ends))
    statements.extend((change.DELETE_TIMER, [matter.id, token]) for token in step.stopped)
    due: dict[str, str] = {}
    for opened, holder in _holders(doing, step.opened, held):
        sql, parameters, at_due = _open_task(matter, opened, holder, at)
        statements.append((sql, parameters))
        due[str(opened.token)] = stamp(at_due)
        if holder != matter.organisation:
            statements.append((change.INSERT_PARTY, [matter.id, holder]))
    calendar = work_calendar() if step.timers else None
    for timer in step.timers:
        assert calendar is not None
        comes = NEVER if matter.suspended_at else due_at(at, timer.span, calendar).at
        statements.append(
            (change.INSERT_TIMER, [matter.id, timer.token, timer.node, timer.span, instant(comes)])
        )
        due[str(timer.token)] = stamp(comes)
    statements.extend(
        (change.INSERT_SUBSCRIPTION, [matter.id, awaited.token, awaited.message])
        for awaited in step.subscribed
    )
    statements.extend(
        (change.DELETE_SUBSCRIPTION, [matter.id, token]) for token in step.unsubscribed
    )
    return statements, due


def _holders(doing: Doing, tasks: tuple[Opened, ...], held: Held) -> Iterator[tuple[Opened, int]]:
    """Yield each task with the organisation that gets it.

    Refuses an organisation that does not exist (door.no_organisation) or at which nobody holds
    one of the task's posts today (door.nobody), so that no order goes where nobody sits. What the
    clock or a protected reporter opens is never refused; it shows as overdue.
    """
    home = doing.matter.organisation
    opening = doing.act == "open"
    codes = sorted({str(task.organisation) for task in tasks if task.organisation is not None})
    unknown = [code for code in codes if code not in held]
    if unknown or (opening and home not in held):
        held.update(posts_held(unknown, [home] if opening else [], doing.at))
    for task in tasks:
        key = home if task.organisation is None else str(task.organisation)
        if task.organisation is not None and key not in held:
            raise Refusal(
                "door.no_organisation",
                f"没有机构“{key}”",
                f"There is no organisation “{key}”",
                "organisation",
            )
        found = held.get(key)
        manned = found is None or RESIDENT in task.posts or not found[2].isdisjoint(task.posts)
        if found is not None and not manned and doing.by.kind not in NEVER_REFUSED:
            raise Refusal(
                "door.nobody",
                f"“{found[1]}”目前没有人能办这一步，请改选单位",
                f"Nobody at “{found[1]}” can do this step now; choose another organisation",
            )
        yield task, home if found is None else found[0]


POSTS_HELD = """
SELECT organisation.code, organisation.id, organisation.name, posting.post_id
FROM registry_organisation organisation LEFT JOIN registry_posting posting
  ON posting.organisation_id = organisation.id AND posting.from_date <= %s
 AND (posting.to_date IS NULL OR posting.to_date >= %s)
WHERE organisation.id IN ({homes}) OR organisation.code IN ({codes})"""


def posts_held(codes: Collection[str], homes: Collection[int], at: datetime) -> Held:
    """Return id, name and the posts held at `at` of the organisations named, and of homes by id
    (one query).
    """
    today = at.astimezone(CHINA).date()
    homes_marks, codes_marks = (",".join(["%s"] * len(one)) or "NULL" for one in (homes, codes))
    sql = POSTS_HELD.format(homes=homes_marks, codes=codes_marks)
    held: Held = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [today, today, *homes, *codes])
        for code, pk, name, post in cursor.fetchall():
            held.setdefault(code, (pk, name, set()))[2].add(post)
            if pk in homes:
                held[pk] = held[code]
    return held


def _open_task(
    matter: MatterRow, opened: Opened, organisation: int, at: datetime
) -> tuple[str, list[Any], datetime]:
    node = compiled(matter.digest).node(opened.node)
    span = opened.due or NO_DEADLINE
    due = due_at(at, span, work_calendar())
    ends = NEVER if matter.suspended_at else due.at
    parameters = [
        matter.id,
        opened.token,
        matter.procedure,
        opened.node,
        node.name,
        node.name_en or node.name,
        ",".join(opened.posts),
        organisation,
        matter.division,
        opened.assignee,
        matter.level,
        instant(at),
        matter.seq + 1,
        span,
        node.due_source or NO_SOURCE,
        instant(NEVER if matter.suspended_at else amber_at(at, ends)),
        instant(ends),
        due.provisional,
    ]
    return change.INSERT_TASK, parameters, ends


def store_entry(doing: Doing, *statements: Statement) -> None:
    """Append the entry of an act that moves no token, with the statements that go with it."""
    entry = dict(doing.entry or {})
    if doing.submitted is not None:
        entry["facts"] = doing.submitted
    appended = append(
        doing.matter,
        doing.act,
        by=doing.by,
        at=doing.at,
        facts=entry,
        node=doing.node,
        organisation=doing.task.organisation if doing.task else None,
        principal=doing.principal,
    )
    change.run([appended, *statements, head_statement(doing.matter)])
    tell_pack(doing, None)
