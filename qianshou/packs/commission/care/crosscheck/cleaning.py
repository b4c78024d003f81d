"""What people typed, made comparable: one value in, one value out, nothing guessed.

Every function takes text (or nothing) and returns the comparable form, or None where nothing
can be told; cleaning twice changes nothing. `bulk` does the same over whole columns.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from qianshou.packs.commission.care.crosscheck.characters import (
    DOUBLE_SURNAMES,
    SEPARATORS,
    simplify,
    sound_of,
    surname_sound,
    unify_width,
)

EMPTY = frozenset(
    [
        "无",
        "没有",
        "不详",
        "不清楚",
        "未知",
        "暂无",
        "空",
        "缺",
        "待查",
        "待补",
        "/",
        "\\",
        "-",
        "--",
        "—",
        "——",
        "0",
        "null",
        "none",
        "nan",
        "n/a",
        "na",
        "#n/a",
        "无电话",
        "无号码",
    ]
)
BRACKETS = re.compile(r"[(\[{<【〈《].*?[)\]}>】〉》]|[(\[{<【〈《].*$")
RELATION = re.compile(
    r"^(?:监护人|父亲|母亲|祖父|祖母|外祖父|外祖母|外公|外婆|爷爷|奶奶|伯父|叔叔|姑姑|姨妈|舅舅|爸爸|妈妈|父|母)"
    r"[:：\s]*"
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
FIRST_YEAR, LAST_YEAR = 1900, 2099
_IDENTITY = re.compile(r"\d{17}[\dX]")
_POWER = re.compile(r"(\d)\.(\d+)E\+?(\d+)")
_DIGITS = re.compile(r"\D+")
_EXCEL_EPOCH = date(1899, 12, 30)
_CHINESE_DIGITS = str.maketrans("〇零○Ｏ一二三四五六七八九", "0000123456789")


@dataclass(frozen=True)
class Identity:
    """A resident's id as it can be compared.

    `number` is upper-case digits; `valid` says that date and check digit hold (ISO 7064 MOD
    11-2, GB 11643); `cut` that a spreadsheet kept 15 digits only; `mended` that a digit was
    added or an old 15-digit number lengthened.
    """

    number: str
    valid: bool
    cut: bool = False
    mended: bool = False


def is_empty(text: str | None) -> bool:
    """Whether a cell says nothing, or says that nothing is known."""
    return text is None or text.strip().lower() in EMPTY or not text.strip()


def write_name(text: str | None) -> str | None:
    """Return a name as it was written, without width, spaces, dots and remarks in brackets."""
    if is_empty(text):
        return None
    plain = BRACKETS.sub("", unify_width(text or ""))
    return SEPARATORS.sub("", plain).lower() or None


def simplify_name(written: str) -> str:
    """Return a written name in simplified, usual characters."""
    return written if written.isascii() else "".join(map(simplify, written))


def clean_name(text: str | None) -> str | None:
    """Return a name in simplified, usual characters; Latin letters in lower case."""
    written = write_name(text)
    return written and simplify_name(written)


def sound_name(name: str) -> str:
    """Return how a cleaned name sounds; surnames are read as surnames."""
    surname = surname_of(name)
    return surname_sound(surname) + "".join(map(sound_of, name[len(surname) :]))


def surname_of(name: str) -> str:
    """Return the surname of a cleaned name: two characters for 欧阳 and its like."""
    return name[:2] if len(name) > 2 and name[:2] in DOUBLE_SURNAMES else name[:1]


def write_guardian(text: str | None) -> str | None:
    """Return the first guardian named in a cell, without the word for the relation."""
    if is_empty(text):
        return None
    first = re.split(r"[、,，;；/|]", BRACKETS.sub("", unify_width(text or "")).strip())[0]
    named = RELATION.sub("", first)
    return write_name(named if len(named) > 1 else first)


def clean_guardian(text: str | None) -> str | None:
    """Return the first guardian in a cell in simplified, usual characters."""
    written = write_guardian(text)
    return written and simplify_name(written)


def check_digit(first17: str) -> str:
    """Return the check digit of 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def is_valid_identity(number: str) -> bool:
    """Whether 18 characters are a resident's id: digits, a date that was, the check digit."""
    if not _IDENTITY.fullmatch(number) or not number.isascii() or read_digits(number[6:14]) is None:
        return False
    return not number.endswith("000") and check_digit(number[:17]) == number[17]


