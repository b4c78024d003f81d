"""Two rows side by side: what differs, character by character, and what that says, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from qianshou.packs.commission.care.crosscheck import level_words
from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.roster.columns import FIELDS
from qianshou.packs.commission.care.rounds.matching import SAME

Parts = tuple[tuple[str, bool], ...]
STRENGTHS = (
    (8, "有力支持", "speaks strongly for it"),
    (2, "支持", "speaks for it"),
    (-1, "说明不了什么", "says little"),
    (-4, "不支持", "speaks against it"),
)
WORST = ("明显矛盾", "contradicts it")
HOUSEHOLD = ("家庭信息", "Household")


@dataclass(frozen=True)
class Compared:
    """One field of a pair: both texts in parts that agree or differ, and what that says."""

    key: str
    label: str
    left: Parts
    right: Parts
    words: str
    strength: str
    differs: bool


def mark_differences(left: str, right: str) -> tuple[Parts, Parts]:
    """Return both texts cut into parts, each with whether it differs from the other side."""
    one: list[tuple[str, bool]] = []
    two: list[tuple[str, bool]] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if b > a:
            one.append((left[a:b], tag != "equal"))
        if d > c:
            two.append((right[c:d], tag != "equal"))
    return tuple(one), tuple(two)


def masked_like(key: str, text: str, *, whole: bool) -> str:
    """Return a text as a page shows it: of a number only the last four signs, unless opened."""
    return text if whole or key != "id_number" else identity.mask(text)


def strength_words(weight: float, language: str) -> str:
    """Return how much a field says, in words."""
    zh = language.startswith("zh")
    for least, told, told_en in STRENGTHS:
        if weight >= least:
            return told if zh else told_en
    return WORST[0] if zh else WORST[1]


def compare_rows(
    left: Mapping[str, str],
    right: Mapping[str, str],
    evidence: Sequence[Sequence[Any]],
    language: str,
    *,
    whole: bool,
) -> list[Compared]:
    """Return the fields of a pair as a page shows them: those that were compared, or else filled in."""
    levels = {name: (level, weight) for name, level, weight in evidence}
    shown = []
    for key, field in FIELDS.items():
        one, two = left.get(key, ""), right.get(key, "")
        level, weight = levels.get(key, ("", 0.0))
        if not (one or two) or (levels and key not in levels):
            continue
        one, two = masked_like(key, one, whole=whole), masked_like(key, two, whole=whole)
        marked = mark_differences(one, two) if one and two else (_plain(one), _plain(two))
        differs = bool(level) and level not in SAME
        shown.append(
            Compared(
                key,
                field.title(language),
                marked[0],
                marked[1],
                level_words(level, language) if level else "",
                strength_words(weight, language) if level and level != "missing" else "",
                differs,
            )
        )
    return shown


def _plain(text: str) -> Parts:
    return ((text, False),) if text else ()


def single_row(texts: Mapping[str, str], language: str, *, whole: bool) -> list[tuple[str, str]]:
    """Return a row alone, as (label, text)."""
    return [
        (field.title(language), masked_like(key, texts[key], whole=whole))
        for key, field in FIELDS.items()
        if texts.get(key)
    ]
