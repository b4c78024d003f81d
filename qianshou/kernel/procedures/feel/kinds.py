"""The types of FEEL and DMN: what conforms to them and what is converted (DMN 1.3, 10.3.2.9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.temporal import (
    Date,
    read_date,
    read_date_time,
    read_duration,
    read_temporal,
    read_time,
)
from qianshou.kernel.procedures.feel.values import Function, Range, kind, lift, with_time

Allowed = Callable[[Any], bool | None]


@dataclass(frozen=True)
class Kind:
    """A type: its name, that of its parts (a list's, a range's, a function's result), the
    fields of a context, the parameters of a function, and what values are allowed.
    """

    name: str
    of: "Kind | None" = None
    fields: "Mapping[str, Kind] | None" = None
    parameters: "tuple[Kind, ...] | None" = None
    allowed: Allowed | None = None


ANY = Kind("Any")
SPELLINGS = {
    # As Camunda's modeler writes them.
    "integer": "number", "long": "number", "double": "number",
    "any": "Any", "null": "Null", "dateTime": "date and time", "datetime": "date and time",
    "dayTimeDuration": "days and time duration", "day and time duration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "year and month duration": "years and months duration",
}  # fmt: skip
BUILT_IN = {
    name: Kind(name)
    for name in (
        "Null", "number", "string", "boolean", "date", "time", "date and time",
        "days and time duration", "years and months duration", "list", "context", "range",
        "function",
    )
} | {"Any": ANY}  # fmt: skip
# Names of types and properties that are more than one word, for whoever reads them in a text.
SPACED = (
    *(name for name in (*BUILT_IN, *SPELLINGS) if " " in name),
    "time offset", "start included", "end included",
)  # fmt: skip


def kind_of(node: tuple[Any, ...], named: Mapping[str, Kind]) -> Kind | None:
    """Return the type of a tree, or None where it names an unknown one."""
    name = node[0]
    if len(node) == 1:
        return named.get(name) or BUILT_IN.get(SPELLINGS.get(name, name))
    if name == "context":
        fields = {key: kind_of(part, named) for key, part in node[1]}
        known = {key: part for key, part in fields.items() if part is not None}
        return Kind(name, fields=known) if len(known) == len(fields) else None
    if name == "function":
        parameters = [kind_of(part, named) for part in node[1]]
        result = kind_of(node[2], named)
        if result is None or None in parameters:
            return None
        return Kind(name, result, parameters=tuple(part for part in parameters if part))
    of = kind_of(node[1], named)
    return None if of is None else Kind(name, of)


def is_instance(value: Any, wanted: Kind) -> bool:
    """Return `value instance of wanted`: null is of type Null only; in lists and contexts it is
    of any type, since Null conforms to all.
    """
    value = lift(value)
    if value is None:
        return wanted.name == "Null"
    if wanted.name == "Any":
        return True
    if kind(value) != wanted.name:
        return False
    if wanted.allowed is not None and wanted.allowed(value) is not True:
        return False
    if wanted.fields is not None:
        return all(
            name in value and _conforms(value[name], part) for name, part in wanted.fields.items()
        )
    if type(value) is Function:
        return _is_function_of(value, wanted)
    if wanted.of is None:
        return True
    if type(value) is Range:
        return _conforms(value.low, wanted.of) and _conforms(value.high, wanted.of)
    spend(len(value))
    return all(_conforms(part, wanted.of) for part in value)


def _conforms(value: Any, wanted: Kind) -> bool:
    return value is None or is_instance(value, wanted)


def _is_function_of(function: Function, wanted: Kind) -> bool:
    if wanted.parameters is None:
        return True
    if not function.needed <= len(wanted.parameters) <= len(function.names):
        return function.rest and len(wanted.parameters) >= function.needed
    if function.result is not None and not subsumes(wanted.of or ANY, function.result):
        return False
    own = function.kinds or (ANY,) * len(function.names)
    return all(subsumes(mine, theirs) for mine, theirs in zip(own, wanted.parameters, strict=False))


def subsumes(wider: Kind, narrower: Kind) -> bool:
    """Whether every value of `narrower` is one of `wider`."""
    if wider.name == "Any" or narrower.name == "Null":
        return True
    if wider.name != narrower.name:
        return False
    if wider.fields is not None:
        others = narrower.fields or {}
        return all(
            name in others and subsumes(part, others[name]) for name, part in wider.fields.items()
        )
    return wider.of is None or (narrower.of is not None and subsumes(wider.of, narrower.of))


def coerce(value: Any, wanted: Kind) -> Any:
    """Return `value` converted to a type as 10.3.2.9.4 says: a single value to a list, a list of
    one to its value, a date to its midnight in UTC. None where it does not conform.
    """
    value = lift(value)
    if value is None or wanted is ANY:
        return value
    if kind(value) == wanted.name and BUILT_IN.get(wanted.name) is wanted:
        return value
    found = _fitted(value, wanted)
    if found is None or (wanted.allowed is not None and wanted.allowed(found) is not True):
        return None
    return found


def _fitted(value: Any, wanted: Kind) -> Any:
    name, of = wanted.name, kind(value)
    if name == "Any":
        return value
    if name == "list":
        values = value if of == "list" else [value]
        return values if wanted.of is None or wanted.of is ANY else _fitted_parts(values, wanted.of)
    if of == "list":
        return (
            coerce(value[0], Kind(name, wanted.of, wanted.fields, wanted.parameters))
            if (len(value) == 1)
            else None
        )
    if name == "date and time" and type(value) is Date:
        return with_time(value)
    if of != name:
        return None
    if wanted.fields is not None:
        fitted = dict(value)
        spend(len(fitted) + 1)
        for key, part in wanted.fields.items():
            if fitted.get(key) is not None:
                fitted[key] = coerce(fitted[key], part)
                if fitted[key] is None:
                    return None
        return fitted
    return value if name in ("context", "function") or is_instance(value, wanted) else None


def _fitted_parts(values: Any, wanted: Kind) -> list[Any] | None:
    fitted = []
    spend(len(values) + 1)
    for value in values:
        part = coerce(value, wanted)
        if part is None and value is not None:
            return None
        fitted.append(part)
    return fitted


READERS: dict[str, Callable[[str], Any]] = {
    "date": read_date, "time": read_time, "date and time": read_date_time,
    "days and time duration": read_duration, "years and months duration": read_duration,
}  # fmt: skip


def read_as(value: Any, wanted: Kind) -> Any:
    """Return a JSON value with its strings read as the dates, times and durations that the type
    says; where it says nothing, a string that is an at-literal (@"2024-11-18") is what it names.
    """
    value = lift(value)
    of = kind(value)
    if of == "string":
        if wanted.name in READERS:
            found = READERS[wanted.name](value)
            return value if found is None else found
        if wanted.name == "list" and wanted.of is not None:
            return read_as(value, wanted.of)
        if wanted.name == "Any" and value.startswith('@"') and value.endswith('"'):
            found = read_temporal(value[2:-1])
            return value if found is None else found
        return value
    if of == "list":
        inner = (wanted.of or ANY) if wanted.name == "list" else wanted
        return [read_as(part, inner) for part in value]
    if of == "context":
        fields = wanted.fields or {}
        return {key: read_as(part, fields.get(key, ANY)) for key, part in value.items()}
    return value
