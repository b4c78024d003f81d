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


def circles(number: int) -> list[Circle]:
    return [Circle(about=f"child {place}") for place in range(number)]


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
        made = [change_row(Circle(), {"about": one.about}, by=BY, at=at) for one in circles(3)]
        expected = kept(made)
        raise Undone
    rows = circles(3)
    insert_rows([New(row, BY, at) for row in rows])
    assert kept(rows) == expected
    assert list(verify()) == []


def test_the_next_row_gets_the_next_id(db: None, at: datetime) -> None:
    rows = circles(5)
    insert_rows([New(row, CLOCK, at) for row in rows])
    following = change_row(Circle(), {"about": "one more"}, by=CLOCK, at=at)
    again = circles(2)
    insert_rows([New(row, CLOCK, at) for row in again])
    ids = [row.pk for row in (*rows, following, *again)]
    assert ids == list(range(ids[0], ids[0] + 8))
    assert list(verify()) == []


def test_a_kept_row_is_changed_afterwards_like_any_other(db: None, at: datetime) -> None:
    rows = circles(2)
    insert_rows([New(row, CLOCK, at) for row in rows])
    change_row(rows[1], {"about": "another"}, by=CLOCK, at=at)
    assert [entry["act"] for entry in history_of(rows[1])] == ["register", "amend"]
    assert history_of(rows[1])[1]["before"] == {"about": "child 1"}
    assert list(verify()) == []


def test_sealed_sheets_are_inserted_with_their_history(db: None, at: datetime) -> None:
    persons = [new_person(circle=None, at=at) for _ in range(2)]
    insert_rows([New(row, CLOCK, at) for row in persons])
    news = []
    for row in persons:
        key = key_of(row.pk)
        told = seal_value({"school": "实验小学"}, key).encode()
        sheet = Sheet(person=row, kind="care.school", sealed=told, updated_at=at)
        sealed = {"school": seal_value("实验小学", key)}
        news.append(New(sheet, CLOCK, at, sealed))
    insert_rows(news)
    first = persons[0].pk
    change_sheet(first, "care.school", {"school": "龙水中学"}, by=CLOCK, at=at)
    history = history_of_sheet(first, "care.school", key_of(first))
    assert [line["values"]["school"] for line in history] == ["实验小学", "龙水中学"]
    assert list(verify()) == []
    Person.objects.filter(pk=first).update(phone_digest="x")
    assert list(verify()) != []


def test_nothing_is_inserted_where_one_row_is_refused(db: None, at: datetime) -> None:
    circle = Circle.objects.create(about="child")
    officer = Officer.objects.create(username="wang", name="王芳")
    rows = [
        CircleMember(circle=circle, officer=officer, role="cadre", from_date=at.date())
        for _ in range(2)
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([New(row, CLOCK, at) for row in rows])
    assert not CircleMember.objects.exists()
    assert not Entry.objects.exists()


def test_no_rows_are_no_rows(db: None) -> None:
    insert_rows([])
    assert not Entry.objects.exists()
