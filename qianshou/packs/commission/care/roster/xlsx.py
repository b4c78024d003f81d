"""Reads the sheets of an .xlsx that `check_archive` has let in.

openpyxl is not used for this: it tells of merged and hidden cells only where it keeps the whole
workbook, of formulas or of their results but never of both, and takes five times as long.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import IO

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string, range_boundaries
from openpyxl.utils.escape import unescape

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import MOST_COLUMNS, Limits, check_archive
from qianshou.packs.commission.care.roster.grid import (
    Area,
    Filling,
    Marked,
    Sheet,
    number_text,
    serial_text,
)

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
# Formats of days that the standard leaves to the Chinese, Japanese and Korean Excel.
DAYS_OF_THE_EAST = {*range(27, 37), *range(50, 59)}
MOST_SHEETS = 100


def read_xlsx(content: bytes, limits: Limits) -> list[Sheet]:
    """Return the sheets of an .xlsx; refuses as check_archive, and with sheet.not_xlsx."""
    check_archive(content, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return list(Workbook(archive, limits).sheets())
    except Refusal:
        raise
    except Exception as error:  # a broken file breaks its reader in any way it likes
        raise Refusal(
            "sheet.not_xlsx",
            "这不是能读的 .xlsx 文件；请在 Excel 或 WPS 里另存为“Excel 工作簿（.xlsx）”",
            "This is no readable .xlsx file; save it as an Excel workbook (.xlsx)",
        ) from error


class Workbook:
    """The parts of an archive that say what a cell means."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        main = self._targets("")["officeDocument"][0][1]
        self._main = main
        self._book = self._parse(main)
        by_kind = self._targets(main)
        self._parts = {key: path for rows in by_kind.values() for key, path in rows}
        self._shared = self._shared_texts(by_kind)
        self._days = self._day_styles(by_kind)
        self._filling = Filling(limits.most_rows, limits.most_text)
        properties = self._book.find("{*}workbookPr")
        told = properties.get("date1904") if properties is not None else None
        self._since_1904 = told in ("1", "true")
        self._letters: dict[str, int] = {}

    def sheets(self) -> Iterator[Sheet]:
        """Yield the sheets in the order of their tabs; charts are none."""
        found = self._book.findall("{*}sheets/{*}sheet")
        if len(found) > MOST_SHEETS:
            raise Refusal(
                "sheet.too_large",
                f"一个文件最多 {MOST_SHEETS} 个表；请只留要报的表",
                f"A file may have {MOST_SHEETS} sheets at most; keep the one to send",
            )
        for sheet in found:
            path = self._parts[sheet.get(RELATION) or sheet.get(STRICT_RELATION) or ""]
            if "chartsheet" not in path and "dialogsheet" not in path:
                hidden = sheet.get("state", "visible") != "visible"
                yield self._sheet(sheet.get("name") or "", path, hidden)

    def _parse(self, path: str) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        return etree.fromstring(self._archive.read(path), parser)

    def _targets(self, path: str) -> dict[str, list[tuple[str, str]]]:
        """Return by kind the (key, path) of what a part refers to."""
        folder, name = posixpath.split(path)
        told = self._parse(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, list[tuple[str, str]]] = {}
        for relation in told:
            target = relation.get("Target", "")
            place = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            kind = relation.get("Type", "").rpartition("/")[2]
            found.setdefault(kind, []).append((relation.get("Id", ""), posixpath.normpath(place)))
        return found

    def _shared_texts(self, by_kind: dict[str, list[tuple[str, str]]]) -> list[str]:
        texts = []
        for _, path in by_kind.get("sharedStrings", ()):
            with self._archive.open(path) as part:
                for element in walk(part, "{*}si"):
                    texts.append(rich_text(element))
        return texts

    def _day_styles(self, by_kind: dict[str, list[tuple[str, str]]]) -> list[bool]:
        """Return for each style whether it shows a number as a day."""
        for _, path in by_kind.get("styles", ()):
            told = self._parse(path)
            formats = dict(BUILTIN_FORMATS)
            for row in told.findall("{*}numFmts/{*}numFmt"):
                formats[int(row.get("numFmtId", "0"))] = row.get("formatCode", "")
            numbers = [int(row.get("numFmtId", "0")) for row in told.findall("{*}cellXfs/{*}xf")]
            return [
                number in DAYS_OF_THE_EAST or is_date_format(formats.get(number))
                for number in numbers
            ]
        return []

    def _sheet(self, name: str, path: str, hidden: bool) -> Sheet:
        rows: list[tuple[int, list[str]]] = []
        merged = []
        hidden_rows = set()
        number = 0
        with self._archive.open(path) as part:
            for element in walk(part, "{*}row", "{*}mergeCell"):
                if etree.QName(element).localname == "mergeCell":
                    left, top, right, bottom = range_boundaries(element.get("ref", ""))
                    if left and top and right and bottom:
                        merged.append(Area(top, left - 1, bottom, right - 1))
                    continue
                number = int(element.get("r", number + 1))
                cells = self._cells(element)
                if any(cells):
                    self._filling.count(cells)
                    rows.append((number, cells))
                    if element.get("hidden") in ("1", "true"):
                        hidden_rows.add(number)
        rows.sort(key=lambda row: row[0])
        return Sheet(name, rows, merged, frozenset(hidden_rows), hidden, self._since_1904)

    def _cells(self, row: etree._Element) -> list[str]:
        cells: list[str] = []
        for cell in row:
            letters = (cell.get("r") or "").rstrip("0123456789")
            place = self._place(letters) if letters else len(cells)
            if place >= MOST_COLUMNS:
                continue
            text = self._text(cell)
            if text or isinstance(text, Marked):
                cells.extend([""] * (place + 1 - len(cells)))
                cells[place] = text
        return cells

    def _place(self, letters: str) -> int:
        if letters not in self._letters:
            self._letters[letters] = column_index_from_string(letters) - 1
        return self._letters[letters]

    def _text(self, cell: etree._Element) -> str:
        kind = cell.get("t", "n")
        if kind == "s" and len(cell) == 1:
            return self._shared[int(cell[0].text or "")]
        value = ""
        computed = False
        for part in cell:
            tag = str(part.tag)
            if tag.endswith("}v"):
                value = part.text or ""
            elif tag.endswith("}f"):
                computed = True
            elif tag.endswith("}is"):
                value = rich_text(part)
        if kind == "s" and value:
            return self._shared[int(value)]
        if kind == "e":
            return Marked("", computed=True)
        if kind == "n" and value:
            return self._number(value, int(cell.get("s", "0")), computed)
        text = "是" if kind == "b" and value == "1" else "否" if kind == "b" and value else value
        if kind == "d":
            text = re.sub(r"T00:00(:00(\.0+)?)?Z?$", "", value)
        text = text.strip()
        return Marked(text, computed=True) if computed else text

    def _number(self, raw: str, style: int, computed: bool) -> str:
        if style < len(self._days) and self._days[style]:
            day = serial_text(float(raw), since_1904=self._since_1904)
            if day:
                return Marked(day, computed=True) if computed else day
        return Marked(number_text(raw.strip()), number=True, computed=computed)


def walk(part: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Yield the elements of these names, and let go of each once it was looked at."""
    elements = etree.iterparse(
        part, events=("end",), tag=tags, resolve_entities=False, no_network=True
    )
    for _, element in elements:
        yield element
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def rich_text(element: etree._Element) -> str:
    """Return the text of a shared or inline string, without what says how it is pronounced."""
    text = ""
    if len(element) == 1 and not len(element[0]):
        text = element[0].text or ""
        return (unescape(text) if "_x" in text else text).strip()
    for part in element:
        tag = str(part.tag)
        if tag.endswith("}t"):
            text += part.text or ""
        elif tag.endswith("}r"):
            text += "".join(piece.text or "" for piece in part if str(piece.tag).endswith("}t"))
    return (unescape(text) if "_x" in text else text).strip()
