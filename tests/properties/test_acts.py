"""Random acts by random people on random procedures: nothing is half done, nobody sees too much.

`QIANSHOU_EXAMPLES=500 pytest tests/properties` looks for longer.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from qianshou.kernel import door
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.clockwork import due_timers, due_warnings, vacated_tasks
from qianshou.kernel.worklist.models import DONE, OPEN, Matter, Subscription, Task
from tests.kernel.conftest import LOOP, add_packs, make_office
from tests.properties.drawings import Drawing, drawings
from tests.properties.town import (
    INSIDE,
    OFFICERS,
    OTHERS,
    Crash,
    Town,
    build_town,
    check_matters,
    check_sight,
    crash_at,
    entries,
    reads,
)

EXAMPLES = int(os.environ.get("QIANSHOU_EXAMPLES", "8"))
STEPS = 40
MOST = 4  # matters in an example
NOBODY = 10**9  # an id that no row has
SEED = some.integers(0, 2**32 - 1)


class Acts(RuleBasedStateMachine):
    """The door as it is knocked at by anybody with anything."""

    town: Town

    def __init__(self) -> None:
        super().__init__()
        self.at = self.town.at
        self.step = self.first = 0
        self.drawing = Drawing("", {}, {})
        self.example = transaction.atomic()
        self.example.__enter__()
        self.picture = self.town.picture()

    def teardown(self) -> None:
        """Verify every matter, and leave nothing behind."""
        try:
            for number in Matter.objects.values_list("number", flat=True):
                assert [problem.en for problem in verify(number)] == []
            for name in OFFICERS:
                check_sight(self.town, name, self.at)
            connection.check_constraints()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(drawing=drawings(), seed=SEED)
    def begin(self, drawing: Drawing, seed: int) -> None:
        self.drawing = drawing
        publish(LOOP, drawing.sources, at=self.at, own=True)
        self.first = seed

    def open(self, draw: Random) -> None:
        """Let there be a matter to work on."""
        if Matter.objects.count() < MOST:
            circle = draw.choice((self.town.circle, None))
            what = acts.Open(LOOP, self.facts(draw), "open", circle=circle)
            self.attempt(what, draw.choice(("wang", "zhao")))

    def facts(self, draw: Random) -> dict[str, Any]:
        """Return what is filled in: which way each gate takes, who signs, which organisation."""
        if draw.random() < 0.04:
            return {"list": "谁"}
        ids = self.town.ids
        signers = [[], [ids["wang"], ids["li"]], [ids["zhao"], ids["wang"], ids["ma"]]]
        return {
            "title": "噪音",
            "unit": draw.choice(("first", "second", "second", "second", "nowhere")),
            "list": draw.choice((*signers, *signers[1:])),
            **{
                gate: draw.random() < 0.4 if looped else draw.randrange(3)
                for gate, looped in self.drawing.gates.items()
            },
        }

    def some_act(self, draw: Random) -> acts.Act:
        """Return any act on any task or matter, some of which are dealt with or are not there."""
        waiting = list(Task.objects.filter(state=OPEN).order_by("pk").values_list("pk", flat=True))
        dealt = list(Task.objects.filter(state=DONE).order_by("-pk").values_list("pk", flat=True))
        task = draw.choice([*waiting * 4, *dealt, NOBODY])
        rows = Matter.objects.order_by("closed_at", "pk").values_list("pk", flat=True)
        matter, other = draw.choices([*rows, *rows, NOBODY], k=2)
        ids = self.town.ids
        whom, also = draw.choices([*ids.values(), *[ids["wang"], ids["li"]] * 6, NOBODY], k=2)
        text = draw.choice((*["理由"] * 9, ""))
        done = Task.objects.filter(pk__in=dealt, matter__tasks=task).order_by("pk")
        target = draw.choice([*done.values_list("node", flat=True), "nowhere"])
        messages = Subscription.objects.order_by("pk").values_list("message", flat=True)
        told, yes = self.facts(draw), draw.random() < 0.5
        kinds: list[acts.Act] = [
            acts.Complete(task, told),
            acts.Claim(task),
            acts.Release(task),
            acts.Transfer(task, whom, text),
            acts.Transfer(task, whom, text, self.town.second),
            acts.Delegate(task, whom, text),
            acts.Resolve(task, told, "已办"),
            acts.Recall(task),
            acts.Return(task, target, text, yes),
            acts.Withdraw(draw.choice([*dealt[:2], task])),
            acts.AddSigner(task, whom, text, yes),
            acts.Sign(task, "同意"),
            acts.RemoveSigner(task, text),
            acts.Urge(matter, text),
            acts.Supervise(matter, text, yes),
            acts.Suspend(matter, text),
            acts.Resume(matter),
            acts.Copy(matter, (whom, also), on=yes),
            acts.Copy(matter, (whom,), on=yes),
            acts.Read(matter, "已阅"),
            acts.Comment(matter, text),
            acts.Attach(matter, ((self.town.document, "照片.jpg"),)),
            acts.Link(matter, other, text),
            acts.Disclose(matter, "caller", text),
            acts.Deliver(matter, draw.choice([*messages, "nothing"]), told),
            acts.Fire(matter, draw.randrange(12)),
            acts.Warn(task),
            acts.Reassign(matter, draw.choice(list(self.town.ids.values()))),
        ]
        if len(rows) < MOST:
            kinds.append(
                acts.Open(LOOP, told, "open", circle=draw.choice((self.town.circle, None)))
            )
            kinds.append(acts.Split(matter, "open", told, text))
        if draw.random() < 0.3:
            kinds.append(acts.Merge(matter, other, text))
        return draw.choice(kinds)

    def attempt(self, what: acts.Act, name: str, dies: int | None = None) -> bool:
        """Do an act and return whether it is done: whole and by whom it may, or nothing is changed."""
        if isinstance(what, acts.Open) and name not in INSIDE:
            what = replace(what, circle=None)
        by = self.town.actor(name, self.at)
        before, told = self.picture, entries()
        try:
            with connection.execute_wrapper(crash_at(dies)):
                receipt = door.act(what, by=by, at=self.at)
        except (Refusal, Refusals, Crash):
            receipt = None
        if receipt is None:
            assert self.town.picture() == before
            return False
        self.picture = self.town.picture()
        added = {
            key: new for key, number in entries().items() if (new := number - told.get(key, 0))
        }
        expected = {Matter.objects.get(pk=receipt.matter).number: 1}
        if isinstance(what, acts.Merge):
            expected[Matter.objects.get(pk=what.into).number] = 1
        elif isinstance(what, acts.Split):
            expected = {Matter.objects.get(pk=what.matter).number: 1, receipt.number: 2}
        assert added == expected
        assert reads(by, receipt.matter)
        note(f"{name}: {what}")
        check_matters()
        check_sight(self.town, name, self.at)
        return True

    # What is done

    @rule(seed=SEED)
    def go_on(self, seed: int) -> None:
        """Let somebody do something, or the clock, or time pass. One rule, and chance another at
        each step: Hypothesis leaves rules out of an example and likes to draw a number again.
        """
        self.step += 1
        draw = Random(f"{self.first}/{seed}/{self.step}")
        if not Task.objects.filter(state=OPEN).exists():
            self.open(draw)
        kinds = (self.knock, self.work, self.wait, self.tick)
        draw.choices(kinds, weights=(7, 2, 1, 1))[0](draw)

    def knock(self, draw: Random) -> None:
        """Let anybody do anything; where it is refused, those who most likely may."""
        what = self.some_act(draw)
        who = draw.choice((*OFFICERS, *OFFICERS, *OTHERS))
        if draw.random() < 0.2:
            self.attempt(what, who, draw.randrange(25))
            return
        held = Task.objects.filter(pk=getattr(what, "task", 0))
        holders = [*held.values_list("assignee__username", "delegated_from__username")]
        likely = (who, *(name for pair in holders for name in pair if name), "sun", "wang", "zhao")
        for name in dict.fromkeys(likely):
            if self.attempt(what, name):
                return

    def work(self, draw: Random) -> None:
        """Let an open task be completed by somebody who may."""
        waiting = Task.objects.filter(state=OPEN).order_by("pk").values_list("pk", flat=True)
        if waiting:
            what = acts.Complete(draw.choice(waiting), self.facts(draw))
            for name in ("wang", "zhao", "li", "ma"):
                if self.attempt(what, name):
                    return

    def wait(self, draw: Random) -> None:
        """Let time pass; a clock may also be put back."""
        hours = draw.choice((-3, 1, 20, 24 * 4, 24 * 5, 24 * 40))
        self.at = max(self.town.at, self.at + timedelta(hours=hours))

    def tick(self, draw: Random) -> None:
        """Let the clock do what is due, or what it took for due a moment ago."""
        found: list[acts.Act] = [acts.Fire(*one) for one in due_timers(self.at)]
        found += [acts.Warn(one) for one in due_warnings(self.at)]
        found += [acts.Reassign(*one) for one in vacated_tasks(self.at)]
        for what in draw.sample(found, min(len(found), 4)):
            self.attempt(what, "clock", draw.choice((None, None, None, draw.randrange(25))))


@pytest.fixture
def town(db: None, settings: Any, at: datetime) -> Iterator[Town]:
    """Return the office and whoever else acts."""
    packs = add_packs(settings, "benchmarks.packs.bench.loop")
    next(packs)
    yield build_town(make_office(at))
    list(packs)


def test_whatever_anybody_does_is_done_whole_or_not_at_all(town: Town) -> None:
    class Here(Acts):
        pass

    Here.town = town

    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        phases=[
            Phase.generate
        ],  # another step is another chance: what is left out changes the rest
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Here, settings=bounds)
