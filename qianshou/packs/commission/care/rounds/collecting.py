"""Taking in the lists of a round: handed in, withdrawn, handed in again, closed."""

from collections.abc import Sequence
from datetime import datetime

from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.packs.commission.care.models import Roster, Round
from qianshou.packs.commission.care.rounds.running import ask_comparison
from qianshou.packs.commission.care.rounds.sealed import ListRow, seal_rows
from qianshou.packs.commission.care.rounds.sharing import UNSHARED, Sharing, read_sharing
from qianshou.packs.commission.care.rounds.sight import require_lead, sight_of


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
    sharing: Sharing = UNSHARED,
    *,
    by: Actor,
    at: datetime,
) -> Roster:
    """Take a list in, in place of an earlier one of the same organisation, and return it.

    A bureau's list says what it is shared for and by which law. The comparison is asked for with
    the last list that was missing. Refuses access.denied for another's list, care.collected,
    care.no_rows for an empty list, and care.purpose and care.legal_basis where a bureau's has none.
    """
    require(sight_of(by).may_hand_in(kind, organisation.pk))
    if not rows:
        raise Refusal(
            "care.no_rows",
            "名单里没有行；确实没有的，请联系领导小组办公室",
            "The list has no rows; if there are really none, tell the lead group's office",
        )
    told = read_sharing(kind, sharing)._asdict()
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
            **told,
            "sealed": kept.sealed,
            "wrapped_key": kept.wrapped_key,
        }
        roster = change_row(earlier or Roster(), values, by=by, at=at)
        task = tasks_of(row.matter_id or 0).filter(
            state=0, node="hand_in", organisation=organisation
        )
        open_task = task.first()
        if open_task is not None:
            facts = {"rows": len(rows), "digest": kept.digest, **told}
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
