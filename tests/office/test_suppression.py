"""Small counts: hidden from whoever does not see the records, on page, sheet and list alike."""

import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.clock import now
from qianshou.kernel.indicators import declaration
from qianshou.kernel.indicators.declaration import Indicator
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period, months_until
from qianshou.kernel.indicators.records import Narrowing, records_of
from qianshou.kernel.indicators.reported import Reported
from qianshou.kernel.indicators.trace import find_records
from qianshou.kernel.pack import Name
from qianshou.kernel.registry.models import Division, Officer
from qianshou.office import indicators as pages
from qianshou.packs.police.gate.models import Order
from tests.office.calls import register_call, village_of

Browse = Callable[[str], Client]
YEAR = months_until(timezone.localdate(), 12)
PAGE = "/indicators/police.gate/orders/"


def actor(username: str) -> Actor:
    return actor_of(Officer.objects.get(username=username), now())


@pytest.fixture
def orders() -> Indicator:
    """Return an indicator over orders, small counts of which are kept back."""
    return Indicator(
        id="police.gate.orders",
        pack="police.gate",
        name=Name("测试工单", "Test orders"),
        unit=Name("件", "orders"),
        over="gate.Order",
        at="sent_at",
        division="division",
        matter="matter_id",
        measure="count",
        source="test",
        digest="0" * 64,
        by=("division", "period", "state"),
        titles={"state": Name("按状态", "By state")},
        suppress=True,
    )


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[[Indicator], None]:
    """Return what makes an indicator the only one that is declared."""
    return lambda one: monkeypatch.setattr(declaration, "indicators", lambda: (one,))


@pytest.fixture
def fill(browse: Browse) -> Callable[[str, dict[str, int]], int]:
    """Return what puts so many orders a town into the table, all of one matter."""
    matter = register_call(browse("zhang_min"))
    tokens = count(1000)

    def put(state: str, towns: dict[str, int]) -> int:
        places = {one.name: one.pk for one in Division.objects.filter(name__in=towns)}
        Order.objects.bulk_create(
            Order(
                matter_id=matter,
                token=next(tokens),
                direction="out",
                organisation="city",
                division_id=places[town],
                sent_at=now() - timedelta(days=1),
                signed_at=None if state == "sent" else now(),
                state=state,
            )
            for town, times in towns.items()
            for _ in range(times)
        )
        return matter

    return put


def told(indicator: Indicator, by: str, viewer: Actor | None) -> dict[str, str]:
    rows = evaluate(indicator, YEAR, by=by, viewer=viewer).rows
    return {
        row.label: row.hidden_value.en if row.hidden_value else f"{row.value:g}" for row in rows
    }


TOWNS = {"龙水镇": 3, "龙岗街道": 7, "宝顶镇": 20, "三驱镇": 60}


