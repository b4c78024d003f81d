"""Opening a round: its matter, its tasks, and what the towns begin with."""

from datetime import date, datetime
from hashlib import sha256

from django.apps import apps

from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Organisation
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.packs.commission.care.models import Roster, Round
from qianshou.packs.commission.care.rounds.correcting import corrected_rows
from qianshou.packs.commission.care.rounds.drafting import edit_again
from qianshou.packs.commission.care.rounds.owners import circle_around
from qianshou.packs.commission.care.rounds.sight import LEAD, lists_wanted, require_lead

ROUND = "care.round"
MATTER = apps.get_model("worklist", "Matter")
MOST_ROUNDS = 3


def open_round(year: int, number: int, as_of: date, *, by: Actor, at: datetime) -> Round:
    """Open a round: every town, education and civil affairs get a task to hand in their list.

    In the second and third, towns begin with their corrected roster of the round before.

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
            by=by,
            at=at,
        )
        assert receipt is not None
        change_row(row, {"matter": MATTER(pk=receipt.matter)}, by=by, at=at)
        task = tasks_of(receipt.matter).get(state=0, node="issue")
        door.act(acts.Complete(task.pk, {"as_of": as_of.isoformat()}), by=by, at=at)
        _begin_with_earlier(row, by=by, at=at)
    return row


def _begin_with_earlier(row: Round, *, by: Actor, at: datetime) -> None:
    """Give each town its roster of the round before, corrected, to go on from."""
    earlier = Roster.objects.filter(
        round__year=row.year, round__number=row.number - 1, kind="town", withdrawn_at=None
    )
    for roster in earlier.select_related("organisation__division", "division"):
        rows = corrected_rows(roster)
        if rows:
            edit_again(row, "town", roster.organisation, rows, by=by, at=at)


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
    following = next_number(year)
    if number != following:
        raise Refusal(
            "care.round_order",
            f"{year} 年的下一轮是第 {following} 轮",
            f"The next round of {year} is round {following}",
            "number",
        )


def next_number(year: int) -> int:
    """Return the number that the next round of a year has."""
    earlier = Round.objects.filter(year=year).order_by("-number").first()
    return 1 if earlier is None else earlier.number + 1
