"""Sheets in and out: rows as .xlsx, a template to fill in, and what a stranger's file holds.

A file that comes in is looked at before anything of it is unpacked, and its parts before
anything of them is parsed: archives that swell, entities and formulas are refused. The library
is loaded on its first use only: it takes longer than all else at the start.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.cells import cell_text
from qianshou.kernel.registry.synthetic import marked_words

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 50 * 1024 * 1024
MOST_PARTS = 500
MOST_RATIO = 200
SMALL_PART = 1024 * 1024
MOST_ROWS = 5000
MOST_COLUMNS = 100
MOST_TEXT = 5_000_000  # characters of all cells: one long shared text may stand in many
MOST_TAGS = 2_000_000  # of one part; each becomes an element in memory
MOST_TAGS_AT_ONCE = 100_000  # of one row, or of all that is no row: a reader keeps these together
LAST_ROW = 1_048_576  # of a sheet, in Excel; a row further down is nobody's
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # in no XML, and so in no cell
RISKY = ("=", "+", "-", "@", "\t", "\r")
MARKUP = (".xml", ".rels", ".vml")
ROW = re.compile(rb"<(?:\w+:)?(?:row|si)[\s/>]")
ENCODING = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']""")


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its key in the program, its heading in both languages."""

    key: str
    zh: str
    en: str

    def title(self, language: str) -> str:
        """Return the heading in `language`."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True)
class Limits:
    """How much a file that comes in may hold; what nobody says is an upload's."""

    most_bytes: int = MOST_BYTES
    most_unpacked: int = MOST_UNPACKED
    most_rows: int = MOST_ROWS
    most_text: int = MOST_TEXT
    most_tags: int = MOST_TAGS


UPLOAD = Limits()


@dataclass(frozen=True)
class SheetRow:
    """A row that a file holds: its number in the sheet, its texts by column key."""

    number: int
    texts: Mapping[str, str]


def write_sheet(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    language: str = "zh-hans",
    *,
    above: Sequence[str] = (),
    head: str = "",
    foot: str = "",
) -> bytes:
    """Return an .xlsx with a heading row and `rows`, whose texts follow `columns`.

    `above` are lines over the heading; `head` and `foot` stand on each printed page. Every cell is
    a text: what begins like a formula is shown, never computed.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Sheet1")
    _mark(sheet, language, head)
    if foot:
        sheet.HeaderFooter.oddFooter.center.text = _page_text(foot)
    sheet.freeze_panes = f"A{len(above) + 2}"
    for place in range(1, len(columns) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 20
    heading = [_text_cell(sheet, column.title(language)) for column in columns]
    for cell in heading:
        cell.font = Font(bold=True)
    for line in above:
        sheet.append([_text_cell(sheet, line)])
    sheet.append(heading)
    for row in rows:
        sheet.append([_text_cell(sheet, text) for text in row])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _mark(sheet: Any, language: str, head: str = "") -> None:
    """Say on the sheet's tab and at the head of each printed page that its people are invented."""
    words = marked_words(language)
    if words:
        sheet.title = f"{words} {sheet.title}"
    if words or head:
        sheet.HeaderFooter.oddHeader.center.text = _page_text(f"{words} {head}".strip())


def _page_text(text: str) -> str:
    """Return a text as a page's head takes it: no code of its own, 255 signs with the frame's."""
    return UNWRITABLE.sub("", text)[:120].replace("&", "&&")


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=UNWRITABLE.sub("", text)[:32000] or None)
    if text.startswith(RISKY):
        cell.data_type = "s"
        cell.quotePrefix = True  # so that it stays a text when somebody edits the cell
    return cell


