"""Who may do what: one rule, as a filter over lists and as a check of single objects.

A person may do what a post they hold today lets them do, as far as the post reaches:
its organisation, its division, or the district. Administrators hold no post here and
read no matter.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from qianshou.kernel.clock import day_of
from qianshou.kernel.pack import packs, roles_of_part
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Officer,
    Person,
    Post,
    Posting,
    Sheet,
    Substitution,
)


@dataclass(frozen=True)
class Seat:
    """A post that an actor holds in an organisation, with what it may do.

    `names` and `post_names` are the organisation's and the post's, Chinese and English.
    """

    post: str
    organisation: int
    organisation_code: str
    division_path: str
    reach: str
    pack: str
    acts: frozenset[str]
    reads: frozenset[str]
    names: tuple[str, str] = ("", "")
    post_names: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Principal:
    """An officer whom somebody stands in for (代理) now, with the seats that this covers.

    The seats reach their own organisation and allow no act of a seat: a substitute does the
    principal's tasks and nothing else.
    """

    officer: int
    name: str
    seats: tuple[Seat, ...]

    def sits_at(self, organisation: int, posts: str) -> bool:
        """Whether one of the comma-separated `posts` in `organisation` is covered."""
        return _sits_at(self.seats, organisation, posts)


@dataclass(frozen=True)
class Actor:
    """Who acts: an officer with the seats held now, a resident with a receipt, the clock, or a
    reporter whom the ledger must not name. `principals` are those whom an officer stands in for.
    Not `in_person`, only what is addressed to the seats counts: neither memberships of circles, nor
    tasks elsewhere, nor copies that name the officer (a token narrowed to one seat).

    `known` keeps what was asked of the database about this actor, as long as the actor lives:
    one request or act.
    """

    kind: str
    officer: int | None = None
    name: str = ""
    role: str = "officer"
    seats: tuple[Seat, ...] = field(default=())
    receipt: str = ""
    principals: tuple[Principal, ...] = field(default=())
    in_person: bool = True
    known: dict[str, Any] = field(init=False, default_factory=dict, compare=False, repr=False)

    @cached_property
    def organisations(self) -> frozenset[int]:
        """The organisations in which this actor holds a seat."""
        return frozenset(seat.organisation for seat in self.seats)

    @cached_property
    def acts(self) -> frozenset[str]:
        """Every act that some seat of this actor allows."""
        return frozenset(act for seat in self.seats for act in seat.acts)

    def sits_at(self, organisation: int, posts: str) -> bool:
        """Whether one of the comma-separated `posts` in `organisation` is held now."""
        return _sits_at(self.seats, organisation, posts)


def _sits_at(seats: Iterable[Seat], organisation: int, posts: str) -> bool:
    wanted = posts.split(",")
    return any(seat.organisation == organisation and seat.post in wanted for seat in seats)


RESIDENT, REPORTER = "resident", "reporter"
CLOCK = Actor("clock", name="时钟")


def actor_of(officer: Officer, at: datetime) -> Actor:
    """Return `officer` with the seats that postings give at `at`, and those they stand in for.

    One query, two where there is somebody to stand in for. It does not go on: whoever stands in
    for a substitute does not stand in for the principal, nor does one who sits nowhere.
    """
    if officer.role != "officer":
        return Actor("officer", officer.pk, officer.name, officer.role)
    today = day_of(at)
    held: dict[int, list[Seat]] = {}
    with prepared_cursor() as cursor:
        cursor.execute(SEATS, [officer.pk, officer.pk, *[today] * 4])
        for whose, post, unit, code, path, reach, pack, acts, reads, *names in cursor.fetchall():
            seat = Seat(
                *(post, unit, code, path, reach, pack, _words(acts), _words(reads)),
                names=(names[0], names[1]),
                post_names=(names[2], names[3]),
            )
            held.setdefault(whose, []).append(seat)
    seats = tuple(held.pop(officer.pk, ()))
    principals = _principals(officer.pk, held, today) if seats and held else ()
    return Actor("officer", officer.pk, officer.name, officer.role, seats, principals=principals)


def _principals(
    substitute: int, held: Mapping[int, Iterable[Seat]], today: date
) -> tuple[Principal, ...]:
    nothing: frozenset[str] = frozenset()
    covering = Substitution.objects.filter(
        substitute=substitute, ended_at=None, from_date__lte=today, to_date__gte=today
    )
    found = []
    for officer, name, pack in covering.order_by("id").values_list(
        "principal", "principal__name", "pack"
    ):
        seats = tuple(
            replace(seat, reach="organisation", acts=nothing, reads=nothing)
            for seat in held.get(officer, ())
            if pack in ("", seat.pack)
        )
        if seats:
            found.append(Principal(officer, name, seats))
    return tuple(found)


# Asked at every request; in plain SQL because the ORM took longer over it than the database.
SEATS = """
SELECT posting.officer_id, post.code, organisation.id, organisation.code, division.path, post.reach,
       post.pack, post.acts, post.reads, organisation.name, organisation.name_en, post.name,
       post.name_en
