"""Tables of sessions and of the record of log-ins."""

from typing import ClassVar

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from qianshou.kernel.registry.models import Officer


class Session(AbstractBaseSession):
    """A browser in which somebody is logged in, or about to be; a row taken away ends it."""

    officer = models.ForeignKey(Officer, models.CASCADE, null=True, related_name="sessions")
    since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True)


class LoginRecord(models.Model):
    """Somebody came in, was refused, or left: when, from where, by what.

    What was typed as an account that does not exist is not kept: it may be a password.
    """

    KINDS = [("in", "登录"), ("refused", "被拒绝"), ("out", "退出"), ("ended", "被结束")]
    kind = models.CharField(max_length=8, choices=KINDS)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="logins")
    way = models.CharField(max_length=10, blank=True)
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["officer", "at"], name="login_by_officer")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["in", "refused", "out", "ended"]),
                name="login_of_a_kind",
            )
        ]
