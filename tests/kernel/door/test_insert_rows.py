"""Many rows registered at once are what they would have been, registered one after the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.door.registering import New, change_row, history_of, insert_rows
from qianshou.kernel.door.sealing import WHOLE, change_sheet, history_of_sheet, new_person
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.models import Circle, CircleMember, Officer, Person, Sheet
from qianshou.kernel.registry.vault import key_of, seal_value

BY = Actor("officer", name="王芳")


class Undone(Exception):
    """Raised to take back what a test has written."""


def inserted(number: int, by: Actor, at: datetime) -> list[Circle]:
    told = [New({"about": f"child {place}"}, by, at) for place in range(number)]
    return [Circle.objects.get(pk=pk) for pk in insert_rows(Circle, told)]


def kept(rows: Sequence[Circle]) -> list[tuple[Any, ...]]:
    """Return what rows and their entries say, each row called by its place."""
    told = []
    for place, row in enumerate(rows):
        entry = Entry.objects.get(subject=f"circle/{row.pk}")
        body = entry.body.replace(f'"circle/{row.pk}"', f'"circle/{place}"')
        stored = Circle.objects.get(pk=row.pk)
        told.append((stored.about, entry.seq, entry.act, entry.officer_id, entry.at, body))
    return told


def test_rows_and_entries_are_those_of_change_row(db: None, at: datetime) -> None:
    expected: list[tuple[Any, ...]] = []
    with pytest.raises(Undone), transaction.atomic():
        names = [f"child {place}" for place in range(3)]
        made = [change_row(Circle(), {"about": name}, by=BY, at=at) for name in names]
        expected = kept(made)
        raise Undone
    rows = inserted(3, BY, at)
    assert kept(rows) == expected
    assert list(verify()) == []


def test_the_next_row_gets_the_next_id(db: None, at: datetime) -> None:
    rows = inserted(5, CLOCK, at)
    following = change_row(Circle(), {"about": "one more"}, by=CLOCK, at=at)
    again = inserted(2, CLOCK, at)
    ids = [row.pk for row in (*rows, following, *again)]
    assert ids == list(range(ids[0], ids[0] + 8))
    assert list(verify()) == []


def test_a_kept_row_is_changed_afterwards_like_any_other(db: None, at: datetime) -> None:
    rows = inserted(2, CLOCK, at)
    change_row(rows[1], {"about": "another"}, by=CLOCK, at=at)
    assert [entry["act"] for entry in history_of(rows[1])] == ["register", "amend"]
    assert history_of(rows[1])[1]["before"] == {"about": "child 1"}
    assert list(verify()) == []


def test_sealed_sheets_are_inserted_with_their_history(db: None, at: datetime) -> None:
    made = [new_person(circle=None, at=at) for _ in range(2)]
    columns = ("sealed", "wrapped_key", "created_at")
    told = [{name: getattr(one, name) for name in columns} for one in made]
    persons = insert_rows(Person, [New(values, CLOCK, at) for values in told])
    news = []
    for person in persons:
        key = key_of(person)
        whole = seal_value({"school": "实验小学"}, key)
        values = {
            "person_id": person,
            "kind": "care.school",
            "sealed": whole.encode(),
            "updated_at": at,
        }
        news.append(New(values, CLOCK, at, {WHOLE: whole}))
    insert_rows(Sheet, news)
    first = persons[0]
    change_sheet(first, "care.school", {"school": "龙水中学"}, by=CLOCK, at=at)
    history = history_of_sheet(first, "care.school", key_of(first))
    assert [line["values"]["school"] for line in history] == ["实验小学", "龙水中学"]
    assert list(verify()) == []
    Person.objects.filter(pk=first).update(sealed=b"x")
    assert list(verify()) != []


def test_nothing_is_inserted_where_one_row_is_refused(db: None, at: datetime) -> None:
    circle = Circle.objects.create(about="child")
    officer = Officer.objects.create(username="wang", name="王芳")
    values = {
        "circle_id": circle.pk,
        "officer_id": officer.pk,
        "role": "cadre",
        "from_date": at.date(),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(CircleMember, [New(values, CLOCK, at) for _ in range(2)])
    assert not CircleMember.objects.exists()
    assert not Entry.objects.exists()


def test_no_rows_are_no_rows(db: None) -> None:
    insert_rows(Circle, [])
    assert not Entry.objects.exists()
