"""Reads a roster: the sheet whose header fits, each row whole or not at all."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import Limits
from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.roster.columns import FIELDS, REQUIRED
from qianshou.packs.commission.care.roster.findings import Roster, RosterRow, RowError
from qianshou.packs.commission.care.roster.grid import Marked, Sheet, spread_down
from qianshou.packs.commission.care.roster.header import Header, check_mapping, find_header
from qianshou.packs.commission.care.roster.opening import ROSTER_LIMITS, open_sheets
from qianshou.packs.commission.care.roster.rows import Rules, read_row
from qianshou.packs.commission.care.roster.texts import tidy

TOTALS = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|总\s*数|total|sum|subtotal)\s*[:：]?.*", re.I
)
CLOSING = re.compile(
    r"(填表|填报|制表|审核|审批|报送|负责人|经办|单位|备注|注|说明|日期|联系人|note|prepared|checked)"
    r"[^,，]{0,12}[:：].*",
    re.I,
)
COUNT = re.compile(r"[0-9０-９]+\s*[人名个]?")
# A person's own fields are never lent by a merged cell: two rows with one name are unclear.
OWN = ("name", "id_number", "birth_date", "sex")


def read_roster(
    content: bytes,
    name: str,
    kind: str,
    *,
    mapping: Mapping[str, str] | None = None,
    sheet: str = "",
    places: Mapping[str, Collection[str]] | None = None,
    at: datetime | None = None,
    limits: Limits = ROSTER_LIMITS,
) -> Roster:
    """Return the roster in a file; `kind` is town, education or civil.

    `mapping` says by hand which heading (or column letter) a field has, `sheet` which sheet is
    meant, `places` the district's towns with their villages, `at` when it is read (nobody is
    born later). Refuses what the readers refuse, roster.columns, roster.sheets, roster.no_rows
    and roster.heading_twice; what is wrong with single rows stands in `errors`.
    """
    given = mapping or {}
    check_mapping(given)
    known = places or {}
    required = [
        field for field in REQUIRED[kind] if field != "town" or (len(known) != 1 and kind == "town")
    ]
    header = choose_sheet(open_sheets(content, name, limits), given, required, sheet)
    until = at.astimezone(CHINA).date() if at else None
    rules = Rules(kind, known, until, header.sheet.since_1904)
    rows, errors, rejected = [], [], []
    warnings = list(warnings_of(header))
    for number, cells in person_rows(header, warnings):
        row, wrong = read_row(number, cells, rules)
        if wrong:
            errors += wrong
            rejected.append(RosterRow(number, {key: tidy(text) for key, text in cells.items()}))
        else:
            rows.append(row)
    if not rows and not errors:
        raise no_rows(header.sheet)
    twice = find_duplicates(rows)
    rows = [replace(row, notes=(*row.notes, *twice.get(row.number, ()))) for row in rows]
    warnings += [note for row in rows for note in row.notes]
    return Roster(
        kind,
        name,
        header.sheet.name,
        header.columns,
        tuple(rows),
        tuple(errors),
        tuple(warnings),
        tuple(rejected),
    )


def choose_sheet(
    sheets: Sequence[Sheet], mapping: Mapping[str, str], required: Sequence[str], wanted: str = ""
) -> Header:
    """Return the header of the one sheet that fits.

    Refuses roster.sheet (no sheet is called so), roster.no_rows, roster.columns (which are
    missing and what was found instead) and roster.sheets (several fit).
    """
    if wanted:
        sheets = [sheet for sheet in sheets if sheet.name.strip() == wanted.strip()] or named(
            sheets, wanted
        )
    seen = [sheet for sheet in sheets if not sheet.hidden and sheet.rows] or sheets
    found: list[Header] = []
    twice: list[Refusal] = []
    for sheet in seen:
        try:
            header = find_header(sheet, mapping)
        except Refusal as refusal:
            twice.append(refusal)
            continue
        if header is not None:
            found.append(header)
    fitting = [header for header in found if not header.missing(required)]
    filled = [header for header in fitting if header.sheet.rows[-1][0] > header.last_row]
    if len(filled) == 1:
        return filled[0]
    if len(filled) > 1:
        zh = "、".join(header.sheet.name for header in filled)
        raise Refusal(
            "roster.sheets",
            f"文件里有几个表都像花名册：{zh}；请只留要报的一个，或合成一个表，或指定用哪一个",
            f"Several sheets look like a roster: {zh}; keep the one to send, or put them into "
            "one, or say which one to read",
        )
    if fitting:
        raise no_rows(fitting[0].sheet)
    if twice:
        raise twice[0]
    raise no_columns(seen, found, required)


def named(sheets: Sequence[Sheet], wanted: str) -> list[Sheet]:
    """Refuse with roster.sheet: no sheet has this name."""
    zh = "、".join(sheet.name for sheet in sheets)
    raise Refusal(
        "roster.sheet",
        f"文件里没有表“{wanted}”；有：{zh}",
        f"The file has no sheet “{wanted}”; it has: {zh}",
    )


def no_rows(sheet: Sheet) -> Refusal:
    """Return the refusal of a roster with a header and nobody under it."""
    return Refusal(
        "roster.no_rows",
        f"表“{sheet.name}”里没有一行人员；请填写后再导入",
        f"The sheet “{sheet.name}” names nobody; fill it in first",
    )


def no_columns(
    sheets: Sequence[Sheet], found: Sequence[Header], required: Sequence[str]
) -> Refusal:
    """Return the refusal of a file without the columns that a roster must have."""
    best = max(found, key=lambda header: len(header.fields), default=None)
    missing = best.missing(required) if best else list(required)
    if best:
        headings = [column.heading for column in best.columns]
    else:
        fullest = max(
            (cells for sheet in sheets for _, cells in sheet.rows[:10]), key=len, default=[]
        )
        headings = [text[:20] for text in fullest if text]
    zh = "、".join(FIELDS[field].zh for field in missing)
    en = ", ".join(FIELDS[field].en for field in missing)
    return Refusal(
        "roster.columns",
        f"缺少列：{zh}；表里找到的列：{'、'.join(headings) or '（无）'}。"
        "请补上这些列，或指明哪一列是它们",
        f"Missing columns: {en}; the columns found: {', '.join(headings) or '(none)'}. "
        "Add them, or say which columns they are",
        missing[0] if missing else None,
    )


def person_rows(header: Header, warnings: list[RowError]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number and cells by field of each row that is a person's.

    Totals, closing remarks and headers that are printed again are passed over with a warning.
    """
    places = {field: column.place for field, column in header.fields.items()}
    lending = [place for field, place in places.items() if field not in OWN]
    lent = spread_down(header.sheet, lending)
    headings = {column.place: tidy(column.heading.rpartition("|")[2]) for column in header.columns}
    passed = []
    for number, row in header.sheet.rows:
        if number <= header.last_row:
            continue
        cells = {}
        for field, place in places.items():
            cell = row[place] if place < len(row) else ""
            cells[field] = cell or lent.get((number, place), cell)
        own = any(cells[field] for field in OWN if field in cells)
        if not any(map(says_something, cells.values())) or is_header_again(row, headings):
            continue
        first = next(filter(None, row), "")
        if (TOTALS.fullmatch(first) or CLOSING.fullmatch(first)) and is_no_person(cells, first):
            passed.append(number)
        elif own or any(
            says_something(row[place]) for place in places.values() if place < len(row)
        ):
            yield number, cells
    if passed:
        told = "、".join(map(str, passed[:10]))
        warnings.append(
            RowError(
                passed[0],
                "",
                "roster.passed_over",
                f"第 {told} 行是合计或表尾说明，没有读入",
                f"Rows {', '.join(map(str, passed[:10]))} are totals or closing remarks: not read",
            )
        )


