"""Tables of procedures: every version ever published, with its sources."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Version(models.Model):
    """One version of a procedure (规范), named by the digest of its compiled content."""

    procedure = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    sources = models.JSONField()
    published_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["procedure", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["procedure"], condition=Q(is_current=True), name="version_one_current"
            ),
        ]
