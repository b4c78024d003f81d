"""Sessions: who is logged in where; idle half an hour or twelve hours old, each ends.

ASVS 5.0 V7.3; GB/T 22239-2019 §8.1.4.1 c. Django's session engine with columns to list them by.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet

from qianshou.kernel.clock import now
from qianshou.kernel.login.models import Session

LONGEST = timedelta(hours=12)
SINCE, SEEN, ADDRESS, DEVICE = "since", "seen", "address", "device"


class SessionStore(DatabaseStore):
    """Django's store in the database, which also says whose a session is, and when it must end."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table of sessions."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row of what a session holds."""
        row = super().create_model_instance(data)
        assert isinstance(row, Session)
        whose = data.get(SESSION_KEY)
        row.officer_id = int(whose) if whose else None
        row.since, row.seen_at = _instant(data.get(SINCE)), _instant(data.get(SEEN))
        row.address, row.device = data.get(ADDRESS, ""), data.get(DEVICE, "")
        return row

    def get_expiry_age(self, **told: Any) -> int:
        """Return the seconds that are left: of idling, and of the twelve hours at most."""
        idle = int(super().get_expiry_age(**told))
        since = _instant(self.get(SINCE))
        if since is None:
            return idle
        return max(0, min(idle, int((since + LONGEST - now()).total_seconds())))

    def get_expiry_date(self, **told: Any) -> datetime:
        """Return the instant at which nothing but a new log-in helps."""
        return now() + timedelta(seconds=self.get_expiry_age(**told))


def _instant(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, now().tzinfo)


def sessions_of(officer: int, at: datetime) -> QuerySet[Session]:
    """Return an officer's sessions that have not ended by themselves, the last used first."""
    return Session.objects.filter(officer=officer, expire_date__gt=at).order_by(
        "-seen_at", "session_key"
    )


def end_sessions(officer: int, *, but: str | None = None) -> int:
    """End an officer's sessions, all or all `but` one; returns how many."""
    return Session.objects.filter(officer=officer).exclude(session_key=but or "").delete()[0]


def sweep_sessions(at: datetime) -> int:
    """Take away the sessions that have ended by themselves; returns how many."""
    over = Session.objects.filter(expire_date__lte=at)
    return over.delete()[0] if over.exists() else 0  # no lock where there is nothing to do
