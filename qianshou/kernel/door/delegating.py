"""Giving a task to a colleague for once (委托): it comes back to its holder, who completes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.door.acts import Delegate, Recall, Resolve
from qianshou.kernel.door.cleaning import clean_facts
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.rules import may_delegate, may_recall, may_resolve, require_text
from qianshou.kernel.door.turn import (
    MatterRow,
    TaskRow,
    instant,
    is_hidden,
    load_open_task,
    not_before,
)
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist import change

WORDS = {
    "delegate": ("请您代办：", "You are asked to do: "),
    "resolve": ("您委托的任务已交回：", "What you asked for is done: "),
    "recall": ("委托已收回：", "Taken back: "),
}


def delegate_task(act: Delegate, *, by: Actor, at: datetime) -> MatterRow:
    """Give a claimed task to a colleague of the same organisation; it stays its holder's.

    Refuses a missing reason (door.reason), a task that is free, delegated already or done on a
    page of its own (access.denied), and whoever has no seat of the pack at the organisation or may not see the
    matter (door.no_colleague). The rule is Flowable's and Camunda's: a delegated task comes back.
    """
    matter, task = load_open_task(act.task, by)
    node = compiled(matter.digest).node(task.node)
    require(may_delegate(by, task.hold, node))
    require_text(act.reason, "reason", "请写明委托事由", "Please say what you ask for")
    found = Officer.objects.filter(pk=act.officer, is_active=True).first()
    to = None if found is None else actor_of(found, at)
    if found is None or to is None or not _may_help(to, matter, task):
        raise Refusal(
            "door.no_colleague",
            "只能委托本单位同一系统、能看到此事项的同事",
            "Only a colleague of this organisation and system who sees the matter can be asked",
            "officer",
        )
    told = {"to": found.name, "reason": act.reason}
    _give("delegate", matter, task, (found.pk, task.assignee), told, by=by, at=at)
    return matter


def _may_help(to: Actor, matter: MatterRow, task: TaskRow) -> bool:
    pack = pack_of(matter.procedure).id
    seated = any(seat.pack == pack and seat.organisation == task.organisation for seat in to.seats)
    return seated and to.officer != task.assignee and not is_hidden(matter, to)


def resolve_task(act: Resolve, *, by: Actor, at: datetime) -> MatterRow:
    """Give a delegated task back to its holder, with the form filled in as a draft.

    The matter does not move. Allowed to the delegate; refuses what the form refuses (Refusals
    with fields).
    """
    matter, task = load_open_task(act.task, by)
    require(may_resolve(by, task.hold))
    node = compiled(matter.digest).node(task.node)
    draft: Mapping[str, Any] = (
        clean_facts(form_of(matter.digest, node.form), act.facts, matter.person, at)
        if node.form
        else {}
    )
    told = {"text": act.text, "draft": draft}
    _give("resolve", matter, task, (task.delegated_from, None), told, by=by, at=at)
    return matter


def recall_task(act: Recall, *, by: Actor, at: datetime) -> MatterRow:
    """Take a delegated task back without waiting; allowed to its holder."""
    matter, task = load_open_task(act.task, by)
    require(may_recall(by, task.hold))
    _give("recall", matter, task, (task.delegated_from, None), {}, by=by, at=at)
    return matter


def _give(
    name: str,
    matter: MatterRow,
    task: TaskRow,
    hands: tuple[int | None, int | None],
    told: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Set assignee and holder of a task, with the entry and a notice to the other of the two."""
    assignee, delegated_from = hands
    entry = {
        "token": task.token,
        "assignee": assignee,
        "delegated_from": delegated_from,
        **told,
    }
    at = not_before(matter, at)
    doing = Doing(name, by, at, matter, task, task.node, entry=entry)
    zh, en = WORDS[name]
    texts = [f"{zh}{matter.title}"[:300], f"{en}{matter.title}"[:300]]
    told_to = assignee if name != "recall" else task.assignee
    notice = [matter.id, name, task.organisation, "", told_to, *texts, instant(at)]
    store_entry(
        doing,
        (change.DELEGATE_TASK, [assignee, delegated_from, instant(at), task.id]),
        (change.INSERT_NOTICE, notice),
    )
