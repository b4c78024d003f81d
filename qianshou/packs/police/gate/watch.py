"""How long town and police seat of a centre were both filled, counted from the shifts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import (
    DurationField,
    ExpressionWrapper,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Greatest, Least, NullIf

from qianshou.kernel.clock import CHINA
from qianshou.kernel.registry.models import Division, Shift
from qianshou.kernel.registry.shifts import LONGEST

NO_TIME = Value(timedelta(0), DurationField())


def filled_before(outer: Callable[[str], Any]) -> Subquery:
    """Return when the shifts end that began before the outer one at its post and reach into it."""
    begins = outer("starts_at")
    earlier = Shift.objects.filter(
        Q(starts_at__lt=begins) | Q(starts_at=begins, pk__lt=outer("pk")),
        organisation=outer("organisation"),
        post=outer("post"),
        ends_at__gt=begins,
        ends_at__lt=begins + LONGEST,
    ).order_by()
    return Subquery(earlier.values("post").annotate(last=Max("ends_at")).values("last"))


def town_shift(column: str) -> OuterRef:
    """Return a column of the town seat's shift from within a police shift's own subquery."""
    return OuterRef(OuterRef(column))


class Watches(models.Manager["Watch"]):
    """The town seat's shifts, each with the time (`filled`) in which police sat beside it."""

    def get_queryset(self) -> QuerySet["Watch"]:
        """Return the shifts; `filled` is null where no police seat was filled at all.

        Whoever sits beside somebody at the same seat adds only the time after that other's end.
        """
        begins = Greatest(
            "starts_at",
            OuterRef("starts_at"),
            Coalesce(filled_before(OuterRef), "starts_at"),
            Coalesce(filled_before(town_shift), OuterRef("starts_at")),
        )
        both = ExpressionWrapper(Least("ends_at", OuterRef("ends_at")) - begins, DurationField())
        beside = Shift.objects.filter(
            post__code="police_seat",
            organisation=OuterRef("organisation"),
            starts_at__lt=OuterRef("ends_at"),
            ends_at__gt=OuterRef("starts_at"),
            ends_at__lt=OuterRef("ends_at") + LONGEST,
        ).order_by()
        filled = NullIf(Sum(Greatest(both, NO_TIME)), NO_TIME)
        found = beside.values("organisation").annotate(filled=filled).values("filled")
        watches: QuerySet[Watch] = super().get_queryset().filter(post__code="town_seat")
        return watches.annotate(filled=Subquery(found, DurationField()))


class Watch(Shift):
    """A shift at the town seat, with how long a police officer sat beside it."""

    objects: ClassVar[Watches] = Watches()

    class Meta:
        app_label = "gate"
        proxy = True

    @property
    def division(self) -> Division:
        """The centre's town."""
        return self.organisation.division

    def __str__(self) -> str:
        start, end = self.starts_at.astimezone(CHINA), self.ends_at.astimezone(CHINA)
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"
