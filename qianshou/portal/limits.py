"""Limits on what strangers may ask: so many a span of time by address or by receipt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import connection
from django.utils.crypto import salted_hmac

from qianshou.kernel.door.turn import instant, read_instant, write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.portal.models import Allowance

KEPT = timedelta(days=1)
SPEND = """
INSERT INTO portal_allowance (key, began_at, count) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN portal_allowance.began_at <= %s THEN 1 ELSE portal_allowance.count + 1 END,
  began_at = CASE WHEN portal_allowance.began_at <= %s THEN excluded.began_at
                  ELSE portal_allowance.began_at END
RETURNING count, began_at"""


@dataclass(frozen=True)
class Limit:
    """So many times in so long a span."""

    name: str
    times: int
    span: timedelta


REPORTS = Limit("report", 10, timedelta(hours=1))
LOOKS = Limit("look", 60, timedelta(minutes=10))
GUESSES = Limit("guess", 10, timedelta(minutes=10))
REMARKS = Limit("remark", 6, timedelta(hours=1))


class TooMany(Refusal):
    """Refusal portal.limit, with the whole minutes to wait."""

    def __init__(self, minutes: int) -> None:
        super().__init__(
            "portal.limit",
            f"操作太频繁，请 {minutes} 分钟后再试；紧急情况请拨打 110",
            f"Too many requests; please try again in {minutes} min. In an emergency call 110",
        )
        self.minutes = minutes


def spend(limit: Limit, key: str, at: datetime) -> None:
    """Count one more use of `limit` under `key`; raises TooMany beyond what is allowed.

    The key (an address, a receipt) is kept as a keyed digest only, for a day at most.
    """
    digest = salted_hmac("qianshou.portal.limits", f"{limit.name}/{key}", algorithm="sha256")
    horizon = instant(at - limit.span)
    with write_turn(), connection.cursor() as cursor:
        cursor.execute(SPEND, [digest.hexdigest(), instant(at), horizon, horizon])
        count, began_at = cursor.fetchone()
        if count == 1:
            Allowance.objects.filter(began_at__lt=at - KEPT).delete()
    if count > limit.times:
        rest = read_instant(began_at) + limit.span - at
        raise TooMany(max(1, ceil(rest.total_seconds() / 60)))
