"""Writing down who saw a mismatch in clear, and what for."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import subject_of, write_down
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.ledger.read import entries_of
from qianshou.packs.commission.care.models import BlindCheck, Mismatch

WORK, WHOLE = "核实不一致项", "查看完整证件号码："


def note_reading(row: Mismatch | BlindCheck, *, by: Actor, at: datetime) -> None:
    """Write down that an officer read a row to work on it; once a day for each."""
    today = at.astimezone(CHINA).date().isoformat()
    for entry in reversed(entries_of(subject_of(row))):
        when = datetime.fromisoformat(entry["at"]).astimezone(CHINA).date().isoformat()
        if when < today:
            break
        if entry["act"] == "disclose" and entry["by"]["id"] == by.officer:
            return
    with write_turn():
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=WORK)


def note_opening(row: Mismatch | BlindCheck, purpose: str, *, by: Actor, at: datetime) -> None:
    """Write down that an officer opens the whole numbers; refuses a missing purpose (door.purpose)."""
    require_text(purpose, "purpose", "请写明查看用途", "Please say what you need it for")
    with write_turn():
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=f"{WHOLE}{purpose.strip()[:200]}")
