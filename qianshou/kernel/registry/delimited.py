"""Reads texts with separators: .csv and .txt in UTF-8, UTF-16 or GB 18030 (of which GBK is part);
and a table that came as such a text or as a workbook.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import (
    MOST_BYTES,
    MOST_COLUMNS,
    Column,
    SheetRow,
    find_columns,
    gather_rows,
    read_sheet,
)

SEPARATORS = ",\t;|，"
LOOKED_AT = 20  # lines from which the separator is taken
LONGEST_FIELD = 131_072
ARCHIVE = b"PK"


def read_table(content: bytes, columns: Sequence[Column]) -> list[SheetRow]:
    """Return the rows of a workbook or of a text with separators, without blank ones, as texts.

    Refuses what `read_sheet` refuses, sheet.encoding and sheet.torn.
    """
    if content.startswith(ARCHIVE) or len(content) > MOST_BYTES:
        return read_sheet(content, columns)
    text = decode(content)
    lines = records(text, find_separator(text))
    places = find_columns(next(lines, (0, []))[1], columns)
    return gather_rows(lines, places)


def decode(content: bytes) -> str:
    """Return the text of a file; refuses sheet.encoding what is in none of the encodings."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refusal(
        "sheet.encoding",
        "认不出文件的编码；请在 Excel 或 WPS 里另存为“CSV UTF-8”或“Excel 工作簿（.xlsx）”",
        "The file's encoding is unknown; save it as CSV UTF-8 or as an Excel workbook (.xlsx)",
    )


def find_separator(text: str) -> str:
    """Return the sign that parts the first lines best: the one that is in most of them."""
    lines = [line for line in text[:100_000].splitlines()[: LOOKED_AT * 3] if line.strip()]
    lines = lines[:LOOKED_AT]

    def weight(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines]
        return sum(count > 0 for count in counts), sum(counts)

    return max(SEPARATORS, key=weight)


def records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with their numbers, as a spreadsheet would number its rows.

    Refuses sheet.torn where a quotation mark is never closed.
    """
    csv.field_size_limit(LONGEST_FIELD)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
    number = 0
    try:
        for number, cells in enumerate(lines, 1):
            yield number, [cell.strip() for cell in cells[:MOST_COLUMNS]]
    except csv.Error as error:
        raise Refusal(
            "sheet.torn",
            f"第 {number + 1} 行读不下去：多半是引号没有成对；请改正后再导入",
            f"Row {number + 1} cannot be read: most likely a quotation mark is not closed",
        ) from error
