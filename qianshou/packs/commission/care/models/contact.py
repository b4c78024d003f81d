"""What people do with a child: visits, talks, letters home, wishes."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from qianshou.kernel.clock import day_of

ROLES = [
    ("cadre", "帮扶干部"),
    ("leader", "市管领导"),
    ("prosecutor", "「莎姐」检察官"),
    ("village", "村（社区）儿童主任"),
    ("grid_worker", "网格员"),
    ("social_worker", "儿童社工"),
    ("volunteer", "志愿者"),
    ("town", "镇街儿童督导员"),
]


class Contact(models.Model):
    """One visit (走访), talk (谈心谈话) or exchange with teacher or guardian, about one child.

    `note` is what was seen, sealed under the child's key; the place is a village, never a track.
    """

    ledgered = True
    KINDS = [
        ("visit", "走访"),
        ("talk", "谈心谈话"),
        ("teacher", "与班主任交流"),
        ("guardian", "与监护人交流"),
        ("survey", "摸排"),
    ]
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=8, choices=KINDS)
    role = models.CharField(max_length=14, choices=ROLES)
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    matter = models.ForeignKey(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.BinaryField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["child", "at"], name="contact_of_child"),
            models.Index(fields=["kind", "at"], name="contact_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.get_kind_display()} · {day_of(self.at)}"


class VisitDraft(models.Model):
    """What an officer has filled in of a visit's form and not sent yet, sealed under the child's key.

    `mark` is the form's own: once `sent_at` is set, the same form sent again is known as received.
    """

    matter = models.ForeignKey("worklist.Matter", models.PROTECT, related_name="+")
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    mark = models.CharField(max_length=40)
    sealed = models.BinaryField(blank=True)
    kept_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "officer"], name="visit_draft_once"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(sealed=b""), name="visit_draft_gone_when_sent"
            ),
        ]


class Vetting(models.Model):
    """That an officer's record was looked up before working close to children (入职查询).

    未成年人保护法 art. 62: on hiring and every year; without one that is valid nobody whose role
    asks for it records a contact.
    """

    ledgered = True
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    checked_on = models.DateField()
    valid_to = models.DateField()
    source = models.CharField(max_length=120)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["officer", "checked_on"], name="vetting_once_a_day"),
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("checked_on")), name="vetting_days_in_order"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["officer", "valid_to"], name="vetting_valid")]

    def __str__(self) -> str:
        return self.officer.name


class Letter(models.Model):
    """A letter home (家书): that it was written, sent and answered; its text is not kept."""

    ledgered = True
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="letters")
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(sent_at=None) | Q(sent_at__gte=F("written_at")))
                & (Q(answered_at=None) | Q(answered_at__gte=F("sent_at"))),
                name="letter_instants_in_order",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["sent_at"], name="letter_by_sending")]

    def __str__(self) -> str:
        return f"{self.child.code} · {day_of(self.written_at)}"


class Wish(models.Model):
    """A wish (微心愿) of a child on its way to being granted; donors never see who she is.

    `mark` is all that the public page and a donor's matter (`gift`) know it by.
    """

    ledgered = True
    STATES = [
        ("collected", "征集"),
        ("published", "公布"),
        ("claimed", "认领"),
        ("bought", "采购"),
        ("delivered", "送达"),
        ("granted", "已回访"),
        ("dropped", "未采纳"),
    ]
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="wishes")
    kind = models.CharField(max_length=20)
    band = models.CharField(max_length=12)
    text = models.CharField(max_length=60, blank=True)
    mark = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="collected")
    donor = models.CharField(max_length=60, blank=True)
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    collected_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )
    gift = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="granted") | Q(granted_at__isnull=False),
                name="wish_granted_at_some_time",
            ),
            models.UniqueConstraint(fields=["mark"], condition=~Q(mark=""), name="wish_mark_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "id"], name="wish_by_state")]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.text} · {self.get_state_display()}"
