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
        ("passing", "正在结转"),
        ("passed", "转入下轮"),
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
    seed = models.CharField(max_length=64, blank=True)
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
    One that is withdrawn stays until another is handed in, and is not compared. A bureau's list is
    shared: it says for what purpose and by which law (article row 17).
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
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    number_of_rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=200, blank=True)
    legal_basis = models.CharField(max_length=200, blank=True)
    sealed = models.BinaryField()
    wrapped_key = models.BinaryField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["round", "kind", "organisation"], name="roster_one_of_each"
            ),
            models.CheckConstraint(
                condition=Q(kind="town") | ~(Q(purpose="") | Q(legal_basis="")),
                name="roster_shared_for_a_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.organisation}"


class RosterDraft(models.Model):
    """A roster as it is being filled in: sealed, changed on the screen, gone when handed in."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="drafts")
    kind = models.CharField(max_length=10, choices=Roster.KINDS)
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    sealed = models.BinaryField()
    wrapped_key = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["round", "kind", "organisation"], name="roster_draft_one_of_each"
            )
        ]


class Comparison(models.Model):
    """How far the comparison of a round has come, and what it found, without a name.

    `confirmed` counts the rows that agree in everything, by list.
    `outcome` is the canonical text of lists, decisions and sample by digest (compressed);
    the snapshot of the closed round is made of it.
    """

    round = models.OneToOneField(Round, models.PROTECT, related_name="comparison")
    phase = models.CharField(max_length=20, default="waiting")
    percent = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=400, blank=True)
    confirmed = models.JSONField(default=dict)
    outcome = models.BinaryField(blank=True)


class Mismatch(models.Model):
    """One thing that did not agree (不一致项), with an owner, a deadline and an explanation.

    `values` holds the roster's side and the explanation sealed under the roster's key, the other
    side under the other list's: when that key is destroyed, so are its values.
    `pair` is the keyed digest of the rows, by which a decision is carried to later rounds.
    """

    ledgered = True
    STATES = [
        ("open", "待核实"),
        ("explained", "已说明"),
        ("corrected", "已更正"),
        ("confirmed", "已确认"),
        ("carried", "沿用前轮结论"),
        ("passed", "转入下轮"),
    ]
    CODES = [
        ("M1", "字段不一致"),
        ("C1", "证号相同、姓名或生日不符"),
        ("C2", "其余相同、证号不同"),
        ("A1", "候选不止一人"),
        ("D1", "花名册内重复"),
        ("D2", "学籍重复"),
        ("N1", "学籍中没有"),
        ("N2", "花名册中没有"),
        ("E1", "资格待定"),
    ]
    round = models.ForeignKey(Round, models.PROTECT, related_name="mismatches")
    code = models.CharField(max_length=2, choices=CODES)
    roster = models.ForeignKey(Roster, models.PROTECT, null=True, blank=True, related_name="+")
    roster_row = models.PositiveIntegerField(null=True, blank=True)
    other = models.ForeignKey(Roster, models.PROTECT, null=True, blank=True, related_name="+")
    other_row = models.PositiveIntegerField(null=True, blank=True)
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", models.PROTECT, related_name="+")
    partner = models.ForeignKey(
        "registry.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
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

    def __str__(self) -> str:
        return self.code


class Proof(models.Model):
    """A photograph or file of a home verification (入户核实佐证), sealed like its mismatch."""

    ledgered = True
    mismatch = models.ForeignKey(Mismatch, models.PROTECT, related_name="proofs")
    media_type = models.CharField(max_length=80)
    sealed = models.BinaryField()
    officer = models.ForeignKey("registry.Officer", models.PROTECT, related_name="+")
    at = models.DateTimeField()


class BlindCheck(models.Model):
    """One automatic match drawn for a blind audit: somebody judges it without the machine."""

    ledgered = True
    ANSWERS = [("", "待判"), ("same", "同一人"), ("apart", "不是同一人"), ("unsure", "无法判断")]
    round = models.ForeignKey(Round, models.PROTECT, related_name="blind_checks")
    place = models.PositiveIntegerField()
    roster = models.ForeignKey(Roster, models.PROTECT, related_name="+")
    roster_row = models.PositiveIntegerField()
    other = models.ForeignKey(Roster, models.PROTECT, related_name="+")
    other_row = models.PositiveIntegerField()
    division = models.ForeignKey("registry.Division", models.PROTECT, related_name="+")
    values = models.BinaryField()
    answer = models.CharField(max_length=6, choices=ANSWERS, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    officer = models.ForeignKey(
        "registry.Officer", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "place"], name="blind_check_place_once")
        ]
