"""Writing down who saw a mismatch in clear, and what for."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.alerts import NIGHT, is_night, raise_alert, was_raised
from qianshou.kernel.door.registering import subject_of, write_down
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.ledger.read import entries_of
from qianshou.packs.commission.care.models import BlindCheck, Mismatch, Roster, Round

WORK, WHOLE = "核实不一致项", "查看完整证件号码："


def note_reading(
    row: Mismatch | BlindCheck | Roster | Round, *, by: Actor, at: datetime, what_for: str = WORK
) -> None:
    """Write down that an officer read a row to work on it; once a day for each purpose."""
    if not was_noted(row, what_for, by, at):
        with write_turn():
            write_down(row, "disclose", {}, {}, by=by, at=at, reason=what_for)


def note_list(row: Roster | Round, what_for: str, *, by: Actor, at: datetime) -> None:
    """Write down that an officer opened a whole list; at night the security office hears of it."""
    with write_turn():
        note_reading(row, by=by, at=at, what_for=what_for)
        if is_night(at) and not was_raised("night", by, at - NIGHT):
            raise_alert("night", "夜间（22 时至 6 时）打开", "opened a list at night", by=by, at=at)


def was_noted(
    row: Mismatch | BlindCheck | Roster | Round, what_for: str, by: Actor, at: datetime
) -> bool:
    """Whether this day's entries say already that the officer opened the row for this or in whole."""
    today = at.astimezone(CHINA).date().isoformat()
    for entry in reversed(entries_of(subject_of(row))):
        when = datetime.fromisoformat(entry["at"]).astimezone(CHINA).date().isoformat()
        if when < today:
            break
        mine = entry["act"] == "disclose" and entry["by"]["id"] == by.officer
        if mine and (entry["reason"] == what_for or entry["reason"].startswith(WHOLE)):
            return True
    return False


def note_opening(row: Mismatch | BlindCheck, purpose: str, *, by: Actor, at: datetime) -> None:
    """Write down that an officer opens the whole numbers; refuses a missing purpose (door.purpose)."""
    require_text(purpose, "purpose", "请写明查看用途", "Please say what you need it for")
    with write_turn():
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=f"{WHOLE}{purpose.strip()[:200]}")
