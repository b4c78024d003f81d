"""Many matters opened at once are what they would have been, opened one after the other."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from qianshou.kernel import door
from qianshou.kernel.door import acts
from qianshou.kernel.door.hands import SEALED
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Person
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.kernel.worklist.lists import list_tasks, search_condition
from qianshou.kernel.worklist.models import Matter, Party, Task, Timer
from tests.kernel.conftest import LOOP, QUIET, Office, Quiet

IDS = ("id", "matter_id")


def loops(number: int) -> list[acts.Open]:
    return [acts.Open(LOOP, {"title": f"噪音{place}"}, "open") for place in range(number)]


def kept() -> list[list[dict[str, Any]]]:
    """Return every row that openings leave, without ids."""
    tables = (Matter, Party, Task, Timer, Entry)
    return [
        [{name: value for name, value in row.items() if name not in IDS} for row in rows_of(table)]
        for table in tables
    ]


def rows_of(table: Any) -> Any:
    found = table.objects.order_by("pk")
    return (found.filter(act="open") if table is Entry else found).values()


class Undone(Exception):
    """Raised to take back what a test has written."""


def one_by_one(opens: list[acts.Open], by: Any, at: datetime) -> list[list[dict[str, Any]]]:
    """Return the rows that the openings leave one after the other, and take them back."""
    rows: list[list[dict[str, Any]]] = []
    with pytest.raises(Undone), transaction.atomic():
        for one in opens:
            door.act(one, by=by, at=at)
        rows = kept()
        raise Undone
    return rows


def test_rows_and_entries_are_those_of_one_after_the_other(office: Office) -> None:
    opens = loops(5)
    expected = one_by_one(opens, office.wang, office.at)
    receipts = door.open_many(opens, by=office.wang, at=office.at)
    assert kept() == expected
    assert [len(rows) for rows in expected] == [5, 5, 5, 0, 5]
    assert {row["act"] for row in expected[-1]} == {"open"}
    assert [receipt.number[-4:] for receipt in receipts] == ["0001", "0002", "0003", "0004", "0005"]
    assert [receipt.matter for receipt in receipts] == list(
        Matter.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert list(verify()) == []


def test_assignees_levels_timers_and_homes_are_those_of_one_after_the_other(quiet: Quiet) -> None:
    opens = [
        acts.Open(
            QUIET,
            {"title": f"走访{place}", "level": "red", "cadre": cadre},
            "quiet",
            organisation=("first", "second")[place % 2],
            circle=quiet.circle,
        )
        for place, cadre in enumerate((quiet.wang.officer, None, quiet.zhao.officer))
    ]
    expected = one_by_one(opens, quiet.wang, quiet.at)
    door.open_many(opens, by=quiet.wang, at=quiet.at)
    assert kept() == expected
    assert list(Task.objects.order_by("pk").values_list("assignee", flat=True)) == [
        quiet.wang.officer,
        None,
        quiet.zhao.officer,
    ]
    assert Timer.objects.count() == 3
    assert list(verify()) == []


def test_sealed_facts_lie_under_each_persons_own_key(quiet: Quiet) -> None:
    opens = [quiet.opening(condition=f"情况{place}") for place in range(3)]
    receipts = door.open_many(opens, by=quiet.wang, at=quiet.at)
    key = key_of(quiet.person)
    for place, receipt in enumerate(receipts):
        matter = Matter.objects.get(pk=receipt.matter)
        assert "情况" not in matter.state
        told = door.act(
            acts.Disclose(receipt.matter, SEALED, "走访前了解"), by=quiet.wang, at=quiet.at
        )
        assert told is not None
        assert told.disclosed == {"condition": f"情况{place}"}
        assert (matter.circle_id, matter.person_id) == (quiet.circle, quiet.person)
    assert open_value(sealed_of(receipts[1].matter), key) == "情况1"
    assert list(verify()) == []


def sealed_of(matter: int) -> str:
    """Return the sealed condition in a matter's opening entry."""
    number = Matter.objects.get(pk=matter).number
    body = Entry.objects.get(subject=number, seq=1).body
    start = body.index('{"sealed":"') + len('{"sealed":"')
    return body[start : body.index('"', start)]


def test_one_that_is_refused_refuses_them_all(office: Office) -> None:
    opens = [*loops(2), acts.Open(LOOP, {"title": ""}, "open")]
    with pytest.raises(Refusals) as refused:
        door.open_many(opens, by=office.wang, at=office.at)
    assert [refusal.code for refusal in refused.value.refusals] == ["form.required"]
    elsewhere = acts.Open(LOOP, {"title": "噪音"}, "open", organisation="nowhere")
    with pytest.raises(Refusal) as nowhere:
        door.open_many([*loops(2), elsewhere], by=office.wang, at=office.at)
    assert nowhere.value.code == "door.no_organisation"
    assert not Matter.objects.exists()
    assert not Entry.objects.filter(act="open").exists()


def test_an_erased_person_refuses_them_all(quiet: Quiet) -> None:
    Person.objects.filter(pk=quiet.person).update(wrapped_key=None, erased_at=quiet.at)
    opens = [quiet.opening(condition="情况"), quiet.opening(condition="情况")]
    with pytest.raises(Refusal) as refused:
        door.open_many(opens, by=quiet.wang, at=quiet.at)
    assert refused.value.code == "vault.erased"
    assert not Matter.objects.exists()


def test_openings_by_several_ways_are_not_taken_together(quiet: Quiet) -> None:
    with pytest.raises(ValueError, match="begin alike"):
        door.open_many([*loops(1), quiet.opening()], by=quiet.wang, at=quiet.at)
    assert door.open_many([], by=quiet.wang, at=quiet.at) == []


def test_numbers_go_on_where_the_series_stands(office: Office) -> None:
    office.open()
    door.open_many(loops(3), by=office.wang, at=office.at)
    office.open()
    last = list(Matter.objects.order_by("pk").values_list("number", flat=True))
    assert [number[-4:] for number in last] == ["0001", "0002", "0003", "0004", "0005"]


def test_what_was_opened_is_listed_and_found(office: Office) -> None:
    door.open_many(loops(3), by=office.wang, at=office.at)
    assert len(list_tasks("post", office.wang, at=office.at).rows) == 3
    sql, words = search_condition("噪音1")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.title FROM worklist_matter m WHERE {sql}", words)
        assert cursor.fetchall() == [("噪音1",)]


def test_a_hundred_need_no_more_reading_than_five(office: Office) -> None:
    """Rows are written by executemany, which counts once for all of them."""

    def asked(number: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            door.open_many(loops(number), by=office.wang, at=office.at)
        return len(queries)

    asked(1)
    assert asked(100) == asked(5)
