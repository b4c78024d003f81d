"""Stopping a matter's clock and letting it run again, with every deadline moved by the pauses."""

from datetime import datetime
from typing import NamedTuple

from qianshou.kernel.access import Actor, Principal, may_act, require
from qianshou.kernel.calendar import NEVER, Due, WorkCalendar, amber_at, due_at, resume
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


class Clocks(NamedTuple):
    """From when the deadlines of a matter run, by token, and when its clock stood still."""

    begun: dict[str, datetime]
    pauses: list[tuple[datetime, datetime]]

    def ends(self, token: int, span: str, calendar: WorkCalendar) -> tuple[Due, datetime]:
        """Return when a deadline of this span ends and when it turns amber: counted from its
        beginning, less what of the pauses lies after it.
        """
        start = self.begun[str(token)]
        since = [(max(begin, start), end) for begin, end in self.pauses if end > start]
        due = resume(start, span, since, calendar) if since else due_at(start, span, calendar)
        stood = sum((end - begin for begin, end in since), start - start)
        return due, amber_at(start + stood, due.at)


def read_clocks(number: str, at: datetime) -> Clocks:
    """Return the clocks of a matter by its entries; a pause that is not over lasts until `at`.

    What moved a deadline for a pause, or for another version's rule, did not begin it.
    """
    clocks = Clocks({}, [])
    for entry in entries_of(number):
        told = datetime.fromisoformat(entry["at"])
        if entry["act"] == "suspend":
            clocks.pauses.append((told, at))
        elif entry["act"] == "resume":
            clocks.pauses[-1] = (clocks.pauses[-1][0], told)
        elif entry["act"] != "migrate":
            clocks.begun.update(dict.fromkeys(entry.get("due", {}), told))
    return clocks


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
    told = read_clocks(matter.number, at)
    calendar, due, moves = work_calendar(), {}, []
    for token, span in _spans(matter.id).items():
        ends, amber = told.ends(token, span, calendar)
        due[str(token)] = stamp(ends.at)
        moves.append((change.MOVE_TASK, [instant(ends.at), instant(amber), matter.id, token]))
        moves.append((change.MOVE_TIMER, [instant(ends.at), matter.id, token]))
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
    own = [hold for hold in holds if hold.blocks is None]
    return row, None if supervises else principal_among(by, own)


def _spans(matter: int) -> dict[int, str]:
    """Return the span of every open task and timer of a matter, by token."""
    tasks = Task.objects.filter(matter=matter, state=OPEN).values_list("token", "span")
    return {**dict(tasks), **dict(Timer.objects.filter(matter=matter).values_list("token", "span"))}
