"""The survey in rounds: rosters as they were handed in, what did not agree, the frozen result."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Round(models.Model):
    """One round (排查轮次) of a year's survey: at most three, and then a conference (会商)."""

    ledgered = True
    STATES = [
        ("collecting", "上报中"),
        ("comparing", "比对中"),
        ("verifying", "核实中"),
        ("conferring", "会商中"),
        ("closed", "已办结"),
    ]
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )
    year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=STATES, default="collecting")
    opened_at = models.DateTimeField()
    compared_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    weights_version = models.CharField(max_length=20, blank=True)
    snapshot = models.CharField(max_length=64, blank=True)
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["year", "number"], name="round_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=3), name="round_one_to_three"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"


class Roster(models.Model):
    """A roster (花名册) handed in for a round, its rows sealed under a key of its own.

    The education list is read for matching alone: its key is destroyed when the round closes.
    """

    ledgered = True
    KINDS = [("town", "镇街花名册"), ("education", "教育学籍名单"), ("civil", "民政在册名单")]
    round = models.ForeignKey(Round, models.PROTECT, related_name="rosters")
    kind = models.CharField(max_length=10, choices=KINDS)
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    handed_in_at = models.DateTimeField()
    number_of_rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed = models.BinaryField()
    wrapped_key = models.BinaryField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["round", "kind", "organisation"], name="roster_one_of_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.organisation}"


class Mismatch(models.Model):
    """One thing that did not agree (不一致项), with an owner, a deadline and an explanation.

    `values` holds both sides and the explanation by field, sealed under the roster's key.
    `pair` is the keyed digest of the two rows, by which a decision is carried to later rounds.
    """

    ledgered = True
    STATES = [
        ("open", "待核实"),
        ("explained", "已说明"),
        ("corrected", "已更正"),
        ("confirmed", "已确认"),
        ("carried", "沿用前轮结论"),
    ]
    round = models.ForeignKey(Round, models.PROTECT, related_name="mismatches")
    code = models.CharField(max_length=2)
    roster = models.ForeignKey(Roster, models.PROTECT, null=True, blank=True, related_name="+")
    roster_row = models.PositiveIntegerField(null=True, blank=True)
    other = models.ForeignKey(Roster, models.PROTECT, null=True, blank=True, related_name="+")
    other_row = models.PositiveIntegerField(null=True, blank=True)
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=STATES, default="open")
    decision = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    weight = models.FloatField(default=0)
    pair = models.CharField(max_length=64, db_index=True)
    values = models.BinaryField()
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(second_by=None) | ~Q(second_by=F("decided_by")),
                name="mismatch_second_is_another",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["round", "code", "state"], name="mismatch_by_code"),
            models.Index(fields=["organisation", "state", "id"], name="mismatch_by_owner"),
        ]
