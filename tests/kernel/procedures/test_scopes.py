"""Random procedures with scopes, random acts: nothing is lost, left over, or otherwise on replay."""

import json
import random
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.drafts import AT, Player, compiled
from tests.kernel.procedures.scopes import Scope, drawn, scopes

GATES = re.compile(r"(g\d+) > .*: ")


class Books:
    """What the door would keep of tasks, timers and messages awaited, from the steps alone."""

    def __init__(self) -> None:
        self.tasks: dict[int, str] = {}
        self.timers: set[int] = set()
        self.awaited: set[int] = set()

    def enter(self, step: engine.Step, act: engine.Act) -> None:
        """Enter a step as the door does: what closes first, then what opens."""
        for closed in step.closed:
            assert self.tasks.pop(closed.token) == closed.node
        self.timers -= {*step.stopped, *([act.token] if isinstance(act, engine.Fire) else [])}
        self.awaited -= set(step.unsubscribed)
        self.tasks |= {one.token: one.node for one in step.opened}
        self.timers |= {one.token for one in step.timers}
        self.awaited |= {one.token for one in step.subscribed}


def hold(procedure: Procedure, state: engine.State, books: Books) -> None:
    """Hold a state against what must be true of every state."""
    tokens, nodes = state.tokens, procedure.nodes
    waits = {key: nodes[token.node] for key, token in tokens.items() if token.via != engine.MANY}
    assert books.tasks == {key: node.id for key, node in waits.items() if node.kind == "user"}
    events = {key: one for key, one in waits.items() if one.kind in ("catch", "boundary", "listen")}
    assert books.timers == {key for key, one in events.items() if one.timer is not None}
    assert books.awaited == {key for key, one in events.items() if one.timer is None}
    assert {*state.locals} <= {0, *tokens}
    races: dict[str, int] = Counter()
    arrived: dict[tuple[str, int], set[str]] = {}
    for token in tokens.values():
        node = nodes[token.node]
        around = nodes[node.container].container if node.kind == "listen" else node.container
        if token.scope:
            scope = tokens[token.scope]
            assert scope.node == (token.node if scope.via == engine.MANY else around)
        else:
            assert around == ""
        if node.kind == "boundary":
            assert int(token.via) in tokens
        if token.via.startswith("?"):
            races[token.via] += 1
        if node.kind == "and":
            arrived.setdefault((node.id, token.scope), set()).add(token.via)
    for via, number in races.items():
        one = next(token for token in tokens.values() if token.via == via)
        gateway = next(
            node for node in nodes.values() if one.node in {way.target for way in node.ways}
        )
        assert number == len(gateway.ways)
    assert all(vias < set(nodes[join].incoming) for (join, _), vias in arrived.items())


def pick(play: Player, draw: random.Random, facts: dict[str, Any], steps: int) -> engine.Act:
    """Return an act that the state allows; after a while only what leads on."""
    humans: list[engine.Act] = []
    events: list[engine.Act] = []
    for key, token in play.state.tokens.items():
        node = play.procedure.nodes[token.node]
        if token.via == engine.MANY:
            continue
        if node.kind == "user":
            humans.append(engine.Complete(key, facts))
        elif node.kind in ("catch", "boundary", "listen"):
            act: engine.Act = engine.Deliver(node.message, facts, key)
            act = engine.Fire(key) if node.timer is not None else act
            if node.kind == "catch":
                humans.append(act)
            elif steps < 30:
                events.append(act)
    assert humans or events
    return draw.choice(events if events and (not humans or draw.random() < 0.25) else humans)


def turned(play: Player, draw: random.Random, done: list[str]) -> engine.Return | None:
    """Return a return from some human step to one that was done, where there is any."""
    waiting = sorted(play.tokens().values())
    return engine.Return(draw.choice(waiting), draw.choice(done)) if done and waiting else None


def filled(draft: str, draw: random.Random, steps: int) -> dict[str, Any]:
    """Return what is filled in before the choices ahead; loops are left after a while."""
    told: dict[str, Any] = {"list": [1, 2, 3]}
    for name in GATES.findall(draft):
        told[name] = draw.randrange(3) if steps < 30 else 0
    return told


@settings(max_examples=250, deadline=None)
@given(scopes(), some.randoms(use_true_random=False))
def test_scopes_lose_nothing_and_leave_nothing(block: Scope, draw: random.Random) -> None:
    draft = drawn(block)
    procedure = compiled(draft)
    opening = engine.Open(filled(draft, draw, 0))
    play, books = Player(procedure, **opening.facts), Books()
    acts: list[engine.Act] = [opening]
    books.enter(play.step, opening)
    done: list[str] = []
    for steps in range(400):
        hold(procedure, play.state, books)
        if play.step.outcome is not None:
            break
        act = pick(play, draw, filled(draft, draw, steps), steps)
        back = turned(play, draw, done) if steps < 30 and draw.random() < 0.2 else None
        if back is not None:
            act = back
        elif isinstance(act, engine.Complete):
            done.append(play.state.tokens[act.token].node)
        before = play.state.to_json()
        try:
            play.act(act)
        except Refusal:
            assert back is not None
            assert play.state.to_json() == before
            continue
        books.enter(play.step, act)
        acts.append(act)
    assert play.step.outcome is not None, draft
    assert play.state.tokens == {}
    assert play.state.locals == {}
    assert (books.tasks, books.timers, books.awaited) == ({}, set(), set())
    state = None
    for act in acts:
        state = engine.advance(procedure, state, act, AT).state
        state = engine.State.from_json(json.loads(json.dumps(state.to_json())))
    assert state == play.state


@settings(max_examples=60, deadline=None)
@given(scopes())
def test_scopes_put_together_are_sound(block: Scope) -> None:
    draft = drawn(block)
    found = check_soundness(compiled(draft))
    loops = re.search(r"g\d+ > j\d+: ", draft)
    # what runs beside a loop may begin anew in every round
    fine = {"soundness.large", *(["soundness.unbounded"] if loops else [])}
    assert {one.code for one in found} <= fine, (draft, [one.en for one in found])
