"""What a roster's reader found: in words that say what to do, per row and field."""

from collections.abc import Mapping
from dataclasses import dataclass

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.roster.columns import FIELDS
from qianshou.packs.commission.care.roster.header import Understood


@dataclass(frozen=True)
class RowError:
    """A problem of a row: the row's number in the sheet, the field (or ""), what to do."""

    row: int
    field: str
    code: str
    zh: str
    en: str

    @property
    def refusal(self) -> Refusal:
        """The same as a refusal, whose sentence begins with the row and the column."""
        zh = f"第 {self.row} 行" if self.row else ""
        en = f"Row {self.row}" if self.row else ""
        if self.field:
            zh += f"“{FIELDS[self.field].zh}”"
            en += f", {FIELDS[self.field].en}" if en else FIELDS[self.field].en
        return Refusal(
            self.code,
            f"{zh}：{self.zh}" if zh else self.zh,
            f"{en}: {self.en}" if en else self.en,
            self.field or None,
        )


@dataclass(frozen=True)
class RosterRow:
    """A row that was taken: its number in the sheet, its texts by field, what is odd about it."""

    number: int
    texts: Mapping[str, str]
    notes: tuple[RowError, ...] = ()


@dataclass(frozen=True)
class Roster:
    """A roster as it was read.

    A row is in `rows` whole, or in `rejected` (with the texts as they stood) and then `errors`
    says why; `warnings` tell of rows that were taken and of what was passed over. `columns`
    shows which heading was taken for which field.
    """

    kind: str
    name: str
    sheet: str
    columns: tuple[Understood, ...]
    rows: tuple[RosterRow, ...]
    errors: tuple[RowError, ...]
    warnings: tuple[RowError, ...]
    rejected: tuple[RosterRow, ...]


def missing(row: int, field: str) -> RowError:
    """Say that a cell must not be empty."""
    zh, en = FIELDS[field].zh, FIELDS[field].en
    return RowError(
        row, field, "roster.missing", f"没有填{zh}；请补上", f"{en} is empty; please fill it in"
    )


def no_birth(row: int) -> RowError:
    """Say that a child needs a number or a birth date."""
    return RowError(
        row,
        "id_number",
        "roster.no_birth",
        "身份证号和出生日期都没有填；请至少填写一项",
        "Neither the identity number nor the birth date is filled in; fill in one of them",
    )


def unfinished_formula(row: int, field: str) -> RowError:
    """Say that a formula came to nothing that was kept."""
    return RowError(
        row,
        field,
        "roster.formula",
        "单元格是没有结果的公式或错误值；请改为文字（选择性粘贴为数值）",
        "The cell is a formula without a result, or an error; paste it as a value",
    )


DAY_ZH = {
    "month": "“{0}”没有写到日；请写全年月日，如 2014-03-05",
    "year": "“{0}”只有年份；请写全年月日，如 2014-03-05",
    "lunar": "“{0}”是农历；请填身份证或户口簿上的公历日期，如 2014-03-05",
    "unclear": "认不准“{0}”是哪一天；请写成 2014-03-05",
    "ahead": "出生日期 {0} 还没有到；请核对",
}
DAY_EN = {
    "month": "“{0}” names no day; write the whole date, as 2014-03-05",
    "year": "“{0}” is a year only; write the whole date, as 2014-03-05",
    "lunar": "“{0}” is a lunar date; write the date of the identity card, as 2014-03-05",
    "unclear": "It is not certain which day “{0}” means; write it as 2014-03-05",
    "ahead": "The birth date {0} is yet to come; please check it",
}


def no_day(row: int, field: str, typed: str, why: str) -> RowError:
    """Say why a text is no day, and how to write one."""
    zh, en = DAY_ZH[why].format(typed[:40]), DAY_EN[why].format(typed[:40])
    return RowError(row, field, "roster.day", zh, en)


NUMBER_ZH = {
    "lost": "Excel 把身份证号当成数字，末几位已经丢失；请先把该列设为“文本”格式，再重新输入号码",
    "length": "身份证号应为 18 位，这里是 {0} 位；请对照户口簿改正，一时查不到可先留空并填出生日期",
    "signs": "身份证号只能有数字（末位可为 X）；没有居民身份证的请留空，在备注里写证件",
    "day": "身份证号第 7 至 14 位不是日期；请对照户口簿改正",
    "check": "身份证号校验不符，有数字写错了；请对照户口簿改正，一时查不到可先留空并填出生日期",
}
NUMBER_EN = {
    "lost": "Excel took the number for a figure and lost its last digits; "
    "set the column to text and type the number again",
    "length": "An identity number has 18 signs, here are {0}; correct it by the household booklet, "
    "or leave it empty and fill in the birth date",
    "signs": "An identity number has digits only (the last may be X); "
    "leave it empty for other papers and name them in the remark",
    "day": "Digits 7 to 14 of the identity number are no date; correct it by the household booklet",
    "check": "The identity number's check digit is wrong; correct it by the household booklet, "
    "or leave it empty and fill in the birth date",
}


def bad_number(row: int, text: str, fault: str) -> RowError:
    """Say what is wrong with an identity number."""
    zh, en = NUMBER_ZH[fault].format(len(text)), NUMBER_EN[fault].format(len(text))
    return RowError(row, "id_number", "roster.id_number", zh, en)


DOUBT_ZH = {
    "rounded": "身份证号末三位被 Excel 丢成了 000，只用前 15 位比对；请补全号码",
    "short": "身份证号只有 17 位，按缺末位处理；请补上末位",
    "old": "15 位旧身份证号已换算为 18 位；请核对",
}
DOUBT_EN = {
    "rounded": "Excel turned the last three signs of the identity number into 000; "
    "only the first fifteen are compared; please complete it",
    "short": "The identity number has 17 signs, taken as without its last; please add it",
    "old": "The identity number of 15 digits was made one of 18; please check it",
}


def doubtful_number(row: int, doubt: str) -> RowError:
    """Say as what an odd identity number was taken."""
    return RowError(row, "id_number", "roster.id_doubt", DOUBT_ZH[doubt], DOUBT_EN[doubt])


def unlike_number(row: int, field: str, stated: str, in_number: str) -> RowError:
    """Say that the birth date or sex is not the one in the identity number."""
    zh = FIELDS[field].zh
    en = FIELDS[field].en.lower()
    return RowError(
        row,
        field,
        "roster.unlike_number",
        f"{zh}填的是 {stated}，身份证号里是 {in_number}；请对照户口簿核对",
        f"The {en} is {stated}, the identity number says {in_number}; "
        "check them by the household booklet",
    )
