"""FEEL's built-in functions for ranges (DMN 1.3, 10.3.4.9; James Allen's interval algebra).

Each end of a range is its value and how far inside it the range begins or stops: 0 where the
end is included, else just above (1) or just below (-1). A point is a range from itself to
itself. So each relation is a comparison of ends.
"""

from typing import Any

from qianshou.kernel.procedures.feel.registry import feel
from qianshou.kernel.procedures.feel.values import Range, compare, equals

PAIR = "(point1|point|range|range1: Any, point2|range|point|range2|value: Any)"
RANGES = "(range1|range: range, range2|range: range)"
End = tuple[Any, int]
INFINITE = 2


def start(value: Any) -> End:
    """Return where a range or point begins."""
    if type(value) is not Range:
        return value, 0
    return (None, -INFINITE) if value.low is None else (value.low, 0 if value.low_in else 1)


def end(value: Any) -> End:
    """Return where a range or point ends."""
    if type(value) is not Range:
        return value, 0
    return (None, INFINITE) if value.high is None else (value.high, 0 if value.high_in else -1)


def order(a: End, b: End) -> int:
    """Return -1, 0 or 1 as `a` lies before, at or behind `b`; raises TypeError for null and
    for what cannot be compared.
    """
    if a[0] is None or b[0] is None:
        if (a[0] is None and abs(a[1]) != INFINITE) or (b[0] is None and abs(b[1]) != INFINITE):
            raise TypeError
        left, right = (a[1] if a[0] is None else 0), (b[1] if b[0] is None else 0)
        return (left > right) - (left < right)
    if equals(a[0], b[0]):
        return (a[1] > b[1]) - (a[1] < b[1])
    below = compare("<", a[0], b[0])
    if below is None:
        raise TypeError
    return -1 if below else 1


@feel(f"before{PAIR}")
def _before(a: Any, b: Any) -> bool:
    return order(end(a), start(b)) < 0


@feel(f"after{PAIR}")
def _after(a: Any, b: Any) -> bool:
    return _before(b, a)


@feel(f"meets{RANGES}")
def _meets(a: Range, b: Range) -> bool:
    return order(end(a), start(b)) == 0


@feel(f"met by{RANGES}")
def _met_by(a: Range, b: Range) -> bool:
    return _meets(b, a)


@feel(f"overlaps{RANGES}")
def _overlaps(a: Range, b: Range) -> bool:
    return order(end(a), start(b)) >= 0 and order(start(a), end(b)) <= 0


@feel(f"overlaps before{RANGES}")
def _overlaps_before(a: Range, b: Range) -> bool:
    return (
        order(start(a), start(b)) < 0
        and order(end(a), start(b)) >= 0
        and order(end(a), end(b)) <= 0
    )


@feel(f"overlaps after{RANGES}")
def _overlaps_after(a: Range, b: Range) -> bool:
    return _overlaps_before(b, a)


@feel("finishes(point|range1: Any, range|range2: range)")
def _finishes(a: Any, b: Range) -> bool:
    return order(end(a), end(b)) == 0 and order(start(a), start(b)) >= 0


@feel("finished by(range|range1: range, point|range2: Any)")
def _finished_by(a: Range, b: Any) -> bool:
    return _finishes(b, a)


@feel("includes(range|range1: range, point|range2|value: Any)")
def _includes(a: Range, b: Any) -> bool:
    return order(start(a), start(b)) <= 0 and order(end(a), end(b)) >= 0


@feel("during(point|range1|value: Any, range|range2: range)")
def _during(a: Any, b: Range) -> bool:
    return _includes(b, a)


@feel("starts(point|range1: Any, range|range2: range)")
def _starts(a: Any, b: Range) -> bool:
    return order(start(a), start(b)) == 0 and order(end(a), end(b)) <= 0


@feel("started by(range|range1: range, point|range2: Any)")
def _started_by(a: Range, b: Any) -> bool:
    return _starts(b, a)


@feel("coincides(point1|range1: Any, point2|range2: Any)")
def _coincides(a: Any, b: Any) -> bool | None:
    if (type(a) is Range) is not (type(b) is Range):
        return None
    return order(start(a), start(b)) == 0 and order(end(a), end(b)) == 0
