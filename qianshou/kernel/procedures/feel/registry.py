"""Where FEEL's built-in functions are written down, and how a function is called."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from qianshou.kernel.procedures.feel.kinds import ANY, BUILT_IN, coerce
from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.values import Function

Given = TypeVar("Given", bound=Callable[..., Any])
FUNCTIONS: dict[str, Function] = {}
SIGNATURE = re.compile(r"(?P<name>[\w ]+)\((?P<parameters>.*)\)")


def feel(signature: str) -> Callable[[Given], Given]:
    """Register a function under a signature like "substring(string: string, length?: number)".

    "?" marks what may be left out or null, "..." what takes all further arguments; "a|b" are
    names for one parameter. Registering the same name again adds a signature.
    """
    match = SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(signature)
    names, kinds, needed = [], [], 0
    parts = match["parameters"].split(", ") if match["parameters"] else []
    for part in parts:
        name, kind = part.split(": ")
        needed += not name.endswith("?")
        names.append(name.rstrip("?."))
        kinds.append(BUILT_IN[kind])
    rest = bool(parts) and "..." in parts[-1]

    def register(function: Given) -> Given:
        made = Function(tuple(names), function, needed, tuple(kinds), rest, strict=True)
        before = FUNCTIONS.get(match["name"])
        if before is not None:
            made = Function(
                before.names, before.call, before.needed, before.kinds, before.rest, strict=True,
                others=(*before.others, made),
            )  # fmt: skip
        FUNCTIONS[match["name"]] = made
        return function

    return register


def apply(function: Function, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Call a function by position or by name; null where the arguments do not fit."""
    for one in (function, *function.others):
        fitted = _fit(one, _by_position(one, named) if named else values)
        if fitted is not None:
            spend(1 + sum(len(v) // 200 for v in fitted if type(v) is str or type(v) is list))
            try:
                return one.call(*fitted)
            except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError):
                return None
    return None


def _by_position(function: Function, named: Mapping[str, Any]) -> list[Any] | None:
    left = dict(named)
    values: list[Any] = []
    for place, names in enumerate(function.names):
        own = next((name for name in left if name in names.split("|")), None)
        if own is None and place < function.needed:
            return None
        values.append(None if own is None else left.pop(own))
    return None if left else values


def _fit(function: Function, values: Sequence[Any] | None) -> list[Any] | None:
    """Return the arguments converted to the parameters' kinds, or None where they do not fit."""
    if values is None or len(values) < function.needed:
        return None
    names, kinds = function.names, function.kinds
    if len(values) > len(names) and not function.rest:
        return None
    fitted: list[Any] = []
    for place, value in enumerate(values):
        wanted = kinds[min(place, len(kinds) - 1)] if kinds else ANY
        found = value if wanted is ANY else coerce(value, wanted)
        if (
            found is None
            and wanted is not ANY
            and (value is not None or (function.strict and place < function.needed))
        ):
            return None
        fitted.append(found)
    if function.rest:
        last = len(names) - 1
        return [*fitted[:last], fitted[last:]]
    return fitted
