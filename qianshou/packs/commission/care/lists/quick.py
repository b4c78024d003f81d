"""Reads a well-formed text with separators by columns: a million rows in a second or two.

Whatever it is not sure of (blank lines, rows of unequal length, another encoding than UTF-8 and
GB 18030) it leaves to the reader that goes row by row.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.delimited import find_separator, records
from qianshou.packs.commission.care.roster.columns import COMPARED
from qianshou.packs.commission.care.roster.grid import Sheet
from qianshou.packs.commission.care.roster.header import Header, find_header
from qianshou.packs.commission.care.roster.reading import CLOSING, OWN, TOTALS, is_no_person

SMALL = 1 << 20  # below this, going row by row is as quick and finds more out
HEAD = 1 << 16
# How a name begins that may be none: not at all, with a count, or like a total or a remark.
SUSPECT = (
    r"^\s*($|[0-9０-９]|合|总|小|共|填|审|报|负|经|单|联|日|制|备|注|说明"
    r"|(?i:total|sum|subtotal|note|prepared|checked))"
)
BINARY = (b"PK", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"\xfe\xff", b"<")


def read_quickly(content: bytes, mapping: Mapping[str, str]) -> tuple[Header, pa.Table] | None:
    """Return header and texts of a text with separators, or None to have it read row by row."""
    if len(content) < SMALL or content.startswith(BINARY) or has_blank_line(content):
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
                include_columns=sorted({names[0], *wanted.values()}),
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    first = header.last_row + 1
    columns = {"row": pa.arange(first, first + len(table)), "first": table[names[0]]}
    columns |= {field: pc.utf8_trim_whitespace(table[name]) for field, name in wanted.items()}
    found = drop_nobody(pa.table(columns), header)
    return (header, found) if len(found) else None


def has_blank_line(content: bytes) -> bool:
    """Whether a line of a text is empty: such lines count, and Arrow passes them over."""
    return content.startswith((b"\n", b"\r\n")) or b"\n\n" in content or b"\n\r\n" in content


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
    """Return the table without rows that name nobody: blank ones, totals, headings again.

    The table's column `first`, what stands first in the line, is left out of the answer.
    """
    headings = {field: column.heading for field, column in header.fields.items()}
    fields = table.column_names[2:]
    blank = pc.equal(pc.binary_join_element_wise(*(table[field] for field in fields), ""), "")
    odd = pc.equal(table["name"], headings["name"])
    odd = pc.or_(odd, pc.match_substring_regex(table["name"], SUSPECT))
    nobody = [
        row["row"]
        for row in table.filter(odd).to_pylist()
        if is_total(row)
        or (len(fields) > 1 and all(row[field].strip() == headings[field] for field in fields))
    ]
    drop = pc.or_(blank, pc.is_in(table["row"], pa.array(nobody, pa.int64())))
    return table.filter(pc.invert(drop)).drop_columns(["first"])


def is_total(row: Mapping[str, str]) -> bool:
    """Whether a row is a total or a closing remark, as `person_rows` has it."""
    first = next((row[field].strip() for field in list(row)[1:] if row[field].strip()), "")
    if not (TOTALS.fullmatch(first) or CLOSING.fullmatch(first)):
        return False
    return is_no_person({field: row.get(field, "").strip() for field in OWN}, first)
