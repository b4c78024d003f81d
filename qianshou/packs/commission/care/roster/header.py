"""Finds a sheet's header: below title rows, in one row or in two, by what is understood of it."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.roster.columns import FIELDS, bare, plain, understand
from qianshou.packs.commission.care.roster.grid import Sheet

LOOKED_AT = 30  # rows among which the header must be
BY_HAND = -1
# Headings over several columns that say nothing of whose name or number stands below.
NEUTRAL = re.compile(
    r"(儿童|学生|孩子|女童|被监护人|本人|个人|基本|学籍|就读|就学|家庭|户籍|居住|主要|住址|地址|住所)+"
)
FILLER = re.compile(r"(基本|信息|情况|资料|栏|details|information)+")
LONG_NUMBER = re.compile(r"[0-9]{14}")
LETTERS = re.compile(r"[A-Z]{1,3}")


@dataclass(frozen=True)
class Understood:
    """A column of the file: where it is, what it is called there, the field it was taken for.

    `field` is "" when the column is not read, `by_hand` when somebody said what it is.
    """

    place: int
    heading: str
    field: str = ""
    sureness: int = 0
    by_hand: bool = False

    @property
    def letter(self) -> str:
        """The column's letter in a spreadsheet."""
        from openpyxl.utils import get_column_letter

        return get_column_letter(self.place + 1)


