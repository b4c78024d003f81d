"""Signers of a step that several do (会签): one more (加签), or one less (减签)."""

import json
from datetime import datetime
from typing import Any

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.calendar import amber_at, due_at
from qianshou.kernel.door.acts import AddSigner, RemoveSigner, Sign
from qianshou.kernel.door.follow import Doing, follow, store_entry
from qianshou.kernel.door.rules import (
    may_add_signer,
    may_ask_first,
    may_complete,
    may_remove_signer,
    require_text,
)
from qianshou.kernel.door.turn import (
    MatterRow,
    TaskRow,
    instant,
    is_hidden,
    load_open_task,
    not_before,
    standing_of,
)
from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import done_beside
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.models import CANCELLED, DONE, OPEN, Task


def add_signer(act: AddSigner, *, by: Actor, at: datetime) -> MatterRow:
    """Let one more officer sign, or sign first (`before`); how many there are changes with it, in the same transaction.

    Allowed to a signer and to a supervisor; to sign first somebody is asked by whoever holds the
    task, which then waits for them. Refuses a missing reason (door.reason), a step that
    does not name its signers by their numbers (door.no_signing), and whoever signs, has signed or
    is to sign in turn, does not hold the post there today or may not see the matter (door.signer).
    """
    matter, task = load_open_task(act.task, by)
    node = compiled(matter.digest).node(task.node)
    state = engine.State.from_json(json.loads(matter.state))
    if act.before:
        require(may_ask_first(by, task.hold, node))
    elif task.blocks is not None or _named_by(act.officer, node, task, state) != act.officer:
        raise Refusal(
            "door.no_signing",
            "这一步没有会签人名单，不能加签",
            "This step has no list of signers to add to",
            "task",
        )
    require(act.before or may_add_signer(by, standing_of(matter), task.hold, node))
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    found = Officer.objects.filter(pk=act.officer, is_active=True).first()
    to = None if found is None else actor_of(found, at)
    fits = to is not None and to.sits_at(task.organisation, task.posts)
    signing = (
        _signing_now(matter, task.node) if act.before else signers_of(matter, task, node, state)
    )
    signs = act.officer in signing
    if found is None or to is None or not fits or signs or is_hidden(matter, to):
        raise Refusal(
            "door.signer",
            "只能加一位目前任此岗位、能看到此事项、还没有签也没有列入名单的人",
            "Only somebody who holds this post, sees the matter and is not among the signers can be added",
            "officer",
        )
    entry = {
        "token": task.token,
        "element": found.pk,
        "to": found.name,
        "reason": act.reason,
    }
    doing = Doing("add_signer", by, not_before(matter, at), matter, task, task.node, entry=entry)
    if act.before:
        _open_before(doing, task, found.pk)
    else:
        follow(doing, engine.Widen(task.token, found.pk))
    return matter


def _named_by(element: Any, node: Node, task: TaskRow, state: engine.State) -> int | None:
    """Return the officer whom a step that several do names for an element of its collection."""
    if node.collection is None or node.assignee is None:
        return None
    seen = state.seen_from(state.tokens[task.token].scope)
    return engine.officer_of(node.assignee({**seen, node.element: element}))


def _signing_now(matter: MatterRow, node: str) -> set[int | None]:
    """Return whose open tasks there are at a step, also those that a colleague does for them."""
    open_tasks = Task.objects.filter(matter=matter.id, node=node, state=OPEN)
    held = open_tasks.values_list("assignee", "delegated_from")
    return {officer for pair in held for officer in pair}


def signers_of(
    matter: MatterRow, task: TaskRow, node: Node, state: engine.State
) -> set[int | None]:
    """Return who signs at the step of a task, has signed beside it, and whose turn comes later."""
    signing = _signing_now(matter, task.node)
    if task.blocks is not None:
        return signing
    done = done_beside(entries_of(matter.number), task.token)
    signed = Task.objects.filter(matter=matter.id, token__in=done)
    rest = state.locals.get(state.tokens[task.token].scope, {}).get(engine.REST, ())
    later = {_named_by(element, node, task, state) for element in rest}
    return signing | later | set(signed.values_list("assignee", flat=True))


def _open_before(doing: Doing, task: TaskRow, officer: int) -> None:
    """Open a task that blocks another; it takes the engine's next number and moves no token."""
    matter, at = doing.matter, doing.at
    state = engine.State.from_json(json.loads(matter.state))
    state = state._replace(serial=state.serial + 1)
    matter.state = json.dumps(state.to_json(), ensure_ascii=False, separators=(",", ":"))
    span = Task.objects.values_list("span", flat=True).get(pk=task.id)
    due = due_at(at, span, work_calendar()).at
    doing.entry = {
        **(doing.entry or {}),
        "before": state.serial,
        "due": {str(state.serial): stamp(due)},
    }
    opened = [instant(at), matter.seq + 1, instant(amber_at(at, due)), instant(due), task.id]
    texts = [f"请您先签：{matter.title}"[:300], f"Please sign first: {matter.title}"[:300]]
    notice = [matter.id, "sign", task.organisation, "", officer, *texts, instant(at)]
    store_entry(
        doing,
        (change.INSERT_BLOCKING, [state.serial, officer, *opened]),
        (change.SET_STATE, [matter.state, matter.id]),
        (change.INSERT_NOTICE, notice),
    )


def sign_task(act: Sign, *, by: Actor, at: datetime) -> MatterRow:
    """Give one's opinion before a task that waits for it. Allowed to whoever was asked."""
    matter, task = load_open_task(act.task, by)
    require(task.blocks is not None and may_complete(by, task.hold))
    at = not_before(matter, at)
    entry = {"token": task.token, "text": act.text}
    closing = [DONE, instant(at), matter.seq + 1, by.officer, instant(at), matter.id, task.token]
    doing = Doing("sign", by, at, matter, task, task.node, entry=entry)
    store_entry(doing, (change.CLOSE_TASK, closing))
    return matter


def remove_signer(act: RemoveSigner, *, by: Actor, at: datetime) -> MatterRow:
    """Let the officer of a signing task not sign. Allowed to a supervisor.

    Where others have signed, the step ends with the last who is left out, or once those are enough.
    Refuses a missing reason (door.reason), and the last signer where nobody has signed
    (engine.last_signer).
    """
    matter, task = load_open_task(act.task, by)
    node = compiled(matter.digest).node(task.node)
    require(may_remove_signer(by, standing_of(matter), task.hold, node))
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    name = Officer.objects.filter(pk=task.assignee or 0).values_list("name", flat=True).first()
    entry = {"token": task.token, "to": name or "", "reason": act.reason}
    doing = Doing("remove_signer", by, not_before(matter, at), matter, task, task.node, entry=entry)
    if task.blocks is not None:
        doing.entry = {**entry, "before": True}
        closing = [CANCELLED, instant(doing.at), matter.seq + 1, None, None]
        store_entry(doing, (change.CLOSE_TASK, [*closing, matter.id, task.token]))
    else:
        ends = bool(done_beside(entries_of(matter.number), task.token))
        doing.entry = {**entry, **({"ends": True} if ends else {})}
        follow(doing, engine.Narrow(task.token, ends))
    return matter
