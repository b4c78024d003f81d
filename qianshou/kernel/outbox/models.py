"""The outbox's table: effects that leave the transaction."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Parcel(models.Model):
    """One effect to carry out at least once; `key` makes carrying it out twice harmless."""

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=60)
    facts = models.JSONField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(done_at=None), name="parcel_waiting")
        ]


class Beat(models.Model):
    """When a worker on a machine was last seen at work (心跳)."""

    machine = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField()
