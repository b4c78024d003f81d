"""What endangers a child: hazards put right and verified by somebody else; reports of harm."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from qianshou.kernel.clock import day_of


class Hazard(models.Model):
    """A hazard (安全隐患) found at a child's home, school or way; verified by another person.

    `organisation` is who has to put it right, once assigned; `due_at` the deadline of the step it
    waits at; `returns` how often it went back; `rectified_by` who put it right last.
    """

    ledgered = True
    STATES = [
        ("found", "已发现"),
        ("rectifying", "整改中"),
        ("rectified", "已整改待核验"),
        ("verified", "已核验"),
    ]
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="hazards")
    kind = models.CharField(max_length=20)
    level = models.CharField(max_length=10, blank=True)
    contact = models.ForeignKey(
        "care.Contact", models.PROTECT, null=True, blank=True, related_name="hazards"
    )
    organisation = models.ForeignKey(
        "registry.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=STATES, default="found")
    found_at = models.DateTimeField()
    found_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    returns = models.PositiveSmallIntegerField(default=0)
    rectified_at = models.DateTimeField(null=True, blank=True)
    rectified_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verified_by=None) | ~Q(verified_by=F("rectified_by")),
                name="hazard_verified_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="verified")
                | Q(
                    verified_at__gte=F("rectified_at"),
                    verified_by__isnull=False,
                    rectified_by__isnull=False,
                ),
                name="hazard_verified_after_rectified",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "found_at"], name="hazard_by_state")]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.get_state_display()} · {day_of(self.found_at)}"


class HarmReport(models.Model):
    """A report of harm (强制报告) as its matter stands; only the matter's circle sees it.

    `received_at` is the first receiver's signature, `called` how many more had to be called.
    """

    matter = models.OneToOneField("worklist.Matter", models.PROTECT, primary_key=True)
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    signs = models.JSONField(default=list)
    reported_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    received_minutes = models.FloatField(null=True)
    accepted_at = models.DateTimeField(null=True)
    called = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
