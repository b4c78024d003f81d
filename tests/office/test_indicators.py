"""Indicators: the numbers are those of the records, on either database, and open them."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from qianshou.kernel.indicators.declaration import indicator_named, indicators
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period, months_until
from qianshou.kernel.indicators.records import Narrowing
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division
from qianshou.packs.police.gate.models import Call
from tests.office.calls import register_call

Browse = Callable[[str], Client]
YEAR = months_until(timezone.localdate(), 12)


@pytest.fixture
def calls(browse: Browse) -> list[Call]:
    """Return ten calls of two towns with known figures."""
    matters = [register_call(browse("zhang_min"), summary=f"第{n}件") for n in range(10)]
    other = Division.objects.get(name="龙岗街道")
    rows = list(Call.objects.filter(pk__in=matters).order_by("pk"))
    for place, row in enumerate(rows):
        row.kind = "non_police" if place < 8 else "police"
        row.signed_minutes = float(place + 1)
        row.signed_at = row.received_at
        row.returns = place % 2
        if place < 6:
            row.closed_at = row.received_at
            row.outcome = "callback"
            row.is_on_time = place != 0
        if place >= 7:
            row.division = other
        row.save()
    return rows


def value(key: str, narrowing: Narrowing | None = None, period: Period = YEAR) -> float | None:
    return evaluate(
        indicator_named("police.gate", key), period, narrowing=narrowing or Narrowing()
    ).value


def test_the_numbers_are_those_of_the_records(calls: list[Call]) -> None:
    assert value("calls") == 10
    assert value("solved_jointly") == 6
    assert value("police_calls") == 2
    assert value("minutes_to_sign_p50") == 5
    assert value("minutes_to_sign_p90") == 9
    assert value("on_time") == pytest.approx(83.33)
    assert value("returned") == 50
    longgang = Division.objects.get(name="龙岗街道").pk
    assert value("calls", Narrowing(towns=(longgang,))) == 3


def test_rows_add_up_to_the_whole(calls: list[Call]) -> None:
    indicator = indicator_named("police.gate", "calls")
    for by in indicator.by:
        rows = evaluate(indicator, YEAR, by=by).rows
        assert sum(row.count or 0 for row in rows) == 10, by
    towns = {row.label: row.value for row in evaluate(indicator, YEAR, by="division").rows}
    assert towns == {"龙水镇": 7, "龙岗街道": 3}
    with pytest.raises(Refusal) as refused:
        evaluate(indicator, YEAR, by="password")
    assert refused.value.code == "indicator.by"


def test_every_indicator_can_be_evaluated_and_compared(calls: list[Call]) -> None:
    for indicator in indicators():
        for period in (YEAR, YEAR.before(), YEAR.year_earlier()):
            evaluate(indicator, period)
        for by in indicator.by:
            evaluate(indicator, YEAR, by=by)


def test_a_number_opens_its_records_as_far_as_one_may_see(
    calls: list[Call], browse: Browse
) -> None:
    seat = browse("zhang_min").get("/indicators/police.gate/calls/records/").content.decode()
    assert "共 10 件事项" in seat
    assert sum(f'href="/m/{call.pk}/"' in seat for call in calls) == 10
    stranger = browse("xie_bo").get("/indicators/police.gate/calls/records/").content.decode()
    assert "其中 10 件您的岗位看不到" in stranger
    assert not re.search(r'href="/m/\d', stranger)
    narrowed = browse("zhang_min").get(
        "/indicators/police.gate/calls/records/?by=kind&value=police"
    )
    assert "共 2 件事项" in narrowed.content.decode()


def test_the_page_compares_and_draws(calls: list[Call], browse: Browse) -> None:
    text = browse("zhang_min").get("/indicators/police.gate/calls/").content.decode()
    assert 'data-chart="over-time-option"' in text
    assert '"对比期"' in text
    today = timezone.localdate()
    quiet = today - timedelta(days=400)
    query = f"?from={quiet}&to={quiet}"
    assert (
        "这段时间没有记录"
        in browse("zhang_min").get(f"/indicators/police.gate/calls/{query}").content.decode()
    )


def test_what_belongs_to_the_whole_district_is_not_narrowed_to_a_town(browse: Browse) -> None:
    office, town = browse("zhou_jie"), Division.objects.get(name="龙水镇").code
    address = "/indicators/commission.care/measures/"
    for page in (address, f"{address}records/", f"{address}sheet/"):
        assert office.get(f"{page}?town={town}&by=division&value=1").status_code == 200
    text = office.get(f"{address}?town={town}").content.decode()
    assert 'id="town"' not in text
    assert 'data-chart="over-time-option"' not in text, "it stands, and is told of no month"
    index = "/indicators/?pack=commission.care"
    assert address in office.get(index).content.decode()
    narrowed = office.get(f"{index}&town={town}").content.decode()
    assert address not in narrowed
    assert "/indicators/commission.care/visits/" in narrowed


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=x&to=2026-01-01", "日期要写成"),
        ("from=2026-02-01&to=2026-01-01", "不能晚于"),
        ("from=2001-01-01&to=2026-01-01", "最多看三年"),
    ],
)
def test_days_that_are_none_are_told(browse: Browse, query: str, sentence: str) -> None:
    text = browse("zhang_min").get(f"/indicators/?{query}").content.decode()
    assert sentence in text


def test_an_unknown_indicator_is_not_there(browse: Browse) -> None:
    assert browse("zhang_min").get("/indicators/police.gate/no/").status_code == 404
    assert browse("zhang_min").get("/indicators/no.pack/calls/").status_code == 404
