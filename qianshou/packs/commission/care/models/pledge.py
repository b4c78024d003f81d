"""What guardians and carers sign: 两书两清单."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from qianshou.kernel.clock import day_of


class Pledge(models.Model):
    """One signed document (两书两清单) of a child's guardian or carer, in one version.

    `document` is the text that was signed, `signature` the photograph of the paper or the
    hand-written signature of the phone; both lie sealed under the child's key. `ends_on` is the
    last day agreed on, where the document names one; `valid_to` is the day on which it was replaced.
    """

    ledgered = True
    KINDS = [
        ("duties", "监护人责任清单"),
        ("prohibitions", "监护人负面清单"),
        ("commitment", "监护人承诺书"),
        ("entrustment", "委托监护责任书"),
    ]
    SIGNERS = [("guardian", "监护人"), ("carer", "受委托人")]
    WAYS = [("paper", "纸质签署"), ("phone", "手机签署")]
    child = models.ForeignKey("care.Child", models.PROTECT, related_name="pledges")
    kind = models.CharField(max_length=14, choices=KINDS)
    template = models.CharField(max_length=64)
    signer = models.CharField(max_length=10, choices=SIGNERS)
    way = models.CharField(max_length=6, choices=WAYS)
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+"
    )
    signature = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    superseded_by = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="supersedes"
    )
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["child", "kind"], condition=Q(valid_to=None), name="pledge_one_valid"
            ),
            models.CheckConstraint(
                condition=Q(superseded_by=None) | Q(valid_to__isnull=False),
                name="pledge_superseded_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="pledge_days_in_order",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["signed_at"], name="pledge_by_day")]

    def __str__(self) -> str:
        return f"{self.child.code} · {self.get_kind_display()} · {day_of(self.signed_at)}"
