"""What a bureau's list is shared for, and by which law (article row 17; D1, D8 of the statutes)."""

from typing import NamedTuple

from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.statutes import statute
from qianshou.packs.commission.care.models import Roster, Round

SHARED = ("education", "civil")
STATUTES = ("D1", "D8")
LONGEST = 200


class Sharing(NamedTuple):
    """The purpose and the legal basis with which a list is shared; a town's own has neither."""

    purpose: str = ""
    legal_basis: str = ""


UNSHARED = Sharing()


def proposed_sharing(row: Round, kind: str) -> Sharing:
    """Return what a round proposes for a list of a kind: to find and check the children, no more."""
    if kind not in SHARED:
        return UNSHARED
    purpose = f"{row.year} 年第 {row.number} 轮留守儿童排查：与镇街花名册比对核实，不作他用"
    laws = (statute(key) for key in STATUTES)
    basis = "；".join(f"{one.law}第{one.article}条" if one.article else one.law for one in laws)
    return Sharing(purpose, basis)


def sharing_of(row: Round, kind: str, roster: Roster | None) -> Sharing:
    """Return what stands on a list that was handed in, or else what the round proposes."""
    if roster is None:
        return proposed_sharing(row, kind)
    return Sharing(roster.purpose, roster.legal_basis)


def read_sharing(kind: str, sharing: Sharing) -> Sharing:
    """Return what is kept of a sharing, without spaces around it; nothing for a town's own list.

    Refuses, beside its field, what is missing or too long: care.purpose, care.legal_basis.
    """
    if kind not in SHARED:
        return UNSHARED
    told = Sharing(*(text.strip() for text in sharing))
    wrong = []
    if not told.purpose:
        wrong.append(
            Refusal("care.purpose", "请写明共享用途", "Say what the list is shared for", "purpose")
        )
    if not told.legal_basis:
        wrong.append(
            Refusal(
                "care.legal_basis",
                "请写明法律依据",
                "Say by which law the list is shared",
                "legal_basis",
            )
        )
    for name, text in told._asdict().items():
        if len(text) > LONGEST:
            zh, en = f"最多 {LONGEST} 字，请写短些", f"{LONGEST} characters at most"
            wrong.append(Refusal(f"care.{name}", zh, en, name))
    if wrong:
        raise Refusals(wrong)
    return told
