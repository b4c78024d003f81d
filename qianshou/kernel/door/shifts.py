"""Handing over a shift and taking it over, each written down; who may plan shifts."""

from datetime import datetime

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Shift
from qianshou.kernel.registry.shifts import following_shifts

SCHEDULE = "roster"


def may_schedule(by: Actor, organisation: int) -> bool:
    """Whether `by` may plan shifts: a seat there that plans, or that reaches the division."""
    return any(
        seat.organisation == organisation and (SCHEDULE in seat.acts or seat.reach == "division")
        for seat in by.seats
    )


def hand_over(shift: Shift, note: str, *, by: Actor, at: datetime) -> Shift:
    """Leave a shift to the next with a note; return it as saved.

    Raises Refusal access.denied (not this officer's shift), shift.not_started,
    shift.handed_over (already) and shift.note (no note).
    """
    note = note.replace("\0", "").strip()
    with write_turn():
        row = _locked(shift)
        require(by.kind == "officer" and by.officer == row.officer_id)
        if at < row.starts_at:
            raise Refusal(
                "shift.not_started",
                "班次还没有开始，不能交班",
                "The shift has not begun; it cannot be handed over",
            )
        if row.handed_over_at is not None:
            raise Refusal(
                "shift.handed_over", "这个班次已经交班", "This shift was already handed over"
            )
        if not note:
            raise Refusal(
                "shift.note",
                "请写明交接事项；没有要交接的，写“无”",
                "Say what is handed over; if nothing, write “none”",
                "hand_over_note",
            )
        return change_row(row, {"hand_over_note": note, "handed_over_at": at}, by=by, at=at)


def acknowledge(shift: Shift, *, by: Actor, at: datetime) -> Shift:
    """Take over from a shift that was handed over; return it as saved.

    Raises Refusal shift.not_handed_over, shift.acknowledged (already) and access.denied
    (the officer is not named in the shift that follows).
    """
    with write_turn():
        row = _locked(shift)
        require(
            by.kind == "officer"
            and by.officer is not None
            and following_shifts(row).filter(officer=by.officer).exists()
        )
        if row.handed_over_at is None:
            raise Refusal(
                "shift.not_handed_over",
                "对方还没有交班，不能接班",
                "The shift has not been handed over yet",
            )
        if row.acknowledged_at is not None:
            raise Refusal(
                "shift.acknowledged", "这个班次已经有人接班", "This shift was already taken over"
            )
        officer = Officer.objects.get(pk=by.officer or 0)
        return change_row(row, {"acknowledged_at": at, "acknowledged_by": officer}, by=by, at=at)


def _locked(shift: Shift) -> Shift:
    return Shift.objects.select_for_update().get(pk=shift.pk)
