"""What the runs of a simulation say: means over independent runs with intervals at 95 %.

The runs are replications with seeds of their own; an interval is Student's t over their values
(Law, Simulation Modeling and Analysis, ch. 9.4). Of two scenarios simulated under common random
numbers the interval is that of the paired differences, run by run (ch. 10.2).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from qianshou.kernel.procedures.chance import DAY, HOUR, MINUTE, NEVER, DutyClock
from qianshou.kernel.procedures.scenario import Scenario
from qianshou.kernel.procedures.simulate import Record

LEVEL = 0.95
WEEK = 7 * DAY
FULL = 1.0
STEP, POST, OPENED, BEGUN, DONE, DUE = range(6)  # columns of a task
Key = tuple[str, str, str]
Array = Any


class Estimate(NamedTuple):
    """A mean over runs and its interval; not a number where fewer than two runs have it."""

    mean: float
    low: float
    high: float


class Summary(NamedTuple):
    """Estimates by (kind, id, measure), and the mean queue of each post week by week.

    Kinds: post (load, utilisation, queue, waited_mean, waited_p50, waited_p90 in minutes, left),
    step (done, late, waited_mean, took_mean), all (arrived, closed, per_day, open, time_mean,
    time_p50, time_p90 in hours) and end (share). `stuck` are messages that nobody sends.
    """

    estimates: dict[Key, Estimate]
    weeks: dict[str, list[float]]
    stuck: tuple[str, ...]


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of values from independent runs with its interval by Student's t."""
    from scipy.special import stdtrit

    found = [value for value in values if math.isfinite(value)]
    if not found:
        return Estimate(math.nan, math.nan, math.nan)
    mean = math.fsum(found) / len(found)
    if len(found) < 2:
        return Estimate(mean, math.nan, math.nan)
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in found) / (len(found) - 1))
    half = float(stdtrit(len(found) - 1, (1 + LEVEL) / 2)) * deviation / math.sqrt(len(found))
    return Estimate(mean, mean - half, mean + half)


def summarise(scenario: Scenario, records: Sequence[Record]) -> Summary:
    """Return what the runs say of the time after the warm-up; nothing measured is below zero."""
    measured = [measure(scenario, record) for record in records]
    keys = dict.fromkeys(key for one in measured for key in one)
    weeks = {
        post: np.mean([_weekly_queue(scenario, one, place) for one in records], axis=0).tolist()
        for place, post in enumerate(records[0].posts)
    }
    stuck = sorted({message for record in records for message in record.stuck})
    found = {key: estimate([one[key] for one in measured if key in one]) for key in keys}
    estimates = {key: one._replace(low=max(one.low, 0.0)) for key, one in found.items()}
    return Summary(estimates, weeks, tuple(stuck))


def compare(
    first: tuple[Scenario, Sequence[Record]], second: tuple[Scenario, Sequence[Record]]
) -> dict[Key, Estimate]:
    """Return the differences, second less first, of what both measure, paired run by run."""
    pairs = [
        (measure(first[0], one), measure(second[0], other))
        for one, other in zip(first[1], second[1], strict=True)
    ]
    keys = dict.fromkeys(key for one, other in pairs for key in one if key in other)
    return {
        key: estimate([b[key] - a[key] for a, b in pairs if key in a and key in b]) for key in keys
    }


def measure(scenario: Scenario, record: Record) -> dict[Key, float]:
    """Return what one run measures after the warm-up, by (kind, id, measure)."""
    begin, end = scenario.warm_up_days * DAY, scenario.days * DAY
    tasks, given_up = _rows(record.tasks), _rows(record.given_up)
    found: dict[Key, float] = {}
    for place, post in enumerate(record.posts):
        own = _at_post(record, place, tasks)
        lost = _at_post(record, place, given_up)
        measured = _measure_post(scenario, record, place, own, lost, begin, end)
        found.update({("post", post, name): value for name, value in measured.items()})
    for place, step in enumerate(record.steps):
        own, lost = tasks[tasks[:, STEP] == place], given_up[given_up[:, STEP] == place]
        measured = _measure_step(own, lost, begin, end)
        found.update({("step", step, name): value for name, value in measured.items()})
    found.update(_measure_matters(record, begin, end))
    return found


def _rows(flat: Sequence[float]) -> Array:
    return np.array(flat, dtype=float).reshape(-1, 6)


def _at_post(record: Record, place: int, tasks: Array) -> Array:
    """Return the tasks that a post began, and of those nobody began the ones whose first post
    it is.
    """
    first = [step for step, seats in enumerate(record.seats) if seats and seats[0] == place]
    unbegun = (tasks[:, POST] < 0) & np.isin(tasks[:, STEP], first)
    return tasks[(tasks[:, POST] == place) | unbegun]


