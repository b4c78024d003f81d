"""Who acts in the properties, and what must hold of every matter whoever did what."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Count

from qianshou.kernel.access import CLOCK, Actor, actor_of, may_see, visible_matters
from qianshou.kernel.calendar import NEVER
from qianshou.kernel.documents.models import Document
from qianshou.kernel.door.turn import load_matter, standing_of
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.procedures.engine import MANY, State
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Officer,
    Organisation,
    Posting,
    Substitution,
)
from qianshou.kernel.worklist.lists import copies_of
from qianshou.kernel.worklist.models import OPEN, Matter, Subscription, Task, Timer
from tests.kernel.conftest import LOOP, Office

OFFICERS = ("wang", "li", "zhao", "sun", "chen", "ma", "he", "admin")
OTHERS = {
    "clock": CLOCK,
    "resident": Actor("resident", receipt="0" * 64),
    "reporter": Actor("reporter"),
}
INSIDE = {"wang", "zhao", "clock"}
ROOMS = ("worklist", "ledger", "outbox", "documents")


class Crash(Exception):
    """The process dies at a statement."""


@dataclass
class Town:
    """The office and more people: Chen stands in for Wang, Ma holds Wang's post too, He sits
    nowhere, one administers; a circle of Wang and the seats of the second centre.
    """

    ids: dict[str, int]
    circle: int
    second: int
    document: str
    at: datetime
    tables: list[str] = field(default_factory=list)
    known: dict[str, Actor] = field(default_factory=dict)

    def actor(self, name: str, at: datetime) -> Actor:
        """Return who acts by that name, as they sit at `at`; remembered until `known` is cleared."""
        if name not in self.known:
            officer = Officer.objects.filter(pk=self.ids.get(name, 0)).first()
            self.known[name] = OTHERS[name] if officer is None else actor_of(officer, at)
        return replace(self.known[name])

    def picture(self) -> tuple[Any, ...]:
        """Return every row of the rooms in which acts write."""
        with connection.cursor() as cursor:
            rows = []
            for table in self.tables:
                cursor.execute(f"SELECT * FROM {table}")
                rows.append(sorted(cursor.fetchall(), key=repr))
            return tuple(rows)


def build_town(office: Office) -> Town:
    """Add to an office who else is needed."""
    day = office.at.date()
    first = Organisation.objects.get(code="first")
    for name in ("chen", "ma", "he"):
        Officer.objects.create(username=name, name=name)
    Officer.objects.create(username="admin", name="admin", role="security")
    who = {officer.username: officer for officer in Officer.objects.all()}
    for name, post in (("chen", "bench_head"), ("ma", "bench_seat")):
        Posting.objects.create(
            officer=who[name],
            post_id=post,
            organisation=Organisation.objects.get(code="second") if name == "chen" else first,
            from_date=day,
        )
    Substitution.objects.create(
        principal=who["wang"], substitute=who["chen"], from_date=day,
        to_date=day + timedelta(days=300), reason="休假",
    )  # fmt: skip
    circle = Circle.objects.create(about="child")
    member = {"circle": circle, "role": "cadre", "from_date": day}
    CircleMember.objects.create(officer=who["wang"], **member)
    second = Organisation.objects.get(code="second")
    CircleMember.objects.create(organisation=second, post_id="bench_seat", **member)
    tables = [
        one._meta.db_table for room in ROOMS for one in apps.get_app_config(room).get_models()
    ]
    document = Document.objects.create(
        digest="d" * 64, media_type="image/jpeg", size=1, stored_at=office.at
    )
    ids = {name: who[name].pk for name in OFFICERS}
    return Town(ids, circle.pk, second.pk, document.digest, office.at, tables)


def entries() -> dict[str, int]:
    """Return how many entries each matter has."""
    found = Entry.objects.filter(subject__in=Matter.objects.values("number")).values("subject")
    return dict(found.annotate(number=Count("pk")).values_list("subject", "number"))


def check_matters() -> None:
    """Assert of every matter that its rows are those of its tokens."""
    for matter in Matter.objects.select_related("version"):
        state, nodes = (
            State.from_json(json.loads(matter.state)),
            compiled(matter.version.digest).nodes,
        )
        waits = {key: nodes[token.node] for key, token in state.tokens.items() if token.via != MANY}
        tasks = list(Task.objects.filter(matter=matter, state=OPEN))
        timers = list(Timer.objects.filter(matter=matter))
        awaited = list(Subscription.objects.filter(matter=matter).values_list("token", "message"))
        steps = [task.token for task in tasks if task.blocks_id is None]
        assert sorted(steps) == sorted(key for key, node in waits.items() if node.kind == "user")
        assert {task.blocks_id for task in tasks} <= {None, *(task.pk for task in tasks)}
        assert {timer.token for timer in timers} == {
            key for key, node in waits.items() if node.timer
        }
        assert dict(awaited) == {key: node.message for key, node in waits.items() if node.message}
        assert len(awaited) == len(dict(awaited))
        if matter.closed_at is not None:
            assert (state.tokens, tasks, timers, awaited) == ({}, [], [], [])
        else:
            assert state.tokens
        due = {task.due_at for task in tasks} | {timer.due_at for timer in timers}
        assert due <= {NEVER} if matter.suspended_at is not None else NEVER not in due


def check_sight(town: Town, name: str, at: datetime) -> None:
    """Assert that the filter of lists gives what the rule gives, and no circle to a stranger."""
    by = town.actor(name, at)
    listed = set(
        Matter.objects.filter(visible_matters(by, {"bench.loop": [LOOP]})).values_list(
            "pk", flat=True
        )
    )
    for pk, circle in Matter.objects.values_list("pk", "circle"):
        sees = may_see(by, standing_of(load_matter(pk)))
        assert by.kind != "officer" or sees == (pk in listed)
        if circle is not None:
            assert sees == (name in INSIDE)


def reads(by: Actor, matter: int) -> bool:
    """Whether `by` may see a matter, or has a copy of it."""
    copied = copies_of(matter).filter(officer=by.officer or 0).exists()
    return copied or may_see(by, standing_of(load_matter(matter)))


def crash_at(number: int | None) -> Callable[..., Any]:
    """Return what dies at the statement of that number, counted without the savepoints'."""
    seen: Iterator[int] = iter(range(10**9))

    def pass_on(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if (
            sql.split(" ", 1)[0] not in ("SAVEPOINT", "RELEASE", "ROLLBACK")
            and next(seen) == number
        ):
            raise Crash(sql)
        return execute(sql, *rest)

    return pass_on
