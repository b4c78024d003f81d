"""Sessions: who is logged in where; idle half an hour or twelve hours old, each ends.

ASVS 5.0 V7.3; GB/T 22239-2019 §8.1.4.1 c. Django's session engine with columns to list them by.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from qianshou.kernel.clock import now
from qianshou.kernel.login.models import Session
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.registry.models import Officer

LONGEST = timedelta(hours=12)
SINCE, SEEN, ADDRESS, DEVICE = "since", "seen", "address", "device"


# What every page asks of an officer; the other columns are read when something asks for them.
FIELDS = (
    *("id", "password", "username", "name", "role", "is_active", "must_change_password"),
    "language",
)
LOAD = f"""
SELECT session.session_data, {", ".join(f"officer.{field}" for field in FIELDS)}
FROM login_session session LEFT JOIN registry_officer officer ON officer.id = session.officer_id
WHERE session.session_key = %s AND session.expire_date > %s"""  # noqa: S608 - our own words


class SessionStore(DatabaseStore):
    """Django's store in the database, which also says whose a session is, and when it must end.

    `officer` is whose it is, read together with it.
    """

    officer: Officer | None = None

    def load(self) -> dict[str, Any]:
        """Return what a session holds; nothing when there is none, or it has ended."""
        until = connection.ops.adapt_datetimefield_value(now())
        with prepared_cursor() as cursor:
            cursor.execute(LOAD, [self.session_key, until])
            found = cursor.fetchone()
        if found is None:
            self._session_key = None
            return {}
        data, pk, *told = found
        if pk is not None:
            values = [pk, *told]
            for place in (5, 6):
                values[place] = bool(values[place])
            self.officer = Officer.from_db(connection.alias, FIELDS, values)
        held: dict[str, Any] = self.decode(data)
        return held

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


class WhoAsks(AuthenticationMiddleware):
    """Django's middleware, which takes the officer that was read with the session.

    Whatever does not fit (another account, password, role or backend; one that is closed) goes
    Django's way, which ends the session where it must.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Give the request its `user`, found when somebody first asks."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _who_asks(request))  # type: ignore[assignment]


def _who_asks(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    session = request.session
    whose, way = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    officer = session.officer if isinstance(session, SessionStore) else None
    if (
        officer is None
        or whose != str(officer.pk)
        or way not in settings.AUTHENTICATION_BACKENDS
        or not officer.is_active
        or not constant_time_compare(
            session.get(HASH_SESSION_KEY, ""), officer.get_session_auth_hash()
        )
    ):
        return get_user(request)
    request._cached_user = officer  # type: ignore[attr-defined]  # where Django keeps it too
    return officer


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