@dataclass(frozen=True)
class Header:
    """A header: the row it ends with, and every column with a heading."""

    sheet: Sheet
    last_row: int
    columns: tuple[Understood, ...]

    @property
    def fields(self) -> Mapping[str, Understood]:
        """The columns that are read, by field."""
        return {column.field: column for column in self.columns if column.field}

    def missing(self, required: Iterable[str]) -> list[str]:
        """Return the required fields that no column was taken for."""
        return [field for field in required if field not in self.fields]


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse a mapping by hand with an unknown field or one heading for two fields.

    Raises Refusal roster.map_field or roster.map_twice.
    """
    taken: dict[str, str] = {}
    for field, heading in mapping.items():
        if field not in FIELDS:
            known = ", ".join(FIELDS)
            raise Refusal(
                "roster.map_field",
                f"没有字段“{field}”；可用的字段：{known}",
                f"There is no field “{field}”; the fields are {known}",
                field,
            )
        other = taken.setdefault(plain(heading) or heading, field)
        if other != field:
            raise Refusal(
                "roster.map_twice",
                f"列“{heading}”同时指给了字段 {other} 和 {field}；一列只能指给一个字段",
                f"The column “{heading}” is given to the fields {other} and {field}; "
                "give it to one of them",
                field,
            )


def find_header(sheet: Sheet, mapping: Mapping[str, str]) -> Header | None:
    """Return the header of a sheet, or None when no row names a person and something of them.

    Refuses roster.heading_twice where two columns have an equal claim to a field.
    """
    best: Header | None = None
    for place, (number, cells) in enumerate(sheet.rows[:LOOKED_AT]):
        found = [Header(sheet, number, read_headings(cells, mapping))]
        if place + 1 < len(sheet.rows) and sheet.rows[place + 1][0] == number + 1:
            below = sheet.rows[place + 1][1]
            joined = join_headings(sheet, number, cells, below)
            found.append(Header(sheet, number + 1, read_headings(joined, mapping)))
        for header in found:
            if best is None or len(header.fields) > len(best.fields):
                best = header
    if best is None or not is_header(best):
        best = by_letters(sheet, mapping) or (find_header(sheet, {}) if mapping else None)
    return by_hand(look_below(choose_columns(best)), mapping) if best else None


def look_below(header: Header) -> Header:
    """Return a header whose column “id” is the identity number, if numbers stand below it."""
    if "id_number" in header.fields:
        return header
    below = [cells for number, cells in header.sheet.rows if number > header.last_row][:LOOKED_AT]
    for column in header.columns:
        texts = [cells[column.place] for cells in below if any(cells[column.place :][:1])]
        long = sum(LONG_NUMBER.search(text) is not None for text in texts)
        if plain(column.heading) == "id" and not column.field and 2 * long > len(texts):
            found = replace(column, field="id_number")
            columns = tuple(found if one is column else one for one in header.columns)
            return replace(header, columns=columns)
    return header


def is_header(header: Header) -> bool:
    """Whether a row names a person's column and another; or that alone, as the sheet's first."""
    above = header.last_row <= header.sheet.rows[0][0]
    return "name" in header.fields and (len(header.fields) > 1 or above)


def read_headings(headings: Sequence[str], mapping: Mapping[str, str]) -> tuple[Understood, ...]:
    """Return what each heading of a row was taken for; a mapping by hand comes first."""
    wanted = {plain(heading): field for field, heading in mapping.items()}
    columns = []
    for place, heading in enumerate(headings):
        if not heading:
            continue
        field = wanted.get(plain(heading))
        if field is not None:
            columns.append(Understood(place, heading, field, BY_HAND, True))
            continue
        known = understand(heading)
        if known is None or known[0] in mapping:
            columns.append(Understood(place, heading))
        else:
            columns.append(Understood(place, heading, *known))
    return tuple(columns)


def join_headings(
    sheet: Sheet, number: int, above: Sequence[str], below: Sequence[str]
) -> list[str]:
    """Return the headings of two rows as one: 父亲 over 姓名 is 父亲姓名.

    A heading above reaches over the columns it is merged with, or over those without one to
    its right that have a heading below.
    """
    reach = {
        place: above[area.left]
        for area in sheet.merged
        if area.top == number and area.left < len(above)
        for place in range(area.left, min(area.right, len(below) - 1) + 1)
    }
    joined = []
    group = ""
    for place in range(max(len(above), len(below))):
        top = above[place] if place < len(above) else ""
        sub = below[place] if place < len(below) else ""
        group = reach.get(place) or top or (group if sub else "")
        joined.append(join_two(group, sub) if sub else group)
    return joined


def join_two(group: str, sub: str) -> str:
    """Return the heading that a heading of a group and one below it make together."""
    stem = FILLER.sub("", bare(group))
    whole = stem + plain(sub)
    if not stem or (NEUTRAL.fullmatch(stem) and understand(whole) is None):
        return sub
    if understand(whole) is not None:
        return whole
    if understand(stem + bare(sub)) is not None:
        return stem + bare(sub)
    return f"{group}|{sub}"


def choose_columns(header: Header) -> Header:
    """Return a header in which each field has one column: the one that names it most surely."""
    surest: dict[str, Understood] = {}
    twice: dict[str, list[Understood]] = {}
    for column in header.columns:
        best = surest.get(column.field)
        if not column.field:
            continue
        if best is None or column.sureness < best.sureness:
            surest[column.field] = column
            twice.pop(column.field, None)
        elif column.sureness == best.sureness:
            twice.setdefault(column.field, [best]).append(column)
    for field, rivals in twice.items():
        zh = "、".join(f"{column.letter} 列“{column.heading}”" for column in rivals)
        en = ", ".join(f"column {column.letter} “{column.heading}”" for column in rivals)
        raise Refusal(
            "roster.heading_twice",
            f"{zh} 都像“{FIELDS[field].zh}”；请把其中不是本人的列改名（如“监护人身份证号”），"
            "或指定用哪一列",
            f"{en} could each be “{FIELDS[field].en}”; rename the one that is not the child's, "
            "or say which one to read",
            field,
        )
    kept = {column.place for column in surest.values()}
    columns = tuple(
        column if column.place in kept else replace(column, field="", sureness=0)
        for column in header.columns
    )
    return replace(header, columns=columns)


def by_hand(header: Header, mapping: Mapping[str, str]) -> Header:
    """Return a header in which the columns that a mapping names by letter have their fields.

    Refuses roster.map_heading what is neither a heading nor a column's letter.
    """
    by_place = {column.place: column for column in header.columns}
    fields = header.fields
    for field, heading in mapping.items():
        if field in fields and fields[field].by_hand:
            continue
        place = place_of(heading, by_place)
        if place is None:
            zh = "、".join(column.heading for column in header.columns)
            raise Refusal(
                "roster.map_heading",
                f"表“{header.sheet.name}”里没有列“{heading}”；找到的列：{zh}",
                f"The sheet “{header.sheet.name}” has no column “{heading}”; it has: {zh}",
                field,
            )
        old = by_place.get(place, Understood(place, ""))
        by_place[place] = replace(old, field=field, sureness=BY_HAND, by_hand=True)
    return replace(header, columns=tuple(by_place[place] for place in sorted(by_place)))


def place_of(heading: str, places: Container[int]) -> int | None:
    """Return the place of a column by its letter, when that is what `heading` is."""
    from openpyxl.utils.cell import column_index_from_string

    letters = heading.strip().upper()
    if not LETTERS.fullmatch(letters):
        return None
    place = column_index_from_string(letters) - 1
    return place if place in places else None


def by_letters(sheet: Sheet, mapping: Mapping[str, str]) -> Header | None:
    """Return the first row as header when a mapping says by letters what its columns are."""
    if not sheet.rows or "name" not in mapping:
        return None
    number, cells = sheet.rows[0]
    places = range(len(cells))
    if any(place_of(heading, places) is None for heading in mapping.values()):
        return None
    columns = tuple(Understood(place, cells[place]) for place in places)
    return Header(sheet, number, columns)
