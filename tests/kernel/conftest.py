"""A small office and a small procedure, for tests of the kernel that need no authority's pack."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from qianshou.kernel import door, pack
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.door import acts
from qianshou.kernel.installing import install_packs
from qianshou.kernel.registry.models import Division, Officer, Organisation, Posting
from qianshou.kernel.worklist.models import Task

LOOP = "bench.loop"


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
    settings.PACKS = [*settings.PACKS, "benchmarks.packs.bench.loop"]
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
