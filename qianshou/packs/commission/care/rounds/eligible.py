"""Whether a row of a roster is a left-behind child, as far as the row tells."""

from collections.abc import Mapping
from datetime import date

from qianshou.packs.commission.care.roster import identity

AGE = 16
MONTHS = 3


def birth_date_in(texts: Mapping[str, str]) -> date | None:
    """Return the birth date that a row states, or that its number holds."""
    stated = texts.get("birth_date", "")
    if stated:
        return date.fromisoformat(stated)
    return identity.birth_date_of(texts.get("id_number", ""))


def birthday(born: date, years: int) -> date:
    """Return the day on which somebody born on `born` has completed `years`."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February
        return date(born.year + years, 3, 1)


def is_long_away(since: str, as_of: date) -> bool | None:
    """Whether a parent away since a month or day has been so for three months; None if unsaid."""
    if not since:
        return None
    first = date.fromisoformat(since if len(since) == 10 else f"{since}-01")
    months = (as_of.year - first.year) * 12 + as_of.month - first.month
    return months > MONTHS or (months == MONTHS and as_of.day >= first.day)


def doubts_about(texts: Mapping[str, str], as_of: date) -> list[str]:
    """Return why a row may be no left-behind child: codes of DOUBTS, none where it surely is.

    Under sixteen on the day, and both parents away for three months or more, or one away and
    the other unable (民政发〔2016〕; the roster does not tell ability, so that is left to people).
    """
    doubts = []
    born = birth_date_in(texts)
    if born is None:
        doubts.append("no_birth")
    elif birthday(born, AGE) <= as_of:
        doubts.append("too_old")
    if "father_away" not in texts and "mother_away" not in texts:
        return doubts
    away = {}
    for parent in ("father", "mother"):
        told = texts.get(f"{parent}_away", "")
        long = is_long_away(texts.get(f"{parent}_since", ""), as_of)
        away[parent] = None if told not in ("是", "否") else told == "是" and long is not False
    if None in away.values():
        doubts.append("absence_unsaid")
    elif not all(away.values()):
        doubts.append("one_at_home" if any(away.values()) else "none_away")
    return doubts


DOUBTS = {
    "no_birth": ("没有出生日期", "No birth date"),
    "too_old": ("截止日已满 16 周岁", "Sixteen or older on the day"),
    "absence_unsaid": ("没有写明父母是否外出", "It is not said whether the parents are away"),
    "one_at_home": (
        "只有一方外出，另一方有无监护能力待核",
        "One parent is at home: is that one able?",
    ),
    "none_away": ("父母均未外出或不满三个月", "Neither parent away for three months"),
}
