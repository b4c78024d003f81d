"""Many rows registered at once are what they would have been, registered one after the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.door.registering import New, change_row, history_of, insert_rows
from qianshou.kernel.door.sealing import change_sheet, history_of_sheet, new_person
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.models import Circle, CircleMember, Officer, Person, Sheet
from qianshou.kernel.registry.vault import key_of, seal_value

BY = Actor("officer", name="王芳")


class Undone(Exception):
    """Raised to take back what a test has written."""


def insert_circles(number: int, at: datetime, by: Actor = CLOCK) -> list[int]:
    return insert_rows(
        Circle, [New({"about": f"child {place}"}, by, at) for place in range(number)]
    )


def kept(circles: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return what rows and their entries say, each row called by its place."""
    told = []
    for place, pk in enumerate(circles):
        entry = Entry.objects.get(subject=f"circle/{pk}")
        body = entry.body.replace(f'"circle/{pk}"', f'"circle/{place}"')
        stored = Circle.objects.get(pk=pk)
        told.append(
            (stored.about, stored.parent, entry.seq, entry.act, entry.officer_id, entry.at, body)
        )
    return told


def test_rows_and_entries_are_those_of_change_row(db: None, at: datetime) -> None:
    expected: list[tuple[Any, ...]] = []
    with pytest.raises(Undone), transaction.atomic():
        made = [
            change_row(Circle(), {"about": f"child {place}"}, by=BY, at=at) for place in range(3)
        ]
        expected = kept([row.pk for row in made])
        raise Undone
    assert kept(insert_circles(3, at, BY)) == expected
    assert list(verify()) == []


def test_the_next_row_gets_the_next_id(db: None, at: datetime) -> None:
    first = insert_circles(5, at)
    following = change_row(Circle(), {"about": "one more"}, by=CLOCK, at=at)
    again = insert_circles(2, at)
    ids = [*first, following.pk, *again]
    assert ids == list(range(ids[0], ids[0] + 8))
    assert list(verify()) == []


def test_a_kept_row_is_changed_afterwards_like_any_other(db: None, at: datetime) -> None:
    row = Circle.objects.get(pk=insert_circles(2, at)[1])
    change_row(row, {"about": "another"}, by=CLOCK, at=at)
    assert [entry["act"] for entry in history_of(row)] == ["register", "amend"]
    assert history_of(row)[1]["before"] == {"about": "child 1"}
    assert list(verify()) == []


def test_sealed_sheets_are_inserted_with_their_history(db: None, at: datetime) -> None:
    made = [new_person(circle=None, at=at) for _ in range(2)]
    columns = ("sealed", "wrapped_key", "circle_id", "created_at")
    persons = insert_rows(
        Person, [New({name: getattr(row, name) for name in columns}, CLOCK, at) for row in made]
    )
    news = []
    for person in persons:
        whole = seal_value({"school": "实验小学"}, key_of(person))
        values = {
            "person_id": person, "kind": "care.school", "sealed": whole.encode(), "updated_at": at,
        }  # fmt: skip
        news.append(New(values, CLOCK, at, {"*": whole}))
    insert_rows(Sheet, news)
    change_sheet(persons[0], "care.school", {"school": "龙水中学"}, by=CLOCK, at=at)
    history = history_of_sheet(persons[0], "care.school", key_of(persons[0]))
    assert [line["values"]["school"] for line in history] == ["实验小学", "龙水中学"]
    assert list(verify()) == []
    Person.objects.filter(pk=persons[0]).update(sealed=b"x")
    assert list(verify()) != []


def test_nothing_is_inserted_where_one_row_is_refused(db: None, at: datetime) -> None:
    circle = Circle.objects.create(about="child")
    officer = Officer.objects.create(username="wang", name="王芳")
    values = {
        "circle_id": circle.pk, "officer_id": officer.pk, "role": "cadre", "from_date": at.date(),
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(CircleMember, [New(values, CLOCK, at) for _ in range(2)])
    assert not CircleMember.objects.exists()
    assert not Entry.objects.exists()


def test_no_rows_are_no_rows(db: None) -> None:
    assert insert_rows(Circle, []) == []
    assert not Entry.objects.exists()
