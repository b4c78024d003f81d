"""Can an expression say yes or no? It is asked with values of the kinds that forms give."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from math import prod
from typing import Any
from zlib import crc32

from qianshou.kernel.clock import CHINA
from qianshou.kernel.procedures.feel import NOW, Expression
from qianshou.kernel.procedures.feel.meter import bounded
from qianshou.kernel.procedures.forms import Field

MOST_TRIES = 300
SCALARS: Mapping[str, tuple[Any, ...]] = {
    "string": ("", "x", "2026-11-23", "2026-11-23T09:00:00+08:00"),
    "integer": (0, 1, 100),
    "number": (0, 1, 100),
    "boolean": (True, False),
}
AN_INSTANT = datetime(2026, 11, 23, 9, tzinfo=CHINA)
ANY: tuple[Any, ...] = (1, True, "x", "2026-11-23", [], ["x"], {})


def is_condition(expression: Expression, fields: Mapping[str, Field]) -> bool:
    """Whether an expression can be yes or no; True where that cannot be told.

    It is worked out over values of each field's kind (all kinds for a name that is no field).
    A condition that gives only numbers, texts or lists is none, nor is one that gives nothing at
    all though every name in it is a plain field: it compares what cannot be compared. All tries
    together cost no more steps than one evaluation may.
    """
    return bounded(lambda: _gives_truth(expression, fields)) is not False


def _gives_truth(expression: Expression, fields: Mapping[str, Field]) -> bool:
    nothing = True
    for one in _results(expression, fields):
        if isinstance(one, bool):
            return True
        nothing = nothing and one is None
    plain = all(name in fields and fields[name].kind in SCALARS for name in expression.names)
    return nothing and not plain


def _results(expression: Expression, fields: Mapping[str, Field]) -> Iterator[Any]:
    names = sorted(expression.names)
    kinds = [_values(fields.get(name)) for name in names]
    tries: Iterable[tuple[Any, ...]] = product(*kinds)
    if prod(map(len, kinds)) > MOST_TRIES:
        tries = (
            tuple(
                values[crc32(f"{name} {turn}".encode()) % len(values)]
                for name, values in zip(names, kinds, strict=True)
            )
            for turn in range(MOST_TRIES)
        )
    for chosen in tries:
        yield expression({NOW: AN_INSTANT, **dict(zip(names, chosen, strict=True))})


def _values(field: Field | None) -> tuple[Any, ...]:
    if field is None or field.kind not in SCALARS:
        return ANY
    chosen = tuple(choice.value for choice in field.choices[:3])
    return (*chosen, *SCALARS[field.kind])
