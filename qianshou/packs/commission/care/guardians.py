"""The guardian's phone: links and one-time codes, reading what is kept, asking for changes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.crypto import constant_time_compare

from qianshou.kernel import door
from qianshou.kernel.access import RESIDENT, Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import erase_person, open_own_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.limits.counting import Limit, refuse_if_spent, spend
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Disclosure, Officer, Posting
from qianshou.kernel.registry.vault import lookup_digest
from qianshou.packs.commission.care.eligibility import leave_register
from qianshou.packs.commission.care.enrolment import actor_in, child_of, places_of
from qianshou.packs.commission.care.models import Child, GuardianLink, GuardianRequest
from qianshou.packs.commission.care.models.child import SHEETS

LINK_DAYS = 180
CODE_SPAN = timedelta(minutes=15)
TRIES = Limit("care.code", 5, CODE_SPAN)
ASKS = Limit("care.ask", 5, timedelta(days=1))
REQUEST = "care.request"
TOLD_ONCE = timedelta(minutes=30)
OWN = "监护人本人查看"
# Who deals with reports of harm opens sheets unseen: a guardian must not learn of a report so.
UNSEEN_POSTS = ("station_care", "prosecutor", "lead_duty")
UNSEEN_WORDS = ("强制报告", "侵害", "QB-")


def give_link(child: Child, signer: str, *, by: Actor, at: datetime) -> tuple[GuardianLink, str]:
    """Give a child's guardian or carer a new link and return it with its token, shown once.

    The link before is revoked.
    """
    token = secrets.token_urlsafe(32)
    day = at.astimezone(CHINA).date()
    with write_turn():
        for before in GuardianLink.objects.filter(child=child, signer=signer, revoked_at=None):
            revoke_link(before, by=by, at=at)
        link = change_row(
            GuardianLink(),
            {
                "child": child,
                "signer": signer,
                "token_digest": lookup_digest(f"care.link/{token}"),
                "given_at": at,
                "given_by": Officer(pk=by.officer),
                "valid_to": day + timedelta(days=LINK_DAYS),
            },
            by=by,
            at=at,
        )
    return link, token


def revoke_link(link: GuardianLink, *, by: Actor, at: datetime) -> None:
    """End a link at once."""
    values = {"revoked_at": at, "code_digest": "", "code_until": None}
    change_row(link, values, by=by, at=at)


def new_code(link: GuardianLink, *, by: Actor, at: datetime) -> str:
    """Return a one-time code of six digits for a link, good for fifteen minutes."""
    code = f"{secrets.randbelow(10**6):06d}"
    values = {"code_digest": _code_digest(link, code), "code_until": at + CODE_SPAN}
    change_row(link, values, by=by, at=at)
    return code


def _code_digest(link: GuardianLink, code: str) -> str:
    return lookup_digest(f"care.code/{link.token_digest}/{code}")


def find_link(token: str, at: datetime) -> GuardianLink | None:
    """Return the link of a token that is neither revoked nor over, or None."""
    found = GuardianLink.objects.filter(
        token_digest=lookup_digest(f"care.link/{token}"),
        revoked_at=None,
        valid_to__gte=at.astimezone(CHINA).date(),
    )
    return found.select_related("child__town", "child__village", "child__person").first()


def guardian(link: GuardianLink) -> Actor:
    """Return whoever comes by a link, as acts and entries name them."""
    return Actor(RESIDENT, receipt=link.token_digest)


def use_code(link: GuardianLink, code: str, *, at: datetime) -> None:
    """Use up a link's code.

    Refuses a wrong or used code (care.code), one that is over (care.code_over), and after five
    wrong ones every code for a quarter of an hour (limit.spent).
    """
    refuse_if_spent(TRIES, link.token_digest, at)
    with write_turn():
        kept = GuardianLink.objects.select_for_update().get(pk=link.pk)
        if kept.code_until is not None and kept.code_until <= at:
            raise Refusal(
                "care.code_over",
                "验证码已过期，请向工作人员要一个新的",
                "The code is over; please ask the officer for a new one",
                "code",
            )
        given = _code_digest(kept, code.strip())
        if kept.code_digest and constant_time_compare(given, kept.code_digest):
            change_row(kept, {"code_digest": "", "code_until": None}, by=guardian(kept), at=at)
            return
    spend(TRIES, link.token_digest, at)
    raise Refusal(
        "care.code",
        "验证码不对，或者已经用过",
        "The code is not right, or has been used",
        "code",
    )


def read_own(link: GuardianLink, *, at: datetime) -> dict[str, dict[str, Any]]:
    """Return all sheets of a guardian's child, after writing down that the guardian reads them.

    Refuses a carer (access.denied), who only signs, and an erased child (vault.erased).
    """
    if link.signer != "guardian":
        raise Refusal("access.denied", "受委托人只能签署文书", "A carer only signs")
    return open_own_sheets(link.child.person_id, SHEETS, by=guardian(link), at=at, purpose=OWN)


@dataclass(frozen=True)
class Reading:
    """Who opened a child's sheets, when and what for, as her guardian is told."""

    at: datetime
    name: str
    organisation: str
    organisation_en: str
    post: str
    post_en: str
    kinds: tuple[str, ...]
    purpose: str


