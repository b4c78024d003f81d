"""Chance and duty time of a simulation: what is drawn, when matters come, when officers work."""

import math
from bisect import bisect_right
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.procedures.scenario import MOST_ARRIVALS, Scenario, Span
from qianshou.kernel.refusal import Refusal

BLOCK_BITS = 10
BLOCK = 1 << BLOCK_BITS
DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
NEVER = math.inf


class DutyClock:
    """Duty hours laid end to end: from an instant to duty time passed, and back (in seconds)."""

    def __init__(self, calendar: WorkCalendar, begin: date, days: int) -> None:
        opens, closes = calendar.duty
        self.length = (closes.hour - opens.hour) * HOUR + (closes.minute - opens.minute) * MINUTE
        first = opens.hour * HOUR + opens.minute * MINUTE
        self.starts = [
            number * DAY + first
            for number in range(days)
            if calendar.is_workday(begin + timedelta(days=number))
        ]

    def worked(self, at: float) -> float:
        """Return the duty time that has passed until `at`."""
        place = bisect_right(self.starts, at) - 1
        if place < 0:
            return 0.0
        return place * self.length + min(at - self.starts[place], self.length)

    def is_duty(self, at: float) -> bool:
        """Whether officers are at work at `at`."""
        place = bisect_right(self.starts, at) - 1
        return place >= 0 and at - self.starts[place] < self.length

    def reached(self, worked: float) -> float:
        """Return when so much duty time has passed; at a day's end, the next day's beginning."""
        place = int(worked // self.length)
        if place >= len(self.starts):
            return NEVER
        return self.starts[place] + worked - place * self.length


class Draws:
    """Numbers drawn for matters by their own number, in blocks, the same whatever else is drawn."""

    def __init__(self, seed: list[int], make: Callable[[np.random.Generator], Any]) -> None:
        self.seed = seed
        self.make = make
        self.blocks: dict[int, list[float]] = {}

    def fill(self, place: int) -> list[float]:
        """Return the block at `place`, drawn now."""
        generator = np.random.default_rng([*self.seed, place])
        block: list[float] = self.make(generator).tolist()
        self.blocks[place] = block
        return block


def draw_spans(span: Span) -> Callable[[np.random.Generator], Any]:
    """Return what draws a block of a span's lengths, in seconds."""
    seconds = span.mean * MINUTE
    if span.kind == "fixed":
        return lambda generator: np.full(BLOCK, seconds)
    if span.kind == "exponential":
        return lambda generator: generator.standard_exponential(BLOCK) * seconds
    variance = math.log1p(span.cv**2)
    shift, deviation = math.log(seconds) - variance / 2, math.sqrt(variance)
    return lambda generator: np.exp(shift + deviation * generator.standard_normal(BLOCK))


def draw_evenly(generator: np.random.Generator) -> Any:
    """Return a block of numbers from 0 to 1."""
    return generator.random(BLOCK)


def arrival_times(scenario: Scenario, calendar: WorkCalendar, run: int) -> list[float]:
    """Return when matters come, in seconds: a Poisson process whose rate changes by the hour.

    Exponential gaps of mean 1 are mapped through the inverse of the expected number (Çinlar).
    Raises Refusal simulate.too_many for more than a million matters.
    """
    told = scenario.arrivals
    days = [
        told.work if calendar.is_workday(scenario.begin + timedelta(days=number)) else told.rest
        for number in range(scenario.days)
    ]
    expected = np.concatenate(([0.0], np.cumsum(np.array(days).ravel())))
    total = float(expected[-1])
    if total * scenario.runs > MOST_ARRIVALS:
        raise Refusal(
            "simulate.too_many",
            f"预计 {total * scenario.runs:.0f} 件，超过 {MOST_ARRIVALS} 件；请减少天数、次数或来件",
            f"{total * scenario.runs:.0f} matters expected, more than {MOST_ARRIVALS}: fewer days, "
            "runs or arrivals please",
            "arrivals",
        )
    generator = np.random.default_rng([scenario.seed, run])
    count = int(total + 8 * math.sqrt(total) + 20)
    sums = np.cumsum(generator.standard_exponential(count))
    sums = sums[sums < total]
    hours = np.arange(len(expected)) * HOUR
    times: list[float] = np.interp(sums, expected, hours).tolist()
    return times