FROM registry_posting posting
JOIN registry_post post ON post.code = posting.post_id
JOIN registry_organisation organisation ON organisation.id = posting.organisation_id
JOIN registry_division division ON division.id = organisation.division_id
WHERE posting.officer_id IN (
    SELECT CAST(%s AS bigint) UNION
    SELECT principal_id FROM registry_substitution WHERE substitute_id = %s
      AND ended_at IS NULL AND from_date <= %s AND to_date >= %s)
  AND posting.from_date <= %s AND (posting.to_date IS NULL OR posting.to_date >= %s)
ORDER BY posting.id"""


@lru_cache(maxsize=1024)
def _words(text: str) -> frozenset[str]:
    """Return the words of a JSON array as a column holds it."""
    return frozenset(json.loads(text))


@dataclass(frozen=True)
class Members:
    """Who belongs to a circle now: officers by id, and seats by (organisation, post).

    `parts` are those who belong to it in a role of part, by role: `hold` does not count them.
    """

    officers: frozenset[int]
    seats: frozenset[tuple[int, str]]
    parts: Mapping[str, "Members"] = field(default_factory=dict)

    def hold(self, by: Actor) -> bool:
        """Whether `by` is one of them, in person or by a seat; whoever sits nowhere now is not."""
        return bool(by.seats) and (
            (by.in_person and by.officer in self.officers)
            or any((seat.organisation, seat.post) in self.seats for seat in by.seats)
        )

    def roles_of(self, by: Actor) -> list[str]:
        """Return the roles of part in which `by` belongs to it."""
        return [role for role, members in self.parts.items() if members.hold(by)]


def members_of(circle: int) -> Members:
    """Return who belongs to a circle now, or to one of the two around it (one query).

    A union and not a disjunction, as in `_around`.
    """
    own = Circle.objects.filter(pk=circle)
    around = own.values("pk").union(own.values("parent"), own.values("parent__parent"))
    rows = CircleMember.objects.filter(circle__in=around, to_date=None).only(
        "role", "officer", "organisation", "post"
    )
    whole, parts = list[CircleMember](), dict[str, list[CircleMember]]()
    for row in rows:
        (parts.setdefault(row.role, []) if row.role in roles_of_part() else whole).append(row)
    found = _members(whole)
    return replace(found, parts={role: _members(held) for role, held in parts.items()})


def _members(rows: Iterable[CircleMember]) -> Members:
    officers, seats = set(), set()
    for row in rows:
        if row.officer_id is not None:
            officers.add(row.officer_id)
        elif row.organisation_id is not None and row.post_id is not None:
            seats.add((row.organisation_id, row.post_id))
    return Members(frozenset(officers), frozenset(seats))


def circles_of(by: Actor) -> QuerySet[Circle]:
    """Return the circles to which `by` belongs now, in person or by a seat, as `Members.hold`."""
    return _around(_memberships(by).exclude(role__in=list(roles_of_part())))


def circles_near(by: Actor) -> QuerySet[Circle]:
    """Return the circles to which `by` belongs now in whatever role, those of part as well."""
    return _around(_memberships(by))


def circles_in_part(by: Actor) -> QuerySet[Circle]:
    """Return the circles to which `by` belongs now in a role of part and in no other."""
    parts = _memberships(by).filter(role__in=list(roles_of_part()))
    return _around(parts).exclude(pk__in=circles_of(by))


def _memberships(by: Actor) -> QuerySet[CircleMember]:
    named = by.officer is not None and by.seats and by.in_person
    rule = Q(officer=by.officer) if named else Q(pk__in=())
    for seat in by.seats:
        rule |= Q(officer=None, organisation=seat.organisation, post=seat.post)
    return CircleMember.objects.filter(rule, to_date=None)


def _around(members: QuerySet[CircleMember]) -> QuerySet[Circle]:
    """Return the circles of these memberships with those inside them.

    A union and not a disjunction: each part is an index range, however many circles there are.
    """
    own = members.values("circle")
    inner = Circle.objects.filter(parent__in=own).values("pk")
    innermost = Circle.objects.filter(parent__parent__in=own).values("pk")
    return Circle.objects.filter(pk__in=own.union(inner, innermost))


@dataclass(frozen=True)
class Standing:
    """What the rule needs to know of a matter: its pack, where it lies, who takes part.

    `receipts` are the digests of the receipts under which residents follow it. Where a matter
    has a `circle`, its members alone see it, whatever organisation or reach others have.
    """

    pack: str
    division_path: str
    organisations: frozenset[int]
    receipts: frozenset[str] = frozenset()
    circle: Members | None = None


def reaches(seat: Seat, standing: Standing) -> bool:
    """Whether `seat` sees a matter of this standing."""
    if seat.pack != standing.pack:
        return False
    if seat.reach == "district" or seat.organisation in standing.organisations:
        return True
    return seat.reach == "division" and standing.division_path.startswith(seat.division_path)


def may_see(by: Actor, standing: Standing) -> bool:
    """Whether `by` may see a matter of this standing; the same rule as `visible_matters`."""
    if by.kind == "clock":
        return True
    if by.kind == "resident":
        return by.receipt in standing.receipts
    if standing.circle is not None:
        return standing.circle.hold(by)
    return any(reaches(seat, standing) for seat in by.seats) or any(
        reaches(seat, standing) for principal in by.principals for seat in principal.seats
    )


def may_act(by: Actor, act: str, standing: Standing) -> bool:
    """Whether one seat of the matter's pack both reaches it and allows `act`."""
    return any(
        act in seat.acts and seat.pack == standing.pack and _counts(by, seat, standing)
        for seat in by.seats
    )


