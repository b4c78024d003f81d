"""Tables of procedures: every version ever published, revisions under way, and migrations."""

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


class Migration(models.Model):
    """A plan (迁移方案) to move what runs under one version to another by a mapping of ids.

    One officer drafts it, another approves it; then the worker moves matter by matter. `reached`
    is the last matter it came to, `moved` and `stayed` count those before.
    """

    ledgered = True

    procedure = models.CharField(max_length=80)
    source = models.ForeignKey(Version, models.PROTECT, related_name="migrations_from")
    target = models.ForeignKey(Version, models.PROTECT, related_name="migrations_to")
    mapping = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(
        max_length=8,
        choices=[
            ("draft", "起草中"),
            ("offered", "待批准"),
            ("approved", "迁移中"),
            ("done", "已完成"),
            ("dropped", "已作废"),
        ],
        default="draft",
    )
    drafted_by = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    stayed = models.PositiveIntegerField(default=0)
    reached = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(source=models.F("target")), name="migration_two_versions"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "offered", "dropped"], approved_by=None)
                | Q(state__in=["approved", "done"], approved_by__isnull=False)
                & ~Q(approved_by=models.F("drafted_by")),
                name="migration_approved_by_another",
            ),
            models.UniqueConstraint(
                fields=["source"], condition=Q(state="approved"), name="migration_one_at_a_time"
            ),
        ]
