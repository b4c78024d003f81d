"""A sheet as a grid of texts, the same whatever kind of file it came from."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.cells import cell_text

MOST_SPREAD = 5_000_000


class Marked(str):
    """A cell's text of which more is known: it was a number, or what a formula came to."""

    number: bool
    computed: bool

    def __new__(cls, text: str, *, number: bool = False, computed: bool = False) -> Self:
        """Return `text` with its marks; a formula without a stored result has no text."""
        made = super().__new__(cls, text)
        made.number = number
        made.computed = computed
        return made


@dataclass(frozen=True)
class Area:
    """Cells that were merged, by the sheet's row numbers and places from 0; both ends count."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A sheet's rows that hold anything, each with its number in the sheet."""

    name: str
    rows: Sequence[tuple[int, list[str]]]
    merged: Sequence[Area] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden: bool = False
    since_1904: bool = False


@dataclass
class Filling:
    """What is read so far of all sheets of a file, held against the limits on rows and texts."""

    most_rows: int
    most_text: int
    rows: int = 0
    text: int = field(default=0)

    def count(self, cells: Sequence[str]) -> None:
        """Count a row; refuses with sheet.too_large beyond a limit."""
        self.rows += 1
        self.text += sum(map(len, cells))
        if self.rows > self.most_rows or self.text > self.most_text:
            raise Refusal(
                "sheet.too_large",
                f"一个文件最多 {self.most_rows} 行；请分几次导入",
                f"A file may have {self.most_rows} rows at most; please bring it in parts",
            )


def spread_down(sheet: Sheet, places: Sequence[int]) -> dict[tuple[int, int], str]:
    """Return the texts that merged cells of the columns `places` lend to the rows below their
    first, by row number and place.
    """
    numbers = [number for number, _ in sheet.rows]
    lent: dict[tuple[int, int], str] = {}
    for area in sheet.merged:
        if area.bottom == area.top:
            continue
        first = bisect_left(numbers, area.top)
        if first == len(numbers) or numbers[first] != area.top:
            continue
        cells = sheet.rows[first][1]
        text = cells[area.left] if area.left < len(cells) else ""
        if not text or area.left not in places:
            continue
        for number in numbers[first + 1 : bisect_left(numbers, area.bottom + 1)]:
            lent[number, area.left] = text
        if len(lent) > MOST_SPREAD:
            raise Refusal(
                "sheet.too_large",
                "合并的单元格太多；请取消合并后再导入",
                "Too many cells are merged; unmerge them first",
            )
    return lent


def number_text(raw: str) -> str:
    """Return a stored number as a person would write it.

    Whole numbers keep every digit that was stored. Of a binary fraction fifteen digits are sure,
    as many as Excel keeps; zeros stand for the rest.
    """
    if re.fullmatch(r"-?[0-9]{1,40}", raw):
        return raw
    value = float(raw)
    if value.is_integer() and abs(value) < 1e40:
        whole = f"{Decimal(repr(value)):f}".removesuffix(".0")
        digits = whole.lstrip("-")
        return whole if len(digits) <= 15 else whole[: 15 - len(digits)] + "0" * (len(digits) - 15)
    return f"{value:.15g}"


def serial_text(value: float, *, since_1904: bool) -> str:
    """Return the day (and time) that a serial number of Excel means; "" when it means none."""
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

    try:
        moment = from_excel(value, MAC_EPOCH if since_1904 else WINDOWS_EPOCH)
    except (ValueError, OverflowError):
        return ""
    return cell_text(moment) if isinstance(moment, datetime) else ""
