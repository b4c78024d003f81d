"""Tables of duties: what was opened for whom in which term, and when a source was last asked."""

from typing import ClassVar

from django.db import models


class Duty(models.Model):
    """A matter that a duty opened for a subject in the term that begins on `first`."""

    duty = models.CharField(max_length=120)
    first = models.DateField()
    subject = models.CharField(max_length=80)
    matter = models.OneToOneField("worklist.Matter", models.PROTECT, related_name="duty")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["duty", "first", "subject"], name="duty_once_a_term")
        ]


class Look(models.Model):
    """When a duty's source was last asked whom the term that begins on `first` concerns."""

    duty = models.CharField(max_length=120, primary_key=True)
    first = models.DateField()
    looked_at = models.DateTimeField()
