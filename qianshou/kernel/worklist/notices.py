"""Notices: what is meant for an officer, or for a post they hold, and what they have read."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from qianshou.kernel.access import Actor, not_hidden
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.worklist.lists import addresses_of, inside_circles, procedures_of_packs
from qianshou.kernel.worklist.models import Notice, Reading

MOST = 200
CAP = 100


def notices_for(by: Actor) -> QuerySet[Notice]:
    """Return the notices meant for `by`, the newest first; each says `is_read`, by this officer."""
    if by.officer is None:
        return Notice.objects.none()
    return (
        _marked(by)
        .filter(reduce(or_, _addressed_to(by)), not_hidden(by, "matter__"))
        .order_by("-id")
    )


def newest_notice() -> int:
    """Return the id of the newest notice; 0 before the first."""
    return Notice.objects.order_by("-id").values_list("pk", flat=True).first() or 0


def notices_after(notice: int, size: int = 200) -> list[Notice]:
    """Return the notices after one, the oldest first, with their matters.

    On PostgreSQL the table is share-locked meanwhile, so that no notice with a lower id can still
    appear from a running transaction.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE worklist_notice IN SHARE MODE")
        rows = Notice.objects.filter(pk__gt=notice).select_related("matter").order_by("id")
        return list(rows[:size])


def _addressed_to(by: Actor) -> list[Q]:
    posts = [
        Q(officer=None, organisation=organisation, posts=posts)
        for organisation, posts in addresses_of(by)
    ]
    return [Q(officer=by.officer), *_of_principals(by), *posts]


def _of_principals(by: Actor) -> list[Q]:
    """Return the addresses of those whom `by` stands in for: of matters of what this covers."""
    procedures = procedures_of_packs()
    return [
        Q(
            officer=principal.officer,
            matter__procedure__in=[
                one for seat in principal.seats for one in procedures.get(seat.pack, ())
            ],
        )
        for principal in by.principals
    ]


def _marked(by: Actor) -> QuerySet[Notice]:
    mine = Reading.objects.filter(notice=OuterRef("pk"), officer=by.officer)
    return Notice.objects.annotate(is_read=Exists(mine))


def _unread(by: Actor) -> QuerySet[Notice]:
    """Return what `by` has not read among the newest 200 of each address: a bounded range."""
    first, *others = [
        Notice.objects.filter(pk__in=Notice.objects.filter(address).order_by("-id")[:MOST])
        for address in _addressed_to(by)
    ]
    return _marked(by).filter(
        not_hidden(by, "matter__"),
        pk__in=first.union(*others, all=True).values("pk"),
        is_read=False,
    )


def count_unread(by: Actor) -> int:
    """Return how many notices `by` has not read, counted up to 100 (two queries).

    The rule of `_unread` in plain SQL, for all but substitutes: the bell is on every page.
    """
    if by.officer is None:
        return 0
    if by.principals:
        return _unread(by)[:CAP].count()
    newest = (
        "SELECT * FROM (SELECT id, matter_id FROM worklist_notice WHERE {} "
        "ORDER BY id DESC LIMIT %s) AS own"
    )
    branches = [newest.format("officer_id = %s")]
    parameters: list[Any] = [by.officer, MOST]
    for organisation, posts in addresses_of(by):
        branches.append(newest.format("officer_id IS NULL AND organisation_id = %s AND posts = %s"))
        parameters += [organisation, posts, MOST]
    inside, own = inside_circles(by, in_part=False)
    with prepared_cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT n.id FROM ({' UNION ALL '.join(branches)}) AS n "
            f"LEFT JOIN worklist_matter m ON m.id = n.matter_id WHERE {inside} AND NOT EXISTS "
            "(SELECT 1 FROM worklist_reading r WHERE r.notice_id = n.id AND r.officer_id = %s) "
            "LIMIT %s) AS counted",
            [*parameters, *own, by.officer, CAP],
        )
        return int(cursor.fetchone()[0])


def mark_read(by: Actor, *, at: datetime, notice: int | None = None) -> None:
    """Note that `by` has read one of the notices meant for them, or all that are unread."""
    if by.officer is None:
        return
    found = _unread(by) if notice is None else notices_for(by).filter(pk=notice)
    Reading.objects.bulk_create(
        [
            Reading(notice_id=pk, officer_id=by.officer, at=at)
            for pk in found.order_by().values_list("pk", flat=True)
        ],
        ignore_conflicts=True,
    )