def readings_of(child: Child, most: int = 50) -> list[Reading]:
    """Return the latest openings of a child's sheets that her guardian may know of (three queries).

    Openings that follow each other within half an hour, by the same and for the same, are told once.
    Openings by the police, prosecutors and the duty desk, and those that speak of a report of
    harm, are left out: the guardian may be whom the report is about.
    """
    unseen = Posting.objects.filter(post__in=UNSEEN_POSTS).values("officer")
    found = Disclosure.objects.filter(person=child.person_id, allowed=True)
    found = found.exclude(officer__in=unseen).select_related("officer").order_by("-at", "-pk")
    rows: list[Disclosure] = []
    for row in found[: most * 4]:
        if not any(word in row.purpose for word in UNSEEN_WORDS) and not _is_same(rows, row):
            rows.append(row)
    rows = rows[:most]
    seats = _seats_of({row.officer_id for row in rows if row.officer_id})
    nobody = ("", "", "", "")
    return [
        Reading(
            row.at,
            row.officer.name if row.officer else "",
            *seats.get(row.officer_id or 0, nobody),
            tuple(row.kinds.split(",")),
            row.purpose,
        )
        for row in rows
    ]


def _is_same(rows: list[Disclosure], row: Disclosure) -> bool:
    """Whether a row tells what the later one before it tells already."""
    if not rows:
        return False
    last = rows[-1]
    same = (last.officer_id, last.purpose, last.kinds) == (row.officer_id, row.purpose, row.kinds)
    return same and last.at - row.at < TOLD_ONCE


def _seats_of(officers: set[int]) -> dict[int, tuple[str, str, str, str]]:
    rows = Posting.objects.filter(officer__in=officers).select_related("organisation", "post")
    return {
        row.officer_id: (
            row.organisation.name,
            row.organisation.name_en,
            row.post.name,
            row.post.name_en,
        )
        for row in rows.order_by("-pk")
    }


def ask(link: GuardianLink, kind: str, wanted: str, sheet: str = "", *, at: datetime) -> Receipt:
    """Open a guardian's request: a correction, or the deletion of what is kept (个保法 46, 47).

    Refuses a carer (access.denied), an empty text (Refusals form.required) and more than five in
    a day (limit.spent).
    """
    if link.signer != "guardian":
        raise Refusal("access.denied", "受委托人只能签署文书", "A carer only signs")
    spend(ASKS, link.token_digest, at)
    places = places_of(link.child)
    facts: Mapping[str, Any] = {**places, "kind": kind, "sheet": sheet, "wanted": wanted}
    receipt = door.act(
        acts.Open(
            REQUEST,
            facts,
            "request",
            organisation=places["town"],
            via="guardian",
            circle=link.child.circle_id,
            person=link.child.person_id,
        ),
        by=guardian(link),
        at=at,
    )
    assert receipt is not None
    return receipt


@projection(REQUEST)
def project_request(change: Change) -> None:
    """Keep the row of a guardian's request as the act left it."""
    rows = GuardianRequest.objects
    if change.act == "open":
        rows.create(
            matter_id=change.matter,
            child=child_of(change),
            division_id=change.division,
            kind=change.facts["kind"],
            asked_at=change.at,
        )
    elif change.act == "complete":
        rows.filter(pk=change.matter).update(
            answered_at=change.at,
            outcome=change.submitted["outcome"],
            answer=change.submitted["answer"]["sealed"],
        )


@effect("care.erase_child")
def erase_child(change: Change, facts: Mapping[str, Any]) -> None:
    """Destroy the key of a child whose guardian asked for it.

    Refuses while she is enrolled (care.kept): the committee's file is kept by law (未保法 43).
    """
    child, by = child_of(change), actor_in(change)
    if child.state == "enrolled":
        raise Refusal(
            "care.kept",
            "儿童在册期间，档案依法应当保存（未成年人保护法第 43 条），不能删除；请答复理由",
            "While she is enrolled her file is kept by law; please answer with the reason",
            "outcome",
        )
    if child.state == "candidate":
        leave_register(child, "ineligible", by=by, at=change.at)
    erase_person(child.person_id, by=by, at=change.at, reason=f"监护人申请，{change.number}")
