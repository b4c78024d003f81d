"""Every figure of care opens its records: each links to what its reader may open, and to no more."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.demo.campaigns import play_campaign
from qianshou.demo.care import build_care
from qianshou.demo.district import build_district
from qianshou.demo.month import play_month
from qianshou.demo.played import play_care
from qianshou.kernel.access import CLOCK
from qianshou.kernel.campaigns.declaration import declared_campaigns
from qianshou.kernel.campaigns.install import install_campaigns
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.indicators.declaration import indicator_named, indicators_of
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.installing import install_packs
from qianshou.kernel.registry.models import CircleMember, Division, Officer, Pairing
from qianshou.kernel.registry.workdays import forget_calendar
from qianshou.kernel.worklist.models import Task
from qianshou.packs.commission.care.models.child import IDENTITY
from tests.demo.cared import AT

PACK = "commission.care"
SPAN = Period(date(2024, 1, 1), date(2026, 11, 30))
CHILD, MATTER = r"/p/care/c/H-\w+/", r"/m/\d+/"
TOWN, ROUND = r"/p/care/pairing/\d+/", r"/p/care/rounds/\d+/"
FUNDS, MEASURE = r"/campaigns/\d+/funds/\?line=\d+", r"/measures/\d+/"
HERS = f"{CHILD}|{MATTER}"
OPENED = {
    **dict.fromkeys(
        ("enrolled", "children", "registers", "candidates", "days_to_enrol", "current", "eligible",
         "pledges", "families", "unpaired", "cadres", "surveyed", "prosecutor_visits"),
        CHILD,
    ),
    **dict.fromkeys(
        ("contacts", "visits", "talks", "exchanges", "letters", "letters_answered", "wishes",
         "hazards_found", "hazards_rectified", "hazards_verified", "hazards_share", "hazards_days",
         "sampled", "sample_good", "handovers"),
        HERS,
    ),
    **dict.fromkeys(("month_done", "overdue", "month_overdue", "joint", "harm_reports",
                     "harm_minutes"), MATTER),
    **dict.fromkeys(("pairings", "towns", "towns_unpaired", "towns_unled", "leaders",
                     "town_teams"), TOWN),
    **dict.fromkeys(("rounds", "compared", "shared"), ROUND),
    **dict.fromkeys(("measures", "measures_overdue"), MEASURE),
    **dict.fromkeys(("funds_budget", "funds_spent"), FUNDS),
    "mismatches": r"/p/care/rounds/mismatch/\d+/",
    "commendations": r"/p/care/commendations/\?s=[-\w]+",
    "vetted": r"/p/care/vetting/",
}  # fmt: skip
NO_PAGE = {"lead_group"}
READERS = {"harm_reports": "duan_rui", "harm_minutes": "duan_rui"}


@pytest.fixture(scope="module")
def names(
    django_db_setup: None, django_db_blocker: Any, settle: Callable[[], None]
) -> Iterator[set[str]]:
    """Build a small demonstration with something missing and something late; return the names."""
    with django_db_blocker.unblock(), transaction.atomic():
        install_packs(AT)
        build_district(AT, 1)
        forget_calendar()
        girls = build_care(AT, 1, lambda zh, en: None, 100)
        play_month(girls, AT, 1)
        play_care(girls, AT, 1)
        install_campaigns(declared_campaigns(), by=CLOCK, at=AT)
        play_campaign("commission.care.girls", Random(1), began=date(2024, 1, 2), at=AT)
        town = Division.objects.get(name="万古镇")
        for gone in Pairing.objects.filter(division=town):
            change_row(gone, {"to_date": date(2026, 11, 1)}, by=CLOCK, at=AT)
        member = CircleMember.objects.filter(role="cadre", circle=girls[0].circle).get()
        change_row(member, {"to_date": date(2026, 11, 1)}, by=CLOCK, at=AT)
        late = Task.objects.filter(state=0, procedure="care.month").values("pk")[:20]
        Task.objects.filter(pk__in=list(late.values_list("pk", flat=True))).update(
            opened_at=AT.replace(year=2025), due_at=AT.replace(year=2025, month=12)
        )
        told = [read_sheets(girl.person, [IDENTITY], girl.key)[IDENTITY]["name"] for girl in girls]
        settle()
        yield set(told)
        transaction.set_rollback(True)
        forget_calendar()


def opened_by(username: str) -> Client:
    client = Client()
    client.force_login(Officer.objects.get(username=username))
    return client


def records_of(client: Client, key: str) -> str:
    span = f"from={SPAN.first}&to={min(SPAN.last, day_of(now()))}"
    answer = client.get(f"/indicators/{PACK}/{key}/records/?{span}")
    assert answer.status_code == 200
    return str(answer.content.decode()).partition("<main")[2].partition('class="pager"')[0]


def rows_of(text: str) -> list[str]:
    return text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]


def links_of(row: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', row)]


def test_every_figure_is_in_the_table() -> None:
    assert {one.key for one in indicators_of(PACK)} == OPENED.keys() | NO_PAGE


@pytest.mark.parametrize("key", OPENED)
def test_every_row_opens_what_its_reader_may_open(
    names: set[str], db: None, key: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = opened_by(READERS.get(key, "zhou_jie"))
    with django_assert_max_num_queries(30):
        text = records_of(client, key)
    rows = rows_of(text)
    assert rows, key
    for row in rows:
        (link,) = links_of(row)
        assert re.fullmatch(OPENED[key], link), (key, link)
    for link in {links_of(row)[0] for row in (rows[0], rows[-1])}:
        assert client.get(link).status_code == 200, link
    assert not [name for name in names if name in text]


@pytest.mark.parametrize("key", sorted(OPENED.keys() | NO_PAGE))
@pytest.mark.parametrize("username", ["xie_bo", "jin_ke"])
def test_whoever_is_outside_opens_nothing_of_a_child(
    names: set[str], db: None, username: str, key: str
) -> None:
    client, one = opened_by(username), indicator_named(PACK, key)
    if one.posts:
        assert client.get(f"/indicators/{PACK}/{key}/records/").status_code == 404
        return
    text = records_of(client, key)
    rows = rows_of(text)
    assert not re.search(f'"({CHILD}|{MATTER})"|H-[A-Z0-9]{{7}}', text), key
    assert not [name for name in names if name in text]
    if one.circle or one.matter or one.sight:
        assert rows == []
        return
    assert rows
    campaigns = one.over.startswith("campaigns.")
    for row in rows:
        links = links_of(row)
        assert links == [] or campaigns or username == "jin_ke", (key, links)
        for link in links[:1]:
            assert client.get(link).status_code == 200, link


def test_a_cadre_opens_her_own_children_alone(names: set[str], db: None) -> None:
    client = opened_by("lin_yue")
    officer = Officer.objects.get(username="lin_yue")
    mine = CircleMember.objects.filter(officer=officer, role="cadre", to_date=None)
    codes = set(mine.values_list("circle__child__code", flat=True))
    told = {re.findall(CHILD, row)[0] for row in rows_of(records_of(client, "enrolled"))}
    assert told == {f"/p/care/c/{code}/" for code in codes}
    assert told


def test_what_is_missing_and_what_is_late_is_counted(names: set[str], db: None) -> None:
    def value(key: str) -> float | None:
        return evaluate(indicator_named(PACK, key), SPAN, viewer=CLOCK).value

    assert value("towns_unpaired") == value("towns_unled") == value("unpaired") == 1
    assert value("month_overdue") == 20
    assert (value("measures"), value("funds_budget")) == (19, 620_000)
    assert 0.9 * 620_000 < (value("funds_spent") or 0) < 620_000
    assert (value("hazards_rectified") or 0) >= (value("hazards_verified") or 0) >= 635


def test_a_commendation_opens_what_the_same_officer_was_commended_for(
    names: set[str], db: None
) -> None:
    client = opened_by("zhou_jie")
    link = links_of(rows_of(records_of(client, "commendations"))[0])[0]
    page = str(client.get(link).content.decode())
    (name,) = set(re.findall(r"<tr><td><b>([^<]+)</b>", page))
    assert name not in unquote(link)
