"""Making a part of a matter a matter of its own (拆分), the two linked and named in each other."""

from datetime import datetime

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.acts import Open, Split
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.opening import open_matters
from qianshou.kernel.door.rules import Hold, may_split, require_text
from qianshou.kernel.door.turn import (
    MatterRow,
    load_matter,
    load_seen_matter,
    not_before,
    standing_of,
)
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.models import OPEN, Task


def split_matter(act: Split, *, by: Actor, at: datetime) -> MatterRow:
    """Open a matter of the same procedure and circle with `facts`, and link it; return the new one.

    Allowed to holders of the matter's open tasks and to supervisors, who may begin by that start.
    Refuses a missing reason (door.reason), a closed matter (door.closed), and what opening
    refuses.
    """
    matter = load_seen_matter(act.matter, by)
    tasks = Task.objects.filter(matter=matter.id, state=OPEN).values_list(*Hold._fields)
    require(may_split(by, standing_of(matter), [Hold(*held) for held in tasks]))
    if matter.closed_at is not None:
        raise Refusal("door.closed", "此事项已经办结", "This matter is closed", "matter")
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    at = not_before(matter, at)
    opening = Open(
        matter.procedure, act.facts, act.start, circle=matter.circle, person=matter.person
    )
    ((new, number),) = open_matters([opening], by=by, at=at)
    told = {"into": number, "reason": act.reason, "chosen": sorted(act.facts)}
    store_entry(
        Doing("split", by, at, matter, entry=told),
        (change.INSERT_LINK, [matter.id, new, "split"]),
    )
    part = load_matter(new)
    told = {"from": matter.number, "reason": act.reason}
    store_entry(Doing("split_from", by, not_before(part, at), part, entry=told))
    return part
