"""The table of simulations that officers asked for; kept for a month, for whoever asked alone."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Simulation(models.Model):
    """A year to be simulated: what was told, how far it is, and in the end what came out."""

    officer = models.ForeignKey("registry.Officer", models.PROTECT)
    procedure = models.CharField(max_length=80)
    told = models.JSONField()
    asked_at = models.DateTimeField(db_index=True)
    percent = models.PositiveSmallIntegerField(default=0)
    result = models.JSONField(null=True)
    failure = models.CharField(max_length=300, blank=True)
    failure_en = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="simulation_percent")
        ]