def _counts(by: Actor, seat: Seat, standing: Standing) -> bool:
    """Whether a seat of `by` counts for a matter: inside a circle any seat of a member does."""
    if standing.circle is not None:
        return standing.circle.hold(by)
    return reaches(seat, standing)


def seats_allowed(act: str, standing: Standing) -> set[tuple[int, str]]:
    """Return (organisation, post) of the pack's seats that reach the matter and allow `act`.

    The rule of `may_act`, turned round (two queries); whoever has such a seat, now or later.
    """
    posts = [
        code
        for code, allowed in Post.objects.filter(pack=standing.pack).values_list("code", "acts")
        if act in allowed
    ]
    parts = standing.division_path.split(".")
    above = [f"{'.'.join(parts[:length])}." for length in range(1, len(parts))]
    if standing.circle is not None:
        held = Q(officer__in=standing.circle.officers)
        for organisation, post in standing.circle.seats:
            held |= Q(organisation=organisation, post=post)
        return set(
            Posting.objects.filter(held, post__in=posts)
            .values_list("organisation", "post")
            .distinct()
        )
    reached = (
        Q(organisation__in=standing.organisations)
        | Q(post__reach="district")
        | Q(post__reach="division", organisation__division__path__in=above)
    )
    return set(
        Posting.objects.filter(reached, post__in=posts)
        .values_list("organisation", "post")
        .distinct()
    )


