"""Writes the template of a roster, and the rejected rows with what to do about them."""

from collections.abc import Collection, Mapping

from qianshou.kernel.registry.sheets import Column, write_sheet, write_template
from qianshou.packs.commission.care.roster.columns import FIELDS, REQUIRED, TEMPLATE
from qianshou.packs.commission.care.roster.findings import Roster

HINTS_ZH = {
    "name": "户口簿上的姓名；一名儿童写一行，不要合并单元格",
    "id_number": "18 位，以文本填写；一时查不到可留空，但须填出生日期",
    "birth_date": "公历，写成 2014-03-05",
    "sex": "男或女",
    "town": "从列表里选",
    "village": "从列表里选或照正式名称填写",
    "school": "学校全称；没有上学的写“未入学”",
    "phone": "能打通的一个号码",
    "father_away": "父亲是否外出：是或否",
    "father_place": "外出所在的省、市、县",
    "father_since": "从何时起外出，写成 2024-03 或 2024-03-05",
    "mother_away": "母亲是否外出：是或否",
    "mother_place": "外出所在的省、市、县",
    "mother_since": "从何时起外出，写成 2024-03 或 2024-03-05",
    "flagged": "学校登记为留守儿童：是或否",
}
HINTS_EN = {
    "name": "The name in the household booklet; one row a child, no merged cells",
    "id_number": "18 signs, as text; may stay empty when it is not known and the birth date is",
    "birth_date": "As 2014-03-05, not the lunar date",
    "sex": "男 or 女",
    "town": "Choose from the list",
    "village": "Choose from the list, or write the official name",
    "school": "The school's full name; 未入学 for a child that goes to none",
    "phone": "One number that is answered",
    "father_away": "Whether the father is away: 是 or 否",
    "father_place": "Province, city and county where he is",
    "father_since": "Since when, as 2024-03 or 2024-03-05",
    "mother_away": "Whether the mother is away: 是 or 否",
    "mother_place": "Province, city and county where she is",
    "mother_since": "Since when, as 2024-03 or 2024-03-05",
    "flagged": "Whether the school has the child as left behind: 是 or 否",
}


def write_roster_template(
    kind: str, language: str, town: str | None = None, villages: Collection[str] = ()
) -> bytes:
    """Return the .xlsx that a town or bureau fills in: headings, hints, lists to choose from."""
    columns = [column_of(key) for key in TEMPLATE[kind]]
    required = {key for key in REQUIRED[kind] if key != "id_number"}
    zh = language.startswith("zh")
    hints = {}
    for key in TEMPLATE[kind]:
        told = (HINTS_ZH if zh else HINTS_EN).get(key, "")
        must = ("必填" if zh else "Required") if key in required else ""
        hints[key] = ("；" if zh else "; ").join(filter(None, (must, told)))
    choices: Mapping[str, list[str]] = {
        "sex": ["男", "女"],
        "town": [town] if town else [],
        "village": list(villages),
        "father_away": ["是", "否"],
        "mother_away": ["是", "否"],
        "flagged": ["是", "否"],
    }
    return write_template(columns, hints, choices, language)


def write_row_errors(roster: Roster, language: str = "zh-hans") -> bytes:
    """Return an .xlsx of the rejected rows: what stood there, and what to do about each.

    It can be corrected and sent again as it is: the two columns added to it are not read.
    """
    zh = language.startswith("zh")
    read = [column.field for column in roster.columns if column.field]
    keys = [key for key in FIELDS if key in read]
    told: dict[int, list[str]] = {}
    for error in roster.errors:
        field = FIELDS[error.field].title(language) + ("：" if zh else ": ") if error.field else ""
        told.setdefault(error.row, []).append(field + (error.zh if zh else error.en))
    columns = [
        Column("row", "原行号", "Row in the file"),
        Column("errors", "怎么改", "What to do"),
        *map(column_of, keys),
    ]
    rows = [
        [str(row.number), "\n".join(told[row.number]), *(row.texts.get(key, "") for key in keys)]
        for row in roster.rejected
    ]
    return write_sheet(columns, rows, language)


def column_of(key: str) -> Column:
    """Return the column of a field."""
    return Column(key, FIELDS[key].zh, FIELDS[key].en)
