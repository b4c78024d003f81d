"""The only reading of time in the house."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def day_of(at: datetime) -> date:
    """Return the day that an instant falls on in China."""
    return at.astimezone(CHINA).date()
