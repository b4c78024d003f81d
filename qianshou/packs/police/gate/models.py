"""The gate's own tables: what its figures count. Kept true by the projection in gate.py."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from qianshou.packs.police.gate.watch import Watch

__all__ = ["Call", "CountedIncident", "Order", "SuggestionModel", "Watch"]


class Call(models.Model):
    """A call (诉求) as it stands: one row a matter of police.gate."""

    matter = models.OneToOneField("worklist.Matter", models.PROTECT, primary_key=True)
    received_at = models.DateTimeField()
    source = models.CharField(max_length=20)
    division = models.ForeignKey("registry.Division", models.PROTECT)
    kind = models.CharField(max_length=12, blank=True)
    category = models.CharField(max_length=40, blank=True)
    level = models.CharField(max_length=10, blank=True)
    lead = models.CharField(max_length=60, blank=True)
    triaged_at = models.DateTimeField(null=True)
    informed_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    signed_minutes = models.FloatField(null=True)
    returns = models.PositiveSmallIntegerField(default=0)
    is_joint = models.BooleanField(default=False)
    is_reversed = models.BooleanField(default=False)
    rounds = models.PositiveSmallIntegerField(default=1)
    verified_at = models.DateTimeField(null=True)
    satisfied = models.CharField(max_length=4, blank=True)
    is_on_time = models.BooleanField(default=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    cause_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["received_at"], name="call_received"),
            models.Index(fields=["division", "category", "received_at"], name="call_repeats"),
        ]


class Order(models.Model):
    """An order (工单) sent to one organisation, in either direction."""

    DIRECTIONS = [("out", "镇街派出"), ("police", "请公安到场"), ("joint", "单位协同")]
    matter = models.ForeignKey("worklist.Matter", models.PROTECT, related_name="orders")
    token = models.PositiveIntegerField()
    direction = models.CharField(max_length=8, choices=DIRECTIONS)
    organisation = models.CharField(max_length=60)
    division = models.ForeignKey("registry.Division", models.PROTECT)
    sent_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=9,
        choices=[
            ("sent", "待签收"),
            ("signed", "办理中"),
            ("returned", "已退回"),
            ("done", "已办"),
            ("withdrawn", "已撤回"),
        ],
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "token"], name="order_token_once"),
            models.CheckConstraint(
                condition=Q(state="sent", signed_at=None) | ~Q(state="sent"),
                name="order_sent_is_unsigned",
            ),
        ]


class SuggestionModel(models.Model):
    """One version of what ranks categories at triage (研判建议模型), with how often it was right.

    It was trained on `calls` triaged before the month `tested_month` (YYYY-MM) and tried on the
    `tested` calls of that month, which it had not seen (officers had, from version 2 on, seen an
    earlier version's list): the officer's category came first
    `first_hits` times, among the first three `three_hits` times; the rule table named it
    `rule_hits` times. `by_category` holds [tested, first, three] for each category.
    """

    version = models.PositiveIntegerField(unique=True)
    trained_at = models.DateTimeField()
    calls = models.PositiveIntegerField()
    tested_month = models.CharField(max_length=7)
    tested = models.PositiveIntegerField()
    first_hits = models.PositiveIntegerField()
    three_hits = models.PositiveIntegerField()
    rule_hits = models.PositiveIntegerField()
    by_category = models.JSONField()
    categories = models.JSONField()
    weights = models.BinaryField()
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(first_hits__lte=models.F("three_hits"))
                & Q(three_hits__lte=models.F("tested"))
                & Q(rule_hits__lte=models.F("tested")),
                name="suggestion_hits_of_tested",
            )
        ]


class CountedIncident(models.Model):
    """An incident (警情) as the register of 110 tells it for counting: when, where, of which
    category, whether a dispute led to it. No person, no address. A row that was an error is
    withdrawn, not deleted.
    """

    ledgered = True
    number = models.CharField(max_length=40, unique=True)
    received_at = models.DateTimeField()
    division = models.ForeignKey("registry.Division", models.PROTECT)
    category = models.CharField(max_length=40)
    in_street = models.BooleanField(default=False)
    from_dispute = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["received_at"], name="incident_received")]

    def __str__(self) -> str:
        return self.number
