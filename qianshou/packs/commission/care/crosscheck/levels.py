"""The levels of a comparison, in people's words."""

# The codes of levels are stable: files and decisions of past rounds hold them.
LEVELS: dict[str, tuple[str, str]] = {
    "same": ("相同", "the same"),
    "variant": ("字形不同（繁体、异体）", "written with variant characters"),
    "sound": ("同音不同字", "sounds the same"),
    "one_character": ("有一个字不同", "one character differs"),
    "one_edit": ("多一字、少一字或错一字", "one character more, fewer or other"),
    "surname": ("只有姓相同", "only the surname agrees"),
    "same_invalid": ("号码相同但不合编码规则", "the same, but no valid number"),
    "mended": ("补齐后相同", "the same once completed"),
    "one_digit": ("有一位不同", "one digit differs"),
    "id15": ("前15位相同（表格截断）", "the first 15 digits agree (a spreadsheet cut the rest)"),
    "two_digits": ("有两位不同", "two digits differ"),
    "unclear": ("号码不完整，无法判断", "incomplete, nothing can be told"),
    "year": ("月日相同，年份差一年", "same day, the year is one off"),
    "near": ("相差几天", "a few days apart"),
    "lunar": ("可能一方填农历", "perhaps one of them is a lunar date"),
    "differs": ("不同", "different"),
    "missing": ("有一方未填", "not given on one side"),
    "capped": ("同一家庭的信息合并计算", "what only tells the family counts once"),
}


def level_words(level: str, language: str) -> str:
    """Return a level in words of `language` (Chinese for any "zh…", else English)."""
    zh, en = LEVELS[level]
    return zh if language.startswith("zh") else en
