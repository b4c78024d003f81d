"""Persons whose sheets lie sealed: registering them, changing them, opening them for a purpose.

A sheet is what is known of a person under one heading ("care.health"). Its entries keep every
changed field sealed under the person's own key, so that erasing the key erases its history too.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Model

from qianshou.kernel.access import Actor, circles_of, members_of, require
from qianshou.kernel.door.alerts import NIGHT, is_night, raise_alert, was_raised
from qianshou.kernel.door.registering import change_row, history_of, subject_of, write_down
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import roles_of_part
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Circle, Disclosure, Person, Sheet
from qianshou.kernel.registry.vault import (
    key_of,
    keys_of,
    lookup_digest,
    master_key,
    open_value,
    seal_value,
)

FAILED, FAILED_WITHIN = 3, timedelta(days=1)
MANY, MANY_WITHIN = 30, timedelta(minutes=10)
WHOLE = "*"  # what an entry keeps of a sheet's first writing: all of it, sealed once


def new_person(identity_number: str = "", *, circle: Circle | None, at: datetime) -> Person:
    """Return a person not yet saved, with a key of their own and no sheet.

    By the keyed digest of `identity_number` the person is found again; only `circle` may open
    what is sealed.
    """
    key = cipher.new_key()
    return Person(
        sealed=cipher.seal_fields({}, key),
        wrapped_key=cipher.wrap_key(key, master_key()),
        identity_digest=lookup_digest(identity_number),
        circle=circle,
        created_at=at,
    )


def register_person(
    sheets: Mapping[str, Mapping[str, Any]],
    *,
    circle: Circle | None = None,
    identity_number: str = "",
    by: Actor,
    at: datetime,
) -> Person:
    """Register a person with sealed sheets, {kind: {field: value}}, and return it as saved."""
    person = new_person(identity_number, circle=circle, at=at)
    with write_turn():
        person.save()
        written = {"circle": person.circle_id, "created_at": at.isoformat()}
        write_down(person, "register", {}, written, by=by, at=at)
        for kind, values in sheets.items():
            change_sheet(person.pk, kind, values, by=by, at=at)
    return person


def change_sheet(
    person: int, kind: str, values: Mapping[str, Any], *, by: Actor, at: datetime, reason: str = ""
) -> list[str]:
    """Set fields of a person's sheet (None takes one away) and return the names that changed.

    The caller has asked whether `by` may. Raises Refusal vault.erased.
    """
    with write_turn():
        key = key_of(person)
        row = Sheet.objects.select_for_update().filter(person=person, kind=kind).first()
        before = open_value(bytes(row.sealed).decode(), key) if row is not None else {}
        changed = {
            name: value
            for name, value in values.items()
            if before.get(name) != value or (name not in before and value is not None)
        }
        if row is not None and not changed:
            return []
        kept = {name: value for name, value in {**before, **values}.items() if value is not None}
        whole = seal_value(kept, key)
        change_row(
            row or Sheet(person_id=person, kind=kind),
            {
                "person": Person(pk=person),
                "kind": kind,
                "sealed": whole.encode(),
                "updated_at": at,
            },
            by=by,
            at=at,
            reason=reason,
            sealed={name: seal_value(value, key) for name, value in changed.items()}
            if row is not None
            else {WHOLE: whole},
        )
    return list(changed)


def open_sheets(
    person: int, kinds: Collection[str], *, by: Actor, at: datetime, purpose: str
) -> dict[str, dict[str, Any]]:
    """Return a person's sheets in clear, {kind: {field: value}}, after writing down the purpose.

    For members of the person's circle whose posts read every kind asked for; a member in a role of
    part gets the fields that it opens, and those are what is written down (个人信息保护法 art. 6:
    no more than the purpose needs). Refuses a missing purpose (door.purpose), everybody else
    (access.denied, written down as well) and a person who has been erased (vault.erased). Three
    refusals in a day, thirty openings in ten minutes, or one between ten and six at night raise an
    alert for the security administrator.
    """
    require_text(purpose, "purpose", "请写明查看用途", "Please say what you need it for")
    row = Person.objects.filter(pk=person).first()
    fields = {} if row is None else openable(by, row)
    if row is None or not set(kinds) <= set(fields):
        if row is not None:
            note_openings([row], kinds, purpose, by, at, allowed=False)
        require(False)
    assert row is not None
    with write_turn():
        key = key_of(person)
        opened = [name for kind in kinds for name in _told_of(kind, fields[kind])]
        told = f"{','.join(opened)}：{purpose}"[:400]
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=told)
        note_openings([row], opened, purpose, by, at, allowed=True)
    return {
        kind: {name: value for name, value in sheet.items() if _is_in(name, fields[kind])}
        for kind, sheet in read_sheets(person, kinds, key).items()
    }


def _told_of(kind: str, names: frozenset[str] | None) -> list[str]:
    return [kind] if names is None else [f"{kind}.{name}" for name in sorted(names)]


def _is_in(name: str, names: frozenset[str] | None) -> bool:
    return names is None or name in names


def open_sheets_of(
    persons: Collection[int], kinds: Collection[str], *, by: Actor, at: datetime, purpose: str
) -> dict[int, dict[str, dict[str, Any]]]:
    """Return the sheets of several persons, {person: {kind: {field: value}}}, each written down.

    For each of them as `open_sheets`; refused whole, and written down of each, where one of them
    may not be opened (access.denied). Thirty at once count as thirty openings.
    """
    require_text(purpose, "purpose", "请写明查看用途", "Please say what you need it for")
    rows = list(Person.objects.filter(pk__in=persons).order_by("pk"))
    mine = {row.pk for row in Person.objects.filter(pk__in=persons, circle__in=circles_of(by))}
    if mine != set(persons) or not set(kinds) <= kinds_read(by):
        note_openings(rows, kinds, purpose, by, at, allowed=False)
        require(False)
    with write_turn():
        keys = keys_of(persons)
        told = f"{','.join(kinds)}：{purpose}"[:400]
        for row in rows:
            write_down(row, "disclose", {}, {}, by=by, at=at, reason=told)
        note_openings(rows, kinds, purpose, by, at, allowed=True)
    opened: dict[int, dict[str, dict[str, Any]]] = {
        person: {kind: {} for kind in kinds} for person in persons
    }
    for sheet in Sheet.objects.filter(person__in=persons, kind__in=list(kinds)):
        key = keys[sheet.person_id]
        opened[sheet.person_id][sheet.kind] = open_value(bytes(sheet.sealed).decode(), key)
    return opened


def open_own_sheets(
    person: int, kinds: Collection[str], *, by: Actor, at: datetime, purpose: str
) -> dict[str, dict[str, Any]]:
    """Return a person's sheets for themselves or their guardian, after writing it down as such.

    The caller has made sure of who asks. Raises Refusal vault.erased.
    """
    with write_turn():
        key = key_of(person)
        row = Person.objects.get(pk=person)
        told = f"{','.join(kinds)}：{purpose}"[:400]
        write_down(row, "disclose", {}, {}, by=by, at=at, reason=told)
        Disclosure.objects.create(
            person=row, officer=None, at=at, kinds=",".join(kinds)[:200], purpose=purpose[:200],
            allowed=True,
        )  # fmt: skip
    return read_sheets(person, kinds, key)


def openable(by: Actor, person: Person) -> dict[str, frozenset[str] | None]:
    """Return the kinds of a person's sheets that `by` may open, with their fields: None for all.

    A member of the person's circle opens what some seat of theirs reads; a member in a role of
    part of that only the fields that the pack declares for it. Everybody else opens nothing.
    """
    if person.circle_id is None:
        return {}
    members = members_of(person.circle_id)
    read = kinds_read(by)
    if members.hold(by):
        return dict.fromkeys(read)
    found: dict[str, frozenset[str] | None] = {}
    for role in members.roles_of(by):
        for kind, names in roles_of_part()[role].opens.items():
            if kind in read:
                found[kind] = frozenset(names) | (found.get(kind) or frozenset())
    return found


def may_open(by: Actor, person: Person, kinds: Collection[str]) -> bool:
    """Whether `by` is in the person's circle and opens every one of `kinds` whole."""
    found = openable(by, person)
    return all(kind in found and found[kind] is None for kind in kinds)