def clean_identity(text: str | None) -> Identity | None:
    """Return the id in a cell; None for less than 14 characters, which tell nobody apart.

    17 digits get their check digit when the date holds; 15 digits are the beginning of a new
    number when they hold a date after 1999 (a child's), else an old number. `…000` and
    `5.00199E+17` are what a spreadsheet leaves of a number: the first 15 digits count.
    """
    if is_empty(text):
        return None
    plain = re.sub(r"[\s'\"`’‘“”·,，\-—_\u200b-\u200f\ufeff]", "", unify_width(text or "")).upper()
    plain = plain.removesuffix(".0").translate(str.maketrans("Х×*", "XXX"))
    if power := _POWER.fullmatch(plain):
        digits = (power[1] + power[2])[:15]
        return Identity(digits + "000", False, True) if len(digits) == 15 else None
    if len(plain) < 14:
        return None
    if len(plain) == 18 and plain.isdigit() and plain.endswith("000"):
        return Identity(plain, False, True)
    if len(plain) == 17 and plain.isdigit() and read_digits(plain[6:14]):
        return Identity(plain + check_digit(plain), True, mended=True)
    if len(plain) == 15 and plain.isdigit():
        return _lengthen(plain)
    return Identity(plain, is_valid_identity(plain))


def _lengthen(plain: str) -> Identity:
    born = read_digits(plain[6:14])
    if born is not None and born.year >= 2000:
        return Identity(plain + "000", False, True)
    if read_digits("19" + plain[6:12]) is None:
        return Identity(plain, False)
    longer = f"{plain[:6]}19{plain[6:]}"
    return Identity(longer + check_digit(longer), True, mended=True)


def read_digits(text: str) -> date | None:
    """Return the date of eight digits YYYYMMDD, None when there is no such day."""
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        return None
    return _make_date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _make_date(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def clean_birth_date(text: str | None) -> date | None:
    """Return the day that a cell names in any usual spelling.

    2012-3-5, 2012年03月05日, 2012.3.5, 20120305, 2012/3/5 0:00:00, 5/3/2012 where only one
    reading is a day, 120305, a spreadsheet's day number, 二〇一二年三月五日. A year and month
    alone, or a day that could be two, say nothing.
    """
    if is_empty(text):
        return None
    plain = unify_width(text or "").strip()
    plain = _read_chinese_date(plain)
    plain = re.sub(r"[T\s]+\d{1,2}[:：]\d{2}.*$", "", plain)
    numbers = re.findall(r"\d+", plain)
    if len(numbers) == 3:
        return _order_numbers([int(number) for number in numbers], len(numbers[0]))
    if len(numbers) == 2 and numbers[1] == "0" and "." in plain:
        numbers = numbers[:1]
    if len(numbers) != 1:
        return None
    digits = numbers[0]
    if len(digits) == 8:
        return read_digits(digits)
    if len(digits) == 6:
        century = "20" if digits[:2] < "50" else "19"
        return read_digits(century + digits)
    if len(digits) == 5 and 20_000 <= int(digits) <= 60_000:
        return _EXCEL_EPOCH + timedelta(days=int(digits))
    return None


def _read_chinese_date(text: str) -> str:
    if not re.search(r"[〇零○一二三四五六七八九十]", text):
        return text
    text = re.sub(r"([二三])?十([一二三四五六七八九])?", _read_tens, text)
    return text.translate(_CHINESE_DIGITS)


def _read_tens(found: re.Match[str]) -> str:
    tens, ones = found[1] or "一", found[2] or "〇"
    return tens + ones


def _order_numbers(numbers: list[int], first_length: int) -> date | None:
    one, two, three = numbers
    if first_length == 4:
        return _make_date(one, two, three)
    if three > 999:
        days = {_make_date(three, two, one), _make_date(three, one, two)} - {None}
        return days.pop() if len(days) == 1 else None
    if first_length == 2 and three <= 31:
        return _make_date((2000 if one < 50 else 1900) + one, two, three)
    return None


_SEXES = {
    "男": "男", "女": "女", "男性": "男", "女性": "女", "男孩": "男", "女孩": "女", "男生": "男",
    "女生": "女", "男童": "男", "女童": "女", "m": "男", "f": "女", "male": "男", "female": "女",
    "1": "男", "2": "女", "boy": "男", "girl": "女",
}  # fmt: skip


def clean_sex(text: str | None) -> str | None:
    """Return 男 or 女 (GB/T 2261.1 codes 1 and 2 too), None for anything else."""
    if text is None:
        return None
    plain = unify_width(text).strip().lower().removesuffix(".0")
    return _SEXES.get(plain) or _SEXES.get(plain[:1] if plain[:1] in "男女" else "")


def sex_of_identity(number: str) -> str:
    """Return the sex that the 17th digit of a valid id says."""
    return "男" if int(number[16]) % 2 else "女"


def clean_phone(text: str | None) -> str | None:
    """Return the digits of the first telephone number in a cell, without +86 or 0086."""
    if is_empty(text):
        return None
    plain = unify_width(text or "").removesuffix(".0")
    for part in re.split(r"[、,，;；/|]", plain):
        digits = _DIGITS.sub("", part)
        for prefix in ("0086", "86"):
            if len(digits) == 11 + len(prefix) and digits.startswith(prefix):
                digits = digits.removeprefix(prefix)
        if len(digits) >= 7 and len(set(digits)) > 1:
            return digits[:11] if len(digits) % 11 == 0 else digits
    return None
