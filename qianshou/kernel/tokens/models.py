"""The table of tokens: only a keyed digest of what is shown, never the token itself."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Token(models.Model):
    """What one program may do (对接令牌): as an officer who has agreed, or as nobody in particular.

    One that acts as an officer has no secret before that officer agrees. `organisation` and `post`
    narrow it to one of the officer's seats.
    """

    name = models.CharField(max_length=60, unique=True)
    secret_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    scopes = models.JSONField()
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="acting_tokens"
    )
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, null=True, blank=True)
    post = models.ForeignKey("registry.Post", models.PROTECT, null=True, blank=True)
    expires_on = models.DateField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(organisation=None, post=None)
                | Q(organisation__isnull=False, post__isnull=False, officer__isnull=False),
                name="token_seat_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(secret_digest__isnull=False),
                name="token_accepted_has_secret",
            ),
        ]

    def __str__(self) -> str:
        return self.name
