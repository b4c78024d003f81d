"""Opening a round and taking in its lists: handed in, withdrawn, handed in again, closed."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

from django.apps import apps

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Officer, Organisation
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.packs.commission.care.models import Roster, Round
from qianshou.packs.commission.care.rounds.owners import circle_around
from qianshou.packs.commission.care.rounds.running import ask_comparison
from qianshou.packs.commission.care.rounds.sealed import ListRow, seal_rows
from qianshou.packs.commission.care.rounds.sight import (
    LEAD,
    lists_wanted,
    require_lead,
    sight_of,
)

ROUND = "care.round"
MATTER = apps.get_model("worklist", "Matter")
MOST_ROUNDS = 3


def open_round(year: int, number: int, as_of: date, *, by: Actor, at: datetime) -> Round:
    """Open a round: every town, education and civil affairs get a task to hand in their list.

    For the lead group's office. Refuses care.round_open while another is under way,
    care.round_order for a number that is not the year's next, care.round_three for a fourth.
    """
    require_lead(by)
    with write_turn():
        _require_next(year, number)
        wanted = lists_wanted()
        lead = Organisation.objects.get(code=LEAD)
        everybody = [organisation for _kind, organisation in wanted]
        circle = circle_around(everybody, lead, by=by, at=at)
        row = change_row(
            Round(),
            {
                "year": year,
                "number": number,
                "as_of": as_of,
                "opened_at": at,
                "seed": sha256(f"{year}/{number}/{at.isoformat()}".encode()).hexdigest()[:16],
                "division": Division.objects.get(kind="district"),
            },
            by=by,
            at=at,
        )
        receipt = door.act(
            acts.Open(
                ROUND,
                {
                    "round": row.pk,
                    "heading": f"{year} 年第 {number} 轮排查（截至 {as_of.isoformat()}）",
                    "lists": [one.code for one in everybody],
                },
                "round",
                organisation=LEAD,
                circle=circle.pk,
            ),
            by=CLOCK,
            at=at,
        )
        assert receipt is not None
        change_row(row, {"matter": MATTER(pk=receipt.matter)}, by=by, at=at)
        task = tasks_of(receipt.matter).get(state=0, node="issue")
        door.act(acts.Complete(task.pk, {"as_of": as_of.isoformat()}), by=by, at=at)
    return row


def _require_next(year: int, number: int) -> None:
    under_way = Round.objects.exclude(state__in=("closed", "passed")).first()
    if under_way is not None:
        raise Refusal(
            "care.round_open",
            f"{under_way.year} 年第 {under_way.number} 轮还没有收口，不能再启动一轮",
            f"Round {under_way.number} of {under_way.year} is still under way",
            "number",
        )
    if number > MOST_ROUNDS:
        raise Refusal(
            "care.round_three",
            "一年最多三轮；仍不一致的提请会商",
            "A year has three rounds at most; what is still open goes to a conference",
            "number",
        )
    earlier = Round.objects.filter(year=year).order_by("-number").first()
    following = 1 if earlier is None else earlier.number + 1
    if number != following:
        raise Refusal(
            "care.round_order",
            f"{year} 年的下一轮是第 {following} 轮",
            f"The next round of {year} is round {following}",
            "number",
        )


def require_collecting(row: Round) -> None:
    """Refuse care.collected where lists are no longer taken in."""
    if row.state != "collecting":
        raise Refusal(
            "care.collected",
            "本轮已收口，不能再改名单；请在下一轮更正",
            "This round's lists are closed; correct yours in the next round",
        )


def hand_in(
    row: Round,
    kind: str,
    organisation: Organisation,
    rows: Sequence[ListRow],
    *,
    by: Actor,
    at: datetime,
) -> Roster:
    """Take a list in, in place of an earlier one of the same organisation, and return it.

    The comparison is asked for with the last list that was missing. Refuses access.denied for
    another's list, care.collected, and care.no_rows for an empty town roster.
    """
    require(sight_of(by).may_hand_in(kind, organisation.pk))
    if not rows:
        raise Refusal(
            "care.no_rows",
            "名单里没有行；确实没有的，请联系领导小组办公室",
            "The list has no rows; if there are really none, tell the lead group's office",
        )
    kept = seal_rows(rows)
    with write_turn():
        row = Round.objects.select_for_update().get(pk=row.pk)
        require_collecting(row)
        earlier = Roster.objects.filter(round=row, kind=kind, organisation=organisation).first()
        values = {
            "round": row,
            "kind": kind,
            "organisation": organisation,
            "division": organisation.division,
            "officer": Officer(pk=by.officer),
            "handed_in_at": at,
            "withdrawn_at": None,
            "number_of_rows": len(rows),
            "digest": kept.digest,
            "sealed": kept.sealed,
            "wrapped_key": kept.wrapped_key,
        }
        roster = change_row(earlier or Roster(), values, by=by, at=at)
        task = tasks_of(row.matter_id or 0).filter(
            state=0, node="hand_in", organisation=organisation
        )
        open_task = task.first()
        if open_task is not None:
            facts = {"rows": len(rows), "digest": kept.digest}
            door.act(acts.Complete(open_task.pk, facts), by=by, at=at)
        else:
            ask_comparison(row.pk, by=by, at=at)
    return roster


def withdraw(roster: Roster, *, by: Actor, at: datetime) -> None:
    """Take a list back so that it is not compared until it is handed in again."""
    require(sight_of(by).may_hand_in(roster.kind, roster.organisation_id))
    with write_turn():
        require_collecting(Round.objects.select_for_update().get(pk=roster.round_id))
        change_row(roster, {"withdrawn_at": at}, by=by, at=at)


def close_collecting(row: Round, *, by: Actor, at: datetime) -> None:
    """Close the collecting before every list is in; those that are missing are left out.

    For the lead group's office. Refuses care.collected and care.no_rosters.
    """
    require_lead(by)
    with write_turn():
        row = Round.objects.select_for_update().get(pk=row.pk)
        require_collecting(row)
        ask_comparison(row.pk, by=by, at=at, whole=False)
        waiting = tasks_of(row.matter_id or 0).filter(state=0, node="hand_in").exists()
        if waiting:
            door.act(acts.Deliver(row.matter_id or 0, "care.collected"), by=by, at=at)
