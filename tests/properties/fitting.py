"""Acts that fit: what somebody may do now, on what is open, with what it asks for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Any

from qianshou.kernel.access import Actor, Standing
from qianshou.kernel.door import acts
from qianshou.kernel.door.rules import (
    Hold,
    is_taken_up,
    may_add_signer,
    may_ask_first,
    may_claim,
    may_complete,
    may_delegate,
    may_recall,
    may_release,
    may_remove_signer,
    may_resolve,
    may_split,
    may_suspend,
    may_transfer,
    may_withdraw,
    return_targets,
    steps_done,
)
from qianshou.kernel.door.turn import load_matter, standing_of
from qianshou.kernel.ledger.read import moves_of
from qianshou.kernel.procedures.engine import can_go_straight
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.worklist.clockwork import due_timers, due_warnings, vacated_tasks
from qianshou.kernel.worklist.models import DONE, OPEN, Copy, Matter, Subscription, Task
from tests.kernel.conftest import LOOP
from tests.properties.town import INSIDE, OFFICERS, Town

PACK = "bench.loop"
NOBODY = 10**9  # an id that no row has
Fit = tuple[acts.Act, str]


@dataclass
class Ground:
    """What stands at one instant, in an order of chance: open tasks, matters, officers."""

    town: Town
    at: datetime
    draw: Random
    facts: Callable[[], dict[str, Any]]
    plans: tuple[int, ...]
    known: dict[int, Standing] = field(default_factory=dict)

    @cached_property
    def tasks(self) -> list[Task]:
        """The open tasks of matters whose clock runs."""
        found = Task.objects.filter(state=OPEN, matter__suspended_at=None).order_by("pk")
        return self.mixed(found.select_related("matter__version"))

    @cached_property
    def matters(self) -> list[Matter]:
        """The matters that are not closed."""
        return self.mixed(Matter.objects.filter(closed_at=None).order_by("pk"))

    @cached_property
    def actors(self) -> list[tuple[str, Actor]]:
        """The officers as they sit now."""
        return [(name, self.town.actor(name, self.at)) for name in self.mixed(OFFICERS)]

    def mixed(self, found: Any) -> list[Any]:
        """Return these in an order of chance."""
        rows = list(found)
        self.draw.shuffle(rows)
        return rows

    def yes(self) -> bool:
        """Toss a coin."""
        return self.draw.random() < 0.5

    def standing(self, matter: int) -> Standing:
        """Return what the rule of access asks of a matter."""
        if matter not in self.known:
            self.known[matter] = standing_of(load_matter(matter))
        return self.known[matter]

    def node(self, task: Task) -> Node:
        """Return the step of a task."""
        return compiled(task.matter.version.digest).node(task.node)

    def held(self, may: Callable[[Actor, Hold, Task], bool]) -> Iterator[tuple[Task, str, Actor]]:
        """Yield open tasks with those who may do this to them."""
        for task in self.tasks:
            hold = hold_of(task)
            for name, by in self.actors:
                if may_know(task.matter, name) and may(by, hold, task):
                    yield task, name, by

    def overseen(self, may: Callable[..., bool]) -> Iterator[tuple[Matter, str]]:
        """Yield open matters with those who may do this to them: may(by, standing, holds)."""
        for matter in self.matters:
            standing = self.standing(matter.pk)
            holds = [hold_of(task) for task in matter.tasks.filter(state=OPEN)]
            for name, by in self.actors:
                if may_know(matter, name) and may(by, standing, holds):
                    yield matter, name

    def seated(self, task: Task) -> Iterator[int]:
        """Yield the officers who sit at a task's post."""
        for name, one in self.actors:
            sits = one.sits_at(task.organisation_id, task.posts)
            if sits and may_know(task.matter, name):
                yield self.town.ids[name]

    def fits(self, kind: type) -> Iterator[Fit]:
        """Yield acts of a kind with who may do them."""
        return FITS[kind](self)


def hold_of(task: Task) -> Hold:
    """Return who holds a task."""
    held = task.assignee_id, task.organisation_id, task.posts
    return Hold(*held, task.delegated_from_id, task.blocks_id)


def may_know(matter: Matter, name: str) -> bool:
    """Whether a matter's circle does not hide it from an officer."""
    return matter.circle_id is None or name in INSIDE


def _open(ground: Ground) -> Iterator[Fit]:
    for name in ground.mixed(("wang", "zhao")):
        circle = ground.draw.choice((ground.town.circle, None))
        yield acts.Open(LOOP, ground.facts(), "open", circle=circle), name


