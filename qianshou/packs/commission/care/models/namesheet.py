"""Sheets with names: who asked for which children and columns, what was decided, how often fetched."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

DOWNLOADS = 3


class NameSheet(models.Model):
    """A sheet with names (姓名导出) that somebody asked for; the sheet itself is never stored.

    `children` are the ids of the children asked for; who has left the asker's circles is left out
    each time the sheet is made.
    """

    ledgered = True
    PURPOSES = [
        ("visit", "走访慰问"),
        ("school", "入学和资助"),
        ("aid", "救助和福利发放"),
        ("health", "体检和就医"),
        ("check", "核对名册"),
        ("emergency", "应急转移避险"),
    ]
    matter = models.OneToOneField("worklist.Matter", models.PROTECT, related_name="+")
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    words = models.CharField(max_length=100)
    columns = models.JSONField(default=list, blank=True)
    children = models.JSONField()
    needed_until = models.DateField()
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    valid_to = models.DateField(null=True, blank=True)
    downloads = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="name_sheet_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("officer")),
                name="name_sheet_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None)
                | Q(decided_by__isnull=False, valid_to__lte=F("needed_until")),
                name="name_sheet_valid_while_needed",
            ),
            models.CheckConstraint(
                condition=Q(downloads=0) | Q(downloads__lte=DOWNLOADS, valid_to__isnull=False),
                name="name_sheet_fetched_when_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer.name} · {self.asked_at:%Y-%m-%d}"
