"""An identity number as a sheet holds it: what it can only be, or what is wrong with it."""

from dataclasses import dataclass

from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.roster.texts import is_nothing, tidy, tidy_identity


@dataclass(frozen=True)
class Number:
    """A number as it is taken; `fault` names what is wrong with it, `doubt` what is odd.

    Faults: lost (Excel rounded it), length, signs, day, check. Doubts: rounded (only the tail is
    lost, which zeros stand for), short (the last sign is missing), old (it had 15 digits).
    """

    text: str
    fault: str = ""
    doubt: str = ""


def read_number(typed: str, birth_date: str, *, was_number: bool) -> Number:
    """Return the number that a cell holds, beside the birth date (ISO or "") of its row."""
    if is_nothing(tidy(typed)):
        return Number("")
    text = tidy_identity(typed)
    stated = birth_date.replace("-", "")
    if "E+" in text.upper() and text[:1].isdigit():
        return Number(text, fault="lost")
    if not (
        text[:-1].isascii() and text[:-1].isdigit() and (text[-1].isdigit() or text[-1] == "X")
    ):
        return Number(text, fault="signs")
    if len(text) == 18:
        return _eighteen(text, stated, was_number)
    if len(text) == 17 and identity.birth_date_of(text) and text[6:14] == (stated or text[6:14]):
        return Number(text, doubt="short")
    if len(text) == 15:
        return _fifteen(text, stated)
    return Number(text, fault="lost" if was_number and len(text) > 18 else "length")


def _eighteen(text: str, stated: str, was_number: bool) -> Number:
    if identity.is_valid(text) and not (was_number and identity.lost_its_tail(text)):
        return Number(text)
    if identity.lost_its_tail(text):
        if text[6:14] == stated or (was_number and not stated):
            return Number(text, doubt="rounded")
        return Number(text, fault="lost")
    return Number(text, fault="check" if identity.birth_date_of(text) else "day")


def _fifteen(text: str, stated: str) -> Number:
    if stated and text[6:14] == stated:
        return Number(f"{text}000", doubt="rounded")
    longer = identity.lengthen(text)
    if longer and stated in ("", longer[6:14]):
        return Number(longer, doubt="old")
    return Number(text, fault="length")