def _complete(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        waits = task.blocked_by.filter(state=OPEN).exists()
        return may_complete(by, hold) and hold.blocks is None and not waits

    for task, name, _by in ground.held(may):
        yield acts.Complete(task.pk, ground.facts()), name


def _claim(ground: Ground) -> Iterator[Fit]:
    for task, name, _by in ground.held(lambda by, hold, task: may_claim(by, hold)):
        yield acts.Claim(task.pk), name


def _release(ground: Ground) -> Iterator[Fit]:
    for task, name, _by in ground.held(lambda by, hold, task: may_release(by, hold)):
        yield acts.Release(task.pk), name


def _transfer(ground: Ground) -> Iterator[Fit]:
    for task, name, _by in ground.held(lambda by, hold, task: may_transfer(by, PACK, hold)):
        for whom in ground.seated(task):
            yield acts.Transfer(task.pk, whom, "出差"), name


def _delegate(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        return may_delegate(by, hold, ground.node(task))

    for task, name, _by in ground.held(may):
        for other, to in ground.actors:
            near = any(seat.organisation == task.organisation_id for seat in to.seats)
            if near and to.officer != task.assignee_id and may_know(task.matter, other):
                yield acts.Delegate(task.pk, to.officer or 0, "请代办"), name


def _resolve(ground: Ground) -> Iterator[Fit]:
    for task, name, _by in ground.held(lambda by, hold, task: may_resolve(by, hold)):
        yield acts.Resolve(task.pk, ground.facts(), "已办"), name


def _recall(ground: Ground) -> Iterator[Fit]:
    for task, name, _by in ground.held(lambda by, hold, task: may_recall(by, hold)):
        yield acts.Recall(task.pk), name


def _return(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        return may_complete(by, hold) and hold.blocks is None

    for task, name, _by in ground.held(may):
        procedure = compiled(task.matter.version.digest)
        done = steps_done(moves_of(task.matter.number), procedure.branches)
        for target in ground.mixed(sorted(return_targets(procedure.node(task.node), done))):
            straight = can_go_straight(procedure, target, task.node) and ground.yes()
            yield acts.Return(task.pk, target, "补充材料", straight), name


def _withdraw(ground: Ground) -> Iterator[Fit]:
    done = Task.objects.filter(state=DONE, matter__suspended_at=None, matter__closed_at=None)
    for task in done.select_related("matter").order_by("-pk"):
        node = compiled(task.matter.version.digest).nodes.get(task.node)
        if node is not None and node.collection is not None:
            continue
        after = Task.objects.filter(matter=task.matter_id, opened_seq=task.closed_seq or 0)
        told = after.values_list("state", "claimed_at")
        followed = [(state == OPEN, claimed is not None) for state, claimed in told]
        if is_taken_up(followed):
            continue
        for name, by in ground.actors:
            if may_know(task.matter, name) and may_withdraw(by, hold_of(task)):
                yield acts.Withdraw(task.pk), name


def _add_signer(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        node = ground.node(task)
        standing = ground.standing(task.matter_id)
        return may_ask_first(by, hold, node) or may_add_signer(by, standing, hold, node)

    for task, name, by in ground.held(may):
        node, hold = ground.node(task), hold_of(task)
        before = may_ask_first(by, hold, node)
        if before and may_add_signer(by, ground.standing(task.matter_id), hold, node):
            before = ground.yes()
        beside = Task.objects.filter(matter=task.matter_id, node=task.node, state=OPEN)
        signing = set(beside.values_list("assignee", flat=True))
        for whom in ground.seated(task):
            if whom not in signing:
                yield acts.AddSigner(task.pk, whom, "请一并签", before), name


def _sign(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        return hold.blocks is not None and may_complete(by, hold)

    for task, name, _by in ground.held(may):
        yield acts.Sign(task.pk, "同意"), name


def _remove_signer(ground: Ground) -> Iterator[Fit]:
    def may(by: Actor, hold: Hold, task: Task) -> bool:
        standing = ground.standing(task.matter_id)
        return may_remove_signer(by, standing, hold, ground.node(task))

    for task, name, _by in ground.held(may):
        yield acts.RemoveSigner(task.pk, "已离岗"), name


def _urge(ground: Ground) -> Iterator[Fit]:
    for matter, name in ground.overseen(may_suspend):
        yield acts.Urge(matter.pk, "请抓紧"), name


def _supervise(ground: Ground) -> Iterator[Fit]:
    on = ground.yes()
    for matter in sorted(ground.matters, key=lambda matter: matter.supervised == on):
        for name in ground.mixed(("sun", "chen")):
            yield acts.Supervise(matter.pk, "按期办结", not matter.supervised), name


def _suspend(ground: Ground) -> Iterator[Fit]:
    for matter, name in ground.overseen(may_suspend):
        if matter.suspended_at is None:
            yield acts.Suspend(matter.pk, "等鉴定"), name


def _resume(ground: Ground) -> Iterator[Fit]:
    for matter, name in ground.overseen(may_suspend):
        if matter.suspended_at is not None:
            yield acts.Resume(matter.pk), name


def _split(ground: Ground) -> Iterator[Fit]:
    for matter, name in ground.overseen(may_split):
        if name in ("wang", "zhao", "li"):
            yield acts.Split(matter.pk, "open", ground.facts(), "另办"), name


def _copy(ground: Ground) -> Iterator[Fit]:
    copies = Copy.objects.filter(ended_at=None, matter__closed_at=None).order_by("pk")
    if ground.yes():
        for copy in ground.mixed(copies.select_related("sender")):
            yield acts.Copy(copy.matter_id, (copy.officer_id,), on=False), copy.sender.username
    for matter in ground.matters:
        sent = set(copies.filter(matter=matter).values_list("officer", flat=True))
        for name, to in ground.actors:
            if to.officer not in sent and to.seats and may_know(matter, name):
                yield acts.Copy(matter.pk, (to.officer or 0,), "请阅"), "wang"


def _read(ground: Ground) -> Iterator[Fit]:
    copies = Copy.objects.filter(ended_at=None, read_at=None).order_by("pk")
    for copy in ground.mixed(copies.select_related("officer")):
        yield acts.Read(copy.matter_id, "已阅"), copy.officer.username


def _comment(ground: Ground) -> Iterator[Fit]:
    for matter in ground.matters:
        yield acts.Comment(matter.pk, "已电话联系"), "wang"


def _attach(ground: Ground) -> Iterator[Fit]:
    for matter in ground.matters:
        yield acts.Attach(matter.pk, ((ground.town.document, "照片.jpg"),)), "wang"


def _link(ground: Ground) -> Iterator[Fit]:
    for matter, other in zip(ground.matters, ground.matters[1:], strict=False):
        yield acts.Link(matter.pk, other.pk, "同一工地"), "wang"


def _merge(ground: Ground) -> Iterator[Fit]:
    for matter, into in zip(ground.matters, ground.matters[1:], strict=False):
        if matter.circle_id == into.circle_id is None:
            yield acts.Merge(matter.pk, into.pk, "重复"), ground.draw.choice(("sun", "chen"))


def _disclose(ground: Ground) -> Iterator[Fit]:
    for matter in ground.matters:
        for name in ("sun", "chen"):
            yield acts.Disclose(matter.pk, "caller", "回访"), name


def _deliver(ground: Ground) -> Iterator[Fit]:
    for one in ground.mixed(Subscription.objects.order_by("pk")):
        yield acts.Deliver(one.matter_id, one.message, ground.facts()), "clock"


def _fire(ground: Ground) -> Iterator[Fit]:
    for one in ground.mixed(due_timers(ground.at)):
        yield acts.Fire(*one), "clock"


def _warn(ground: Ground) -> Iterator[Fit]:
    for one in ground.mixed(due_warnings(ground.at)):
        yield acts.Warn(one), "clock"


def _reassign(ground: Ground) -> Iterator[Fit]:
    for one in ground.mixed(vacated_tasks(ground.at)):
        yield acts.Reassign(*one), "clock"


def _migrate(ground: Ground) -> Iterator[Fit]:
    for plan in ground.mixed(ground.plans):
        for matter in ground.matters:
            yield acts.Migrate(matter.pk, plan), "clock"


FITS: dict[type, Callable[[Ground], Iterator[Fit]]] = {
    acts.Open: _open,
    acts.Complete: _complete,
    acts.Claim: _claim,
    acts.Release: _release,
    acts.Transfer: _transfer,
    acts.Delegate: _delegate,
    acts.Resolve: _resolve,
    acts.Recall: _recall,
    acts.Reassign: _reassign,
    acts.Return: _return,
    acts.Withdraw: _withdraw,
    acts.Urge: _urge,
    acts.Supervise: _supervise,
    acts.Suspend: _suspend,
    acts.Resume: _resume,
    acts.AddSigner: _add_signer,
    acts.Sign: _sign,
    acts.RemoveSigner: _remove_signer,
    acts.Copy: _copy,
    acts.Read: _read,
    acts.Comment: _comment,
    acts.Attach: _attach,
    acts.Link: _link,
    acts.Merge: _merge,
    acts.Split: _split,
    acts.Disclose: _disclose,
    acts.Fire: _fire,
    acts.Warn: _warn,
    acts.Deliver: _deliver,
    acts.Migrate: _migrate,
}
NEEDED = ("reason", "purpose", "text")
SPOILT = {"task": NOBODY, "matter": NOBODY, "officer": NOBODY, "officers": (NOBODY,),
          "target": "nowhere", "into": NOBODY, "other": NOBODY, "message": "nothing",
          "fact": "nothing", "start": "nowhere"}  # fmt: skip
OPTIONAL = {
    acts.Resolve: "text", acts.Withdraw: "reason", acts.Urge: "text", acts.Resume: "text",
    acts.Sign: "text", acts.Copy: "text", acts.Read: "text", acts.Link: "reason",
}  # fmt: skip
KNOWN = (acts.Fire, acts.Reassign)  # whose second word the clock has read from a row


def spoil(what: acts.Act, draw: Random) -> acts.Act:
    """Return an act of which one word is wrong, so that it cannot be done whoever does it."""
    names = {one.name for one in fields(what)}
    wrong: dict[str, Any] = {name: SPOILT[name] for name in sorted(names & SPOILT.keys())}
    wrong |= {name: " " for name in NEEDED if name in names and OPTIONAL.get(type(what)) != name}
    if isinstance(what, KNOWN):
        wrong = {"matter": NOBODY}
    if isinstance(what, acts.Open):
        wrong["organisation"] = "nowhere"
    name = draw.choice(sorted(wrong))
    spoilt: acts.Act = replace(what, **{name: wrong[name]})
    return spoilt
