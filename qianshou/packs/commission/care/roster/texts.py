"""What a cell says once layout is taken off it: blanks that mean nothing, signs, widths."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

NOTHING = {
    "", "无", "没有", "暂无", "不详", "未知", "空", "/", "\\", "-", "--", "—", "——", "－", "、",
    "null", "none", "nan", "n/a", "#n/a", "nil", "?", "？", "*", ".", "。",
}  # fmt: skip
UNSEEN = re.compile(r"[\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\u00ad\x00-\x1f\x7f]+")
BLANKS = re.compile(r"\s+")
BETWEEN_CHINESE = re.compile(r"(?<=[\u2e80-\u9fff])\s+(?=[\u2e80-\u9fff])")
SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{1,2}", re.IGNORECASE)
LETTER_X = str.maketrans({"х": "X", "Х": "X", "×": "X", "✕": "X", "╳": "X", "Χ": "X", "χ": "X"})
SEXES = {
    **dict.fromkeys(
        ("男", "男性", "男生", "男孩", "男童", "m", "male", "boy", "1", "1男", "man"), "男"
    ),
    **dict.fromkeys(
        ("女", "女性", "女生", "女孩", "女童", "f", "female", "girl", "2", "2女", "woman"), "女"
    ),
}
YES = {
    "是",
    "有",
    "外出",
    "在外",
    "已外出",
    "务工",
    "外出务工",
    "√",
    "✓",
    "✔",
    "y",
    "yes",
    "1",
    "true",
    "对",
}
NO = {
    "否",
    "未外出",
    "未",
    "不",
    "不是",
    "在家",
    "没有外出",
    "没外出",
    "×",
    "✗",
    "✕",
    "n",
    "no",
    "0",
    "false",
    "无",
}


def tidy(text: str) -> str:
    """Return a text without layout: one width, no unseen signs, no blanks between characters."""
    if text.isalnum() and unicodedata.is_normalized("NFKC", text):
        return str(text)
    wide = UNSEEN.sub(" ", unicodedata.normalize("NFKC", text))
    return BETWEEN_CHINESE.sub("", BLANKS.sub(" ", wide)).strip().lstrip("'’`").strip()


def is_nothing(text: str) -> bool:
    """Whether a tidy text is what people put where they have nothing to say."""
    return text.casefold() in NOTHING


def tidy_identity(text: str) -> str:
    """Return an identity number without blanks and signs, its X a capital Latin letter.

    A number in scientific notation that kept the day of birth is written out, with zeros for
    what was lost; one that kept fewer stays as it is.
    """
    plain = tidy(text)
    if SCIENTIFIC.fullmatch(plain):
        return write_out(plain)
    return re.sub(r"[\s'’‘`\"“”.,,、·_\-—–]+", "", plain.translate(LETTER_X).upper())


def write_out(scientific: str) -> str:
    """Return the digits of a number such as 5.0019920140101E+17, if its day of birth is known."""
    try:
        number = Decimal(scientific)
    except InvalidOperation:
        return scientific
    known = len(scientific.upper().partition("E")[0].replace(".", ""))
    whole = f"{number:f}"
    return whole if known >= 14 and len(whole) == 18 and whole.isdigit() else scientific


def tidy_phone(text: str) -> str:
    """Return a telephone number as digits where it is one; several or other texts as typed."""
    plain = tidy(text)
    digits = re.sub(r"^(?:\+|00)86", "", re.sub(r"[\s\-—–()]+", "", plain))
    return digits if re.fullmatch(r"\+?[0-9]{5,15}", digits) else plain


def read_sex(text: str) -> str:
    """Return 男 or 女, or "" when a text says neither; 1 and 2 are GB/T 2261.1."""
    return SEXES.get(re.sub(r"[\s\-.()]+", "", tidy(text)).casefold(), "")


def read_yes(text: str) -> str:
    """Return 是 or 否, or "" when a text says neither."""
    plain = tidy(text).casefold()
    return "是" if plain in YES else "否" if plain in NO else ""
