"""Tables of the doors outward: who is told what, where. What opens a door is kept as a digest, what
another door asks for is sealed.
"""

from typing import ClassVar
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q


class Hook(models.Model):
    """An address that is told of entries as far as a token's seat may see them (回调).

    Nothing is told before the officer as whom the token acts has agreed to it.
    """

    token = models.ForeignKey("tokens.Token", models.PROTECT, related_name="hooks")
    url = models.URLField(max_length=300)
    kinds = models.JSONField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["token", "url"], condition=Q(disabled_at=None), name="hook_once"
            )
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def host(self) -> str:
        """The host and port that are called."""
        return urlsplit(self.url).netloc


class Opened(models.Model):
    """A matter that a program opened under a key of its own: the same key opens no second one."""

    token = models.ForeignKey("tokens.Token", models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    matter = models.ForeignKey("worklist.Matter", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token", "key"], name="opened_once")
        ]


class Mark(models.Model):
    """How far a relay has come."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.BigIntegerField()


class Feed(models.Model):
    """An officer's calendar of deadlines (日历订阅), under an address that is a secret."""

    officer = models.OneToOneField("registry.Officer", models.PROTECT, related_name="feed")
    secret_digest = models.CharField(max_length=64, blank=True, db_index=True)


class Mailing(models.Model):
    """Which kinds of notices an officer wants by e-mail (邮件提醒)."""

    officer = models.OneToOneField("registry.Officer", models.PROTECT, related_name="mailing")
    address = models.EmailField()
    kinds = models.JSONField(blank=True)


class Robot(models.Model):
    """A group's robot (群机器人) that is told of an organisation's notices."""

    KINDS = [("wecom", "企业微信"), ("dingtalk", "钉钉")]
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="robots")
    kind = models.CharField(max_length=10, choices=KINDS)
    name = models.CharField(max_length=60)
    under_master = ("sealed_url", "sealed_secret")
    sealed_url = models.BinaryField()
    sealed_secret = models.BinaryField(blank=True)
    kinds = models.JSONField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "name"], condition=Q(ended_at=None), name="robot_name_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["wecom", "dingtalk"]), name="robot_of_a_known_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.name
