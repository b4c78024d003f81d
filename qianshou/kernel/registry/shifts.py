"""Shifts: when nobody is on duty at a post, and who comes after whom."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from qianshou.kernel.registry.models import Shift

Span = tuple[datetime, datetime]

LONGEST = timedelta(days=7)  # longer is a slip of the pen, and would make every look back long


def gaps_between(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Return the parts of `start`..`end` that none of `spans` covers, in order."""
    gaps = []
    covered = start
    for begins, ends in sorted(spans):
        if begins >= end:
            break
        if begins > covered:
            gaps.append((covered, begins))
        covered = max(covered, ends)
    if covered < end:
        gaps.append((covered, end))
    return gaps


def following_shifts(shift: Shift) -> QuerySet[Shift]:
    """Return the shifts that take over from this one: same post, the first to go on after it."""
    later = Shift.objects.filter(
        organisation=shift.organisation_id,
        post=shift.post_id,
        starts_at__gt=shift.starts_at,
        ends_at__gt=shift.ends_at,
    )
    first = later.order_by("starts_at").values_list("starts_at", flat=True).first()
    return later.filter(starts_at=first) if first is not None else later
