"""The values of a sheet's cells as texts, as a person would write them."""

from datetime import date, datetime, time
from typing import Any


def cell_text(value: Any) -> str:
    """Return a cell's value as text: days as 2026-11-23, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        moment = value.replace(second=0, microsecond=0)
        if moment.time() == time():
            return moment.date().isoformat()
        return moment.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
