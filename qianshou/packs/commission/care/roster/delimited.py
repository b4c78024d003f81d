"""Reads texts with separators: .csv and .txt in UTF-8, UTF-16 or GB 18030 (of which GBK is part)."""

import codecs
import csv
import io
from collections.abc import Iterator

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import MOST_COLUMNS, Limits
from qianshou.packs.commission.care.roster.grid import Filling, Sheet

SEPARATORS = ",\t;|，"
LOOKED_AT = 20  # lines from which the separator is taken
LONGEST_FIELD = 131_072


def read_delimited(content: bytes, name: str, limits: Limits) -> list[Sheet]:
    """Return the one sheet of a text; refuses sheet.too_large, roster.encoding, roster.torn."""
    if len(content) > limits.most_bytes:
        most = limits.most_bytes >> 20
        raise Refusal(
            "sheet.too_large",
            f"文件不能超过 {most} MB；请分几次导入",
            f"A file may have {most} MB at most; please bring it in parts",
        )
    text = decode(content)
    filling = Filling(limits.most_rows, limits.most_text)
    rows = []
    for number, cells in records(text, find_separator(text)):
        if any(cells):
            filling.count(cells)
            rows.append((number, cells))
    return [Sheet(name, rows)]


def decode(content: bytes) -> str:
    """Return the text of a file; refuses roster.encoding what is in none of the encodings."""
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
        "roster.encoding",
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

    Refuses roster.torn where a quotation mark is never closed.
    """
    csv.field_size_limit(LONGEST_FIELD)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
    number = 0
    try:
        for number, cells in enumerate(lines, 1):
            yield number, [cell.strip() for cell in cells[:MOST_COLUMNS]]
    except csv.Error as error:
        raise Refusal(
            "roster.torn",
            f"第 {number + 1} 行读不下去：多半是引号没有成对；请改正后再导入",
            f"Row {number + 1} cannot be read: most likely a quotation mark is not closed",
        ) from error
