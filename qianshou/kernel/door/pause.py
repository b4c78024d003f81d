"""Stopping a matter's clock and letting it run again, with every deadline moved by the pauses."""

from datetime import datetime

from qianshou.kernel.access import Actor, Principal, may_act, require
from qianshou.kernel.calendar import NEVER, amber_at, resume
from qianshou.kernel.door.acts import Resume, Suspend
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.rules import Hold, may_suspend, principal_among, require_text
from qianshou.kernel.door.turn import MatterRow, instant, load_seen_matter, not_before, standing_of
from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.models import OPEN, Task, Timer


def suspend_matter(act: Suspend, *, by: Actor, at: datetime) -> MatterRow:
    """Stop the clock: until it is resumed no task of the matter is due and no timer fires.

    Allowed to holders of its open tasks and to supervisors. Refuses a missing reason
    (door.text), a closed matter (door.closed) and one that stands still (door.suspended).
    """
    matter, behalf = _loaded(act.matter, by)
    require_text(act.text, "text", "请写明挂起的原因", "Please say why it is suspended")
    if matter.suspended_at is not None:
        raise Refusal(
            "door.suspended", "此事项已经挂起", "This matter is suspended already", "text"
        )
    at = not_before(matter, at)
    spans = _spans(matter.id)
    doing = Doing(
        "suspend",
        by,
        at,
        matter,
        entry={"text": act.text, "due": {str(token): stamp(NEVER) for token in spans}},
        behalf=behalf,
    )
    never = instant(NEVER)
    store_entry(
        doing,
        (change.SUSPEND_MATTER, [instant(at), matter.id]),
        *((change.MOVE_TASK, [never, never, matter.id, token]) for token in spans),
        *((change.MOVE_TIMER, [never, matter.id, token]) for token in spans),
    )
    return matter


def resume_matter(act: Resume, *, by: Actor, at: datetime) -> MatterRow:
    """Let the clock run again; Refusal door.not_suspended when it does.

    Each deadline is counted anew from its beginning, less all the pauses since.
    """
    matter, behalf = _loaded(act.matter, by)
    if matter.suspended_at is None:
        raise Refusal(
            "door.not_suspended", "此事项没有挂起", "This matter is not suspended", "text"
        )
    at = not_before(matter, at)
    begun: dict[str, datetime] = {}
    pauses: list[tuple[datetime, datetime]] = []
    for entry in entries_of(matter.number):
        told = datetime.fromisoformat(entry["at"])
        if entry["act"] == "suspend":
            pauses.append((told, at))
        elif entry["act"] == "resume":
            pauses[-1] = (pauses[-1][0], told)
        else:
            begun.update(dict.fromkeys(entry.get("due", {}), told))
    calendar, due, moves = work_calendar(), {}, []
    for token, span in _spans(matter.id).items():
        start = begun[str(token)]
        since = [(max(begin, start), end) for begin, end in pauses if end >= start]
        ends = resume(start, span, since, calendar).at
        stood = sum((end - begin for begin, end in since), start - start)
        amber = instant(amber_at(start + stood, ends))
        due[str(token)] = stamp(ends)
        moves.append((change.MOVE_TASK, [instant(ends), amber, matter.id, token]))
        moves.append((change.MOVE_TIMER, [instant(ends), matter.id, token]))
    entry = {"text": act.text, "due": due}
    doing = Doing("resume", by, at, matter, entry=entry, behalf=behalf)
    store_entry(doing, (change.SUSPEND_MATTER, [None, matter.id]), *moves)
    return matter


def _loaded(matter: int, by: Actor) -> tuple[MatterRow, Principal | None]:
    row = load_seen_matter(matter, by)
    tasks = Task.objects.filter(matter=matter, state=OPEN).values_list(*Hold._fields)
    holds, standing = [Hold(*held) for held in tasks], standing_of(row)
    require(may_suspend(by, standing, holds))
    if row.closed_at is not None:
        raise Refusal("door.closed", "此事项已经办结", "This matter is closed", "matter")
    supervises = may_act(by, "supervise", standing)
    return row, None if supervises else principal_among(by, holds)


def _spans(matter: int) -> dict[int, str]:
    """Return the span of every open task and timer of a matter, by token."""
    tasks = Task.objects.filter(matter=matter, state=OPEN).values_list("token", "span")
    return {**dict(tasks), **dict(Timer.objects.filter(matter=matter).values_list("token", "span"))}
