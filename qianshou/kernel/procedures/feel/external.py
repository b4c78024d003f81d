"""External functions (DMN 1.3, 10.3.2.13.2): no file can run code of another language.

Of Java's, the plain functions of java.lang.Math and the conversions of java.lang's numbers and
String mean the same anywhere and are answered; every other function gives null.
"""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from qianshou.kernel.procedures.feel.kinds import Kind
from qianshou.kernel.procedures.feel.values import CONTEXT, Function, number, write

SIGNATURE = re.compile(r"\s*(\w+)\s*\(([\w.\s,]*)\)\s*")
WHOLE = {"byte", "short", "int", "long"}
MATH: dict[str, Callable[..., float]] = {
    "abs": abs, "acos": math.acos, "asin": math.asin, "atan": math.atan, "atan2": math.atan2,
    "cbrt": math.cbrt, "ceil": math.ceil, "cos": math.cos, "exp": math.exp, "floor": math.floor,
    "hypot": math.hypot, "log": math.log, "log10": math.log10, "max": max, "min": min,
    "pow": math.pow, "sin": math.sin, "sqrt": math.sqrt, "tan": math.tan,
    "toDegrees": math.degrees, "toRadians": math.radians,
}  # fmt: skip
READERS = {
    ("java.lang.Integer", "valueOf"), ("java.lang.Integer", "parseInt"),
    ("java.lang.Long", "valueOf"), ("java.lang.Long", "parseLong"),
    ("java.lang.Float", "valueOf"), ("java.lang.Float", "parseFloat"),
    ("java.lang.Double", "valueOf"), ("java.lang.Double", "parseDouble"),
}  # fmt: skip


def external(told: Any, names: tuple[str, ...], kinds: tuple[Kind, ...]) -> Function:
    """Return the function that an external body, {java: {class, method signature}}, names."""
    java = told.get("java") if isinstance(told, Mapping) else None
    java = java if isinstance(java, Mapping) else {}
    of, signature = java.get("class"), java.get("method signature")
    match = SIGNATURE.fullmatch(signature) if isinstance(signature, str) else None
    parameters = [part.strip() for part in match[2].split(",") if part.strip()] if match else []
    method = match[1] if match else ""

    def call(*values: Any) -> Any:
        if len(values) != len(parameters):
            return None
        if of == "java.lang.Math" and method in MATH:
            return _calculate(method, parameters, values)
        if (of, method) in READERS and parameters == ["java.lang.String"]:
            return CONTEXT.create_decimal(values[0]) if type(values[0]) is str else None
        if of == "java.lang.String" and method == "valueOf" and len(values) == 1:
            return write(values[0])
        return None

    return Function(names, call, len(names), kinds)


def _calculate(method: str, parameters: list[str], values: tuple[Any, ...]) -> Decimal | int | None:
    given = [number(value) for value in values]
    if None in given:
        return None
    exact = [value for value in given if value is not None]
    if set(parameters) <= WHOLE:
        found = MATH[method](*(int(value) for value in exact))
    else:
        found = MATH[method](*(float(value) for value in exact))
    if not math.isfinite(found):
        return None
    return found if type(found) is int else CONTEXT.create_decimal(repr(float(found)))
