"""Writing down who saw a mismatch or a list in clear, and what for, and who was refused it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import subject_of, write_down
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.sealing import note_openings
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.models import BlindCheck, Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.values import keys_of_mismatch

Kept = Mismatch | BlindCheck | Roster | Round
WORK, WHOLE = "核实不一致项", "查看完整证件号码："
REFUSED = ("door.purpose", "access.denied", "care.list_erased")


def note_reading(row: Kept, *, by: Actor, at: datetime, what_for: str = WORK) -> None:
    """Write down that an officer read a row to work on it; once a day for each purpose."""
    if not was_noted(row, what_for, by, at):
        with write_turn():
            write_down(row, "disclose", {}, {}, by=by, at=at, reason=what_for)


def note_list(row: Roster | Round, what_for: str, *, by: Actor, at: datetime) -> None:
    """Write down that an officer opened a whole list; it counts among their openings."""
    with write_turn():
        note_reading(row, by=by, at=at, what_for=what_for)
        note_openings([row], [kind_of(row)], what_for, by, at, allowed=True)


def note_refused(row: Kept, *, by: Actor, at: datetime, what_for: str = WORK) -> None:
    """Enter that an officer was refused a row; the third refusal in a day raises an alert."""
    note_openings([row], [kind_of(row)], what_for.strip(), by, at, allowed=False)


@contextmanager
def noting_refusal(row: Kept | None, what_for: str, *, by: Actor, at: datetime) -> Iterator[None]:
    """Enter it where what is done inside is refused for its purpose, to this officer, or because
    the list's key is destroyed; of a row that is not there, nothing.
    """
    try:
        yield
    except Refusal as refusal:
        if row is not None and refusal.code in REFUSED:
            note_refused(row, by=by, at=at, what_for=what_for)
        raise


def kind_of(row: Kept) -> str:
    """Return the kind under which the log of openings has a row."""
    return f"care.{row._meta.model_name}"


def was_noted(row: Kept, what_for: str, by: Actor, at: datetime) -> bool:
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


def note_whole(row: Mismatch | BlindCheck, purpose: str, *, by: Actor, at: datetime) -> None:
    """Write down that an officer opens the whole numbers, and count it among their openings.

    Refuses a missing purpose (door.purpose) and what was destroyed (care.list_erased): both count.
    """
    with noting_refusal(row, purpose, by=by, at=at):
        require_text(purpose, "purpose", "请写明查看用途", "Please say what you need it for")
        keys_of_mismatch(row)
    told = f"{WHOLE}{purpose.strip()[:200]}"
    with write_turn():
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=told)
        note_openings([row], [kind_of(row)], told, by, at, allowed=True)
