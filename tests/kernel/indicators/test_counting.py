"""What is counted where a figure stands, is overdue, lacks something, or is money or time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q

from qianshou.kernel import pack
from qianshou.kernel.access import Actor
from qianshou.kernel.campaigns.models import BudgetLine, Campaign
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.indicators.declaration import Indicator
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.records import Narrowing
from qianshou.kernel.indicators.trace import find_records
from qianshou.kernel.pack import Name
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Officer, Pairing
from qianshou.kernel.worklist.models import Matter, Party, Task
from tests.kernel.conftest import LOOP, Office

TODAY = day_of(now())
YEAR = Period(TODAY - timedelta(days=365), TODAY)
LAST = Period(TODAY - timedelta(days=365), TODAY - timedelta(days=10))


def counted(over: str, at: str, **told: Any) -> Indicator:
    made = Indicator(
        id="bench.loop.one", pack="bench.loop", name=Name("甲", "One"), unit=Name("件", "things"),
        over=over, at=at, division="", matter="", measure="count", source="test", digest="0" * 64,
    )  # fmt: skip
    return replace(made, **told)


def pairing(division: Division, kind: str, since: int, until: int | None = None) -> Pairing:
    """Return a pairing of an officer from so many days ago to so many days ago."""
    return Pairing.objects.create(
        kind=kind,
        officer=Officer.objects.get(username="wang"),
        division=division,
        from_date=TODAY - timedelta(days=since),
        to_date=None if until is None else TODAY - timedelta(days=until),
    )


@pytest.fixture
def places(office: Office) -> list[Division]:
    """Return three towns of the district."""
    whole = Division.objects.get()
    return [
        Division.objects.create(
            parent=whole, path=f"1.{n}.", kind="town", name=f"镇{n}", code=f"t{n}",
            code_system="t", valid_from=TODAY - timedelta(days=500),
        )
        for n in range(3)
    ]  # fmt: skip


def test_what_never_ends_stands_at_the_end_of_every_period(places: list[Division]) -> None:
    pairing(places[0], "a", 700, 400)
    pairing(places[1], "a", 5)
    flow = counted("registry.Pairing", "from_date")
    assert evaluate(flow, YEAR).value == 1
    assert evaluate(replace(flow, until="to_date"), YEAR).value == 1
    assert evaluate(replace(flow, until="never"), YEAR).value == 2
    assert evaluate(replace(flow, until="never"), LAST).value == 1
    for by in ("period", "division"):
        with pytest.raises(Refusal) as refused:
            evaluate(replace(flow, until="never"), YEAR, by=by)
        assert refused.value.code == "indicator.by"


def test_an_open_task_whose_time_is_over_is_overdue(office: Office) -> None:
    for days in (-3, 4, 30):
        task = Task.objects.get(pk=office.task(office.open(), "t1"))
        Task.objects.filter(pk=task.pk).update(
            opened_at=now() - timedelta(days=60), due_at=now() - timedelta(days=days)
        )
    overdue = counted(
        "worklist.Task", "opened_at", until="closed_at", due="due_at",
        matter="matter", where={"procedure": LOOP},
    )  # fmt: skip
    assert evaluate(overdue, YEAR).value == 2
    assert evaluate(overdue, LAST).value == 1
    assert len(find_records(overdue, YEAR, by=office.wang).rows) == 2
    Task.objects.update(state=1, closed_at=now() - timedelta(days=1))
    assert evaluate(overdue, YEAR).value == 0
    assert evaluate(overdue, LAST).value == 1


def test_a_day_is_overdue_when_it_is_over(places: list[Division]) -> None:
    for until in (0, 1, 2):
        pairing(places[until], "a", 20, until)
    due = counted("registry.Pairing", "from_date", until="never", due="to_date")
    assert evaluate(due, YEAR).value == 2
    assert evaluate(due, LAST).value == 0


def test_what_one_related_row_has_leaves_a_record_out(places: list[Division]) -> None:
    pairing(places[0], "a", 20)
    pairing(places[1], "a", 20, 10)
    pairing(places[1], "b", 20)
    lacking = counted(
        "registry.Division", "valid_from", until="valid_to", where={"kind": "town"},
        unless={"pairings__kind": "a", "pairings__to_date__isnull": True},
    )  # fmt: skip
    rows = find_records(lacking, YEAR, by=Actor("officer", 1)).rows
    assert {row.name for row in rows} == {"镇1", "镇2"}


def test_a_matter_of_two_organisations_is_told_from_one_of_one(office: Office) -> None:
    alone, joint = office.open(), office.open()
    Matter.objects.update(opened_at=now() - timedelta(days=1))
    Party.objects.filter(matter=alone).exclude(
        pk=Party.objects.filter(matter=alone).order_by("pk")[0].pk
    ).delete()
    for code in (office.wang, office.zhao):
        (organisation,) = code.organisations
        Party.objects.get_or_create(matter_id=joint, organisation_id=organisation)
    several = counted(
        "worklist.Matter", "opened_at", matter="id", where={"procedure": LOOP}, least={"parties": 2}
    )
    assert evaluate(several, YEAR).value == 1
    assert [row.pk for row in find_records(several, YEAR, by=office.wang).rows] == [joint]


def test_money_is_told_in_yuan_and_belongs_to_no_town(places: list[Division]) -> None:
    campaign = Campaign.objects.create(
        code="x", pack="bench.loop", name="甲", name_en="One", began_date=TODAY - timedelta(days=9)
    )
    for code, amount in (("a", 123_450), ("b", 5)):
        BudgetLine.objects.create(
            campaign=campaign, code=code, name=code, name_en=code, amount=amount
        )
    budget = counted(
        "campaigns.BudgetLine", "campaign__began_date", measure="sum", of="amount", money=True,
        where={"campaign": campaign.pk},
    )  # fmt: skip
    assert evaluate(budget, YEAR).value == 1234.55
    assert evaluate(budget, LAST).value == 0
    assert evaluate(replace(budget, measure="mean"), YEAR).value == pytest.approx(617.28, abs=0.01)
    with pytest.raises(Refusal) as refused:
        evaluate(budget, YEAR, narrowing=Narrowing(towns=(places[0].pk,)))
    assert refused.value.code == "indicator.by"


def test_the_time_from_one_field_to_another_is_measured(places: list[Division]) -> None:
    for place, days in zip(places, (2, 5, 30), strict=True):
        pairing(place, "a", 40, 40 - days)
    pairing(places[0], "b", 40)
    spent = counted(
        "registry.Pairing", "from_date", unit=Name("天", "days"), measure="percentile",
        of="to_date", since="from_date", division="division",
    )  # fmt: skip
    assert evaluate(spent, YEAR).value == 5
    assert evaluate(spent, YEAR).denominator == 3
    rows = evaluate(spent, YEAR, by="division").rows
    assert {row.label: row.value for row in rows} == {"镇0": 2, "镇1": 5, "镇2": 30}


def test_a_row_that_is_pointed_at_gives_its_name(places: list[Division]) -> None:
    pairing(places[1], "a", 4)
    by_place = counted("registry.Pairing", "from_date", by=("division",), division="division")
    by_officer = replace(by_place, by=("officer",), titles={"officer": Name("按人", "By officer")})
    rows = evaluate(by_officer, YEAR, by="officer").rows
    assert [(row.label, row.value) for row in rows] == [("王芳", 1)]


def test_whoever_a_sight_lets_in_sees_the_records_and_others_their_number(
    office: Office, places: list[Division], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in places:
        pairing(place, "a", 4)
    seen = {office.wang.officer: Q(division=places[0])}
    monkeypatch.setitem(pack._sights, "bench.own", lambda by: seen.get(by.officer, Q(pk__in=())))
    own = counted("registry.Pairing", "from_date", sight="bench.own", division="division")
    page = find_records(own, YEAR, by=office.wang)
    assert ([row.division for row in page.rows], page.total, page.hidden) == ([places[0]], 3, 2)
    assert find_records(own, YEAR, by=office.zhao).hidden == 3
    guarded = evaluate(replace(own, suppress=True), YEAR, viewer=office.zhao)
    assert (guarded.value, guarded.hidden_count) == (None, Name("1～4", "1–4"))