def kinds_read(by: Actor) -> set[str]:
    """Return the kinds of sheets that some seat of `by` reads."""
    return {kind for seat in by.seats for kind in seat.reads}


def read_sheets(person: int, kinds: Collection[str], key: bytes) -> dict[str, dict[str, Any]]:
    """Return sheets in clear without writing anything down: for rules that no page shows."""
    rows = Sheet.objects.filter(person=person, kind__in=list(kinds))
    found = {row.kind: open_value(bytes(row.sealed).decode(), key) for row in rows}
    return {kind: found.get(kind, {}) for kind in kinds}


def note_openings(
    of: Collection[Model],
    kinds: Collection[str],
    purpose: str,
    by: Actor,
    at: datetime,
    *,
    allowed: bool,
) -> None:
    """Enter openings of persons' sheets or of sealed rows, or refused ones, in the log that
    guardians and administrators read; what is unusual raises an alert (`open_sheets`).
    """
    with write_turn():
        Disclosure.objects.bulk_create(
            Disclosure(
                person=one if isinstance(one, Person) else None,
                subject="" if isinstance(one, Person) else subject_of(one),
                officer_id=by.officer,
                at=at,
                kinds=",".join(kinds)[:200],
                purpose=purpose[:200],
                allowed=allowed,
            )
            for one in of
        )
        mine = Disclosure.objects.filter(officer=by.officer, allowed=allowed)
        failed = not allowed and mine.filter(at__gt=at - FAILED_WITHIN).count() >= FAILED
        if failed and not was_raised("refused", by, at - FAILED_WITHIN):
            raise_alert(
                "refused",
                "一日内三次打开被拒绝",
                "was refused three openings in a day",
                by=by,
                at=at,
            )
        many = allowed and mine.filter(at__gt=at - MANY_WITHIN).count() >= MANY
        if many and not was_raised("many", by, at - MANY_WITHIN):
            raise_alert(
                "many", "十分钟内打开三十次", "opened thirty sheets in ten minutes", by=by, at=at
            )
        if allowed and is_night(at) and not was_raised("night", by, at - NIGHT):
            raise_alert(
                "night", "夜间（22 时至 6 时）打开", "opened a sheet at night", by=by, at=at
            )


