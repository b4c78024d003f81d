"""Tables of campaigns. Every row changes with an entry in the ledger, as those of the registry do."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Campaign(models.Model):
    """A campaign (专项行动) as its pack declared it; `groups` are its groups of measures in order,
    each with id, zh and en.
    """

    ledgered = True
    code = models.CharField(max_length=120, unique=True)
    pack = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    groups = models.JSONField(default=list, blank=True)
    began_date = models.DateField()

    def __str__(self) -> str:
        return self.name


class Measure(models.Model):
    """A measure (措施): who owns it, until when, how far it is, who declared it done and who
    verified that it is.
    """

    ledgered = True
    STATES = [("open", "推进中"), ("done", "待核验"), ("verified", "已核验")]
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="measures")
    number = models.PositiveSmallIntegerField()
    group = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=300)
    source = models.CharField(max_length=200)
    organisation = models.ForeignKey(
        "registry.Organisation", models.PROTECT, null=True, blank=True, related_name="measures"
    )
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="measures"
    )
    due_date = models.DateField()
    share = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=STATES, default="open")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "number"], name="measure_number_once"),
            models.CheckConstraint(condition=Q(share__lte=100), name="measure_share_to_100"),
            models.CheckConstraint(
                condition=Q(state="open", done_at=None, done_by=None)
                | Q(state__in=["done", "verified"], done_at__isnull=False, done_by__isnull=False),
                name="measure_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "done"], verified_at=None, verified_by=None)
                | Q(state="verified", verified_at__isnull=False, verified_by__isnull=False),
                name="measure_verified_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None) | ~Q(verified_by=F("done_by")),
                name="measure_verified_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Progress(models.Model):
    """What somebody told of a measure (进展): how far it is, that it is done, verified or not."""

    ledgered = True
    KINDS = [
        ("report", "进展"),
        ("done", "办结"),
        ("verified", "核验通过"),
        ("returned", "退回"),
    ]
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="progress")
    kind = models.CharField(max_length=8, choices=KINDS, default="report")
    share = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(share__lte=100), name="progress_share_to_100"),
            models.CheckConstraint(
                condition=~Q(text="") | Q(kind="verified"), name="progress_says_something"
            ),
        ]


class Evidence(models.Model):
    """A document that shows what was done for a measure (佐证)."""

    ledgered = True
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="evidence")
    document = models.ForeignKey("documents.Document", models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["measure", "document"], name="evidence_once")
        ]


class BudgetLine(models.Model):
    """A line of a campaign's budget (预算科目); `amount` in 分."""

    ledgered = True
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="lines")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    amount = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "code"], name="budget_line_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="budget_not_below_nothing"),
        ]

    def __str__(self) -> str:
        return self.name


class FundEntry(models.Model):
    """Money spent on a line (经费支出), with its voucher; `amount` in 分, below nought to take
    back. `reason` says why the line was overspent.
    """

    ledgered = True
    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="entries")
    amount = models.BigIntegerField()
    spent_date = models.DateField()
    text = models.CharField(max_length=200)
    voucher = models.ForeignKey("documents.Document", models.PROTECT, related_name="+")
    voucher_name = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount=0), name="fund_entry_not_nought"),
        ]
        indexes: ClassVar = [models.Index(fields=["line", "spent_date"], name="fund_by_line")]

    def __str__(self) -> str:
        return self.text