def may_read(by: Actor, kind: str, standing: Standing) -> bool:
    """Whether a seat that reaches the matter may read the class of data `kind`."""
    return any(kind in seat.reads and _counts(by, seat, standing) for seat in by.seats)


def visible_matters(by: Actor, procedures_of: Mapping[str, Iterable[str]]) -> Q:
    """Return the filter over matters that `by` may see.

    `procedures_of` maps a pack's id to its procedures. The same rule as `may_see`.
    """
    if by.kind != "officer" or by.officer is None:
        return Q(pk__in=())
    circles = Q(circle__in=circles_of(by))
    if not by.seats:
        return circles
    rule = Q(pk__in=())
    covered = (seat for principal in by.principals for seat in principal.seats)
    for seat in (*by.seats, *covered):
        within = Q(procedure__in=list(procedures_of.get(seat.pack, ())))
        reached = Q(parties__organisation=seat.organisation)
        if seat.reach == "division":
            reached |= Q(division__path__startswith=seat.division_path)
        rule |= within if seat.reach == "district" else within & reached
    return (Q(circle=None) & rule) | circles


def not_hidden(by: Actor, matter: str = "") -> Q:
    """Return the filter over matters that no circle hides from `by`, or over rows that point at
    one by `matter` (ending in "__").
    """
    return Q(**{f"{matter}circle": None}) | Q(**{f"{matter}circle__in": circles_of(by)})


def own_circles() -> QuerySet[Circle]:
    """Return the circles of single matters: those that are about a procedure."""
    return Circle.objects.filter(about__in=[key for pack in packs() for key in pack.procedures])


def hidden_rows(by: Actor) -> list[QuerySet[Any, Any]]:
    """Return the ledger's subjects of the registry's rows that tell of matters hidden from `by`.

    That one matter's own circle is there, who belongs to it, and that a person is kept for it,
    tell that there is the matter.
    """
    own = own_circles().exclude(pk__in=circles_of(by))
    rows: tuple[QuerySet[Any, Any], ...] = (
        own,
        CircleMember.objects.filter(circle__in=own),
        Person.objects.filter(circle__in=own),
        Sheet.objects.filter(person__circle__in=own),
    )
    return [
        found.annotate(
            subject=Concat(
                Value(f"{found.model._meta.model_name}/"),
                Cast("pk", TextField()),
                output_field=TextField(),
            )
        ).values("subject")
        for found in rows
    ]


def holds_task(by: Actor, assignee: int | None, organisation: int, posts: str) -> bool:
    """Whether a task is this actor's to do: at a post they hold or stand in for, free or assigned
    to its holder.
    """
    own = assignee in (None, by.officer) and by.sits_at(organisation, posts)
    return own or principal_at(by, assignee, organisation, posts) is not None


def principal_at(
    by: Actor, assignee: int | None, organisation: int, posts: str
) -> Principal | None:
    """Return for whom `by` would do a task as a substitute; None where it is theirs, or is not to
    be done.
    """
    if assignee in (None, by.officer) and by.sits_at(organisation, posts):
        return None
    found = (
        one
        for one in by.principals
        if assignee in (None, one.officer) and one.sits_at(organisation, posts)
    )
    return next(found, None)


def require(allowed: bool, code: str = "access.denied") -> None:
    """Raise Refusal `code` unless `allowed`; the sentence does not tell what exists."""
    if not allowed:
        raise Refusal(
            code,
            "您的岗位不能办理此事；如确需办理，请联系本单位管理员",
            "Your post does not allow this; ask your administrator if you need it",
        )
