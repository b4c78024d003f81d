"""A guardian's way in: a link with a code, and what was asked through it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from qianshou.packs.commission.care.models.pledge import Pledge


class GuardianLink(models.Model):
    """A link (手机链接) by which one child's guardian or carer reads, signs and asks.

    Its token and its one-time code are kept as keyed digests only. It ends on `valid_to`, or at
    once when it is revoked.
    """

    ledgered = True
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="links")
    signer = models.CharField(max_length=10, choices=Pledge.SIGNERS)
    token_digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_until = models.DateTimeField(null=True, blank=True)
    given_at = models.DateTimeField()
    given_by = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    valid_to = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["child", "signer"], condition=Q(revoked_at=None), name="link_one_of_each"
            )
        ]


class GuardianRequest(models.Model):
    """What a guardian has asked for (更正, 删除), as its matter stands.

    `answer` is sealed under the child's key, as the matter keeps it.
    """

    KINDS = [("correct", "更正"), ("delete", "删除")]
    matter = models.OneToOneField("worklist.Matter", models.PROTECT, primary_key=True)
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="requests")
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=KINDS)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)
    answer = models.TextField(blank=True)
