"""A small office and a small procedure, for tests of the kernel that need no authority's pack."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from qianshou.kernel import door, pack
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import register_person
from qianshou.kernel.installing import install_packs
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Division,
    Officer,
    Organisation,
    Posting,
)
from qianshou.kernel.worklist.models import Task

LOOP = "bench.loop"
QUIET = "bench.quiet"


@dataclass
class Office:
    """Two centres; Wang and Li sit in the first, Zhao in the second, Sun oversees the first."""

    wang: Actor
    li: Actor
    zhao: Actor
    sun: Actor
    at: datetime

    def open(self, title: str = "夜间施工噪音") -> int:
        """Open a matter as Wang and return its id."""
        act = acts.Open(LOOP, {"title": title}, "open")
        receipt = door.act(act, by=self.wang, at=self.at)
        assert receipt is not None
        return receipt.matter

    def task(self, matter: int, node: str) -> int:
        """Return the open task at `node` of a matter."""
        return Task.objects.get(matter=matter, state=0, node=node).pk

    def complete(self, matter: int, node: str, again: int = 0, by: Actor | None = None) -> None:
        """Complete the open task at `node`."""
        act = acts.Complete(self.task(matter, node), {"again": again})
        door.act(act, by=by or self.wang, at=self.at)

    def finish(self, matter: int) -> None:
        """Complete every step of one round, so that the matter ends."""
        for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2", "t5"):
            self.complete(matter, node)


@pytest.fixture
def loop_pack(settings):
    """Let the packs be those of the product and the small loop of the benchmarks."""
    yield from add_packs(settings, "benchmarks.packs.bench.loop")


@pytest.fixture
def quiet_pack(settings):
    """Let there be a pack besides whose facts are sealed and whose steps name an officer."""
    yield from add_packs(settings, "benchmarks.packs.bench.loop", "tests.kernel.packs.bench.quiet")


def add_packs(settings, *modules: str) -> Iterator[None]:
    """Let the packs be those of the product and `modules`, until the test is over."""
    settings.PACKS = [*settings.PACKS, *modules]
    for known in (pack.packs, pack.pack_of):
        known.cache_clear()
    yield
    for known in (pack.packs, pack.pack_of):
        known.cache_clear()


@pytest.fixture
def office(db: None, loop_pack: None, at: datetime) -> Office:
    """Return the office, its packs installed."""
    return make_office(at)


def make_office(at: datetime) -> Office:
    """Insert the office's rows."""
    install_packs(at)
    day = at.date()
    division = Division.objects.create(
        path="1.", kind="district", name="大足区", code="500111", code_system="t", valid_from=day
    )
    centres = [
        Organisation.objects.create(
            code=code, name=code, name_en=code, kind="town_centre", division=division,
            valid_from=day,
        )
        for code in ("first", "second")
    ]  # fmt: skip

    def seat(username: str, name: str, centre: Organisation) -> Actor:
        officer = Officer.objects.create(username=username, name=name)
        Posting.objects.create(
            officer=officer,
            post_id="bench_head" if username == "sun" else "bench_seat",
            organisation=centre,
            from_date=day,
        )
        return actor_of(officer, at)

    first, second = centres
    return Office(
        wang=seat("wang", "王芳", first),
        li=seat("li", "李强", first),
        zhao=seat("zhao", "赵敏", second),
        sun=seat("sun", "孙涛", first),
        at=at,
    )


@dataclass
class Quiet:
    """Wang and Li sit in the first centre, Zhao in the second, Sun sees the district; a circle
    of Wang and the seat of the second centre, and a child whom it is about.
    """

    wang: Actor
    li: Actor
    zhao: Actor
    sun: Actor
    at: datetime
    circle: int
    person: int

    def open(self, **facts: Any) -> int:
        """Open a matter about the child within the circle, as Wang, and return its id."""
        receipt = door.act(self.opening(**facts), by=self.wang, at=self.at)
        assert receipt is not None
        return receipt.matter

    def opening(self, **facts: Any) -> acts.Open:
        """Return the act that `open` does."""
        told = {"title": "走访", **facts}
        return acts.Open(QUIET, told, "quiet", circle=self.circle, person=self.person)


