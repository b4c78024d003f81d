"""Limits: so many times a span under a key (an address, a receipt), counted for all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import connection
from django.utils.crypto import salted_hmac

from qianshou.kernel.door.turn import instant, read_instant, write_turn
from qianshou.kernel.limits.models import Allowance
from qianshou.kernel.refusal import Refusal

KEPT = timedelta(days=1)
SPEND = """
INSERT INTO limits_allowance (key, began_at, count) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN limits_allowance.began_at <= %s THEN 1 ELSE limits_allowance.count + 1 END,
  began_at = CASE WHEN limits_allowance.began_at <= %s THEN excluded.began_at
                  ELSE limits_allowance.began_at END
RETURNING count, began_at"""


@dataclass(frozen=True)
class Limit:
    """So many times in so long a span."""

    name: str
    times: int
    span: timedelta


class TooMany(Refusal):
    """Refusal limit.spent, with the whole minutes to wait."""

    def __init__(self, wait: timedelta) -> None:
        self.minutes = max(1, ceil(wait.total_seconds() / 60))
        super().__init__(
            "limit.spent",
            f"操作太频繁，请 {self.minutes} 分钟后再试；紧急情况请拨打 110",
            f"Too many requests; please try again in {self.minutes} min. In an emergency call 110",
        )


def spend(limit: Limit, key: str, at: datetime) -> None:
    """Count one more use of `limit` under `key`; raises TooMany beyond what is allowed.

    The key (an address, a receipt) is kept as a keyed digest only, for a day at most.
    """
    horizon = instant(at - limit.span)
    with write_turn(), connection.cursor() as cursor:
        cursor.execute(SPEND, [_digest(limit, key), instant(at), horizon, horizon])
        count, began_at = cursor.fetchone()
        if count == 1:
            Allowance.objects.filter(began_at__lt=at - KEPT).delete()
    if count > limit.times:
        raise TooMany(read_instant(began_at) + limit.span - at)


def refuse_if_spent(limit: Limit, key: str, at: datetime) -> None:
    """Raise TooMany where nothing is left of `limit` under `key`; counts nothing."""
    row = Allowance.objects.filter(key=_digest(limit, key), began_at__gt=at - limit.span).first()
    if row is not None and row.count >= limit.times:
        raise TooMany(row.began_at + limit.span - at)


def _digest(limit: Limit, key: str) -> str:
    name = f"{limit.name}/{key}"
    return salted_hmac("qianshou.kernel.limits", name, algorithm="sha256").hexdigest()
