"""One scenario simulated, or two side by side, told as JSON: what the command and the page show."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.estimates import Estimate, Key, compare, overloaded, summarise
from qianshou.kernel.procedures.scenario import Scenario
from qianshou.kernel.procedures.simulate import Record, simulate
from qianshou.kernel.refusal import Refusal

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Side:
    """A version of a procedure with what it is simulated under."""

    procedure: Procedure
    scenario: Scenario


def simulate_sides(
    sides: list[Side], calendar: WorkCalendar, progress: Progress | None = None
) -> dict[str, Any]:
    """Return what one side says, or two with the differences of the second; in JSON values.

    `progress` is told the per cent that is done. Raises Refusal simulate.* as `simulate` does, and
    simulate.runs where two sides would not be run equally often.
    """
    if len({side.scenario.runs for side in sides}) > 1:
        raise Refusal(
            "simulate.runs", "两边的次数应当一样", "Both sides are run equally often", "runs"
        )
    done: list[list[Record]] = []
    for number, side in enumerate(sides):

        def tell(over: int, runs: int, number: int = number) -> None:
            if progress is not None:
                progress(int(100 * (number + over / runs) / len(sides)))

        done.append(simulate(side.procedure, side.scenario, calendar, tell))
    told: dict[str, Any] = {
        "sides": [_told(side, records) for side, records in zip(sides, done, strict=True)]
    }
    if len(sides) > 1:
        pairs = [(side.scenario, records) for side, records in zip(sides, done, strict=True)]
        told["differences"] = nested(compare(*pairs))
    return told


def _told(side: Side, records: list[Record]) -> dict[str, Any]:
    scenario, summary = side.scenario, summarise(side.scenario, records)
    return {
        "digest": side.procedure.digest,
        "start": scenario.start,
        "days": scenario.days,
        "warm_up_days": scenario.warm_up_days,
        "runs": scenario.runs,
        "seed": scenario.seed,
        "staff": {post: staff.count for post, staff in scenario.staff.items()},
        "assumed": list(scenario.assumed),
        "overloaded": overloaded(summary),
        "stuck": list(summary.stuck),
        "estimates": nested(summary.estimates),
        "weeks": {post: [round(one, 3) for one in queue] for post, queue in summary.weeks.items()},
    }


def nested(estimates: Mapping[Key, Estimate]) -> dict[str, Any]:
    """Return estimates as kind → id → measure → [mean, low, high]; null for what is not known."""
    found: dict[str, Any] = {}
    for (kind, name, measure), one in estimates.items():
        values = [round(value, 4) if math.isfinite(value) else None for value in one]
        found.setdefault(kind, {}).setdefault(name, {})[measure] = values
    return found


def warnings_of(
    side: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Return what a reader of one side must know, in both languages; `names` are those of posts
    and steps.
    """
    named = names or {}
    found = []
    for post in side["overloaded"]:
        name = named.get(post, post)
        zh = f"岗位“{name}”的工作量超过能力，排队会越来越长"
        found.append((zh, f"Post “{name}” gets more work than it can do: its queue grows on"))
    for message in side["stuck"]:
        zh = f"消息“{message}”没有说多久会来，等它的事项停住了"
        en = f"Nobody said when the message “{message}” comes: matters that await it stand still"
        found.append((zh, en))
    assumed = [named.get(step, step) for step in side["assumed"]]
    if assumed:
        zh = f"台账里没有足够的签收到办结时间，按平均 30 分钟假定：{'、'.join(assumed)}"
        en = f"Too few times in the ledger, half an hour on average assumed: {', '.join(assumed)}"
        found.append((zh, en))
    return found
