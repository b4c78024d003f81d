"""Tables of procedures: every version ever published with its sources, and revisions under way."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Version(models.Model):
    """One version of a procedure (规范), named by the digest of its compiled content.

    `is_own` says that the district published it; else it came with the pack.
    """

    procedure = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    sources = models.JSONField()
    published_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)
    is_own = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["procedure", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["procedure"], condition=Q(is_current=True), name="version_one_current"
            ),
        ]


class Revision(models.Model):
    """A revision (修订稿) of a procedure: its sources changed from those of the version `origin`,
    begun while `replaces` was in force.

    One officer drafts and offers it, another publishes it as a version or gives it back. `sources`
    are compressed; `seq` counts how often they were saved.
    """

    procedure = models.CharField(max_length=80)
    origin = models.ForeignKey(Version, models.PROTECT, related_name="revisions")
    replaces = models.ForeignKey(Version, models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    sources = models.BinaryField()
    seq = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=9,
        choices=[
            ("draft", "起草中"),
            ("offered", "待审"),
            ("published", "已发布"),
            ("dropped", "已作废"),
        ],
        default="draft",
    )
    drafted_by = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="published_from"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="published")
                | (Q(version__isnull=False) & ~Q(decided_by=models.F("drafted_by"))),
                name="revision_published_by_another",
            ),
        ]
