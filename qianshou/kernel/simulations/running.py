"""Simulations asked for on a page: run by the worker, kept for whoever asked, for thirty days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.outbox import carrier, daily, send
from qianshou.kernel.procedures.scenario import change_scenario
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.simulations.fitting import Fitted, fit_scenario, with_version
from qianshou.kernel.simulations.models import Simulation
from qianshou.kernel.simulations.results import Side, simulate_sides

PARCEL = "simulate"
KEPT = timedelta(days=30)
GIVEN_UP = timedelta(hours=6)
MOST_MATTERS = 2_000_000
FAILED_ZH = "系统出错，模拟失败，已经记下；请过一会儿再看，或重新开始"
FAILED_EN = "A fault of the system stopped it, and was noted; look again later, or begin anew"
Told = Mapping[str, Any]


def make_side(fitted: Fitted, digest: str, told: Told) -> Side:
    """Return a version with the past's scenario and what was told changed; Refusals simulate.*."""
    base = with_version(fitted, digest)
    made = compiled(digest)
    return Side(made, change_scenario(base, told, made, work_calendar()))


def bound_side(side: Side) -> None:
    """Refuse simulate.too_many, beside the arrivals, what would keep the worker for hours."""
    scenario, calendar = side.scenario, work_calendar()
    days = [scenario.begin + timedelta(days=number) for number in range(scenario.days)]
    worked = sum(calendar.is_workday(day) for day in days)
    once = worked * sum(scenario.arrivals.work) + (len(days) - worked) * sum(scenario.arrivals.rest)
    matters = round(once * scenario.runs)
    if matters > MOST_MATTERS:
        raise Refusal(
            "simulate.too_many",
            f"预计 {matters} 件，超过 {MOST_MATTERS} 件；请减少天数、次数或来件",
            f"{matters} matters expected, more than {MOST_MATTERS}: fewer days, runs or arrivals"
            " please",
            "arrivals",
        )


def ask_simulation(
    procedure: str, sides: Sequence[tuple[str, Told]], *, by: Actor, at: datetime
) -> Simulation:
    """Put a simulation of (digest, what is told) into the outbox and return its row."""
    assert by.officer is not None
    row = Simulation.objects.create(
        officer_id=by.officer,
        procedure=procedure,
        told=[{"digest": digest, "told": dict(told)} for digest, told in sides],
        asked_at=at,
    )
    send(PARCEL, {"simulation": row.pk}, key=f"{PARCEL}/{row.pk}", at=at)
    return row


def simulations_of(by: Actor, procedure: str) -> Any:
    """Return the simulations of a procedure that an officer asked for, the newest first."""
    return Simulation.objects.filter(officer=by.officer, procedure=procedure).order_by("-pk")


def is_given_up(row: Simulation, at: datetime) -> bool:
    """Whether a simulation has come to no end for hours: it is awaited no longer."""
    return row.percent < 100 and row.asked_at < at - GIVEN_UP


def under_way(rows: QuerySet[Simulation], at: datetime) -> QuerySet[Simulation]:
    """Return which simulations are still awaited."""
    return rows.filter(percent__lt=100, failure="", asked_at__gte=at - GIVEN_UP)


@carrier(PARCEL, alone=True)
def run_simulation(facts: Mapping[str, Any], at: datetime) -> None:
    """Simulate what a row tells and keep the result there; what is refused is kept as well, and so
    is that anything else failed, which is raised: the outbox tries again.
    """
    rows = Simulation.objects.filter(pk=facts["simulation"])
    row = rows.select_related("officer").first()
    if row is None or row.result is not None:
        return
    by = actor_of(row.officer, at)

    def tell(percent: int) -> None:
        rows.update(percent=min(percent, 99))

    try:
        fitted = fit_scenario(row.procedure, row.told[0]["digest"], by=by, at=row.asked_at)
        sides = [make_side(fitted, one["digest"], one["told"]) for one in row.told]
        result = simulate_sides(sides, work_calendar(), tell)
    except (Refusal, Refusals) as refused:
        first = refused.refusals[0] if isinstance(refused, Refusals) else refused
        rows.update(failure=first.zh[:300], failure_en=first.en[:300], percent=100)
        return
    except Exception:
        rows.update(failure=FAILED_ZH, failure_en=FAILED_EN, percent=100)
        raise
    rows.update(result=result, percent=100, failure="", failure_en="")


@daily("simulations.forget")
def forget_simulations(at: datetime) -> None:
    """Delete the simulations that are older than thirty days."""
    Simulation.objects.filter(asked_at__lt=at - KEPT).delete()