def write_template(
    columns: Sequence[Column],
    hints: Mapping[str, str],
    choices: Mapping[str, Sequence[str]],
    language: str = "zh-hans",
) -> bytes:
    """Return an empty .xlsx to fill in: headings, an explanation, lists to choose from.

    `hints` explains columns by key; `choices` are the texts that a column may take.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    zh = language.startswith("zh")
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "填写" if zh else "Rows"
    _mark(sheet, language)
    told = workbook.create_sheet("说明" if zh else "Explanation")
    told.append(["列", "怎么填"] if zh else ["Column", "How to fill it in"])
    listed = workbook.create_sheet("选项" if zh else "Choices")
    sheet.freeze_panes = "A2"
    told.column_dimensions["A"].width, told.column_dimensions["B"].width = 24, 90
    for place, column in enumerate(columns, 1):
        letter = get_column_letter(place)
        _put(sheet, 1, place, column.title(language), bold=True)
        sheet.column_dimensions[letter].width = 20
        sheet.column_dimensions[letter].number_format = "@"
        _put(told, place + 1, 1, column.title(language))
        _put(told, place + 1, 2, hints.get(column.key, ""))
        offered = choices.get(column.key, ())
        if offered:
            for line, text in enumerate(offered, 1):
                _put(listed, line, place, text)
            source = f"'{listed.title}'!${letter}$1:${letter}${len(offered)}"
            rule = DataValidation("list", formula1=source, allow_blank=True)
            rule.add(f"{letter}2:{letter}{MOST_ROWS + 1}")
            sheet.add_data_validation(rule)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _put(sheet: Any, row: int, column: int, text: str, *, bold: bool = False) -> None:
    from openpyxl.styles import Font

    cell = sheet.cell(row, column, UNWRITABLE.sub("", text))
    cell.data_type = "s"
    if text.startswith(RISKY):
        cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)


def read_sheet(source: bytes | IO[bytes], columns: Sequence[Column]) -> list[SheetRow]:
    """Return the rows of an .xlsx's first sheet, without blank ones, all values as texts.

    Raises Refusal sheet.too_large (the file, unpacked, or its rows), sheet.not_xlsx,
    sheet.header (a column of `columns` missing or there twice) and sheet.formula.
    """
    content = source if isinstance(source, bytes) else source.read(MOST_BYTES + 1)
    check_archive(content)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles that it does not keep
            workbook = load_workbook(
                io.BytesIO(content), read_only=True, data_only=False, keep_links=False
            )
            try:
                return _rows_of(workbook.worksheets[0], columns)
            finally:
                workbook.close()
    except Refusal:
        raise
    except Exception as error:  # a broken file breaks openpyxl in any way it likes
        raise _not_xlsx() from error


def _rows_of(sheet: Any, columns: Sequence[Column]) -> list[SheetRow]:
    lines = sheet.iter_rows(min_row=1, max_row=LAST_ROW, min_col=1, max_col=MOST_COLUMNS)
    places = find_columns([_read_cell(cell) for cell in next(lines, ())], columns)
    return gather_rows(enumerate(lines, 2), places, _read_cell)


def gather_rows(
    lines: Iterable[tuple[int, Sequence[Any]]],
    places: Mapping[str, int],
    read: Callable[[Any], str] = str,
) -> list[SheetRow]:
    """Return the lines, each with its number, that are not blank, as texts by column; refuses more
    rows, or more words, than are taken at once (sheet.too_large).
    """
    found = []
    written = 0
    for number, cells in lines:
        texts = {key: read(cells[at]) if at < len(cells) else "" for key, at in places.items()}
        if any(texts.values()):
            found.append(SheetRow(number, texts))
            written += sum(map(len, texts.values()))
            if len(found) > MOST_ROWS or written > MOST_TEXT:
                raise _too_large(f"一次最多导入 {MOST_ROWS} 行", f"At most {MOST_ROWS} rows")
    return found


def find_columns(heading: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Return where each column stands in a heading; Refusal sheet.header for one that is missing or
    there twice.
    """
    titles = [title.rstrip("*＊ ") for title in heading]
    places: dict[str, int] = {}
    missing = []
    for column in columns:
        at = [place for place, title in enumerate(titles) if title in (column.zh, column.en)]
        if len(at) != 1:
            missing.append(column)
        else:
            places[column.key] = at[0]
    if missing:
        zh = "、".join(column.zh for column in missing)
        en = ", ".join(column.en for column in missing)
        raise Refusal(
            "sheet.header",
            f"第一行里应当各有一次这些列：{zh}；请用模板重新填写",
            f"The first row must name each of these columns once: {en}; please use the template",
        )
    return places


def _read_cell(cell: Any) -> str:
    if cell.data_type == "f":
        raise Refusal(
            "sheet.formula",
            f"单元格 {cell.coordinate} 是公式；请改为数值或文字后再导入",
            f"Cell {cell.coordinate} holds a formula; put its value there instead",
        )
    return cell_text(cell.value)


def check_archive(content: bytes, limits: Limits = UPLOAD) -> None:
    """Refuse what must not be unpacked or parsed: sheet.too_large or sheet.not_xlsx.

    The directory is read first (sizes, number, ratios, paths), then each part for a DTD.
    """
    if len(content) > limits.most_bytes:
        most = limits.most_bytes >> 20
        raise _too_large(f"文件不能超过 {most} MB", f"A file may have {most} MB at most")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_directory(parts, limits)
            for part in parts:
                # Never more than the directory promised: zipfile stops there and refuses.
                _check_part(part.filename, archive.read(part), limits)
    except Refusal:
        raise
    except Exception as error:  # a broken archive breaks zipfile and zlib in many ways
        raise _not_xlsx() from error


def _check_directory(parts: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names or len({name.lower() for name in names}) != len(names):
        raise _not_xlsx()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > limits.most_unpacked:
        most = limits.most_unpacked >> 20
        raise _too_large(
            f"文件解压后不能超过 {most} MB", f"A file may have {most} MB unpacked at most"
        )
    for part in parts:
        path = part.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or ":" in path or part.flag_bits & 1:
            raise _not_xlsx()
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _not_xlsx()
        if part.file_size > SMALL_PART and part.file_size > MOST_RATIO * part.compress_size:
            raise _too_large("文件解压后膨胀过大", "The file swells too much when unpacked")


def _check_part(name: str, part: bytes, limits: Limits) -> None:
    bare = part.replace(b"\0", b"")  # what UTF-16 and UTF-32 put between the letters
    if b"<!DOCTYPE" in bare or b"<!ENTITY" in bare:
        raise _not_xlsx()
    tags = [piece.count(b"<") for piece in ROW.split(part)]
    if sum(tags) > limits.most_tags or max(tags) > MOST_TAGS_AT_ONCE:
        raise _too_large("文件里的单元格太多", "The file holds too many cells")
    if name.lower().endswith(MARKUP):
        declared = ENCODING.search(part.decode("utf-8")[:400])
        if declared and declared[1].lower() not in ("utf-8", "us-ascii", "ascii"):
            raise _not_xlsx()


def _too_large(zh: str, en: str) -> Refusal:
    return Refusal("sheet.too_large", f"{zh}；请分几次导入", f"{en}; please bring it in parts")


def _not_xlsx() -> Refusal:
    return Refusal(
        "sheet.not_xlsx",
        "这不是能读的 .xlsx 文件；请在 Excel 或 WPS 里另存为“Excel 工作簿（.xlsx）”",
        "This is no readable .xlsx file; save it as an Excel workbook (.xlsx)",
    )
