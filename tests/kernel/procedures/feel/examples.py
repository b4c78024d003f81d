"""How the tests of FEEL write an example: a text, and the text that its value is."""

from typing import Any

from qianshou.kernel.procedures.feel import NOW, compile_expression
from qianshou.kernel.procedures.feel.temporal import read_date_time
from qianshou.kernel.procedures.feel.values import write

NOON = "2024-11-18T12:00:00+08:00"


def told(text: str, **facts: Any) -> str:
    """Return the value of an expression as FEEL writes it."""
    known = {**facts, NOW: read_date_time(NOON)}
    return write(compile_expression(text, facts.keys())(known))


def rows(table: str) -> list[tuple[str, str]]:
    """Return the rows of a table "expression => value"."""
    found = []
    for row in table.strip().splitlines():
        text, _, value = row.rpartition("=>")
        found.append((text.strip(), value.strip()))
    return found
