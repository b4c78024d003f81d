"""Simulating a year from the page: what the ledger says, what is refused, who sees the result."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from qianshou.demo.playing import actor
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.procedures.scenario import Span, Staff
from qianshou.kernel.procedures.versions import current
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.simulations import running
from qianshou.kernel.simulations.fitting import Fitted, fit_scenario, fit_span
from qianshou.kernel.simulations.models import Simulation
from qianshou.kernel.simulations.running import forget_simulations
from qianshou.kernel.worklist.lists import next_task
from qianshou.office import simulations
from tests.office.calls import TRIAGE, village_of

Browse = Callable[[str], Client]
PAGE = "/procedures/police.gate/simulations/"
SHORT = {"days": "5", "warm_up_days": "0", "runs": "2", "seed": "3", "unit": "per_day"}


def triage_calls(minutes: list[int], at: datetime) -> None:
    """Register calls in Longshui, an hour apart, and triage each so long after it was claimed."""
    seat = actor("zhang_min", at)
    told = {"source": "110", "summary": "噪声", "place": {"division": village_of()}, "text": "三晚"}
    for number, length in enumerate(minutes):
        opened = at - timedelta(days=2) + timedelta(hours=number)
        receipt = door.act(acts.Open("police.gate", told, "register"), by=seat, at=opened)
        assert receipt is not None
        task = next_task(receipt.matter)
        assert task is not None
        door.act(acts.Claim(task.pk), by=seat, at=opened + timedelta(minutes=7))
        kind = {"kind": "police"} if number == 0 else {}
        act = acts.Complete(task.pk, {**TRIAGE, **kind})
        door.act(act, by=seat, at=opened + timedelta(minutes=7 + length))


def fitted(by: object = CLOCK) -> Fitted:
    return fit_scenario("police.gate", current("police.gate")[1], by=by, at=now())  # type: ignore[arg-type]


def test_the_ledger_says_how_many_come_how_long_a_step_takes_and_how_it_ends(district: None):
    triage_calls([20] * 5, now())
    found = fitted()
    scenario = found.scenario
    assert (found.matters, found.counted) == (5, {"triage": 5})
    assert scenario.steps["triage"] == Span(20, "fixed")
    assert "triage" not in scenario.assumed
    assert "verify" in scenario.assumed
    assert scenario.start == "registered"
    hours = scenario.arrivals.work, scenario.arrivals.rest
    assert all(sum(rates) >= 0 for rates in hours)
    assert sum(map(sum, hours)) > 0
    kinds = {facts["kind"]: weight for facts, weight in scenario.facts["triage"]}
    assert kinds == {"police": 1, "non_police": 4}
    assert scenario.staff["town_seat"].around_the_clock
    assert scenario.staff["town_seat"].count > 27
    assert scenario.staff["district_seat"] == Staff(scenario.staff["district_seat"].count)


def test_what_an_officer_may_not_see_is_not_fitted(district: None):
    triage_calls([20] * 5, now())
    assert fitted(actor("jiang_yue", now())).matters == 5
    assert fitted(actor("lin_yue", now())).matters == 0


@pytest.mark.parametrize(
    ("minutes", "kind", "mean"),
    [
        ([5.0, 5.0, 5.0], "fixed", 5),
        ([1.0, 2.2, 3.6, 5.1, 6.9, 9.2, 12.0, 16.1, 23.0], "exponential", 8.79),
        ([9.0, 10.0, 10.5, 11.0, 12.0, 9.5], "lognormal", 10.33),
        ([1.0, 2.0, 1.0, 3.0, 2.0, 9000.0, 1.0, 8000.0], "lognormal", 2126.25),
    ],
)
def test_a_span_is_fitted_by_the_law_that_explains_it_better(minutes, kind, mean):
    found = fit_span(minutes)
    assert found.kind == kind
    assert found.mean == pytest.approx(mean, rel=0.001)


def test_two_staffings_are_asked_for_run_and_shown_side_by_side(browse: Browse):
    mine = browse("jiang_yue")
    shown = mine.get(PAGE)
    assert shown.status_code == 200
    assert "假定" in shown.content.decode()
    told = {**SHORT, "arrivals": "60", "steps.triage": "10", "kind.triage": "fixed"}
    asked = mine.post(PAGE, {**told, "staff.town_seat": "1", "b.staff.town_seat": "5"})
    assert asked.status_code == 302
    where = asked.headers["Location"]
    assert "hx-get" in mine.get(where).content.decode()
    assert "0 %" in mine.get(f"{where}progress/").content.decode()
    assert mine.post(PAGE, told).status_code == 422  # one at a time
    carry_out(now())
    row = Simulation.objects.get()
    assert row.result is not None
    waited = row.result["differences"]["post"]["town_seat"]["waited_mean"]
    assert waited[0] < 0
    assert row.result["sides"][0]["estimates"]["step"]["triage"]["took_mean"][0] == 10
    text = mine.get(where).content.decode()
    assert "B 减 A" in text
    assert "data-chart" in text
    assert "工作量超过能力" in text
    assert mine.get(f"{where}progress/").headers["HX-Refresh"] == "true"
    other = browse("zhang_min")
    assert other.get(where).status_code == 404
    assert other.get(f"{where}progress/").status_code == 404
    assert where not in other.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", "-1"),
        ("arrivals", "many"),
        ("staff.town_seat", "0"),
        ("b.staff.town_seat", "x"),
        ("steps.triage", "-5"),
        ("outcomes.triage|kind|police", "-1"),
        ("staff.mayor", "3"),
    ],
)
def test_what_is_typed_wrongly_is_told_beside_it_and_kept(browse: Browse, field, value):
    answer = browse("jiang_yue").post(PAGE, {**SHORT, "arrivals": "7.5", field: value})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'class="note bad"' in text
    if field != "staff.mayor":
        assert 'class="err"' in text
        assert f'name="{field}"' in text
        assert f'value="{value}"' in text
    if field != "arrivals":
        assert 'value="7.5"' in text
    assert not Simulation.objects.exists()


def test_what_would_take_hours_is_refused_beside_the_arrivals_and_old_ones_are_forgotten(
    browse: Browse,
):
    mine = browse("jiang_yue")
    answer = mine.post(PAGE, {**SHORT, "arrivals": "200001"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "预计 2000010 件，超过 2000000 件" in text
    assert 'value="200001"' in text
    mine.post(PAGE, {**SHORT, "arrivals": "1"})
    forget_simulations(now())
    assert Simulation.objects.count() == 1
    forget_simulations(now() + timedelta(days=31))
    assert not Simulation.objects.exists()


def test_a_run_that_breaks_says_so_and_locks_nobody_out(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise ValueError("broken")

    mine, told = browse("jiang_yue"), {**SHORT, "arrivals": "1"}
    where = mine.post(PAGE, told).headers["Location"]
    with monkeypatch.context() as patched:
        patched.setattr(running, "simulate_sides", broken)
        assert carry_out(now()) == 0
    assert "系统出错" in mine.get(where).content.decode()
    assert mine.get(f"{where}progress/").headers["HX-Refresh"] == "true"
    assert mine.post(PAGE, told).status_code == 302
    carry_out(now() + timedelta(minutes=2))  # both: the one that broke is tried again
    assert "系统出错" not in mine.get(where).content.decode()
    assert set(Simulation.objects.values_list("percent", "failure")) == {(100, "")}


def test_one_that_comes_to_no_end_is_awaited_for_some_hours_only(browse: Browse):
    mine, told = browse("jiang_yue"), {**SHORT, "arrivals": "1"}
    where = mine.post(PAGE, told).headers["Location"]
    Simulation.objects.update(asked_at=now() - timedelta(hours=7), percent=40)
    assert "请重新开始" in mine.get(where).content.decode()
    assert mine.get(f"{where}progress/").headers["HX-Refresh"] == "true"
    assert mine.post(PAGE, told).status_code == 302


def test_a_law_chosen_alone_keeps_the_mean_and_a_mean_typed_keeps_the_deviation(browse: Browse):
    triage_calls([12, 20, 31, 24, 18, 22], now())
    span = fitted(actor("jiang_yue", now())).scenario.steps["triage"]
    assert span.kind == "lognormal"
    mine, told = browse("jiang_yue"), {**SHORT, "arrivals": "1"}
    mine.post(PAGE, {**told, "steps.triage": "", "kind.triage": "fixed"})
    mine.post(PAGE, {**told, "steps.triage": "", "kind.triage": "lognormal"})
    first = Simulation.objects.get().told[0]["told"]["steps"]["triage"]
    assert first == {"mean": span.mean, "kind": "fixed", "cv": span.cv}
    Simulation.objects.all().delete()
    mine.post(PAGE, {**told, "steps.triage": "50", "kind.triage": "lognormal"})
    second = Simulation.objects.get().told[0]["told"]["steps"]
    assert second == {"triage": {"mean": "50", "kind": "lognormal", "cv": span.cv}}


def test_the_ledger_is_read_once_an_hour_and_for_each_viewer(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
):
    read: list[object] = []

    def counted(*_: object, by: object, **told: Any) -> Fitted:
        read.append(by)
        return fit_scenario(*_, by=by, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(simulations, "fit_scenario", counted)
    mine = browse("jiang_yue")
    mine.get(PAGE)
    mine.post(PAGE, {**SHORT, "arrivals": "1"})
    assert len(read) == 1
    browse("zhang_min").get(PAGE)
    assert len(read) == 2


def test_the_database_refuses_more_than_all(browse: Browse):
    officer = Officer.objects.get(username="jiang_yue")
    row = Simulation(officer=officer, procedure="x", told=[], asked_at=now(), percent=101)
    with pytest.raises(IntegrityError, match="simulation_percent"), transaction.atomic():
        row.save()


def test_there_is_no_page_for_an_unknown_procedure(browse: Browse):
    assert browse("jiang_yue").get("/procedures/police.none/simulations/").status_code == 404
