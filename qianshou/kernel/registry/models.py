"""Tables of the registry: what exists, and since when."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac


class Division(models.Model):
    """A unit of the administrative tree (行政区划), joined between sources by name, never by code."""

    KINDS = [
        ("district", "区县"),
        ("street", "街道"),
        ("town", "镇"),
        ("village", "村"),
        ("community", "社区"),
    ]
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=KINDS)
    name = models.CharField(max_length=60)
    code = models.CharField(max_length=20)
    code_system = models.CharField(max_length=40)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=120, blank=True)
    approximate = models.BooleanField(default=False)
    tokens = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["parent", "name"], name="division_name_once"),
            models.UniqueConstraint(fields=["code_system", "code"], name="division_code_once"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="division_validity_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """An organisation (机构) that acts: a town's command centre, a police station, a bureau."""

    KINDS = [
        ("district_centre", "区级指挥中心"),
        ("town_centre", "镇街基层治理指挥中心"),
        ("station", "派出所"),
        ("town", "镇街"),
        ("bureau", "区级部门"),
        ("village", "村（社区）"),
        ("school", "学校"),
    ]
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    name_en = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=KINDS)
    division = models.ForeignKey(Division, models.PROTECT, related_name="organisations")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    tokens = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="organisation_validity_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A kind of job (岗位), declared by a pack; what its holders may do is on this row."""

    REACHES = [("organisation", "本机构"), ("division", "本辖区"), ("district", "全区")]
    code = models.SlugField(max_length=40, primary_key=True)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80)
    pack = models.CharField(max_length=60)
    reach = models.CharField(max_length=12, choices=REACHES)
    acts = models.JSONField(default=list, blank=True)
    reads = models.JSONField(default=list, blank=True)
    tokens = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class OfficerManager(BaseUserManager["Officer"]):
    """Makes officers with hashed passwords."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Officer":
        """Return a new saved officer; without a password the account cannot log in."""
        officer = self.model(username=username, **fields)
        officer.set_password(password)
        officer.save()
        return officer

    def get_by_natural_key(self, username: str | None) -> "Officer":
        """Return the officer of this account name."""
        return self.get(username=username)


class Officer(AbstractBaseUser):
    """A member of staff (工作人员) with an account; three administrators exclude each other."""

    under_master = ("totp_sealed",)
    ROLES = [
        ("officer", "工作人员"),
        ("system", "系统管理员"),
        ("security", "安全管理员"),
        ("audit", "审计管理员"),
    ]
    username = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=40)
    role = models.CharField(max_length=10, choices=ROLES, default="officer")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    totp_sealed = models.BinaryField(null=True, blank=True)
    totp_since = models.DateTimeField(null=True, blank=True)
    totp_step = models.BigIntegerField(default=0)
    recovery = models.JSONField(default=list, blank=True)
    oidc_subject = models.CharField(max_length=400, null=True, blank=True, unique=True)
    tokens = models.TextField(blank=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[OfficerManager] = OfficerManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role__in=["officer", "system", "security", "audit"]),
                name="officer_has_one_role",
            ),
            models.CheckConstraint(
                condition=Q(totp_sealed=None, totp_since=None)
                | Q(totp_sealed__isnull=False, totp_since__isnull=False),
                name="officer_factor_since",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lacks_factor(self) -> bool:
        """Whether a second factor is still owed: administrators do nothing without one."""
        return self.role != "officer" and self.totp_since is None

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session is bound to: another password or another role ends it."""
        told = f"{self.password}/{self.role}"
        return salted_hmac("officer.session", told, secret=secret, algorithm="sha256").hexdigest()


class Posting(models.Model):
    """An officer holds a post in an organisation from a day to a day (任职)."""

    KINDS = [("holder", "任职"), ("deputy", "副职（AB 岗）"), ("acting", "代理")]
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="postings")
    post = models.ForeignKey(Post, models.PROTECT, related_name="postings")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="postings")
    kind = models.CharField(max_length=8, choices=KINDS, default="holder")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(to_date=None) | Q(to_date__gte=F("from_date")),
                name="posting_days_in_order",
            ),
            models.UniqueConstraint(
                fields=["officer", "post", "organisation", "from_date"], name="posting_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} · {self.officer}"


class Substitution(models.Model):
    """An officer stands in for another (代理) from a day to a day, in one pack or in all."""

    principal = models.ForeignKey(Officer, models.PROTECT, related_name="substitutes")
    substitute = models.ForeignKey(Officer, models.PROTECT, related_name="principals")
    pack = models.CharField(max_length=60, blank=True)
    from_date = models.DateField()
    to_date = models.DateField()
    reason = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(to_date__gte=F("from_date")), name="substitution_days_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(principal=F("substitute")), name="substitution_of_two"
            ),
            models.UniqueConstraint(
                fields=["principal", "substitute", "pack", "from_date"],
                condition=Q(ended_at=None),
                name="substitution_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["substitute", "to_date"],
                condition=Q(ended_at=None),
                name="substitution_of_substitute",
            )
        ]


