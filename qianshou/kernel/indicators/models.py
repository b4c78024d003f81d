"""Tables of publications: what was published, frozen, and which records it counted."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Publication(models.Model):
    """An indicator as it was published (发布): its declaration, periods, values and breakdowns at an
    instant, with the digests of the records counted. A row is written once, with its entry.

    A number that is kept back is null, with what stands there instead ({zh, en}).
    """

    ledgered = True
    indicator = models.CharField(max_length=120)
    pack = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    title = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    declaration = models.JSONField()
    first_date = models.DateField()
    last_date = models.DateField()
    compared_first_date = models.DateField()
    compared_last_date = models.DateField()
    town = models.ForeignKey("registry.Division", models.PROTECT, null=True, blank=True)
    as_of_at = models.DateTimeField()
    value = models.FloatField(null=True, blank=True)
    earlier = models.FloatField(null=True, blank=True)
    marks = models.JSONField(default=dict, blank=True)
    breakdowns = models.JSONField(default=list, blank=True)
    records_digest = models.CharField(max_length=64)
    earlier_digest = models.CharField(max_length=64)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(last_date__gte=F("first_date"))
                & Q(compared_last_date__gte=F("compared_first_date")),
                name="publication_days_in_order",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["name", "id"], name="publication_by_name")]

    def __str__(self) -> str:
        return self.title


class Counted(models.Model):
    """The records that a publication counted, for its value and for the earlier one it is compared with: each
    (key, day or instant, part of the sum, whether a share counts it). Their digests are published.
    """

    publication = models.OneToOneField(Publication, models.PROTECT, related_name="counted")
    value = models.JSONField()
    earlier = models.JSONField()
