"""A child of the register: what may stand in the open, and whether she belongs in it."""

from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When

from qianshou.kernel.clock import day_of, now

IDENTITY, HOUSEHOLD = "care.identity", "care.household"
HEALTH, GUARDIANSHIP = "care.health", "care.guardianship"
SHEETS = (IDENTITY, HOUSEHOLD, HEALTH, GUARDIANSHIP)


class Child(models.Model):
    """A child (儿童) of the register, under a code that tells nothing.

    Name, numbers, birth date, address and the three registers 家庭, 健康, 监护 are sheets sealed
    under the key of `person`; `circle` names who alone may open them. `updated_on` is the day on
    which the registers were last found or made current.
    """

    ledgered = True
    SEXES = [("F", "女"), ("M", "男")]
    STAGES = [
        ("none", "未入学"),
        ("kindergarten", "幼儿园"),
        ("primary", "小学"),
        ("junior", "初中"),
        ("senior", "高中（中职）"),
        ("out", "失学辍学"),
    ]
    STATES = [
        ("candidate", "待核"),
        ("enrolled", "在册"),
        ("moved", "转出"),
        ("aged_out", "满龄"),
        ("ineligible", "不再符合"),
    ]
    code = models.CharField(max_length=12, unique=True)
    person = models.OneToOneField("registry.Person", models.PROTECT, related_name="child")
    circle = models.OneToOneField("registry.Circle", models.PROTECT, related_name="child")
    sex = models.CharField(max_length=1, choices=SEXES)
    birth_year = models.PositiveSmallIntegerField()
    town = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    village = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, choices=STAGES)
    state = models.CharField(max_length=10, choices=STATES, default="candidate")
    candidate_on = models.DateField()
    enrolled_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    updated_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="enrolled") | Q(enrolled_on__isnull=False, left_on=None),
                name="child_enrolled_on_some_day",
            ),
            models.CheckConstraint(
                condition=Q(enrolled_on=None) | Q(enrolled_on__gte=F("candidate_on")),
                name="child_days_in_order",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "state", "id"], name="child_by_town"),
            models.Index(fields=["state", "birth_year"], name="child_by_year"),
        ]

    def __str__(self) -> str:
        return self.code


class Enrolments(models.Manager["Enrolment"]):
    """Children with what is told of this month."""

    def get_queryset(self) -> "models.QuerySet[Enrolment]":
        """Return children, each with whether this month's look is done."""
        found: models.QuerySet[Enrolment] = super().get_queryset()
        month = day_of(now()).replace(day=1)
        return found.annotate(
            is_current=Case(
                When(updated_on__gte=month, then=Value(True)),
                default=Value(False),
                output_field=models.BooleanField(),
            ),
        )


class Enrolment(Child):
    """A child as the figures see her: current this month or not."""

    objects: ClassVar[Enrolments] = Enrolments()

    class Meta:
        app_label = "care"
        proxy = True


class Eligibility(models.Model):
    """Whether a child belonged in the register from a day on, and for which reasons (资格)."""

    ledgered = True
    child = models.ForeignKey(Child, models.PROTECT, related_name="eligibilities")
    is_eligible = models.BooleanField()
    reasons = models.JSONField(default=list)
    evidence = models.JSONField(default=list, blank=True)
    table = models.CharField(max_length=64)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, null=True, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["child"], condition=Q(valid_to=None), name="eligibility_one_current"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="eligibility_days_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.valid_from}"
