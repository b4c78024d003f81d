"""How long town and police seat of a centre were both filled, counted from the shifts."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import (
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Greatest, Least

from qianshou.kernel.clock import CHINA
from qianshou.kernel.registry.models import Division, Shift
from qianshou.kernel.registry.shifts import LONGEST


def counted_once(shifts: QuerySet[Any]) -> QuerySet[Any]:
    """Return shifts that begin (`begins`) where those before them at the same post end."""
    earlier = Shift.objects.filter(
        Q(starts_at__lt=OuterRef("starts_at")) | Q(starts_at=OuterRef("starts_at"), pk__lt=OuterRef("pk")),
        organisation=OuterRef("organisation"),
        post=OuterRef("post"),
        ends_at__gt=OuterRef("starts_at"),
        ends_at__lt=OuterRef("starts_at") + LONGEST,
    )  # fmt: skip
    filled_until = earlier.order_by().values("post").annotate(last=Max("ends_at")).values("last")
    begins = Greatest("starts_at", Coalesce(Subquery(filled_until), "starts_at"))
    whole: QuerySet[Any] = shifts.annotate(begins=begins)
    return whole.filter(begins__lt=F("ends_at"))


class Watches(models.Manager["Watch"]):
    """The town seat's shifts, each with the time (`filled`) in which police sat beside it."""

    def get_queryset(self) -> QuerySet["Watch"]:
        """Return the shifts; `filled` is null where no police seat was filled at all."""
        beside = counted_once(
            Shift.objects.filter(
                post__code="police_seat",
                organisation=OuterRef("organisation"),
                starts_at__lt=OuterRef("ends_at"),
                ends_at__gt=OuterRef("starts_at"),
                ends_at__lt=OuterRef("ends_at") + LONGEST,
            )
        ).annotate(
            both=ExpressionWrapper(
                Least("ends_at", OuterRef("ends_at")) - Greatest("begins", OuterRef("begins")),
                DurationField(),
            )
        )
        filled = beside.filter(both__gt=timedelta(0)).order_by().values("organisation")
        filled = filled.annotate(total=Sum("both")).values("total")
        towns = super().get_queryset().filter(post__code="town_seat")
        watches: QuerySet[Watch] = counted_once(towns)
        return watches.annotate(filled=Subquery(filled, DurationField()))


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
