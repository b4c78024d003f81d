"""The lists of a round in clear, as they are compared."""

from qianshou.packs.commission.care.models import Roster, Round
from qianshou.packs.commission.care.rounds.matching import Taken
from qianshou.packs.commission.care.rounds.sealed import open_rows


def taken_lists(row: Round) -> tuple[list[Taken], Taken | None, Taken | None]:
    """Return the lists of a round in clear: the towns', education's, civil affairs'."""
    rosters = Roster.objects.filter(round=row, withdrawn_at=None).select_related("organisation")
    taken = [
        Taken(one.pk, one.kind, one.organisation.code, open_rows(one))
        for one in rosters.order_by("kind", "organisation")
    ]
    by_kind = {one.kind: one for one in taken}
    towns = [one for one in taken if one.kind == "town"]
    return towns, by_kind.get("education"), by_kind.get("civil")
