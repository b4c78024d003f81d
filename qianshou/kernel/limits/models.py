"""The table of what was done how often, shared by all processes."""

from django.db import models


class Allowance(models.Model):
    """How often something was done under a key since an instant; keys are digests."""

    key = models.CharField(max_length=64, primary_key=True)
    began_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()
