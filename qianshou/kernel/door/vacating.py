"""Giving tasks back to a post whose holder has left it: the clock's act after a posting ends."""

from datetime import datetime
from typing import Any

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.door.acts import Reassign
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.turn import MatterRow, instant, load_matter, not_before
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.models import OPEN, Task


def reassign_tasks(act: Reassign, *, by: Actor, at: datetime) -> MatterRow | None:
    """Give the tasks that an officer claimed at posts no longer theirs back to these posts; all of
    them, where the officer's account was stopped.

    What was delegated to them goes back to whose it is. One entry for the matter; None where
    nothing is left to give back. Allowed to the clock alone.
    """
    require(by.kind == "clock")
    matter = load_matter(act.matter)
    officer = Officer.objects.get(pk=act.officer)
    seats = actor_of(officer, at) if officer.is_active else Actor("officer", officer.pk)
    freed: dict[str, int | None] = {}
    statements: list[Statement] = []
    at = not_before(matter, at)
    for task in Task.objects.filter(matter=matter.id, state=OPEN, claimed_at__isnull=False):
        if compiled(matter.digest).node(task.node).assignee is not None:
            continue
        whose = task.delegated_from_id or task.assignee_id
        holds = seats.sits_at(task.organisation_id, task.posts)
        if whose == act.officer and not holds:
            back = None
        elif task.assignee_id == act.officer and task.organisation_id not in seats.organisations:
            back = task.delegated_from_id
        else:
            continue
        freed[str(task.token)] = back
        claimed = None if back is None else instant(at)
        statements.append((change.VACATE_TASK, [back, claimed, matter.id, task.token]))
        statements.append((change.INSERT_NOTICE, _notice(matter, task, back, at)))
    if not freed:
        return None
    entry = {"tokens": freed, "officer": act.officer, "name": officer.name}
    store_entry(Doing("reassign", by, at, matter, entry=entry), *statements)
    return matter


def _notice(matter: MatterRow, task: Task, back: int | None, at: datetime) -> list[Any]:
    zh, en = (
        f"原承办人已离岗，请签收：{matter.title}",
        f"Its holder has left the post, please claim: {matter.title}",
    )
    posts = task.posts if back is None else ""
    place = [matter.id, "reassign", task.organisation_id, posts, back]
    return [*place, zh[:300], en[:300], instant(at)]
