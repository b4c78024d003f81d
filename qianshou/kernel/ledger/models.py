"""Tables of the ledger: entries, appended by the door alone, and the seals over them."""

from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """One act (台账记录). `body` is the canonical JSON that `hash` is taken over."""

    subject = models.CharField(max_length=80)
    seq = models.PositiveIntegerField()
    act = models.CharField(max_length=20)
    node = models.CharField(max_length=120, blank=True)
    officer_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    body = models.TextField()
    prev = models.CharField(max_length=64, blank=True)
    algorithm = models.CharField(max_length=8)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "seq"], name="entry_seq_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["officer_id", "at"], name="entry_by_officer"),
            models.Index(fields=["act", "at"], name="entry_by_act"),
        ]


class Seal(models.Model):
    """A Merkle root (封存) over a run of entries, chained to the seal before it."""

    first_entry = models.BigIntegerField(unique=True)
    last_entry = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    at = models.DateTimeField()
    algorithm = models.CharField(max_length=8)
    root = models.CharField(max_length=64)
    prev = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)
