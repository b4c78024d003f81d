"""Concluding a round: closed and frozen, passed on to the next, or brought before a conference."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, effect
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.models import Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.exits import reasons_against
from qianshou.packs.commission.care.rounds.matching import find_differences
from qianshou.packs.commission.care.rounds.sight import require_lead
from qianshou.packs.commission.care.rounds.snapshot import (
    Reproduced,
    compare_again,
    freeze,
    outcome_of,
)
from qianshou.packs.commission.care.rounds.taken import taken_lists

MOVED_ON = "care.moved_on"
LAST = 3
AT_ONCE = 50


def conclude(row: Round, result: str, *, by: Actor, at: datetime) -> None:
    """Draw the conclusion of a round: "close", "next" or "confer". For the lead group's office.

    Refuses care.exit_open with each reason while the exit rule does not hold, care.round_three
    for a fourth round, care.confer_early before the third.
    """
    require_lead(by)
    task = next_task(row.matter_id or 0)
    require(task is not None and task.node == "verify")
    assert task is not None
    door.act(acts.Complete(task.pk, {"result": result}), by=by, at=at)


def require_conference(row: Round) -> None:
    """Refuse care.confer_early where there is another round to come, or nothing is open."""
    if row.number < LAST or not reasons_against(row):
        raise Refusal(
            "care.confer_early",
            "第三轮核实后仍有未说清的项，才提请会商",
            "A conference is called for what is still open after the third round",
            "result",
        )


@effect("care.close_round")
def close_round(change: Change, facts: Mapping[str, Any]) -> None:
    """Close a round when the exit rule holds: freeze it, destroy education's list, take children in."""
    row = Round.objects.select_for_update().get(pk=int(facts["round"]))
    against = reasons_against(row)
    if against:
        raise Refusals(against)
    _freeze(row, "closed", change.at)
    for roster in Roster.objects.filter(round=row, kind="town", withdrawn_at=None):
        send("care.take_in", {"roster": roster.pk}, key=f"care.take_in/{roster.pk}", at=change.at)


@effect("care.pass_on")
def pass_on(change: Change, facts: Mapping[str, Any]) -> None:
    """End a round with what is open: the worker closes those matters, the next round asks again."""
    row = Round.objects.select_for_update().get(pk=int(facts["round"]))
    if row.number >= LAST:
        raise Refusal(
            "care.round_three",
            "一年最多三轮；仍不一致的提请会商",
            "A year has three rounds at most; what is still open goes to a conference",
            "result",
        )
    change_row(row, {"state": "passing"}, by=CLOCK, at=change.at)
    send("care.pass_on", {"round": row.pk}, key=f"care.pass_on/{row.pk}", at=change.at)


@carrier("care.pass_on", alone=True)
def finish_passing(facts: Mapping[str, Any], at: datetime) -> None:
    """Close the matters of what is open in a round that is passed on, and freeze it then."""
    row = Round.objects.get(pk=facts["round"])
    waiting = Mismatch.objects.filter(round=row, state="open").order_by("pk")
    matters = list(waiting.values_list("matter", flat=True))
    for start in range(0, len(matters), AT_ONCE):
        with write_turn():
            for matter in matters[start : start + AT_ONCE]:
                door.act(acts.Deliver(matter or 0, MOVED_ON), by=CLOCK, at=at)
    with write_turn():
        lock_row(row)
        if row.state == "passing":
            _freeze(row, "passed", at)


def _freeze(row: Round, state: str, at: datetime) -> None:
    values = {"state": state, "closed_at": at, "snapshot": freeze(row)}
    change_row(row, values, by=CLOCK, at=at, reason="收口，冻结快照")
    for roster in Roster.objects.filter(round=row, kind="education"):
        erased = {"wrapped_key": None, "erased_at": at}
        change_row(roster, erased, by=CLOCK, at=at, reason="本轮比对已结束，按用途限制销毁密钥")


def reproduce(row: Round) -> Reproduced:
    """Make a round's result again and compare its bytes with what was kept or frozen.

    From the lists themselves while all can be opened; afterwards from the kept decisions.
    """
    rosters = Roster.objects.filter(round=row, withdrawn_at=None)
    if rosters.filter(wrapped_key=None).exists():
        return compare_again(row, None)
    towns, education, civil = taken_lists(row)
    found = find_differences(towns, education, civil, row.as_of)
    lists = [*towns, *(one for one in (education, civil) if one is not None)]
    return compare_again(row, outcome_of(row, lists, found))


def note_reproduction(row: Round, told: Reproduced, *, by: Actor, at: datetime) -> None:
    """Write down that a result was made again, by whom and whether it is the same."""
    require_lead(by)
    words = "一致" if told.is_equal else "不一致"
    with write_turn():
        door.act(acts.Comment(row.matter_id or 0, f"快照重算{words}：{told.digest}"), by=by, at=at)
