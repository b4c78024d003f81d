"""Statements planned once, and what the plain SQL of the hot pages must still say."""

from datetime import timedelta

import pytest
from django.db import connection

from qianshou.kernel import door
from qianshou.kernel.door import acts
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.worklist.lists import LISTS, count_tasks, list_tasks, sees_matter, step_seen
from tests.kernel.conftest import Office


def test_postgresql_plans_once_what_is_asked_three_times(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's driver keeps statements by itself")
    for number in range(4):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT 'asked three times', CAST(%s AS bigint)", [number])
            assert cursor.fetchone() == ("asked three times", number)
    with connection.cursor() as cursor:
        asked = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(asked, ["SELECT 'asked three times'%"])
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("days", [0, 400])
def test_each_count_is_the_length_of_its_list(office: Office, days: int) -> None:
    first, _second = office.open(), office.open()
    door.act(acts.Claim(office.task(first, "t1")), by=office.wang, at=office.at)
    at = office.at + timedelta(days=days)
    counts = count_tasks(office.wang, at=at)
    assert counts == {name: len(list_tasks(name, office.wang, at=at).rows) for name in LISTS}
    assert (counts["mine"], counts["post"], bool(counts["late"])) == (2, 1, bool(days))


def test_a_step_is_seen_by_whoever_sees_its_matter(office: Office) -> None:
    first, second = office.open(), office.open()
    task = office.task(first, "t1")
    for by in (office.wang, office.zhao):
        assert (step_seen(by, task, first) is not None) == sees_matter(by, first)
        assert step_seen(by, task, second) is None
    assert step_seen(office.wang, task, first)
