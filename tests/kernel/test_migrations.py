"""A migration carries what was there over to what is there now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.kernel.conftest import Office, make_office


def migrate(name: str) -> Any:
    """Bring the list's tables to a migration and return the tables of that time."""
    executor = MigrationExecutor(connection)
    executor.migrate([("worklist", name)])
    return executor.loader.project_state([("worklist", name)]).apps


@pytest.fixture
def office(transactional_db: None, loop_pack: None, at: datetime) -> Iterator[Office]:
    """Return the office; the tables are as they should be again afterwards."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("worklist")[0][1]
    yield make_office(at)
    migrate(newest)


def test_what_was_read_counts_as_read_by_everybody_whom_it_was_meant_for(office: Office) -> None:
    matter = office.open()
    (seat,) = office.wang.seats
    notices = migrate("0003_put_off").get_model("worklist", "Notice").objects
    for posts, officer, read_at in (
        ("bench_seat,other", None, office.at),
        ("bench_seat", office.li.officer, office.at),
        ("bench_seat", None, None),
    ):
        notices.create(
            matter_id=matter, kind="late", organisation_id=seat.organisation, posts=posts,
            officer_id=officer, text=posts, text_en=posts, at=office.at, read_at=read_at,
        )  # fmt: skip
    readings = migrate("0005_notice_by_post").get_model("worklist", "Reading").objects
    assert sorted(readings.values_list("notice__posts", "officer")) == sorted(
        [
            ("bench_seat,other", office.wang.officer),
            ("bench_seat,other", office.li.officer),
            ("bench_seat", office.li.officer),
        ]
    )