def _worked(clock: DutyClock | None, times: Array) -> Array:
    """Return duty time passed until each instant; around the clock that is the time itself."""
    if clock is None:
        return times
    starts = np.array([*clock.starts, *([] if clock.starts else [NEVER])])
    knots = np.column_stack((starts, starts + clock.length)).ravel()
    passed = np.repeat(np.arange(len(starts) + 1) * clock.length, 2)[1:-1]
    return np.interp(times, knots, passed)


def _measure_post(
    scenario: Scenario,
    record: Record,
    place: int,
    own: Array,
    lost: Array,
    begin: float,
    end: float,
) -> dict[str, float]:
    clock = record.clocks[place]
    passed = _worked(clock, np.array([begin, end]))
    capacity = float(passed[1] - passed[0]) * scenario.staff[record.posts[place]].count
    counted = own[(own[:, OPENED] >= begin) & np.isfinite(own[:, BEGUN])]
    waited = (counted[:, BEGUN] - counted[:, OPENED]) / MINUTE
    came = np.concatenate((own, lost))
    means = np.array([scenario.steps[step].mean * MINUTE for step in record.steps])
    work = float(means[came[came[:, OPENED] >= begin, STEP].astype(int)].sum())
    until = np.clip(came[:, [BEGUN, DONE]], begin, end)
    busy = float((_worked(clock, until[:, 1]) - _worked(clock, until[:, 0])).sum())
    queued = np.clip(came[:, BEGUN], begin, end) - np.clip(came[:, OPENED], begin, end)
    return {
        "load": _part(work, capacity),
        "utilisation": _part(busy, capacity),
        "queue": _part(float(queued.sum()), end - begin),
        "waited_mean": _mean(waited),
        "waited_p50": _quantile(waited, 0.5),
        "waited_p90": _quantile(waited, 0.9),
        "left": float((~np.isfinite(own[:, BEGUN])).sum()),
    }


def _part(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def _weekly_queue(scenario: Scenario, record: Record, place: int) -> list[float]:
    """Return how many wait for a post on average in each week from the first day on."""
    waiting = _at_post(record, place, _rows([*record.tasks, *record.given_up]))
    edges = np.append(np.arange(0, scenario.days * DAY, WEEK), scenario.days * DAY)
    area = _passed(waiting[:, OPENED], edges) - _passed(waiting[:, BEGUN], edges)
    found: list[float] = (np.diff(area) / np.diff(edges)).tolist()
    return found


def _passed(instants: Array, times: Array) -> Array:
    """Return, for each time, the sum of what has passed since every instant before it."""
    finite = np.sort(instants[np.isfinite(instants)])
    sums = np.concatenate(([0.0], np.cumsum(finite)))
    count = np.searchsorted(finite, times)
    return count * times - sums[count]


def _measure_step(own: Array, lost: Array, begin: float, end: float) -> dict[str, float]:
    counted = own[own[:, OPENED] >= begin]
    done = counted[np.isfinite(counted[:, DONE])]
    dated = np.concatenate((counted, lost[lost[:, OPENED] >= begin]))
    dated = dated[dated[:, DUE] < end]
    return {
        "done": float(len(done)),
        "late": float((dated[:, DONE] > dated[:, DUE]).mean()) if len(dated) else math.nan,
        "waited_mean": _mean((done[:, BEGUN] - done[:, OPENED]) / MINUTE),
        "took_mean": _mean((done[:, DONE] - done[:, BEGUN]) / MINUTE),
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else math.nan


def _quantile(values: Array, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else math.nan


def _measure_matters(record: Record, begin: float, end: float) -> dict[Key, float]:
    matters = np.array(record.matters, dtype=float).reshape(-1, 3)
    came = matters[matters[:, 0] >= begin]
    closed = came[came[:, 1] < NEVER]
    ended = matters[(matters[:, 1] >= begin) & (matters[:, 1] < end)]
    took = (closed[:, 1] - closed[:, 0]) / HOUR
    days = (end - begin) / DAY
    values = {
        "arrived": float(len(came)),
        "closed": float(len(ended)),
        "per_day": _part(len(ended), days),
        "open": float((matters[:, 1] == NEVER).sum()),
        "time_mean": _mean(took),
        "time_p50": _quantile(took, 0.5),
        "time_p90": _quantile(took, 0.9),
    }
    found = {("all", "", name): value for name, value in values.items()}
    for place, end_id in enumerate(record.ends):
        found["end", end_id, "share"] = _mean(ended[:, 2] == place)
    return found


def overloaded(summary: Summary) -> list[str]:
    """Return the posts that get more work than they can do, so that their queue grows on."""
    return [
        name
        for (kind, name, told), one in summary.estimates.items()
        if kind == "post" and told == "load" and one.mean >= FULL
    ]
