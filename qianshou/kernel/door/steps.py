"""Acts that move a matter along its procedure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from qianshou.kernel.access import (
    RESIDENT,
    Actor,
    may_act,
    may_see,
    require,
    seats_allowed,
)
from qianshou.kernel.door.acts import (
    Complete,
    Deliver,
    Fire,
    Merge,
    Reassign,
    Resolve,
    Return,
    Sign,
    Warn,
    Withdraw,
)
from qianshou.kernel.door.cleaning import clean_facts
from qianshou.kernel.door.delegating import resolve_task
from qianshou.kernel.door.follow import Doing, follow, store_entry
from qianshou.kernel.door.rules import (
    is_taken_up,
    may_complete,
    may_stand_in,
    may_withdraw,
    require_text,
    return_targets,
    steps_done,
)
from qianshou.kernel.door.signing import sign_task
from qianshou.kernel.door.turn import (
    MatterRow,
    TaskRow,
    instant,
    is_hidden,
    load_matter,
    load_open_task,
    load_seen_matter,
    load_task,
    no_task,
    not_before,
    require_running,
    standing_of,
)
from qianshou.kernel.ledger.read import moves_of
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.migration import name_after
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.models import CANCELLED, DONE, OPEN, Task
from qianshou.kernel.worklist.receipts import receipts_of


def complete_task(act: Complete, *, by: Actor, at: datetime) -> MatterRow:
    """Complete a task with its form's facts and move the matter on.

    What a delegate completes goes back to whose it is, as `resolve_task` says.
    Refuses a task that is closed already (door.already_done) or held by another
    (access.denied), and facts that the form refuses (Refusals with fields).
    """
    matter, task = load_open_task(act.task, by)
    if task.delegated_from is not None:
        return resolve_task(Resolve(act.task, act.facts), by=by, at=at)
    if task.blocks is not None:
        return sign_task(Sign(act.task), by=by, at=at)
    _require_holder(matter, task, by)
    if task.is_blocked:
        raise Refusal(
            "door.blocked",
            "还有人没有先签，等签完再办结",
            "Somebody who was asked to sign first has not signed yet",
            "task",
        )
    at = not_before(matter, at)
    node = compiled(matter.digest).node(task.node)
    facts: Mapping[str, Any] = (
        clean_facts(form_of(matter.digest, node.form), act.facts, matter.person, at)
        if node.form
        else {}
    )
    entry: dict[str, Any] = {"token": task.token}
    if task.resume_node:
        entry["then"] = task.resume_node
    doing = Doing("complete", by, at, matter, task, task.node, facts, entry)
    follow(doing, engine.Complete(task.token, facts, task.resume_node))
    return matter


def _require_holder(matter: MatterRow, task: TaskRow, by: Actor) -> None:
    if by.kind == RESIDENT:
        require(task.posts == RESIDENT and by.receipt in receipts_of(matter.id))
        return
    if task.posts == RESIDENT:
        require(may_stand_in(by, matter.organisation))
        return
    require(may_complete(by, task.hold))


def return_task(act: Return, *, by: Actor, at: datetime) -> MatterRow:
    """Send the matter back to an earlier human step; open work of the scope is cancelled.

    Refuses a missing reason (door.reason), a step not declared or not done (door.target), and
    one in a branch that runs beside (engine.target), and a straight way back where there is none
    (door.straight).
    """
    matter, task = load_open_task(act.task, by)
    _require_holder(matter, task, by)
    require(task.blocks is None)
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    at = not_before(matter, at)
    procedure = compiled(matter.digest)
    done = steps_done(moves_of(matter.number), procedure.branches)
    if act.target not in return_targets(procedure.node(task.node), done):
        raise Refusal(
            "door.target",
            "只能退回到已经办过、且本环节允许退回的步骤",
            "You can only return to an earlier step that this step allows",
            "target",
        )
    entry = {"token": task.token, "target": act.target}
    if act.straight:
        if not engine.can_go_straight(procedure, act.target, task.node):
            raise Refusal(
                "door.straight",
                "这两个环节之间有并行办理，重办后不能直接送回，请按流程再走一遍",
                "Work in parallel lies between the two steps: it cannot come straight back",
                "straight",
            )
        entry["resume"] = task.node
    facts = {"return_reason": act.reason}
    _go_back(Doing("return", by, at, matter, task, task.node, facts, entry))
    return matter


def withdraw_task(act: Withdraw, *, by: Actor, at: datetime) -> MatterRow:
    """Pull back one's own completion while no task that followed was claimed or closed.

    One that was to come straight back to a later step still does. Refuses with door.taken_up
    when somebody has begun, access.denied for another's task or at a post left since,
    door.withdraw_signing for one signature of several, which would undo the others too, and
    door.suspended while the matter's clock stands still.
    """
    matter, task = load_task(act.task)
    if is_hidden(matter, by):
        raise no_task()
    require(task.state == DONE and may_withdraw(by, task.hold))
    require_running(matter)
    at = not_before(matter, at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT closed_seq FROM worklist_task WHERE id = %s", [task.id])
        (seq,) = cursor.fetchone()
    since = [
        body["mapping"]
        for kind, _node, body in moves_of(matter.number)
        if kind == "migrate" and body["seq"] > seq
    ]
    target = name_after(since, task.node)
    if compiled(matter.digest).node(target).collection is not None:
        raise Refusal(
            "door.withdraw_signing",
            "几人分别办理的环节，不能单独撤回一份；可请下一环节退回",
            "One signature of several cannot be withdrawn; ask the next holder to return it",
            "task",
        )
    asked = Task.objects.filter(blocks=OuterRef("pk")).exclude(state=CANCELLED)
    followed = list(
        Task.objects.filter(matter=matter.id, opened_seq=seq)
        .annotate(asks=Exists(asked))
        .values_list("token", "state", "claimed_at", "asks")
    )
    if is_taken_up(
        [(state == OPEN, asks or claimed is not None) for _, state, claimed, asks in followed]
    ):
        raise Refusal(
            "door.taken_up",
            "下一环节已经签收或办理，不能撤回；可请对方退回",
            "The next step has been taken up; ask its holder to return it instead",
            "task",
        )
    told = {"withdraw_reason": act.reason}
    resume = name_after(since, task.resume_node)
    kept = bool(resume) and engine.can_go_straight(compiled(matter.digest), target, resume)
    entry = {"token": followed[0][0], "target": target, **({"resume": resume} if kept else {})}
    _go_back(Doing("withdraw", by, at, matter, task, target, told, entry))
    return matter


def _go_back(doing: Doing) -> None:
    """Turn the matter back as the entry says; the step entered anew comes straight back from there
    to the one that the entry names, if it names one.
    """
    entry = doing.entry or {}
    step = follow(doing, engine.Return(entry["token"], entry["target"], doing.submitted or {}))
    if "resume" in entry:
        opened = [one.token for one in step.opened if one.node == entry["target"]]
        place = [entry["resume"], doing.matter.id]
        change.run([(change.RESUME_AT, [*place, token]) for token in opened])


def fire_timer(act: Fire, *, by: Actor, at: datetime) -> MatterRow | None:
    """Let a timer pass that has come; None when it is gone already or not yet due.

    Allowed to the clock alone.
    """
    require(by.kind == "clock")
    matter = load_matter(act.matter)
    timer = change.fetch(
        "SELECT node, due_at <= %s FROM worklist_timer WHERE matter_id = %s AND token = %s",
        [instant(at), act.matter, act.token],
    )
    if timer is None or not timer[1]:
        return None
    doing = Doing(
        "fire", by, not_before(matter, at), matter, node=timer[0], entry={"token": act.token}
    )
    change.run([(change.DELETE_TIMER, [matter.id, act.token])])
    follow(doing, engine.Fire(act.token))
    return matter


def deliver_message(act: Deliver, *, by: Actor, at: datetime) -> MatterRow:
    """Hand a matter a message that it waits for; Refusal door.no_subscription otherwise."""
    matter = load_seen_matter(act.matter, by)
    require(by.kind == "clock" or may_see(by, standing_of(matter)))
    waiting = change.fetch(
        "SELECT token FROM worklist_subscription WHERE matter_id = %s AND message = %s",
        [act.matter, act.message],
    )
    if waiting is None:
        raise Refusal(
            "door.no_subscription",
            f"此事项没有在等“{act.message}”",
            f"This matter is not waiting for “{act.message}”",
            "message",
        )
    doing = Doing(
        "deliver",
        by,
        not_before(matter, at),
        matter,
        node=act.message,
        submitted=dict(act.facts),
        entry={"message": act.message},
    )
    follow(doing, engine.Deliver(act.message, dict(act.facts)))
    return matter


def merge_matter(act: Merge, *, by: Actor, at: datetime) -> MatterRow:
    """End a matter as a duplicate of another; its open tasks and timers are cancelled.

    Refuses a missing reason, merging into itself, a closed one, another procedure's or another
    circle's (door.merge), and actors whose seat does not allow "merge" on both.
    """
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    first, second = sorted((act.matter, act.into))
    rows = {first: load_seen_matter(first, by), second: load_seen_matter(second, by)}
    matter, into = rows[act.matter], rows[act.into]
    closed = matter.closed_at or into.closed_at
    apart = (matter.procedure, matter.circle) != (into.procedure, into.circle)
    if act.matter == act.into or closed or apart:
        raise Refusal(
            "door.merge",
            "只能把未办结的事项并入同一规范、同一知情范围下另一件未办结的事项",
            "Only an open matter can be merged, into another open one of its procedure and circle",
            "into",
        )
    for row in (matter, into):
        require(may_act(by, "merge", standing_of(row)))
    at = not_before(matter, at)
    state = engine.State.from_json(json.loads(matter.state))
    matter.state = json.dumps(state.stopped().to_json(), ensure_ascii=False, separators=(",", ":"))
    matter.closed_at = at
    doing = Doing(
        "merge",
        by,
        at,
        matter,
        submitted={"merge_reason": act.reason},
        entry={"into": into.number, "outcome": "merged"},
    )
    store_entry(
        doing,
        (
            "UPDATE worklist_task SET state = 2, closed_at = %s, closed_seq = %s "
            "WHERE matter_id = %s AND state = 0",
            [instant(at), matter.seq + 1, matter.id],
        ),
        ("DELETE FROM worklist_timer WHERE matter_id = %s", [matter.id]),
        ("DELETE FROM worklist_subscription WHERE matter_id = %s", [matter.id]),
        (change.MERGE_MATTER, [matter.state, instant(at), into.id, matter.id]),
        (change.INSERT_LINK, [matter.id, into.id, "merged"]),
    )
    store_entry(Doing("absorb", by, not_before(into, at), into, entry={"merged": matter.number}))
    return matter


def warn_task(act: Warn, *, by: Actor, at: datetime) -> MatterRow | None:
    """Record that an open task has turned amber or late, and tell who should know, of a delegated
    one also whose it is; None where it has not, or is told already. Allowed to the clock alone.
    """
    require(by.kind == "clock")
    matter, task = load_task(act.task)
    late = at >= task.due_at
    mark = 2 if late else 1
    turned = late or Task.objects.filter(pk=task.id, amber_at__lte=at).exists()
    if task.state != OPEN or task.warned >= mark or not turned:
        return None
    doing = Doing(
        "warn",
        by,
        not_before(matter, at),
        matter,
        task,
        task.node,
        submitted={"late": late},
        entry={"token": task.token},
    )
    kind = "late" if late else "amber"
    told = {(task.organisation, task.posts, task.assignee)}
    if task.delegated_from is not None:
        told.add((task.organisation, task.posts, task.delegated_from))
    if late:
        seats = seats_allowed("supervise", standing_of(matter))
        told |= {(organisation, post, None) for organisation, post in seats}
    zh = "任务已超期：" if late else "任务将到期："
    en = "Task is late: " if late else "Task is nearly due: "
    store_entry(
        doing,
        (change.WARN_TASK, [mark, task.id]),
        *(
            (
                change.INSERT_NOTICE,
                [
                    matter.id,
                    kind,
                    organisation,
                    posts,
                    officer,
                    zh + matter.title,
                    en + matter.title,
                    instant(at),
                ],
            )
            for organisation, posts, officer in sorted(told, key=str)
        ),
    )
    return matter


def put_off(act: Fire | Warn | Reassign, until: datetime) -> None:
    """Note on a timer or task when the clock may try again what failed."""
    if isinstance(act, Fire):
        change.run([(change.PUT_OFF_TIMER, [instant(until), act.matter, act.token])])
    elif isinstance(act, Reassign):
        change.run([(change.PUT_OFF_MATTER, [instant(until), act.matter])])
    else:
        change.run([(change.PUT_OFF_WARNING, [instant(until), act.task])])
