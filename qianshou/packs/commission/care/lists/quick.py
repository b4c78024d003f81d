"""Reads a well-formed text with separators by columns: a million rows in a second or two.

Whatever it is not sure of (blank lines, rows of unequal length, another encoding than UTF-8 and
GB 18030) it leaves to the reader that goes row by row.
"""

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.roster.columns import COMPARED
from qianshou.packs.commission.care.roster.delimited import find_separator, records
from qianshou.packs.commission.care.roster.grid import Sheet
from qianshou.packs.commission.care.roster.header import Header, find_header
from qianshou.packs.commission.care.roster.reading import CLOSING, COUNT, TOTALS

SMALL = 1 << 20  # below this, going row by row is as quick and finds more out
HEAD = 1 << 16
BINARY = (b"PK", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"\xfe\xff", b"<")
BLANK_LINE = re.compile(rb"(?:\A|\n)[ \t]*\r?\n")


def read_quickly(content: bytes, mapping: Mapping[str, str]) -> tuple[Header, pa.Table] | None:
    """Return header and texts of a text with separators, or None to have it read row by row."""
    if len(content) < SMALL or content.startswith(BINARY) or BLANK_LINE.search(content):
        return None
    plain = as_utf8(content)
    head = plain[:HEAD].decode("utf-8", "ignore") if plain else ""
    separator = find_separator(head)
    if plain is None or len(separator.encode()) > 1:
        return None
    lines = [row for row in records(head[: head.rfind("\n") + 1], separator) if any(row[1])]
    header = header_of(lines, mapping)
    if header is None or any("\n" in cell for _, cells in lines for cell in cells):
        return None
    width = len(next(cells for number, cells in lines if number == header.last_row))
    names = [f"c{place}" for place in range(width)]
    wanted = {
        field: names[column.place] for field, column in header.fields.items() if field in COMPARED
    }
    try:
        table = csv.read_csv(
            pa.BufferReader(plain),
            csv.ReadOptions(column_names=names, skip_rows=header.last_row, block_size=8 << 20),
            csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            csv.ConvertOptions(
                include_columns=list(wanted.values()),
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    first = header.last_row + 1
    columns = {"row": pa.array(range(first, first + len(table)), pa.int64())}
    columns |= {field: table[name] for field, name in wanted.items()}
    return header, drop_nobody(pa.table(columns), header)


def header_of(lines: list[tuple[int, list[str]]], mapping: Mapping[str, str]) -> Header | None:
    """Return the header among the first lines; what is refused, the other reader refuses too."""
    try:
        return find_header(Sheet("", lines), mapping)
    except Refusal:
        return None


def as_utf8(content: bytes) -> bytes | None:
    """Return a text in UTF-8, from UTF-8 or GB 18030; None when it is in neither."""
    plain = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in plain[:HEAD]:
        return None
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return plain.decode("gb18030").encode()
        except UnicodeDecodeError:
            return None
    return plain


def drop_nobody(table: pa.Table, header: Header) -> pa.Table:
    """Return the table without rows that name nobody: blank ones, totals, headings again."""
    said = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in table.columns[1:]]
    keep = said[0]
    for column in said[1:]:
        keep = pc.or_(keep, column)
    odd = pc.match_substring_regex(
        table["name"], r"^\s*(合|总|小|共|[Tt]otal|TOTAL|填|审|制|备|注|说明)"
    )
    suspects = pc.indices_nonzero(odd).to_pylist()
    nobody = [
        at
        for at in suspects
        if is_total({f: table[f][at].as_py() for f in COMPARED if f in table.column_names})
    ]
    again = pc.equal(table["name"], header.fields["name"].heading)
    keep = pc.and_(keep, pc.invert(again))
    table = table.append_column("keep", keep)
    if nobody:
        at = pa.array(range(len(table)))
        keep = pc.and_(table["keep"], pc.invert(pc.is_in(at, pa.array(nobody))))
        table = table.set_column(len(table.column_names) - 1, "keep", keep)
    return table.filter(table["keep"]).drop_columns(["keep"])


def is_total(texts: Mapping[str, str]) -> bool:
    """Whether a row is a total or a closing remark: beside it only counts stand."""
    first, *rest = [text.strip() for text in texts.values() if text.strip()]
    if not (TOTALS.fullmatch(first) or CLOSING.fullmatch(first)):
        return False
    return all(COUNT.fullmatch(text) or CLOSING.fullmatch(text) for text in rest)
