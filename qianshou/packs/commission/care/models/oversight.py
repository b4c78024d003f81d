"""Looking again: the quarterly sample, and what is handed over when somebody goes."""

from typing import ClassVar

from django.db import models


class Sample(models.Model):
    """A quarter's random sample (督查抽样): drawn from a seed that anybody can draw it from again.

    `frozen` are the children of that day, a line "town code" each, in order and packed; `digest` is
    that text's. `shift` says by how many towns on the visitors of a town sit.
    """

    ledgered = True
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    seed = models.CharField(max_length=64)
    size = models.PositiveSmallIntegerField()
    population = models.PositiveIntegerField()
    percent = models.PositiveSmallIntegerField()
    least = models.PositiveSmallIntegerField()
    shift = models.PositiveSmallIntegerField()
    frozen = models.BinaryField()
    digest = models.CharField(max_length=64)
    drawn_at = models.DateTimeField()
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["year", "quarter"], name="sample_once_a_quarter")
        ]

    def __str__(self) -> str:
        return f"{self.year} Q{self.quarter}"


class SampleVisit(models.Model):
    """One child of a sample, looked at by somebody of another town: the outcome, not the effort."""

    ledgered = True
    OUTCOMES = [("", "待查"), ("good", "落实到位"), ("part", "部分落实"), ("poor", "未落实")]
    sample = models.ForeignKey(Sample, models.PROTECT, related_name="visits")
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="+")
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=4, choices=OUTCOMES, blank=True)
    findings = models.PositiveSmallIntegerField(default=0)
    visited_at = models.DateTimeField(null=True, blank=True)
    rectified_at = models.DateTimeField(null=True, blank=True)
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sample", "child"], name="sample_child_once")
        ]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.get_outcome_display()}"


class Handover(models.Model):
    """A child handed over (交接): the cadre changes, the child moves, or turns sixteen."""

    ledgered = True
    KINDS = [("cadre", "帮扶干部调整"), ("moved", "儿童迁出"), ("aged_out", "年满十六周岁")]
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="handovers")
    kind = models.CharField(max_length=8, choices=KINDS)
    giver = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    taker = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    note = models.BinaryField(blank=True)
    opened_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    matter = models.OneToOneField(
        "worklist.Matter", models.PROTECT, null=True, blank=True, related_name="+"
    )


class Commendation(models.Model):
    """Thanks in public to somebody for one thing done (激励): a reason, never points."""

    ledgered = True
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    given_on = models.DateField()
    given_by = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(officer=models.F("given_by")), name="commendation_by_another"
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer.name} · {self.given_on}"
