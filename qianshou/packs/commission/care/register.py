"""The register of children: taking a child in, finding the children one may see, their names."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from qianshou.kernel.access import Actor, circles_in_part, circles_near, circles_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import read_sheets, register_person
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, Division, Person, Sheet
from qianshou.kernel.registry.vault import keys_of, lookup_digest, open_value
from qianshou.packs.commission.care.circle import village_circle
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import IDENTITY

ALPHABET = "23456789ACDEFGHJKLMNPQRTUVWXY"
MOST_NAMES = 300


def new_code() -> str:
    """Return a code for a child from which nothing can be read: "H-" and seven signs."""
    return "H-" + "".join(secrets.choice(ALPHABET) for _ in range(7))


def register_child(
    identity: Mapping[str, Any],
    village: Division,
    *,
    sex: str,
    stage: str,
    sheets: Mapping[str, Mapping[str, Any]] | None = None,
    by: Actor,
    at: datetime,
) -> Child:
    """Take a candidate into the register with her circle, and return her as saved.

    `identity` holds name, identity_number, birth_date (ISO) and what else care.identity has;
    `sheets` the other sheets by kind. Refuses care.known for a child who is in it already.
    """
    number = str(identity.get("identity_number", ""))
    assert village.parent is not None
    with write_turn():
        _refuse_known(number)
        around = village_circle(village, by=by, at=at)
        circle = change_row(Circle(), {"about": "care.child", "parent": around}, by=by, at=at)
        person = register_person(
            {IDENTITY: identity, **(sheets or {})},
            circle=circle,
            identity_number=number,
            by=by,
            at=at,
        )
        return change_row(
            Child(),
            {
                "code": new_code(),
                "person": person,
                "circle": circle,
                "sex": sex,
                "birth_year": date.fromisoformat(str(identity["birth_date"])).year,
                "town": village.parent,
                "village": village,
                "stage": stage,
                "candidate_on": at.astimezone(CHINA).date(),
            },
            by=by,
            at=at,
        )


def _refuse_known(number: str) -> None:
    """Refuse a number that a child of the register has; two who ask at once wait for each other."""
    if not number:
        return
    digest = lookup_digest(number)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [digest])
    if Person.objects.filter(identity_digest=digest, child__isnull=False).exists():
        raise Refusal(
            "care.known",
            "这名儿童已在信息台账中",
            "This child is in the register already",
            "identity_number",
        )


def my_children(by: Actor) -> QuerySet[Child]:
    """Return the children in whose circles `by` is, in person or by a seat, but for one's pupils."""
    return Child.objects.filter(circle__in=circles_of(by))


def my_pupils(by: Actor) -> QuerySet[Child]:
    """Return the children in whose circles `by` is in a role of part only: a class teacher's."""
    return Child.objects.filter(circle__in=circles_in_part(by))


def near_children(by: Actor) -> QuerySet[Child]:
    """Return the children in whose circles `by` is in whatever role: whose wish one may collect."""
    return Child.objects.filter(circle__in=circles_near(by))


def masked(name: str) -> str:
    """Return a name as lists show it: the family name and a circle for each other character."""
    return name[:1] + "○" * (len(name) - 1)


def masked_names(children: Iterable[Child]) -> dict[int, str]:
    """Return each child's masked name by the child's id; "" where the key is gone (two queries).

    For children in whose circle the reader is; opening the whole name states a purpose.
    """
    return {pk: masked(name) for pk, name in _names_of(children).items()}


def find_by_name(children: QuerySet[Child], words: str) -> list[int]:
    """Return the ids of those whose name contains `words`, for a reader in whose circles they are.

    Refuses care.many for more than 300 children: names lie sealed and are opened to be compared.
    """
    found = list(children[: MOST_NAMES + 1])
    if len(found) > MOST_NAMES:
        raise Refusal(
            "care.many",
            f"儿童超过 {MOST_NAMES} 名，请按编号查找，或先选村（社区）",
            f"More than {MOST_NAMES} children: search by code, or choose a village first",
            "seek",
        )
    return [pk for pk, name in _names_of(found).items() if words in name]


def names_one(children: Iterable[Child], text: str) -> bool:
    """Whether a text holds the whole name of one of these children: for a rule that no page shows."""
    return any(name and name in text for name in _names_of(children).values())


def _names_of(children: Iterable[Child]) -> dict[int, str]:
    persons = {child.person_id: child.pk for child in children}
    rows = Sheet.objects.filter(person__in=persons, kind=IDENTITY).values_list("person", "sealed")
    kept = Person.objects.filter(pk__in=persons, wrapped_key__isnull=False)
    keys = keys_of(kept.values_list("pk", flat=True))
    names = dict.fromkeys(persons.values(), "")
    for person, sealed in rows:
        if person in keys:
            told = open_value(bytes(sealed).decode(), keys[person])
            names[persons[person]] = str(told.get("name", ""))
    return names


def birth_date_of(child: Child) -> date:
    """Return a child's birth date for a rule that no page shows; Refusal vault.erased."""
    key = keys_of([child.person_id])[child.person_id]
    told = read_sheets(child.person_id, [IDENTITY], key)[IDENTITY]
    return date.fromisoformat(str(told["birth_date"]))
