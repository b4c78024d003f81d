"""Reads any list for the cross-check: every row is taken as it stands, what is odd is told."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import Limits
from qianshou.packs.commission.care.lists.columns import tell_odd, tidy_columns
from qianshou.packs.commission.care.lists.quick import read_quickly
from qianshou.packs.commission.care.roster.columns import COMPARED
from qianshou.packs.commission.care.roster.findings import RowError
from qianshou.packs.commission.care.roster.header import Header, Understood, check_mapping
from qianshou.packs.commission.care.roster.opening import open_sheets
from qianshou.packs.commission.care.roster.reading import choose_sheet, person_rows, warnings_of

# Whoever runs a command on this machine may read what this machine can hold.
OPERATOR_LIMITS = Limits(
    most_bytes=2 << 30,
    most_unpacked=4 << 30,
    most_rows=5_000_000,
    most_text=2_000_000_000,
    most_tags=200_000_000,
)
SIDES = {"roster": ("花名册", "roster"), "pupils": ("学籍名单", "pupils' list")}


@dataclass(frozen=True)
class ChildList:
    """A list as the engine takes it: `table` has the int64 column row and the fields found."""

    side: str
    name: str
    sheet: str
    columns: tuple[Understood, ...]
    table: pa.Table
    warnings: tuple[RowError, ...]
    sha256: str

    @property
    def absent(self) -> list[str]:
        """The compared fields that the file does not have."""
        return [field for field in COMPARED if field not in self.table.column_names]


def read_list(path: Path, side: str, mapping: Mapping[str, str], sheet: str = "") -> ChildList:
    """Return the list in a file; `side` is roster or pupils.

    Refuses, naming the file, lists.file (none, or unreadable) and what a roster's reader refuses
    of a file, a header or a mapping; only a column of names must be there.
    """
    try:
        content = read_bytes(path)
        check_mapping(mapping)
        check_compared(mapping)
        quick = read_quickly(content, mapping) if not sheet else None
        if quick is not None:
            header, table = quick
            warnings: list[RowError] = []
        else:
            header, table, warnings = read_slowly(content, path.name, mapping, sheet)
        table = tidy_columns(table, header.sheet.since_1904)
        if pc.max(pc.utf8_length(table["name"])).as_py() in (None, 0):
            raise Refusal(
                "lists.nobody",
                "没有一个姓名；请检查是否选错了文件、表或列",
                "It holds no name; is it the right file, sheet and column?",
                "name",
            )
    except Refusal as refusal:
        zh, en = SIDES[side]
        raise Refusal(
            refusal.code,
            f"{zh} {path.name}：{refusal.zh}",
            f"The {en} {path.name}: {refusal.en}",
            refusal.field,
        ) from refusal
    warnings += tell_odd(table)
    digest = hashlib.sha256(content).hexdigest()
    name = header.sheet.name if header.sheet.name != path.name else ""
    return ChildList(side, path.name, name, header.columns, table, tuple(warnings), digest)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; refuses lists.file when there is none or it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal(
            "lists.file",
            f"打不开文件（{error.strerror}）；请检查路径和权限",
            f"The file cannot be opened ({error.strerror}); check the path and the permissions",
        ) from error


def check_compared(mapping: Mapping[str, str]) -> None:
    """Refuse lists.map_field: a field that is known but not compared."""
    for field in mapping:
        if field not in COMPARED:
            known = ", ".join(COMPARED)
            raise Refusal(
                "lists.map_field",
                f"字段“{field}”不参加比对；可用的字段：{known}",
                f"The field “{field}” is not compared; the fields are {known}",
                field,
            )


def read_slowly(
    content: bytes, name: str, mapping: Mapping[str, str], sheet: str
) -> tuple[Header, pa.Table, list[RowError]]:
    """Return header, texts and warnings of a file of any kind, row by row."""
    sheets = open_sheets(content, name, OPERATOR_LIMITS)
    header = choose_sheet(sheets, mapping, ["name"], sheet)
    warnings = list(warnings_of(header))
    numbers: list[int] = []
    fields = [field for field in COMPARED if field in header.fields]
    texts: dict[str, list[str]] = {field: [] for field in fields}
    for number, cells in person_rows(header, warnings):
        numbers.append(number)
        for field in fields:
            texts[field].append(str(cells[field]))
    return header, make_table(numbers, texts), warnings


def make_table(numbers: Sequence[int], texts: Mapping[str, Sequence[str]]) -> pa.Table:
    """Return a table of row numbers and texts."""
    columns = {"row": pa.array(numbers, pa.int64())}
    columns |= {field: pa.array(cells, pa.string()) for field, cells in texts.items()}
    return pa.table(columns)
