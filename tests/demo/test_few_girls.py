"""A demonstration of fewer girls, at the beginning of a month as well."""

from datetime import datetime

import pytest

from qianshou.demo.care import build_care
from qianshou.demo.district import build_district
from qianshou.demo.loading import load_demo
from qianshou.demo.month import play_month
from qianshou.demo.played import play_care
from qianshou.kernel.clock import CHINA
from qianshou.kernel.installing import install_packs
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import forget_calendar
from qianshou.kernel.worklist.models import Matter
from qianshou.packs.commission.care.models import Hazard


@pytest.mark.parametrize("day", [(2026, 10, 9), (2026, 11, 1)])
def test_few_girls_and_a_month_that_has_just_begun_are_played_too(
    db: None, day: tuple[int, int, int]
) -> None:
    at = datetime(*day, 8, 0, tzinfo=CHINA)
    install_packs(at)
    build_district(at, 1)
    forget_calendar()
    girls = build_care(at, 1, lambda zh, en: None, 100)
    play_month(girls, at, 1)
    play_care(girls, at, 1)
    assert len(girls) == 100
    assert Hazard.objects.filter(matter__isnull=False).count() == 4
    assert not Matter.objects.filter(opened_at__gt=at).exists()
    assert [problem.en for problem in verify()] == []
    forget_calendar()


@pytest.mark.parametrize("number", [0, 99, 4501])
def test_a_number_of_girls_that_nobody_could_stand_by_is_refused(number: int) -> None:
    with pytest.raises(Refusal) as refused:
        load_demo(if_empty=False, say=lambda zh, en: None, children=number)
    assert refused.value.code == "demo.children"