def says_something(cell: str) -> bool:
    """Whether a cell holds a text, or a formula that should have come to one."""
    return bool(cell) or isinstance(cell, Marked)


def is_no_person(cells: Mapping[str, str], first: str) -> bool:
    """Whether a row that begins like a total or a remark names nobody: at most it counts."""
    own = [cells[field] for field in OWN if cells.get(field)]
    return all(text == first or COUNT.fullmatch(text) or CLOSING.fullmatch(text) for text in own)


def is_header_again(row: Sequence[str], headings: Mapping[int, str]) -> bool:
    """Whether a row repeats the headings, as lists that were printed by the page do."""
    compared = [place for place in headings if place < len(row)]
    return len(compared) > 1 and all(tidy(row[place]) == headings[place] for place in compared)


def warnings_of(header: Header) -> Iterator[RowError]:
    """Yield what is odd about the sheet as a whole: hidden rows, formulas taken by result."""
    sheet = header.sheet
    hidden = sorted(number for number in sheet.hidden_rows if number > header.last_row)
    if hidden:
        told = "、".join(map(str, hidden[:10])) + ("…" if len(hidden) > 10 else "")
        yield RowError(
            hidden[0],
            "",
            "roster.hidden_rows",
            f"有 {len(hidden)} 行被隐藏或筛掉（第 {told} 行），也读入了；不要的请删除",
            f"{len(hidden)} rows are hidden or filtered out ({told}) and were read too; "
            "delete those that do not belong",
        )
    for field, column in header.fields.items():
        place = column.place
        for number, row in sheet.rows:
            cell = row[place] if place < len(row) else ""
            if isinstance(cell, Marked) and cell.computed and cell and number > header.last_row:
                letter = column.letter
                yield RowError(
                    number,
                    field,
                    "roster.computed",
                    f"{letter} 列有公式，读入的是存盘时的结果；请核对",
                    f"Column {letter} holds formulas; their stored results were read; check them",
                )
                break


def find_duplicates(rows: Sequence[RosterRow]) -> dict[int, tuple[RowError, ...]]:
    """Return by row number what to say of a row whose child stands in an earlier row too."""
    first: dict[tuple[str, ...], int] = {}
    found: dict[int, tuple[RowError, ...]] = {}
    for row in rows:
        number = row.texts.get("id_number", "")
        keys: list[tuple[str, ...]] = []
        if identity.is_valid(number):
            keys.append((number,))
        name, born = row.texts.get("name", ""), row.texts.get("birth_date", "")
        if name and born:
            keys.append((name, born, row.texts.get("sex", ""), number))
        earlier = next((first[key] for key in keys if key in first), None)
        for key in keys:
            first.setdefault(key, row.number)
        if earlier is not None:
            found[row.number] = (
                RowError(
                    row.number,
                    "",
                    "roster.duplicate",
                    f"与第 {earlier} 行是同一人或用了同一号码；同一人只留一行，不同的人请改正号码",
                    f"The same child or number as row {earlier}; keep one row a child, "
                    "or correct the number",
                ),
            )
    return found
