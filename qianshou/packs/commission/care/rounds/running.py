"""Running the comparison of a round outside anybody's turn, and saying how far it has come."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, effect
from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.models import Comparison, Roster, Round
from qianshou.packs.commission.care.rounds.following import follow_decisions
from qianshou.packs.commission.care.rounds.matching import Found, Taken, find_differences
from qianshou.packs.commission.care.rounds.raising import raise_mismatches
from qianshou.packs.commission.care.rounds.sight import lists_wanted
from qianshou.packs.commission.care.rounds.snapshot import keep_outcome, outcome_of
from qianshou.packs.commission.care.rounds.taken import taken_lists

PARCEL = "care.compare"


def missing_lists(row: Round) -> list[tuple[str, Any]]:
    """Return the lists that a round still waits for, as (kind, organisation)."""
    there = set(
        Roster.objects.filter(round=row, withdrawn_at=None).values_list("kind", "organisation")
    )
    return [(kind, one) for kind, one in lists_wanted() if (kind, one.pk) not in there]


def ask_comparison(round_id: int, *, by: Actor, at: datetime, whole: bool = True) -> bool:
    """Ask for the comparison of a round that collects; with `whole` only when every list is in.

    Returns whether it was asked for. Refuses care.no_rosters where no town has handed in.
    """
    row = Round.objects.get(pk=round_id)
    if row.state != "collecting" or (whole and missing_lists(row)):
        return False
    if not Roster.objects.filter(round=row, kind="town", withdrawn_at=None).exists():
        raise Refusal(
            "care.no_rosters",
            "还没有一个镇街上报花名册，不能比对",
            "No town has handed in a roster; there is nothing to compare",
        )
    change_row(row, {"state": "comparing"}, by=by, at=at)
    Comparison.objects.get_or_create(round=row, defaults={"asked_at": at})
    send(PARCEL, {"round": row.pk}, key=f"{PARCEL}/{row.pk}", at=at)
    return True


@effect("care.start_comparison")
def start_comparison(change: Change, facts: Mapping[str, Any]) -> None:
    """Ask for the comparison when the procedure comes to it with every list in."""
    ask_comparison(int(facts["round"]), by=CLOCK, at=change.at)


@carrier(PARCEL, alone=True)
def run_comparison(facts: Mapping[str, Any], at: datetime) -> None:
    """Compare the lists of a round and raise what does not agree; once, however often it is run."""
    row = Round.objects.get(pk=facts["round"])
    if row.state != "comparing":
        return
    try:
        lists, found = _compare(row)
    except Exception as error:
        told = error.zh if isinstance(error, Refusal) else "比对没有完成，将自动重试"
        Comparison.objects.filter(round=row).update(phase="failed", failure=told)
        raise
    with write_turn():
        lock_row(row)
        if row.state != "comparing":
            return
        raise_mismatches(row, lists, found, at=at)
        keep_outcome(row, outcome_of(row, lists, found))
        follow_decisions(row, at=at)
        Comparison.objects.filter(round=row).update(
            phase="done", percent=100, finished_at=at, failure=""
        )
        values = {
            "state": "verifying",
            "compared_at": at,
            "weights_version": found.weights_version,
        }
        change_row(row, values, by=CLOCK, at=at)
        door.act(acts.Deliver(row.matter_id or 0, "care.compared"), by=CLOCK, at=at)


def _compare(row: Round) -> tuple[list[Taken], Found]:
    progress = Comparison.objects.filter(round=row)

    def tell(phase: str, share: float) -> None:
        progress.update(phase=phase, percent=min(99, round(share * 100)), failure="")

    tell("opening", 0.02)
    towns, education, civil = taken_lists(row)
    found = find_differences(towns, education, civil, row.as_of, tell)
    tell("raising", 0.9)
    return [*towns, *(one for one in (education, civil) if one is not None)], found