class Shift(models.Model):
    """An officer sits at a post of a centre from an instant to an instant (值班)."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="shifts")
    post = models.ForeignKey(Post, models.PROTECT)
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    hand_over_note = models.TextField(blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="shift_acknowledged_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["organisation", "post", "officer", "starts_at"], name="shift_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "post", "ends_at"])]


class Catalogue(models.Model):
    """One version of a code table (代码表); a code is never reused with another meaning."""

    code = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    pack = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="catalogue_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(is_current=True), name="catalogue_one_current"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CatalogueEntry(models.Model):
    """One code of a catalogue, possibly below another."""

    catalogue = models.ForeignKey(Catalogue, models.CASCADE, related_name="entries")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    parent = models.CharField(max_length=60, blank=True)
    position = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["catalogue", "code"], name="catalogue_code_once")
        ]

    def __str__(self) -> str:
        return self.name


class CalendarYear(models.Model):
    """Whether the State Council's holiday notice of a year is in the table (else: provisional)."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    is_published = models.BooleanField()
    source = models.CharField(max_length=120, blank=True)


class CalendarDay(models.Model):
    """A day that differs from its weekday: a holiday, or a make-up working day."""

    day = models.DateField(primary_key=True)
    is_workday = models.BooleanField()
    name = models.CharField(max_length=40)


class Circle(models.Model):
    """The named people who need to know of a child, a party or one matter (知情范围).

    Whoever belongs to the circle that one lies in (`parent`), or to the one around that, belongs
    to it too: a village's circle holds those who need to know of each of its children.
    """

    about = models.CharField(max_length=60)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )


class CircleMember(models.Model):
    """An officer, or whoever sits at a seat, belongs to a circle in a role until it is ended.

    A membership counts while it has no end.
    """

    circle = models.ForeignKey(Circle, models.PROTECT, related_name="members")
    role = models.CharField(max_length=20)
    officer = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="circles"
    )
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, blank=True)
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(officer__isnull=False, organisation=None, post=None)
                | Q(officer=None, organisation__isnull=False, post__isnull=False),
                name="circle_member_is_officer_or_seat",
            ),
            models.CheckConstraint(
                condition=Q(to_date=None) | Q(to_date__gte=F("from_date")),
                name="circle_member_days_in_order",
            ),
            models.UniqueConstraint(
                fields=["circle", "officer", "role"],
                condition=Q(to_date=None, officer__isnull=False),
                name="circle_officer_once",
            ),
            models.UniqueConstraint(
                fields=["circle", "organisation", "post", "role"],
                condition=Q(to_date=None, officer=None),
                name="circle_seat_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["officer", "circle"], condition=Q(to_date=None), name="circles_of_officer"
            ),
            models.Index(
                fields=["organisation", "post", "circle"],
                condition=Q(to_date=None, officer=None),
                name="circles_of_seat",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer or self.organisation} · {self.from_date}"


class Pairing(models.Model):
    """A department, or a leader, stands by a town from a day to a day (结对帮扶)."""

    kind = models.SlugField(max_length=40)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="pairings"
    )
    officer = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="pairings"
    )
    division = models.ForeignKey(Division, models.PROTECT, related_name="pairings")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(officer__isnull=False, organisation=None)
                | Q(officer=None, organisation__isnull=False),
                name="pairing_of_officer_or_organisation",
            ),
            models.CheckConstraint(
                condition=Q(to_date=None) | Q(to_date__gte=F("from_date")),
                name="pairing_days_in_order",
            ),
            models.UniqueConstraint(
                fields=["kind", "organisation", "division"],
                condition=Q(to_date=None, officer=None),
                name="pairing_organisation_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "officer", "division"],
                condition=Q(to_date=None, officer__isnull=False),
                name="pairing_officer_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation or self.officer} · {self.division}"


class Person(models.Model):
    """A natural person (自然人) in the vault: sealed fields under a key of their own.

    Erasing the key erases the person; every reference and every ledger chain stays whole.
    """

    sealed = models.BinaryField()
    wrapped_key = models.BinaryField(null=True, blank=True)
    phone_digest = models.CharField(max_length=64, blank=True, db_index=True)
    identity_digest = models.CharField(max_length=64, blank=True, db_index=True)
    circle = models.ForeignKey(
        Circle, models.PROTECT, null=True, blank=True, related_name="persons"
    )
    erase_on = models.DateField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(wrapped_key=None, erased_at__isnull=False)
                | Q(wrapped_key__isnull=False, erased_at=None),
                name="person_key_until_erased",
            )
        ]


class MasterKey(models.Model):
    """A master key of the vault by its id: when it was first used, and when nothing was left to it."""

    key_id = models.CharField(max_length=16, unique=True)
    noted_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)


class LookupKey(models.Model):
    """The key of all keyed digests, wrapped by the master key, with the hash that they use."""

    algorithm = models.CharField(max_length=8)
    wrapped_key = models.BinaryField()


class Sheet(models.Model):
    """What is known of a person under one heading, sealed under the person's own key."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="sheets")
    kind = models.CharField(max_length=40)
    sealed = models.BinaryField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind"], name="sheet_once")
        ]


class Disclosure(models.Model):
    """Somebody opened what is sealed for a purpose, or tried to and was refused.

    Sheets of a `person`, or a row of another table by its `subject` in the ledger.
    """

    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="disclosures")
    subject = models.CharField(max_length=80, blank=True)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="disclosures")
    at = models.DateTimeField()
    kinds = models.CharField(max_length=200)
    purpose = models.CharField(max_length=200)
    allowed = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person=None) ^ Q(subject=""), name="disclosure_of_one"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["officer", "at"], name="disclosure_by_officer"),
            models.Index(fields=["person", "at"], name="disclosure_of_person"),
        ]


class Alert(models.Model):
    """Something that the security administrator should look at."""

    kind = models.CharField(max_length=40)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="alerts")
    at = models.DateTimeField()
    text = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300)
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")


class Mark(models.Model):
    """What holds of the whole database, such as that its people are invented."""

    name = models.CharField(max_length=40, unique=True)
