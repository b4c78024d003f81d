"""Hours in which both seats were filled: counted once, never before they have begun."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.registry.models import Division, Organisation, Posting, Shift

TODAY = now().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)
WEEK = Period((TODAY - timedelta(days=7)).date(), (TODAY + timedelta(days=7)).date())
HOURS = "hours_both_seats"


@pytest.fixture
def centre(district: Any) -> Organisation:
    """Return Longshui's centre, with nobody on duty anywhere."""
    Shift.objects.all().delete()
    return Organisation.objects.get(kind="town_centre", division__name="龙水镇")


def sit(centre: Organisation, post: str, day: datetime, first: float, last: float) -> None:
    posting = Posting.objects.filter(organisation=centre, post__code=post).first()
    assert posting
    Shift.objects.create(
        organisation=centre,
        post_id=posting.post_id,
        officer_id=posting.officer_id,
        starts_at=day + timedelta(hours=first),
        ends_at=day + timedelta(hours=last),
    )


def hours() -> float | None:
    return evaluate(indicator_named("police.gate", HOURS), WEEK).value


def test_only_hours_with_both_seats_count(centre: Organisation) -> None:
    sit(centre, "town_seat", YESTERDAY, 8, 16)
    assert hours() == 0
    sit(centre, "police_seat", YESTERDAY, 12, 20.5)
    assert hours() == 4
    sit(centre, "police_seat", YESTERDAY, 6, 9)
    assert hours() == 5


def test_two_officers_at_one_seat_count_once(centre: Organisation) -> None:
    sit(centre, "town_seat", YESTERDAY, 8, 16)
    sit(centre, "town_seat", YESTERDAY, 9, 12)
    sit(centre, "police_seat", YESTERDAY, 8, 16)
    sit(centre, "police_seat", YESTERDAY, 14, 18)
    assert hours() == 8


def test_a_shift_that_is_only_planned_does_not_count(centre: Organisation) -> None:
    tomorrow = TODAY + timedelta(days=1)
    sit(centre, "town_seat", tomorrow, 8, 16)
    sit(centre, "police_seat", tomorrow, 8, 16)
    assert hours() == 0


def test_the_hours_open_the_times_behind_them(centre: Organisation, browse: Any) -> None:
    sit(centre, "town_seat", YESTERDAY, 8, 16)
    sit(centre, "police_seat", YESTERDAY, 8, 16)
    client: Client = browse("zhang_min")
    text = client.get(f"/indicators/police.gate/{HOURS}/records/").content.decode()
    assert "共 1 条记录" in text
    assert f"{YESTERDAY:%Y-%m-%d} 08:00-16:00" in text
    town = Division.objects.get(name="龙水镇").pk
    by_town = client.get(f"/indicators/police.gate/{HOURS}/records/?by=division&value={town}")
    assert "共 1 条记录" in by_town.content.decode()
