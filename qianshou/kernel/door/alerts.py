"""Alerts (安全提示): what the security administrator should look at, raised once and looked at once."""

from datetime import datetime, time, timedelta

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row, write_down
from qianshou.kernel.registry.models import Alert, Officer

NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)
NIGHT = timedelta(hours=8)
CAP = 100


def is_night(at: datetime) -> bool:
    """Whether `at` lies between ten in the evening and six in the morning in China."""
    hour = at.astimezone(CHINA).time()
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS


def raise_alert(kind: str, zh: str, en: str, *, by: Actor, at: datetime) -> None:
    """Register that `by` did something unusual, inside the caller's turn."""
    row = Alert.objects.create(
        kind=kind, officer_id=by.officer, at=at, text=f"{by.name}：{zh}", text_en=f"{by.name} {en}"
    )
    write_down(row, "register", {}, {"kind": kind, "officer": by.officer}, by=by, at=at)


def was_raised(kind: str, by: Actor, since: datetime) -> bool:
    """Whether an alert of this kind about `by` was raised after `since`."""
    return Alert.objects.filter(kind=kind, officer=by.officer, at__gt=since).exists()


def count_alerts() -> int:
    """Return how many alerts nobody has looked at, counted up to 100."""
    return Alert.objects.filter(read_at=None)[:CAP].count()


def look_at_alert(alert: Alert, *, by: Actor, at: datetime) -> None:
    """Write down that `by` has looked at an alert; nothing happens where somebody has already."""
    if alert.read_at is None and by.officer is not None:
        reader = Officer.objects.get(pk=by.officer)
        change_row(alert, {"read_at": at, "read_by": reader}, by=by, at=at)
