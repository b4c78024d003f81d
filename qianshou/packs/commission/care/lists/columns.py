"""Whole columns of texts made comparable where their meaning is certain, and what is odd told."""

import pyarrow as pa
import pyarrow.compute as pc

from qianshou.kernel.registry.synthetic import PREFIX
from qianshou.packs.commission.care.roster.columns import FIELDS
from qianshou.packs.commission.care.roster.days import read_day
from qianshou.packs.commission.care.roster.findings import RowError

SHOWN = 10
ROUNDED = r"^\s*'?[0-9]{15}000\s*$|^[0-9]\.[0-9]+[eE]\+?17$"
NUMBER = r"^\s*['’]?[0-9０-９ ]{17,21}[0-9xX０-９Ｘｘ]\s*$"
SHAPED = r"^[0-9]{17}[0-9xX]$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def is_synthetic(*tables: pa.Table) -> bool:
    """Whether lists are made up: every identity number with a valid form begins as nobody's does."""
    numbers = [table["id_number"] for table in tables if "id_number" in table.column_names]
    shaped = [column.filter(pc.match_substring_regex(column, SHAPED)) for column in numbers]
    return any(map(len, shaped)) and all(
        pc.all(pc.starts_with(column, PREFIX), min_count=0).as_py() for column in shaped
    )


def tidy_columns(table: pa.Table, since_1904: bool) -> pa.Table:
    """Return the table with blanks trimmed and days in ISO where they can mean one day only."""
    for place, field in enumerate(table.column_names):
        if field == "row":
            continue
        column = pc.utf8_trim_whitespace(table[field])
        if field == "birth_date":
            column = in_iso(column, since_1904)
        table = table.set_column(place, field, column)
    return table


def in_iso(column: pa.ChunkedArray, since_1904: bool) -> pa.Array:
    """Return days in ISO; what is no certain day stays as it was typed."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    days = [
        read_day(text, since_1904=since_1904)[0] or text for text in encoded.dictionary.to_pylist()
    ]
    return pa.array(days, pa.string()).take(encoded.indices)


def tell_odd(table: pa.Table) -> list[RowError]:
    """Return what is odd: rows without a name, days and numbers that are compared as typed."""
    found = []
    if empty := odd_rows(table, pc.equal(table["name"], "")):
        found.append(
            told(
                empty,
                "name",
                "lists.no_name",
                "行没有姓名，按未找到列出",
                "rows have no name; they are listed as not found",
            )
        )
    if "birth_date" in table.column_names:
        column = table["birth_date"]
        unread = pc.and_(pc.not_equal(column, ""), pc.invert(pc.match_substring_regex(column, DAY)))
        if rows := odd_rows(table, unread):
            found.append(
                told(
                    rows,
                    "birth_date",
                    "lists.day",
                    "行的出生日期认不准是哪一天，按原文比对",
                    "rows have a birth date that is not certain; it is compared as it was typed",
                )
            )
    if "id_number" in table.column_names:
        column = table["id_number"]
        cut = pc.match_substring_regex(column, ROUNDED)
        if rows := odd_rows(table, cut):
            found.append(
                told(
                    rows,
                    "id_number",
                    "lists.rounded",
                    "行的身份证号被表格软件截断，只比对前 15 位",
                    "rows have a number that a spreadsheet cut; its first 15 digits are compared",
                )
            )
        known = pc.or_(pc.or_(cut, pc.equal(column, "")), pc.match_substring_regex(column, NUMBER))
        if rows := odd_rows(table, pc.invert(known)):
            found.append(
                told(
                    rows,
                    "id_number",
                    "lists.number",
                    "行的身份证号不是 18 位，按原文比对",
                    "rows have a number that has not 18 signs; it is compared as it was typed",
                )
            )
    return found


def odd_rows(table: pa.Table, odd: pa.ChunkedArray) -> list[int]:
    """Return the numbers of the rows for which `odd` holds."""
    rows: list[int] = table["row"].filter(odd).to_pylist()
    return rows


def told(rows: list[int], field: str, code: str, zh: str, en: str) -> RowError:
    """Return one finding about many rows: how many, and the first of them."""
    first = ", ".join(map(str, rows[:SHOWN])) + ("…" if len(rows) > SHOWN else "")
    return RowError(
        rows[0],
        field,
        code,
        f"{len(rows)} {zh}（第 {first} 行）",
        f"{len(rows)} {en} ({FIELDS[field].en}, rows {first})",
    )