def test_a_small_town_is_hidden_with_the_next_smallest(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", TOWNS)
    exact = {"龙水镇": "3", "龙岗街道": "7", "宝顶镇": "20", "三驱镇": "60"}
    guarded = {"三驱镇": "60", "宝顶镇": "20", "龙岗街道": "not shown", "龙水镇": "1–4"}
    for viewer in (CLOCK, actor("zhang_min"), actor("jiang_yue")):
        assert told(orders, "division", viewer) == exact
    for outsider in (None, actor("xie_bo")):
        assert told(orders, "division", outsider) == guarded
        assert list(told(orders, "division", outsider)) == list(guarded), "hidden ones at the end"
        assert evaluate(orders, YEAR, viewer=outsider).value == 90
    assert told(replace(orders, suppress=False), "division", None) == exact


def test_who_sees_some_is_not_told_how_few_the_others_are(
    browse: Browse, orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", {"三驱镇": 12, "宝顶镇": 30, "龙水镇": 40})
    username = "sanqu-centre.town_seat.1"
    own = register_call(browse(username), **{"place.division": village_of("三驱镇")})
    town = Division.objects.get(name="三驱镇")
    seen = Order.objects.filter(division=town).values_list("pk", flat=True)[:10]
    Order.objects.filter(pk__in=list(seen)).update(matter=own)
    assert told(orders, "division", actor(username)) == {
        "龙水镇": "40", "三驱镇": "not shown", "宝顶镇": "not shown",
    }  # fmt: skip
    narrowing = Narrowing(towns=(town.pk,))
    page = find_records(orders, YEAR, by=actor(username), narrowing=narrowing)
    assert (page.total, page.hidden, len(page.rows)) == (None, None, 1)
    Order.objects.filter(division=town).update(matter=own)
    assert told(orders, "division", actor(username))["三驱镇"] == "12"


def test_a_town_is_shown_as_it_is_in_the_table_and_not_divided(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", TOWNS)
    outsider = actor("xie_bo")
    shown = {}
    for name in TOWNS:
        town = Narrowing(towns=(Division.objects.get(name=name).pk,))
        whole = evaluate(orders, YEAR, narrowing=town, viewer=outsider)
        shown[name] = whole.hidden_value.en if whole.hidden_value else f"{whole.value:g}"
        divided = evaluate(orders, YEAR, by="state", narrowing=town, viewer=outsider)
        assert divided.withheld
        assert divided.rows == ()
        seen = evaluate(orders, YEAR, by="state", narrowing=town, viewer=actor("jiang_yue"))
        assert [row.count for row in seen.rows] == [TOWNS[name]]
    assert shown == {"龙水镇": "1–4", "龙岗街道": "not shown", "宝顶镇": "20", "三驱镇": "60"}


def test_a_few_altogether_are_not_divided(orders: Indicator, fill: Callable[..., int]) -> None:
    fill("done", {"龙水镇": 1, "宝顶镇": 2})
    found = evaluate(orders, YEAR, by="division", viewer=actor("xie_bo"))
    assert (found.value, found.denominator, found.numerator) == (None, None, None)
    assert found.hidden_count == Name("1～4", "1–4")
    assert found.withheld
    assert evaluate(orders, YEAR, by="period", viewer=actor("xie_bo")).withheld


def test_nothing_is_shown_as_nothing(orders: Indicator, district: None) -> None:
    assert evaluate(orders, YEAR, viewer=actor("xie_bo")).value == 0


def test_the_months_are_guarded_too(orders: Indicator, fill: Callable[..., int]) -> None:
    fill("done", {"龙水镇": 60})
    old = list(Order.objects.values_list("pk", flat=True)[:24])
    for place, times in enumerate((2, 8, 14)):
        moved, old = old[:times], old[times:]
        Order.objects.filter(pk__in=moved).update(
            sent_at=YEAR.start + timedelta(days=40 * (place + 1))
        )
    rows = evaluate(orders, YEAR, by="period", viewer=None).rows
    assert len(rows) == 12
    assert sorted(row.hidden_count.en for row in rows if row.hidden_count) == ["1–4", "not shown"]
    assert {row.count for row in rows} == {0, None, 14, 36}


def test_a_share_hides_what_it_counts_and_what_it_does_not(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    share = replace(orders, measure="share", when={"state": "done"}, by=("division",))
    fill("done", {"龙水镇": 2, "龙岗街道": 30, "宝顶镇": 40, "三驱镇": 10})
    fill("sent", {"龙水镇": 28, "龙岗街道": 20, "宝顶镇": 41})
    assert told(share, "division", CLOCK)["龙水镇"] == "6.67"
    found = evaluate(share, YEAR, by="division", viewer=actor("xie_bo"))
    shown = {row.label: (row.value, row.count) for row in found.rows}
    assert shown == {
        "宝顶镇": (49.38, 81),
        "龙水镇": (None, 30),
        "三驱镇": (None, 10),
        "龙岗街道": (None, 50),
    }
    place = Division.objects.get(name="龙水镇").pk
    town = Narrowing(towns=(place,), counted_only=True)
    page = find_records(share, YEAR, by=actor("xie_bo"), narrowing=town)
    assert page.hidden_total == Name("不显示", "not shown")
    assert find_records(share, YEAR, by=actor("jiang_yue"), narrowing=town).total == 1


def test_the_share_of_all_is_hidden_where_it_counts_a_few(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    share = replace(orders, measure="share", when={"state": "done"})
    fill("done", {"龙水镇": 2})
    fill("sent", {"龙水镇": 28, "宝顶镇": 20})
    found = evaluate(share, YEAR, by="division", viewer=None)
    assert (found.value, found.numerator, found.denominator) == (None, None, 50)
    assert [(row.value, row.count) for row in found.rows] == [(None, 20), (None, 30)]


def test_records_without_a_matter_are_guarded_from_all(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", {"龙水镇": 3, "宝顶镇": 9})
    free = replace(orders, matter="")
    page = find_records(free, YEAR, by=actor("jiang_yue"))
    assert (list(page.rows), page.total, page.hidden) == ([], 12, None)
    town = Narrowing(towns=(Division.objects.get(name="龙水镇").pk,))
    page = find_records(free, YEAR, by=actor("jiang_yue"), narrowing=town)
    assert (page.total, page.hidden_total) == (None, Name("1～4", "1–4"))


def test_an_odd_spelling_of_a_value_opens_nothing(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", {"龙水镇": 40})
    fill("sent", {"龙水镇": 3})
    by_matter = replace(orders, by=("matter",))
    matter = Order.objects.values_list("matter", flat=True)[0]
    for key, total in ((str(matter), 1), (f"0{matter}", None), ("x", 0)):
        page = find_records(
            by_matter, YEAR, by=actor("xie_bo"), narrowing=Narrowing(field="matter", key=key)
        )
        assert (page.total is None) == (total != 0)
    both = Narrowing(towns=(Division.objects.get(name="龙水镇").pk,), field="state", key="done")
    page = find_records(orders, YEAR, by=actor("xie_bo"), narrowing=both)
    assert page.hidden_total == Name("不显示", "not shown")


def test_what_only_its_viewers_count_tells_others_nothing(
    orders: Indicator, fill: Callable[..., int]
) -> None:
    fill("done", TOWNS)
    private = replace(orders, suppress=False, visible_only=True)
    for outsider in (None, actor("xie_bo")):
        assert evaluate(private, YEAR, by="division", viewer=outsider) == evaluate(
            private, Period(YEAR.first, YEAR.first), by="division", viewer=outsider
        )
        assert not records_of(private, YEAR, viewer=outsider).exists()
    assert evaluate(private, YEAR, viewer=actor("zhang_min")).value == 90
    assert evaluate(private, YEAR, viewer=CLOCK).value == 90
    page = find_records(private, YEAR, by=actor("xie_bo"))
    assert (list(page.rows), page.total, page.hidden) == ([], 0, 0)


def numbers_of(text: str) -> str:
    """Return what a page says between its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


@pytest.mark.parametrize(
    ("language", "few", "kept"), [("zh-hans", "1～4", "不显示"), ("en", "1–4", "not shown")]
)
def test_page_chart_sheet_and_list_keep_the_same_back(
    browse: Browse,
    orders: Indicator,
    fill: Callable[..., int],
    declare: Callable[[Indicator], None],
    language: str,
    few: str,
    kept: str,
) -> None:
    fill("done", TOWNS)
    declare(orders)
    client = browse("xie_bo")
    client.cookies["language"] = language
    client.post("/language/", {"language": language, "next": "/"})
    text = client.get(PAGE).content.decode()
    assert few in numbers_of(text)
    assert kept in numbers_of(text)
    found = re.search(r'id="by-division-option">(.*?)</script>', text)
    assert found is not None
    assert json.loads(found.group(1))["series"][0]["data"] == [None, None, 20, 60]
    book = load_workbook(io.BytesIO(client.get(f"{PAGE}sheet/").content))
    values = {row[1].value: (row[2].value, row[3].value) for row in book.worksheets[0].iter_rows()}
    assert values["龙水镇"] == (few, few)
    assert values["龙岗街道"] == (kept, kept)
    assert values["宝顶镇"] == ("20", "20")
    town = Division.objects.get(name="龙水镇")
    listed = client.get(f"{PAGE}records/?by=division&value={town.pk}").content.decode()
    assert few in numbers_of(listed)
    narrowed = client.get(f"{PAGE}?town={town.code}").content.decode()
    assert few in numbers_of(narrowed)
    assert few not in numbers_of(browse("jiang_yue").get(PAGE).content.decode())


def test_the_sheet_of_a_town_says_that_it_is_not_divided(
    browse: Browse,
    orders: Indicator,
    fill: Callable[..., int],
    declare: Callable[[Indicator], None],
) -> None:
    fill("done", TOWNS)
    declare(orders)
    town = Division.objects.get(name="三驱镇")
    answer = browse("xie_bo").get(f"{PAGE}sheet/?town={town.code}")
    rows = list(load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(min_row=2))
    assert {row[2].value for row in rows} == {"不显示"}


def test_an_earlier_line_that_overlaps_is_not_drawn(
    browse: Browse,
    orders: Indicator,
    fill: Callable[..., int],
    declare: Callable[[Indicator], None],
) -> None:
    fill("done", TOWNS)
    declare(orders)
    first = months_until(timezone.localdate(), 24).first
    for query, drawn in (("", True), (f"?from={first}", False)):
        text = browse("xie_bo").get(f"{PAGE}{query}").content.decode()
        found = re.search(r'id="over-time-option">(.*?)</script>', text)
        assert found is not None
        assert bool(json.loads(found.group(1))["series"][1]["data"]) is drawn


def test_an_indicator_of_some_posts_is_not_there_for_others(
    browse: Browse,
    orders: Indicator,
    fill: Callable[..., int],
    declare: Callable[[Indicator], None],
) -> None:
    declare(replace(orders, posts=("district_seat",)))
    for username, code in (("jiang_yue", 200), ("zhang_min", 404), ("audit_admin", 404)):
        client = browse(username)
        for address in (PAGE, f"{PAGE}sheet/", f"{PAGE}records/"):
            assert client.get(address).status_code == code, (username, address)
        listed = "测试工单" in client.get("/indicators/").content.decode()
        assert listed is (code == 200)
    other = replace(orders, posts=("district_seat",), pack="police.other")
    assert not other.is_open_to(actor("jiang_yue"))


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_cell_of_a_page_can_be_had_from_the_page(
    orders: Indicator, fill: Callable[..., int], seed: int
) -> None:
    chance = random.Random(seed)
    truth: dict[tuple[str, str], int] = {}
    for state in ("done", "sent", "withdrawn"):
        towns = {town: chance.choice((0, 1, 2, 4, 5, 6, 9, 30)) for town in TOWNS}
        fill(state, towns)
        for town, times in towns.items():
            for by, name in (("division", town), ("state", state)):
                truth[by, name] = truth.get((by, name), 0) + times
    codes = dict(Order._meta.get_field("state").flatchoices)
    for by in ("division", "state"):
        found = evaluate(orders, YEAR, by=by, viewer=None)
        rows = {row.label: row for row in found.rows}
        for (table, name), number in truth.items():
            row = rows.get(codes.get(name, name))
            if table == by and row is not None and 1 <= number <= 4:
                assert row.value is None
                assert row.count is None
        hidden = [row for row in found.rows if row.count is None]
        assert len(hidden) != 1, "the total would tell it"
        if hidden and found.value is not None:
            rest = found.value - sum(row.value or 0 for row in found.rows)
            least = sum(1 if row.hidden_count == Name("1～4", "1–4") else 5 for row in hidden)
            assert rest - least >= 3, "any of 1 to 4 is left open"


def test_the_queries_do_not_grow_with_the_records(
    browse: Browse,
    orders: Indicator,
    fill: Callable[..., int],
    declare: Callable[[Indicator], None],
    django_assert_max_num_queries: Any,
) -> None:
    declare(orders)
    client = browse("xie_bo")
    for times in (5, 50):
        fill("done", {"龙水镇": times, "宝顶镇": times})
        with django_assert_max_num_queries(40):
            client.get(PAGE)
        with django_assert_max_num_queries(20):
            client.get(f"{PAGE}records/?by=state&value=done")


def test_reported_figures_stand_apart_with_their_conflict(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = Reported(
        "lead",
        "police.gate",
        Name("街面九类警情", "Street calls"),
        "−32.8",
        Name("%", "%"),
        "2024",
        "重庆法治报",
        "同比下降32.8%",
    )
    monkeypatch.setattr(pages, "reported", lambda: (lead, replace(lead, id="end", value="−40.36")))
    text = browse("zhang_min").get("/indicators/").content.decode()
    assert "报道数字（来自报道，非本系统计算）" in text
    assert text.count("报道不一致") == 2
    assert "−40.36" in text
    monkeypatch.setattr(pages, "reported", lambda: (lead,))
    assert "报道不一致" not in browse("zhang_min").get("/indicators/").content.decode()
    monkeypatch.setattr(pages, "reported", tuple)
    assert "报道数字" not in browse("zhang_min").get("/indicators/").content.decode()
