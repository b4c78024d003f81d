"""How much one evaluation may do: loops, calls and walks over values count their steps."""

import threading
from collections.abc import Callable
from typing import TypeVar

MOST_STEPS = 300_000
LONGEST_TEXT = 200_000
Found = TypeVar("Found")


class TooMuchWork(Exception):
    """An evaluation has used up its steps."""


class Meter(threading.local):
    """The steps that are left to the evaluation that runs in this thread."""

    left: int | None = None


METER = Meter()


def spend(steps: int = 1) -> None:
    """Count steps; raises TooMuchWork when none are left."""
    if METER.left is not None:
        METER.left -= steps
        if METER.left < 0:
            raise TooMuchWork


def bounded(work: Callable[[], Found]) -> Found | None:
    """Return what `work` gives, or None where it costs too many steps or nests too deeply.

    Work inside work shares the steps of the outer one.
    """
    if METER.left is not None:
        return work()
    METER.left = MOST_STEPS
    try:
        return work()
    except (TooMuchWork, RecursionError):
        return None
    finally:
        METER.left = None
