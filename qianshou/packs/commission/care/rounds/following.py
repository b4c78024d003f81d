"""What follows when a pair is found to be two children: each is asked about alone (crosscheck.md B5)."""

from collections.abc import Iterable
from datetime import datetime

from qianshou.packs.commission.care.models import Mismatch, Round
from qianshou.packs.commission.care.rounds.matching import (
    FLAGGED,
    Candidate,
    Difference,
    Ref,
    Taken,
)
from qianshou.packs.commission.care.rounds.raising import DECIDED, Raiser, raise_differences
from qianshou.packs.commission.care.rounds.sealed import row_digest
from qianshou.packs.commission.care.rounds.snapshot import read_outcome
from qianshou.packs.commission.care.rounds.taken import taken_lists
from qianshou.packs.commission.care.rounds.values import open_if_kept

REVIEWED = ("C1", "C2", "A1")
PARTED = ("apart", "none")


def follow_decisions(row: Round, *, at: datetime) -> int:
    """Raise N1 and N2 for the rows that settled decisions left alone; returns how many.

    N1 for a row of a roster that is nobody in education's list, N2 for a child of civil affairs'
    list, or one whom a school flagged, who is no longer anybody's candidate. Once for each row,
    however often it is run.
    """
    pairs = list(
        Mismatch.objects.filter(round=row, code__in=REVIEWED).select_related("roster", "other")
    )
    if not any(one.state in DECIDED for one in pairs):
        return 0
    towns, education, civil = taken_lists(row)
    lists = [*towns, *(one for one in (education, civil) if one is not None)]
    left_alone = [
        *_pupils_missing(row, pairs, education),
        *_unmet(row, pairs, education),
        *_unmet(row, pairs, civil),
    ]
    if not left_alone:
        return 0
    return raise_differences(Raiser(row, lists, at), left_alone)


def _pupils_missing(
    row: Round, pairs: Iterable[Mismatch], education: Taken | None
) -> list[Difference]:
    if education is None:
        return []
    asked = set(Mismatch.objects.filter(round=row, code="N1").values_list("roster", "roster_row"))
    return [
        Difference("N1", Ref(one.roster_id or 0, one.roster_row or 0), (), "education")
        for one in pairs
        if one.state in DECIDED
        and one.decision in PARTED
        and one.other_id == education.roster
        and (one.roster_id, one.roster_row) not in asked
    ]


def _unmet(row: Round, pairs: Iterable[Mismatch], taken: Taken | None) -> list[Difference]:
    """Return N2 for candidates of a bureau's list whom no pair claims any more."""
    if taken is None:
        return []
    parted: set[int] = set()
    claimed: set[int] = set()
    for one in pairs:
        if one.other_id != taken.roster:
            continue
        told = open_if_kept(one).told
        candidates = [candidate["row"] for candidate in told.candidates]
        if one.state not in DECIDED:
            claimed.update(candidates)
            continue
        parted.update(candidates)
        if one.decision == "same":
            claimed.add(candidates[int(told.answer.get("chosen", 1)) - 1])
    matched = {
        line[3]
        for line in read_outcome(row).get("lines", ())
        if line[0] == taken.kind and line[4] == "auto"
    }
    raised = Mismatch.objects.filter(round=row, code="N2", other=taken.roster)
    asked = set(raised.values_list("other_row", flat=True))
    texts = {line.number: line.texts for line in taken.rows}
    return [
        Difference("N2", None, (Candidate(Ref(taken.roster, number), "N2", 0.0, ()),), taken.kind)
        for number in sorted(parted - claimed - asked)
        if row_digest(texts[number]) not in matched
        and (taken.kind == "civil" or texts[number].get("flagged") == FLAGGED)
    ]
