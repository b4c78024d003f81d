"""Names of towns and villages as people write them, and the name that they mean."""

import difflib
import re
from collections.abc import Collection

from qianshou.packs.commission.care.roster.texts import tidy

LONGEST = 40  # a name of a place; what is longer is none
OFFICE = re.compile(r"(人民政府|办事处|村民委员会|居民委员会|村委会|居委会|委员会)$")
SUFFIX = re.compile(r"(?<=..)(街道|民族乡|镇|乡|街|社区|村|居)$")


def stem(name: str) -> str:
    """Return a name without its office and its suffix: 龙水镇人民政府 and 龙水 are one."""
    return SUFFIX.sub("", OFFICE.sub("", tidy(name).replace(" ", "")))


def meant_place(typed: str, names: Collection[str]) -> str:
    """Return the one of `names` that a text can only mean, or "".

    It is the same name, the same without a suffix, or what a longer address ends with.
    """
    plain = tidy(typed).replace(" ", "")
    if plain in names:
        return plain
    short = OFFICE.sub("", plain)
    for found in (
        [name for name in names if name == short],
        [name for name in names if stem(name) == stem(plain)],
        [name for name in names if len(name) > 2 and short.endswith(name)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            return ""
    return ""


def nearest_place(typed: str, names: Collection[str]) -> str:
    """Return the name that looks most like a text, or "" when none does."""
    stems = {stem(name): name for name in names}
    close = difflib.get_close_matches(stem(typed[:LONGEST]), list(stems), n=1, cutoff=0.4)
    return stems[close[0]] if close else ""
