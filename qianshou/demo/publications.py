"""Two publications of one indicator in 2024, and what happened to the register between them.

The counts are chosen so that both of the article's values come out by counting (rows 3, 4, 111
and 112): 336 of 500 and 137 of 200 in the first half year, 492 of 825 and 230 of 376 in the first
three quarters, after late entries and corrections to what the first had counted.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from random import Random
from typing import NamedTuple

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import New, change_row, insert_rows
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.publish import Wanted, publish_indicator
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.registry.models import Division, Officer
from qianshou.packs.police.gate.models import CountedIncident

HALF = Period(date(2024, 1, 1), date(2024, 6, 30))
THREE = Period(date(2024, 1, 1), date(2024, 9, 30))
FIRST_AT = datetime(2024, 7, 5, 10, tzinfo=CHINA)
MENDED_AT = datetime(2024, 8, 20, 15, tzinfo=CHINA)
SECOND_AT = datetime(2024, 10, 10, 10, tzinfo=CHINA)
EARLIER_AT = datetime(2024, 1, 2, 9, tzinfo=CHINA)
STREET = (
    "police.fight", "police.robbery", "police.snatch", "police.pickpocket", "police.car",
    "police.bike", "police.provoke", "police.damage", "police.indecency",
)  # fmt: skip
DISPUTES = (
    "dispute.family", "dispute.neighbour", "dispute.wage", "dispute.money", "dispute.land",
    "dispute.house", "dispute.consumer", "dispute.traffic",
)  # fmt: skip


class Counts(NamedTuple):
    """How many incidents of one set lie where: by half year and third quarter, late, withdrawn."""

    earlier_half: int
    earlier_third: int
    half: int
    third: int
    late: int
    withdrawn: int


STREET_COUNTS = Counts(500, 325, 336, 161, 6, 11)
DISPUTE_COUNTS = Counts(200, 176, 137, 94, 4, 5)
SETS = (
    ("street_incidents", STREET, STREET_COUNTS),
    ("dispute_incidents", DISPUTES, DISPUTE_COUNTS),
)


class Registering:
    """Writes incidents down as the register of 110 tells them, when it tells them."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"{seed}/incidents")
        towns = Division.objects.filter(kind__in=("street", "town"))
        self.towns = list(towns.order_by("pk").values_list("pk", flat=True))
        self.numbers = iter(range(1, 100_000))

    def rows(
        self, kinds: tuple[str, ...], count: int, first: date, last: date, told_at: datetime
    ) -> Iterator[New]:
        """Yield so many incidents between two days, written down at `told_at`."""
        span = (last - first).days
        for _ in range(count):
            day = first + timedelta(days=self.rng.randint(0, span))
            minute = self.rng.randrange(24 * 60)
            received = datetime(day.year, day.month, day.day, tzinfo=CHINA)
            values = {
                "number": f"JQ-{next(self.numbers):05d}",
                "received_at": received + timedelta(minutes=minute),
                "division_id": self.rng.choice(self.towns),
                "category": self.rng.choice(kinds),
                "in_street": kinds is STREET,
                "from_dispute": kinds is DISPUTES,
            }
            yield New(values, INSTALLER, told_at)


def play_publications(seed: int) -> None:
    """Write the incidents of 2023 and 2024 down and publish both indicators twice."""
    register = Registering(seed)
    by = _publisher()
    begun = [
        register.rows(kinds, count, first, last, told_at)
        for _key, kinds, counts in SETS
        for count, first, last, told_at in (
            (counts.earlier_half, date(2023, 1, 1), date(2023, 6, 30), EARLIER_AT),
            (counts.earlier_third, date(2023, 7, 1), date(2023, 9, 30), EARLIER_AT),
            (counts.half, HALF.first, HALF.last, FIRST_AT - timedelta(days=2)),
        )
    ]
    insert_rows(CountedIncident, list(chain.from_iterable(begun)))
    _publish(HALF, "半年通报", by, FIRST_AT)
    later = [
        register.rows(kinds, count, first, last, told_at)
        for _key, kinds, counts in SETS
        for count, first, last, told_at in (
            (counts.late, HALF.first, HALF.last, MENDED_AT),
            (counts.third, date(2024, 7, 1), THREE.last, SECOND_AT - timedelta(days=2)),
        )
    ]
    insert_rows(CountedIncident, list(chain.from_iterable(later)))
    for _key, kinds, counts in SETS:
        early = CountedIncident.objects.filter(
            category__in=kinds, received_at__gte=HALF.start, received_at__lt=HALF.end
        )
        for row in list(early.order_by("pk")[: counts.withdrawn]):
            values = {"withdrawn_at": MENDED_AT}
            change_row(row, values, by=by, at=MENDED_AT, reason="重复登记，予以撤销")
    _publish(THREE, "前三季度通报", by, SECOND_AT)


def _publisher() -> Actor:
    return actor_of(Officer.objects.get(username="jiang_yue"), SECOND_AT)


def _publish(period: Period, title: str, by: Actor, at: datetime) -> None:
    for key, _kinds, _counts in SETS:
        indicator = indicator_named("police.gate", key)
        wanted = Wanted(period, period.year_earlier(), f"{indicator.name.zh} {title}")
        publish_indicator(indicator, wanted, by=by, at=at)
