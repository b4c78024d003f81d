"""Whether a row of a roster is a left-behind child, as far as the row tells: by eligibility.dmn."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from qianshou.packs.commission.care.eligibility import YES, find_eligibility
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.roster import identity

ANSWERS = {"是": "yes", "否": "no"}
AGED = "aged"


class Doubt(NamedTuple):
    """Why a row is not surely eligible: the table's code, and its words in both languages."""

    reason: str
    because: str
    because_en: str


def birth_date_in(texts: Mapping[str, str]) -> date | None:
    """Return the birth date that a row states, or that its number holds."""
    stated = texts.get("birth_date", "")
    if stated:
        return date.fromisoformat(stated)
    return identity.birth_date_of(texts.get("id_number", ""))


def guardianship_in(texts: Mapping[str, str]) -> dict[str, str]:
    """Return what a row says of the parents and the guardian, as the register keeps it."""
    told = {}
    for parent in ("father", "mother"):
        since = texts.get(f"{parent}_since", "")
        told[f"{parent}_away"] = ANSWERS.get(texts.get(f"{parent}_away", ""), "")
        told[f"{parent}_place"] = texts.get(f"{parent}_place", "")
        told[f"{parent}_since"] = since if len(since) != 7 else f"{since}-01"
    told["guardian"] = texts.get("guardian", "")
    told["guardian_phone"] = texts.get("phone", "")
    told["guardian_relation"] = texts.get("relation", "")
    return {key: text for key, text in told.items() if text}


def doubt_about(texts: Mapping[str, str], as_of: date) -> Doubt | None:
    """Return why the table does not say yes to a row on a day; None where it does.

    A roster without columns on the parents is asked for the age alone.
    """
    born = birth_date_in(texts)
    sheets = {
        IDENTITY: {"birth_date": born.isoformat()} if born else {},
        GUARDIANSHIP: guardianship_in(texts),
    }
    found = find_eligibility(sheets, as_of)
    if found.eligible == YES:
        return None
    is_told = "father_away" in texts or "mother_away" in texts
    if not is_told and born is not None and found.reason != AGED:
        return None
    return Doubt(found.reason, found.because, found.because_en)
