"""Town rosters against education's and civil affairs' lists: what agrees, what does not.

Plain values in and out; the lists are matched two by two, never through a third.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.crosscheck import FIELDS, Decision, Evidence
from qianshou.packs.commission.care.rounds.eligible import Doubt, doubt_about
from qianshou.packs.commission.care.rounds.sealed import ListRow

Tell = Callable[[str, float], None]
SAME = ("same", "missing")
FLAGGED = "是"  # how a school's flag of a left-behind child reads, once it is read


@dataclass(frozen=True)
class Taken:
    """A list that is compared: the roster's id, its kind, whose it is, its rows."""

    roster: int
    kind: str
    organisation: str
    rows: Sequence[ListRow]


class Ref(NamedTuple):
    """A row of a list: the roster's id and the row's number in it."""

    roster: int
    row: int


class Candidate(NamedTuple):
    """A row of the other list that may be the same child, with what each field says."""

    ref: Ref
    code: str
    weight: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Difference:
    """One thing that does not agree: a row and the rows of the other list, best first.

    `against` is the kind of the other list, `doubt` says why eligibility is unsure.
    """

    code: str
    left: Ref | None
    rights: tuple[Candidate, ...] = ()
    against: str = ""
    doubt: Doubt | None = None


@dataclass
class Found:
    """What a comparison found; `lines` are (list, left, right, decision, code, weight)."""

    lines: list[tuple[str, Ref, Ref | None, str, str, float]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    confirmed: dict[int, int] = field(default_factory=dict)
    automatic: list[tuple[Ref, Ref]] = field(default_factory=list)
    weights_version: str = ""


class Joined(NamedTuple):
    """Several lists as one table, and where each of its rows comes from."""

    table: pa.Table
    refs: list[Ref]


def join_lists(lists: Sequence[Taken]) -> Joined:
    """Return lists one below the other; the row numbers begin at 1."""
    refs = [Ref(one.roster, row.number) for one in lists for row in one.rows]
    rows = [row.texts for one in lists for row in one.rows]
    columns: dict[str, Any] = {
        "row": pa.array(range(1, len(refs) + 1), pa.int64()),
        **{
            key: pa.array([texts.get(key) or None for texts in rows], pa.string()) for key in FIELDS
        },
    }
    return Joined(pa.table(columns), refs)


def find_differences(
    towns: Sequence[Taken],
    education: Taken | None,
    civil: Taken | None,
    as_of: date,
    tell: Tell = lambda _phase, _share: None,
) -> Found:
    """Compare the towns' rosters with both lists; a list that is missing is left out.

    `tell` hears the phase and the share done, of all. Refuses care.no_rosters.
    """
    if not any(one.rows for one in towns):
        raise Refusal(
            "care.no_rosters",
            "还没有一个镇街上报花名册，不能比对",
            "No town has handed in a roster; there is nothing to compare",
        )
    found = Found()
    joined = join_lists(towns)
    pairs_within: list[tuple[int, int, float]] = []
    if education is not None and education.rows:
        pairs_within = _match_education(joined, education, found, tell)
    if civil is not None and civil.rows:
        within = _match_civil(joined, civil, found, tell)
        pairs_within = pairs_within or within
    tell("eligibility", 0.86)
    for first, second, weight in pairs_within:
        one, other = joined.refs[first - 1], joined.refs[second - 1]
        found.differences.append(
            Difference("D1", one, (Candidate(other, "D1", weight, ()),), "town")
        )
    for taken in towns:
        for row in taken.rows:
            doubt = doubt_about(row.texts, as_of)
            if doubt is not None:
                ref = Ref(taken.roster, row.number)
                found.differences.append(Difference("E1", ref, (), "", doubt))
    found.differences.sort(key=_order)
    return found


def _order(one: Difference) -> tuple[Any, ...]:
    right = one.rights[0].ref if one.rights else Ref(0, 0)
    return (one.code, one.left or Ref(0, 0), right, one.against)


def _match_education(
    joined: Joined, education: Taken, found: Found, tell: Tell
) -> list[tuple[int, int, float]]:
    from qianshou.packs.commission.care.crosscheck.comparing import compare

    pupils = join_lists([education])
    outcome = compare(
        joined.table, pupils.table, progress=lambda stage, share: tell(stage, 0.08 + share * 0.55)
    )
    found.weights_version = outcome.weights_version
    met: set[int] = set()
    for lines in _by_row(outcome.decisions):
        met.update(one.pupil_row for one in lines if one.pupil_row is not None)
        _take_lines("education", lines, joined, pupils, found)
    # Of a pupil who stands twice, either row counts for both.
    for one in outcome.pupil_duplicates:
        if met & {one.first, one.second}:
            met |= {one.first, one.second}
    flagged = [row.texts.get("flagged") == FLAGGED for row in education.rows]
    _take_unmet("education", pupils, flagged, met, found)
    for one in outcome.pupil_duplicates:
        first, second = pupils.refs[one.first - 1], pupils.refs[one.second - 1]
        twice = (Candidate(second, "D2", one.weight, ()),)
        found.differences.append(Difference("D2", first, twice, "education"))
    return [(one.first, one.second, one.weight) for one in outcome.roster_duplicates]


def _match_civil(
    joined: Joined, civil: Taken, found: Found, tell: Tell
) -> list[tuple[int, int, float]]:
    from qianshou.packs.commission.care.crosscheck.comparing import compare

    kept = join_lists([civil])
    outcome = compare(
        joined.table, kept.table, progress=lambda stage, share: tell(stage, 0.64 + share * 0.2)
    )
    found.weights_version = outcome.weights_version
    met: set[int] = set()
    for lines in _by_row(outcome.decisions):
        # A candidate under review is asked about alone once the review parts the two.
        met.update(one.pupil_row for one in lines if one.pupil_row is not None)
        _take_lines("civil", lines, joined, kept, found)
    _take_unmet("civil", kept, [True] * len(kept.refs), met, found)
    return [(one.first, one.second, one.weight) for one in outcome.roster_duplicates]


def _take_unmet(
    against: str, others: Joined, wanted: Sequence[bool], met: set[int], found: Found
) -> None:
    """Keep, of the wanted rows of another list, those who are nobody's candidate: in no roster."""
    for number, ref in enumerate(others.refs, 1):
        if wanted[number - 1] and number not in met:
            alone = (Candidate(ref, "N2", 0.0, ()),)
            found.differences.append(Difference("N2", None, alone, against))


def _by_row(decisions: Any) -> Iterator[list[Decision]]:
    for _row, lines in groupby(decisions, key=lambda one: one.roster_row):
        yield list(lines)


def _take_lines(
    against: str, lines: list[Decision], joined: Joined, others: Joined, found: Found
) -> None:
    """Keep what one row's lines say; a pupil who stands twice is D2's matter, not the row's."""
    left, first = joined.refs[lines[0].roster_row - 1], lines[0]
    for one in lines:
        right = None if one.pupil_row is None else others.refs[one.pupil_row - 1]
        found.lines.append((against, left, right, one.decision, one.code, one.weight))
    if first.decision == "not_found":
        if against == "education":
            found.differences.append(Difference("N1", left, (), against))
        return
    candidates = tuple(
        Candidate(others.refs[one.pupil_row - 1], one.code, one.weight, one.evidence)
        for one in lines
        if one.pupil_row is not None
    )
    if first.decision == "review":
        found.differences.append(Difference(first.code, left, candidates, against))
        return
    if against == "education":
        found.automatic.append((left, candidates[0].ref))
    if first.code == "M1":
        found.differences.append(Difference("M1", left, candidates[:1], against))
    elif against == "education":
        found.confirmed[left.roster] = found.confirmed.get(left.roster, 0) + 1


def differing_fields(evidence: Sequence[Evidence]) -> list[str]:
    """Return the fields of a pair that are neither the same nor empty on one side."""
    return [one.field for one in evidence if one.field in FIELDS and one.level not in SAME]