def history_of_sheet(person: int, kind: str, key: bytes) -> list[dict[str, Any]]:
    """Return a sheet's changes, oldest first: at, by, reason and the fields as they became."""
    row = Sheet.objects.filter(person=person, kind=kind).first()
    return [
        {
            "at": datetime.fromisoformat(entry["at"]),
            "by": entry["by"],
            "reason": entry.get("reason", ""),
            "values": _values_of(entry.get("sealed") or {}, key),
        }
        for entry in (history_of(row) if row is not None else [])
    ]


def _values_of(sealed: Mapping[str, str], key: bytes) -> dict[str, Any]:
    if WHOLE in sealed:
        whole: dict[str, Any] = open_value(sealed[WHOLE], key)
        return whole
    return {name: open_value(text, key) for name, text in sealed.items()}


def erase_person(person: int, *, by: Actor, at: datetime, reason: str) -> None:
    """Destroy a person's key, and write down that and why; what was sealed is gone for good.

    Nothing happens to a person erased already. Refuses a missing reason (door.reason).
    """
    require_text(reason, "reason", "请写明理由", "Please give a reason")
    with write_turn():
        row = Person.objects.select_for_update().get(pk=person)
        if row.wrapped_key is None:
            return
        row.wrapped_key, row.erased_at, row.erase_on = None, at, None
        row.phone_digest = row.identity_digest = ""
        row.save()
        write_down(
            row, "amend", {}, {"wrapped_key": None, "erased_at": at.isoformat(), "erase_on": None},
            by=by, at=at, reason=reason,
        )  # fmt: skip


def keep_until(person: int, day: date | None, *, by: Actor, at: datetime, reason: str) -> None:
    """Say on which day a person's key is to be destroyed (the worker does it), or never."""
    change_row(Person.objects.get(pk=person), {"erase_on": day}, by=by, at=at, reason=reason)
