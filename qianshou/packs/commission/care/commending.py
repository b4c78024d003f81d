"""Commendations (激励): thanks in public for one thing done, with a reason and without points."""

from datetime import datetime

from django.db.models import Q

from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Posting
from qianshou.packs.commission.care.models import Commendation

GIVERS = {"lead_office", "town_team"}


def may_commend(by: Actor) -> bool:
    """Whether `by` commends: the lead group's office and the towns' teams."""
    return any(seat.post in GIVERS for seat in by.seats)


def commend(who: str, reason: str, *, by: Actor, at: datetime) -> Commendation:
    """Commend the officer of an account or of a name that nobody shares, for a reason.

    Refuses whoever may not (access.denied), nobody or several of that name (care.who), somebody
    of another town (care.reach), oneself (care.own), a missing reason (door.reason).
    """
    require(may_commend(by))
    wanted = who.strip()
    found = list(Officer.objects.filter(is_active=True, username=wanted)) if wanted else []
    if wanted and not found:
        found = list(Officer.objects.filter(is_active=True, role="officer", name=wanted)[:2])
    if len(found) != 1:
        raise Refusal(
            "care.who",
            "没有这个人，或有同名的人：请填账号",
            "There is nobody of that name, or several; please give the account",
            "who",
        )
    officer = found[0]
    if officer.pk == by.officer:
        raise Refusal("care.own", "不能表扬自己", "Nobody commends themselves", "who")
    require_text(reason, "reason", "请写明做了什么", "Please say what was done")
    day = at.astimezone(CHINA).date()
    posting = (
        Posting.objects.filter(Q(to_date=None) | Q(to_date__gte=day), officer=officer)
        .select_related("organisation__division")
        .order_by("pk")
        .first()
    )
    if posting is None or not _reaches(by, posting.organisation.division.path):
        raise Refusal(
            "care.reach",
            "只能表扬本镇街的人；其他人请由领导小组办公室表扬",
            "Only people of your own town; others are commended by the lead group's office",
            "who",
        )
    values = {
        "officer": officer,
        "organisation": posting.organisation,
        "division": posting.organisation.division,
        "reason": reason.strip()[:200],
        "given_on": day,
        "given_by": Officer(pk=by.officer),
    }
    return change_row(Commendation(), values, by=by, at=at)


def _reaches(by: Actor, path: str) -> bool:
    return any(
        seat.post in GIVERS and (seat.reach == "district" or path.startswith(seat.division_path))
        for seat in by.seats
    )
