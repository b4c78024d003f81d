"""A walk of random people through random acts on one procedure, each step checked."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from django.db import connection

from qianshou.kernel import door, migrating
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.procedures.models import Migration, Version
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Posting
from qianshou.kernel.worklist.models import DONE, OPEN, Matter, Task
from tests.kernel.conftest import LOOP
from tests.properties.drawings import RENAMED, Drawing
from tests.properties.fitting import FITS, NOBODY, Ground, spoil
from tests.properties.town import (
    INSIDE,
    OFFICERS,
    OTHERS,
    Crash,
    Town,
    check_matters,
    check_sight,
    crash_at,
    entries,
    reads,
)

MOST = 4  # matters in a walk
SHARES = {
    acts.Complete: 8, acts.Claim: 3, acts.Delegate: 2, acts.AddSigner: 2, acts.Copy: 1.5,
    acts.Supervise: 1.5, acts.Merge: 0.3,
}  # fmt: skip


class Walk:
    """What is done one after the other, and how often each kind of act was accepted."""

    def __init__(self, town: Town, drawing: Drawing, first: int) -> None:
        """Publish the procedure and the version after it, with a plan from each to the other."""
        self.town, self.drawing, self.first = town, drawing, first
        self.at, self.step = town.at, 0
        town.known.clear()
        self.accepted: Counter[str] = Counter()
        self.tried: list[str] = []
        new = publish(LOOP, drawing.renewed, at=self.at, own=True)
        old = publish(LOOP, drawing.sources, at=self.at, own=True)
        back = {after: before for before, after in RENAMED.items()}
        self.plans = (self.plan(old, new, RENAMED), self.plan(new, old, back))
        self.picture, self.told = town.picture(), entries()

    def plan(self, source: Version, target: Version, mapping: dict[str, str]) -> int:
        """Return an approved plan from one version to another."""
        by, other = (self.town.actor(name, self.at) for name in ("sun", "chen"))
        plan: Migration = migrating.begin(source, target, by=by, at=self.at)
        migrating.keep(plan, mapping, "改版", by=by, at=self.at)
        migrating.offer(plan, by=by, at=self.at)
        migrating.approve(plan, by=other, at=self.at)
        return plan.pk

    def finish(self) -> None:
        """Verify every matter, and who sees it."""
        for number in Matter.objects.values_list("number", flat=True):
            assert [problem.en for problem in verify(number)] == []
        for name in OFFICERS:
            check_sight(self.town, name, self.at)
        connection.check_constraints()

    def go_on(self, seed: int) -> Counter[str]:
        """Let somebody do something, or time pass; return what was done. One step, and chance
        another at each: Hypothesis leaves rules out of an example and draws a number again.
        """
        before = self.accepted.copy()
        self.step += 1
        draw = Random(f"{self.first}/{seed}/{self.step}")
        if not Matter.objects.filter(closed_at=None).exists() and Matter.objects.count() < MOST:
            self.attempt(acts.Open(LOOP, self.facts(draw), "open"), draw.choice(("wang", "zhao")))
        kinds = (self.fit, self.misfit, self.knock, self.wait)
        draw.choices(kinds, weights=(8, 2, 2, 2))[0](draw)
        return self.accepted - before

    def fit(self, draw: Random) -> None:
        """Let somebody do what they may, of the kinds done least so far."""
        done = Counter(name.split(" ")[0] for name in self.accepted.elements())
        ranks = {
            kind: (done[kind.__name__] + draw.random() * 3) / SHARES.get(kind, 1)
            for kind in self.kinds()
        }
        ground = self.ground(draw)
        dies = draw.randrange(25) if draw.random() < 0.1 else None
        for kind in sorted(ranks, key=lambda kind: ranks[kind]):
            for what, name in islice(ground.fits(kind), 3):
                if self.attempt(what, name, dies) or dies is not None:
                    return

    def misfit(self, draw: Random) -> None:
        """Let somebody try what would fit but for one word of it."""
        ground = self.ground(draw)
        kinds = list(self.kinds())
        draw.shuffle(kinds)
        for kind in kinds:
            for what, name in islice(ground.fits(kind), 1):
                spoilt = spoil(what, draw)
                assert not self.attempt(spoilt, name), spoilt
                return

    def knock(self, draw: Random) -> None:
        """Let anybody try anything."""
        dies = draw.randrange(25) if draw.random() < 0.2 else None
        self.attempt(self.some_act(draw), draw.choice((*OFFICERS, *OFFICERS, *OTHERS)), dies)

    def wait(self, draw: Random) -> None:
        """Let time pass, or the clock be put back; another version may come to be the current,
        and Li or Ma leave the post or come back.
        """
        hours = draw.choice((-3, 1, 20, 24 * 4, 24 * 5, 24 * 40))
        self.at = max(self.town.at, self.at + timedelta(hours=hours))
        if draw.random() < 0.2:
            sources = draw.choice((self.drawing.sources, self.drawing.renewed))
            publish(LOOP, sources, at=self.at, own=True)
        day = self.at.date()
        if draw.random() < 0.6 and day > self.town.at.date():
            left = draw.choice((None, day - timedelta(days=1)))
            who = self.town.ids[draw.choice(("li", "ma"))]
            Posting.objects.filter(officer=who).update(to_date=left)
        self.town.known.clear()

    def kinds(self) -> list[type]:
        """Return the kinds of acts that there is room for."""
        full = Matter.objects.count() >= MOST
        return [kind for kind in FITS if not (full and kind in (acts.Open, acts.Split))]

    def ground(self, draw: Random) -> Ground:
        """Return what stands now."""
        return Ground(self.town, self.at, draw, lambda: self.facts(draw), self.plans)

    def facts(self, draw: Random) -> dict[str, Any]:
        """Return what is filled in: which way each gate takes, who signs, which organisation."""
        if draw.random() < 0.04:
            return {"list": "谁"}
        ids = self.town.ids
        signers = [[], [ids["wang"], ids["li"]], [ids["zhao"], ids["wang"], ids["ma"]]]
        return {
            "title": "噪音",
            "caller": {"name": "何先生", "phone": "10000000001"},
            "unit": draw.choice(("first", "second", "second", "second", "nowhere")),
            "list": draw.choice((*signers, *signers[1:])),
            **{
                gate: draw.random() < 0.4 if looped else draw.randrange(3)
                for gate, looped in self.drawing.gates.items()
            },
        }

    def some_act(self, draw: Random) -> acts.Act:
        """Return any act on any task or matter, some of which are dealt with or are not there."""
        tasks = Task.objects.order_by("pk").values_list("pk", "state", "node")
        dealt = [pk for pk, state, _node in tasks if state == DONE]
        waiting = [pk for pk, state, _node in tasks if state == OPEN]
        task = draw.choice([*waiting * 4, *dealt, NOBODY])
        rows = Matter.objects.order_by("closed_at", "pk").values_list("pk", flat=True)
        matter, other = draw.choices([*rows, *rows, NOBODY], k=2)
        whom, also = draw.choices([*self.town.ids.values(), NOBODY], k=2)
        target = draw.choice([*(node for _pk, _state, node in tasks), "nowhere"])
        told, text, yes = self.facts(draw), "理由", draw.random() < 0.5
        kinds: list[acts.Act] = [
            acts.Open(LOOP, told, "open", circle=self.town.circle),
            acts.Complete(task, told),
            acts.Claim(task),
            acts.Release(task),
            acts.Transfer(task, whom, text, draw.choice((None, self.town.second))),
            acts.Delegate(task, whom, text),
            acts.Resolve(task, told, text),
            acts.Recall(task),
            acts.Return(task, target, text, yes),
            acts.Withdraw(draw.choice([*dealt, task])),
            acts.AddSigner(task, whom, text, yes),
            acts.Sign(task, text),
            acts.RemoveSigner(task, text),
            acts.Urge(matter, text),
            acts.Supervise(matter, text, yes),
            acts.Suspend(matter, text),
            acts.Resume(matter),
            acts.Copy(matter, (whom, also), on=yes),
            acts.Read(matter, text),
            acts.Comment(matter, text),
            acts.Attach(matter, ((self.town.document, "照片.jpg"),)),
            acts.Link(matter, other, text),
            acts.Merge(matter, other, text),
            acts.Split(matter, "open", told, text),
            acts.Disclose(matter, "caller", text),
            acts.Deliver(matter, "t1", told),
            acts.Fire(matter, draw.randrange(12)),
            acts.Warn(task),
            acts.Reassign(matter, draw.choice(list(self.town.ids.values()))),
            acts.Migrate(matter, draw.choice(self.plans)),
        ]
        may = self.kinds()
        return draw.choice([what for what in kinds if type(what) in may])

    def attempt(self, what: acts.Act, name: str, dies: int | None = None) -> bool:
        """Do an act and return whether it is done: whole and by whom it may, or nothing is changed."""
        if isinstance(what, acts.Open) and name not in INSIDE:
            what = replace(what, circle=None)
        by = self.town.actor(name, self.at)
        named = self.name_of(what)
        self.tried.append(f"{self.at:%m-%d %H:%M} {name}: {what}")
        try:
            with connection.execute_wrapper(crash_at(dies)):
                receipt = door.act(what, by=by, at=self.at)
        except (Refusal, Refusals, Crash):
            receipt = None
        if receipt is None:
            assert self.town.picture() == self.picture
            return False
        self.accepted[named] += 1
        told, self.told, self.picture = self.told, entries(), self.town.picture()
        added = {
            key: new for key, number in self.told.items() if (new := number - told.get(key, 0))
        }
        expected = {Matter.objects.get(pk=receipt.matter).number: 1}
        if isinstance(what, acts.Merge):
            expected[Matter.objects.get(pk=what.into).number] = 1
        elif isinstance(what, acts.Split):
            expected = {Matter.objects.get(pk=what.matter).number: 1, receipt.number: 2}
        assert added == expected
        assert reads(by, receipt.matter)
        check_matters()
        check_sight(self.town, name, self.at)
        for number in expected:
            assert [problem.en for problem in verify(number)] == [], (named, name, what)
        return True

    def name_of(self, what: acts.Act) -> str:
        """Return what an act is counted as: its kind, and what makes it another thing to do."""
        told = ""
        task = Task.objects.filter(pk=getattr(what, "task", 0)).first()
        if isinstance(what, acts.Complete) and task is not None:
            way = self.drawing.ways.get("t1" if task.node == RENAMED["t1"] else task.node, "")
            signing = way if way in ("together", "turn", "any", "share") else ""
            told = "straight" if task.resume_node else signing
        elif isinstance(what, acts.Return) and what.straight:
            told = "straight"
        elif isinstance(what, acts.AddSigner):
            told = "before" if what.before else ""
        elif isinstance(what, acts.RemoveSigner) and task is not None:
            told = "before" if task.blocks_id else ""
        elif isinstance(what, acts.Copy | acts.Supervise) and not what.on:
            told = "off"
        return f"{type(what).__name__} {told}".strip()