@pytest.fixture
def quiet(db: None, quiet_pack: None, at: datetime) -> Quiet:
    """Return the office whose matters have circles, its packs installed."""
    install_packs(at)
    day = at.date()
    division = Division.objects.create(
        path="1.", kind="district", name="大足区", code="500111", code_system="t", valid_from=day
    )
    centres = [
        Organisation.objects.create(
            code=code, name=code, name_en=code, kind="town_centre", division=division,
            valid_from=day,
        )
        for code in ("first", "second")
    ]  # fmt: skip

    def seat(username: str, name: str, post: str, centre: Organisation) -> Actor:
        officer = Officer.objects.create(username=username, name=name)
        Posting.objects.create(officer=officer, post_id=post, organisation=centre, from_date=day)
        return actor_of(officer, at)

    first, second = centres
    wang = seat("wang", "王芳", "quiet_seat", first)
    circle = Circle.objects.create(about="child")
    member = {"circle": circle, "role": "cadre", "from_date": day}
    CircleMember.objects.create(officer_id=wang.officer, **member)
    CircleMember.objects.create(organisation=second, post_id="quiet_seat", **member)
    person = register_person({"bench.health": {"illness": "哮喘"}}, circle=circle, by=wang, at=at)
    return Quiet(
        wang=wang,
        li=seat("li", "李强", "quiet_seat", first),
        zhao=seat("zhao", "赵敏", "quiet_seat", second),
        sun=seat("sun", "孙涛", "quiet_head", first),
        at=at,
        circle=circle.pk,
        person=person.pk,
    )


@pytest.fixture
def sign_pack(settings):
    """Let there be a pack besides whose steps are signed by several."""
    yield from add_packs(settings, "benchmarks.packs.bench.loop", "tests.kernel.packs.bench.sign")


@dataclass
class Paper:
    """A paper that Wang and Li sign; Zhao may, Sun oversees."""

    office: Office
    matter: int = 0

    def begin(self, kind: str) -> "Paper":
        """Open a paper that is signed in one of the ways of the pack."""
        facts = {
            "title": kind, "first": self.office.wang.officer, "second": self.office.li.officer
        }  # fmt: skip
        act = acts.Open(f"bench.{kind}", facts, kind)
        receipt = door.act(act, by=self.office.wang, at=self.office.at)
        assert receipt is not None
        self.matter = receipt.matter
        return self

    @property
    def waiting(self) -> list[str]:
        """Who has an open task, or at which step one is free."""
        tasks = Task.objects.filter(matter=self.matter, state=0).order_by("id")
        return [task.assignee.username if task.assignee else task.node for task in tasks]

    def task(self, who: Actor) -> int:
        """Return the open task of an officer."""
        return Task.objects.get(matter=self.matter, state=0, assignee=who.officer).pk

    def sign(self, who: Actor, *, agree: bool) -> None:
        """Let one of them sign."""
        door.act(acts.Complete(self.task(who), {"agree": agree}), by=who, at=self.office.at)
        assert list(verify()) == []

    def refused(self, act: acts.Act, by: Actor) -> str:
        """Return the code with which an act is refused."""
        with pytest.raises(Refusal) as refused:
            door.act(act, by=by, at=self.office.at)
        return refused.value.code


def make_paper(at: datetime) -> Paper:
    """Insert the office's rows with the posts of those who sign."""
    office = make_office(at)
    first = Organisation.objects.get(code="first")
    for name in ("wang", "li", "zhao", "sun"):
        officer = Officer.objects.get(username=name)
        post = "sign_head" if name == "sun" else "sign_seat"
        Posting.objects.create(
            officer=officer, post_id=post, organisation=first, from_date=at.date()
        )
        setattr(office, name, actor_of(officer, at))
    return Paper(office)
