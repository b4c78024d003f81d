"""Tables of the list: matters, their open tasks, timers and messages awaited.

Only the door writes here (`worklist.change`); others read through `worklist.lists`.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

OPEN, DONE, CANCELLED = 0, 1, 2


class Series(models.Model):
    """The last number given of a series such as "LD-20261123"."""

    prefix = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveIntegerField()


class Matter(models.Model):
    """One thing being handled (事项) under one version of one procedure, from opening to outcome."""

    number = models.CharField(max_length=40, unique=True)
    procedure = models.CharField(max_length=80)
    version = models.ForeignKey("procedures.Version", models.PROTECT)
    title = models.CharField(max_length=200)
    level = models.CharField(max_length=20, blank=True)
    division = models.ForeignKey("registry.Division", models.PROTECT)
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=80, blank=True)
    state = models.TextField()
    seq = models.PositiveIntegerField()
    head = models.CharField(max_length=64)
    head_at = models.DateTimeField()
    receipt_digest = models.CharField(max_length=64, blank=True, db_index=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    supervised = models.BooleanField(default=False)
    suspended_at = models.DateTimeField(null=True)
    urged = models.PositiveSmallIntegerField(default=0)
    tokens = models.TextField(blank=True)
    circle = models.ForeignKey("registry.Circle", models.PROTECT, null=True)
    person = models.ForeignKey("registry.Person", models.PROTECT, null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="matter_closed_with_outcome",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["procedure", "opened_at"], name="matter_by_opening"),
            models.Index(fields=["division", "opened_at"], name="matter_by_division"),
        ]


class Party(models.Model):
    """An organisation that takes part in a matter, and so may see it."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="parties")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "matter"], name="party_once")
        ]


class Task(models.Model):
    """One step (任务) that somebody must do by a deadline."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="tasks")
    token = models.PositiveIntegerField()
    procedure = models.CharField(max_length=80)
    node = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    posts = models.CharField(max_length=200)
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT)
    division = models.ForeignKey("registry.Division", models.PROTECT)
    assignee = models.ForeignKey("registry.Officer", models.PROTECT, null=True)
    delegated_from = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, related_name="+"
    )
    level = models.CharField(max_length=20, blank=True)
    state = models.PositiveSmallIntegerField(default=OPEN)
    opened_at = models.DateTimeField()
    opened_seq = models.PositiveIntegerField()
    claimed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_seq = models.PositiveIntegerField(null=True)
    span = models.CharField(max_length=20)
    source = models.CharField(max_length=60)
    amber_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    blocks = models.ForeignKey("self", models.PROTECT, null=True, related_name="blocked_by")
    resume_node = models.CharField(max_length=120, blank=True, default="", db_default="")
    warned = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "token"], name="task_token_once"),
            models.CheckConstraint(
                condition=Q(state=OPEN, closed_at=None)
                | Q(state__gt=OPEN, closed_at__isnull=False),
                name="task_closed_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(delegated_from=None)
                | Q(assignee__isnull=False) & ~Q(assignee=models.F("delegated_from")),
                name="task_delegated_to_another",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["assignee", "due_at", "id"],
                condition=Q(state=OPEN, assignee__isnull=False),
                name="task_mine",
            ),
            models.Index(
                fields=["delegated_from", "due_at", "id"],
                condition=Q(state=OPEN, delegated_from__isnull=False),
                name="task_delegated",
            ),
            models.Index(
                fields=["organisation", "posts", "due_at", "id"],
                condition=Q(state=OPEN, assignee=None),
                name="task_pool",
            ),
            models.Index(
                fields=["organisation", "due_at", "id"],
                condition=Q(state=OPEN),
                name="task_organisation",
            ),
            models.Index(
                fields=["warned", "amber_at"], condition=Q(state=OPEN, warned=0), name="task_amber"
            ),
            models.Index(
                fields=["warned", "due_at"], condition=Q(state=OPEN, warned=1), name="task_late"
            ),
        ]


class Timer(models.Model):
    """A clock that a matter waits for; the worker fires it through the door."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="timers")
    token = models.PositiveIntegerField()
    node = models.CharField(max_length=120)
    span = models.CharField(max_length=20)
    due_at = models.DateTimeField(db_index=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "token"], name="timer_token_once")
        ]


class Subscription(models.Model):
    """A message that a matter waits for."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="subscriptions")
    token = models.PositiveIntegerField()
    message = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["matter", "token", "message"], name="subscription_token_once"
            )
        ]


class Link(models.Model):
    """Two matters that belong together (关联), or one merged into the other (并案)."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="links")
    other = models.ForeignKey(Matter, models.PROTECT, related_name="linked")
    kind = models.CharField(
        max_length=12, choices=[("related", "关联"), ("merged", "并案"), ("split", "拆分")]
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "other"], name="link_once"),
            models.CheckConstraint(condition=~Q(matter=models.F("other")), name="link_two_matters"),
        ]


class Copy(models.Model):
    """An officer may read a matter that does not come their way (抄送), until that is ended."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="copies")
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="copies")
    sender = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["matter", "officer"], condition=Q(ended_at=None), name="copy_once"
            )
        ]


class Notice(models.Model):
    """Something an officer, or whoever sits at a post, should read (通知); of a matter or none."""

    matter = models.ForeignKey(Matter, models.PROTECT, null=True, related_name="notices")
    kind = models.CharField(max_length=20)
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT)
    posts = models.CharField(max_length=200)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, null=True)
    text = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "posts", "id"], name="notice_by_post")
        ]


class Reading(models.Model):
    """That one officer has read a notice (已读)."""

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="readings")
    officer = models.ForeignKey("registry.Officer", models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "officer"], name="reading_once")
        ]
