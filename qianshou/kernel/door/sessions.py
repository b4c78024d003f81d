"""Ending an officer's sessions by somebody else's hand, which is written down."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import write_down
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.login.records import note_login
from qianshou.kernel.login.sessions import end_sessions, sessions_of
from qianshou.kernel.registry.models import Officer

ENDED = "结束全部登录"


def end_all_sessions(officer: Officer, *, by: Actor, at: datetime) -> int:
    """Log an officer out everywhere and write down who did; returns from how many browsers."""
    with write_turn():
        for one in sessions_of(officer.pk, at):
            note_login("ended", officer.pk, at=at, address=one.address, device=one.device)
        write_down(officer, "amend", {}, {}, by=by, at=at, reason=ENDED)
        return end_sessions(officer.pk)
