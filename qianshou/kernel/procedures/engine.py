"""The engine: `advance(procedure, state, act, now) -> Step`, a pure function.

A state is the tokens that wait, the facts of the matter, the facts of parallel instances,
and the last number given. Parallel joins are keyed by the incoming flow within a scope: two
tokens on one flow wait, they do not count twice. An inclusive join opens when no other token
of its scope can still reach it. A return cancels every token of the scope and enters the
target anew. Facts submitted inside a multi-instance belong to that instance. Errors and
escalations go outwards from scope to scope; a scope ends when only what listens is left in it.
What a node computes with now() and today() is computed at `now`, in China's time.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from qianshou.kernel.clock import CHINA
from qianshou.kernel.procedures.branches import Branches
from qianshou.kernel.procedures.compiled import TOP, Procedure
from qianshou.kernel.procedures.feel import NOW, to_json
from qianshou.kernel.procedures.nodes import Node, Way, catcher
from qianshou.kernel.refusal import Refusal

NOTHING: Mapping[str, Any] = MappingProxyType({})
MOST_CHOICES = 12
MOST_MOVES = 2000
MOST_MOVES_EACH = 30
MOST_INSTANCES = 500
MANY = "*"
TOTAL, DONE, ACTIVE = "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances"
SIGNAL = "signal:"
# No FEEL name is written so: these are the engine's own.
REST, COLLECTED, ENDED = "*rest", "*collected", "*ended"
COUNTERS = {
    TOTAL: "numberOfInstances", DONE: "numberOfCompletedInstances",
    ACTIVE: "numberOfActiveInstances",
}  # fmt: skip


class Token(NamedTuple):
    """Where a matter waits: the node, the scope (a call's token; 0 at the top), and via: the
    flow for a join, "*" for the container of instances, the host's number for a boundary.
    """

    node: str
    scope: int
    via: str


class State(NamedTuple):
    """All that the engine keeps of a matter between acts. Among `locals`, 0 holds the end that the
    matter has reached while an event sub-process still runs beside.
    """

    tokens: dict[int, Token]
    facts: dict[str, Any]
    serial: int
    locals: dict[int, dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values, for `from_json`."""
        kept: dict[str, Any] = {
            "tokens": [[key, *token] for key, token in self.tokens.items()],
            "facts": self.facts,
            "serial": self.serial,
        }
        if self.locals:
            kept["locals"] = {str(key): facts for key, facts in self.locals.items()}
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "State":
        """Return the state that `to_json` gave."""
        return cls(
            {row[0]: Token(row[1], row[2], row[3]) for row in kept["tokens"]},
            dict(kept["facts"]),
            kept["serial"],
            {int(key): facts for key, facts in kept.get("locals", {}).items()},
        )

    def seen_from(self, scope: int) -> Mapping[str, Any]:
        """Return the facts seen from a token: the matter's, under those of each instance."""
        return facts_seen(self.facts, self.locals, self.tokens, scope)

    def stopped(self) -> "State":
        """Return the state of a matter that ended otherwise than by its procedure."""
        return State({}, self.facts, self.serial, {})


class Open(NamedTuple):
    """Begin, at the start event of this id (the only one when empty)."""

    facts: Mapping[str, Any] = NOTHING
    start: str = ""


class Complete(NamedTuple):
    """Complete the human step at a token; `then` names the step to go to past all that lies between
    (重审直达), in the same scope.
    """

    token: int
    facts: Mapping[str, Any] = NOTHING
    then: str = ""


class Fire(NamedTuple):
    """A timer's token has come."""

    token: int


class Deliver(NamedTuple):
    """A message has come for `token`, or for whatever token awaits it."""

    message: str
    facts: Mapping[str, Any] = NOTHING
    token: int | None = None


class Return(NamedTuple):
    """Go back from a token to the node `target`, in its scope or one around it."""

    token: int
    target: str
    facts: Mapping[str, Any] = NOTHING


class Widen(NamedTuple):
    """Let one more do what several do: `element` beside the instance of a token, or next in turn."""

    token: int
    element: Any


class Narrow(NamedTuple):
    """Let the instance of a token be left out: not the last, unless it `ends` what others have
    done, which it then does also where those are enough now.
    """

    token: int
    ends: bool = False


Act = Open | Complete | Fire | Deliver | Return | Widen | Narrow


class Opened(NamedTuple):
    """A human step that opened: who, where, by when, with which form.

    `assignee` is an officer's number where the step names one, and then nobody need claim it.
    """

    token: int
    node: str
    posts: tuple[str, ...]
    organisation: Any
    due: str | None
    form: str
    assignee: int | None = None


class Closed(NamedTuple):
    """A human step that closed: "done" or "cancelled"."""

    token: int
    node: str
    reason: str


class Timer(NamedTuple):
    """A timer to set, by its span."""

    token: int
    node: str
    span: str


class Subscribed(NamedTuple):
    """A message now awaited."""

    token: int
    node: str
    message: str


class Effect(NamedTuple):
    """A service task that was passed, or a message ("message:NAME") or signal ("signal:NAME")
    thrown.
    """

    name: str
    node: str
    facts: Mapping[str, Any]


class Step(NamedTuple):
    """What follows from an act. `outcome` is the id of the end that ended the matter: that of an
    event sub-process only where it interrupted the rest.
    """

    state: State
    opened: tuple[Opened, ...] = ()
    closed: tuple[Closed, ...] = ()
    timers: tuple[Timer, ...] = ()
    stopped: tuple[int, ...] = ()
    subscribed: tuple[Subscribed, ...] = ()
    unsubscribed: tuple[int, ...] = ()
    effects: tuple[Effect, ...] = ()
    outcome: str | None = None
    passed: tuple[str, ...] = ()


made = tuple.__new__  # a named tuple without the call of its own __new__: the hot path


def advance(procedure: Procedure, state: State | None, act: Act, now: datetime) -> Step:
    """Return what follows when `act` meets `state` (None before the opening) at `now`.

    Raises Refusal engine.not_waiting for a token that does not wait for this, engine.target
    for a return to where one cannot, engine.start for an unknown start, and engine.spin for a
    procedure that runs in a circle without waiting.
    """
    if state is None:
        state = State({}, {}, 0, {})
    elif type(act) is Complete and not act.then:
        straight = _straight(procedure, state, act, now)
        if straight is not None:
            return straight
    run = _Run(procedure, state, now)
    if isinstance(act, Complete):
        run.complete(act)
    elif isinstance(act, Open):
        run.open(act)
    elif isinstance(act, Fire):
        run.fire(act)
    elif isinstance(act, Deliver):
        run.deliver(act)
    elif isinstance(act, Return):
        run.turn_back(act)
    elif isinstance(act, Widen):
        run.widen(act)
    else:
        run.narrow(act)
    return run.settle()


def _straight(procedure: Procedure, state: State, act: Complete, now: datetime) -> Step | None:
    """Return the step from one human step to the next, by choices at most, or None for others."""
    tokens, facts, serial, local = state
    token = tokens.get(act.token)
    if token is None or local or token.node not in procedure.straight:
        return None
    nodes = procedure.nodes
    node = nodes[token.node]
    after = nodes[node.ways[0].target]
    passed: tuple[str, ...] = (node.id, after.id)
    if act.facts:
        facts = {**facts, **act.facts}
    known = at_time(facts, now) if procedure.asks_now else facts
    while after.kind == "xor" and len(passed) < MOST_CHOICES:
        after = nodes[choose(after, known).target]
        passed += (after.id,)
    if not after.is_plain:
        return None
    left = tokens.copy()
    del left[act.token]
    serial += 1
    left[serial] = made(Token, (after.id, token[1], ""))
    organisation, assignee = after.organisation, after.assignee
    due = None if after.due is None else after.due(known)
    opened = made(
        Opened,
        (
            serial,
            after.id,
            after.posts,
            None if organisation is None else organisation(known),
            None if due is None else str(due),
            after.form,
            None if assignee is None else officer_of(assignee(known)),
        ),
    )
    closed = made(Closed, (act.token, node.id, "done"))
    kept = made(State, (left, facts, serial, local))
    none = ()
    return made(Step, (kept, (opened,), (closed,), none, none, none, none, none, None, passed))


def can_go_straight(procedure: Procedure, node: str, then: str) -> bool:
    """Whether a matter may go from one human step right to another: both done once, in one scope
    and within the same branches, so that no join waits for what was passed over.
    """
    branches, one, other = procedure.branches, procedure.nodes[node], procedure.nodes.get(then)
    if other is None or not {node, then} <= branches.nodes.keys():
        return False
    plain = all(step.kind == "user" and step.collection is None for step in (one, other))
    inside = one.container == other.container and branches.nodes[node] == branches.nodes[then]
    return plain and inside


def officer_of(value: Any) -> int | None:
    """Return the officer's number that a step's assignee evaluates to; None for anything else."""
    whole = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return int(value) if whole and value == int(value) else None


def choose(node: Node, facts: Mapping[str, Any]) -> Way:
    """Return the way an exclusive gateway takes: the first that is true, or the default."""
    ways = node.ways
    default = ways[0]
    if len(ways) > 1:
        for way in ways:
            if way.condition is None:
                default = way
            elif way.condition(facts) is True:
                return way
    return default


def at_time(facts: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Return facts with what now() and today() give beside them: `now` in China's time."""
    return {**facts, NOW: now.astimezone(CHINA)}


def facts_seen(
    facts: Mapping[str, Any],
    local: Mapping[int, Mapping[str, Any]],
    tokens: Mapping[int, Token],
    scope: int,
) -> Mapping[str, Any]:
    """Return the facts seen from a scope: the matter's, under those of each instance around it."""
    if not local:
        return facts
    layers = []
    while scope:
        if scope in local:
            layers.append(local[scope])
        scope = tokens[scope].scope
    seen = facts
    for layer in reversed(layers):
        seen = {**seen, **layer}
    return seen


def awaited_of(procedure: Procedure, state: State) -> dict[int, str]:
    """Return the message or signal that each token awaits which awaits one."""
    return {
        key: procedure.nodes[token.node].message
        for key, token in state.tokens.items()
        if _listens(procedure.nodes[token.node], token) and procedure.nodes[token.node].message
    }


def _listens(node: Node, token: Token) -> bool:
    return node.kind in ("catch", "boundary", "listen") and token.via != MANY


class _Run:
    """One act being worked out; everything here is thrown away after it."""

    ended = ""
    begun = 0
    scopes: tuple[int, ...] = ()
    ends: Mapping[int, str] = MappingProxyType({})
    opened: tuple[Opened, ...] = ()
    closed: tuple[Closed, ...] = ()
    timers: tuple[Timer, ...] = ()
    stopped: tuple[int, ...] = ()
    subscribed: tuple[Subscribed, ...] = ()
    unsubscribed: tuple[int, ...] = ()
    effects: tuple[Effect, ...] = ()
    passed: tuple[str, ...] = ()
    outcome: str | None = None

    def __init__(self, procedure: Procedure, state: State, now: datetime) -> None:
        self.procedure = procedure
        self.now = now
        self.nodes = procedure.nodes
        tokens, self.facts, self.serial, self.local = state
        self.tokens = tokens.copy()
        if 0 in self.local:
            self.ended = self.local[0][ENDED]
        self.stack: list[tuple[str, int, str]] = []

    def open(self, act: Open) -> None:
        """Put the first token after the start."""
        starts = self.procedure.starts
        start = act.start or (starts[0] if len(starts) == 1 else "")
        if start not in starts or self.tokens or self.serial:
            raise Refusal(
                "engine.start",
                f"没有开始事件“{act.start}”",
                f"There is no start “{act.start}”",
                "start",
            )
        self.facts = dict(act.facts)
        self.hear(TOP, 0)
        self.stack.append((start, 0, ""))

    def waiting(self, key: int, *kinds: str) -> tuple[Token, Node]:
        """Return the token that waits at a node of these kinds, or refuse."""
        token = self.tokens.get(key)
        if token is not None and token.via != MANY:
            node = self.nodes[token.node]
            if node.kind in kinds:
                return token, node
        raise Refusal(
            "engine.not_waiting",
            "这一步不在等待办理",
            "This step is not waiting to be done",
            "token",
        )

    def complete(self, act: Complete) -> None:
        """Close a human step and go on."""
        token, node = self.waiting(act.token, "user")
        self.keep(act.token, act.facts)
        self.closed += (made(Closed, (act.token, node.id, "done")),)
        if not act.then:
            self.leave(act.token, token, node)
            return
        if not can_go_straight(self.procedure, node.id, act.then):
            raise self._no_target(act.then)
        del self.tokens[act.token]
        self.disarm(act.token)
        self.stack.append((act.then, token.scope, ""))

    def fire(self, act: Fire) -> None:
        """Let a timer pass: a catch goes on, a boundary leaves its host or stays beside it, an
        event sub-process begins.
        """
        token, node = self.waiting(act.token, "catch", "boundary", "listen")
        if node.timer is None:
            raise Refusal("engine.not_waiting", "这里没有计时", "There is no timer here", "token")
        if node.kind == "catch":
            self.leave(act.token, token, node)
            return
        del self.tokens[act.token]
        if node.kind == "listen":
            self.begin_beside(node, token.scope)
        else:
            self.take_boundary(node, int(token.via), token.scope)

    def deliver(self, act: Deliver) -> None:
        """Hand a message to the token it is for, or the first that awaits it; a signal to all that
        await it.
        """
        found = [key for key, token in self.tokens.items() if self.awaits(token, act.message)]
        if act.token is not None and not act.message.startswith(SIGNAL):
            found = [key for key in found if key == act.token]
        if not found:
            raise Refusal(
                "engine.not_waiting",
                f"没有在等消息“{act.message}”",
                f"Nothing waits for the message “{act.message}”",
                "message",
            )
        for key in found if act.message.startswith(SIGNAL) else found[:1]:
            if key in self.tokens:
                self.receive(key, act.facts)

    def awaits(self, token: Token, message: str) -> bool:
        """Whether a token waits for a message or signal."""
        node = self.nodes[token.node]
        return node.message == message and _listens(node, token)

    def receive(self, key: int, facts: Mapping[str, Any]) -> None:
        """Take a message at the token that awaits it."""
        token = self.tokens[key]
        node = self.nodes[token.node]
        if node.kind == "catch":
            self.keep(key, facts)
            self.unsubscribed += (key,)
            self.leave(key, token, node)
            return
        self.keep(int(token.via) if node.kind == "boundary" else token.scope, facts)
        if node.interrupting:
            del self.tokens[key]
            self.unsubscribed += (key,)
        if node.kind == "listen":
            self.begin_beside(node, token.scope)
        else:
            self.take_boundary(node, int(token.via), token.scope)

    def take_boundary(self, node: Node, host: int, scope: int) -> None:
        """Go out by a boundary event; an interrupting one ends its host."""
        if node.interrupting:
            self.cancel(host)
        self.go(node, scope)

    def begin_beside(self, start: Node, scope: int) -> None:
        """Begin an event sub-process in its scope; an interrupting one ends all else there."""
        if start.interrupting:
            self.clear(scope)
        inside = self.nodes[start.container]
        self.begin(inside, self.new(inside.id, scope))

    def throw(self, node: Node, scope: int) -> bool:
        """Hand an error or escalation to what catches it, going outwards; whether that ends the
        thrower. In each scope its event sub-processes come first, then what sits on its border;
        what is thrown inside an event sub-process is not caught beside it (BPMN 2.0.2, 10.5.6).
        """
        beside = False
        while True:
            listeners = () if beside else self.procedure.listeners.get(self.container_of(scope), ())
            caught = catcher((self.nodes[key] for key in listeners), node)
            if caught is not None:
                self.begin_beside(caught, scope)
                return caught.interrupting
            if scope == 0:
                return False
            token = self.tokens[scope]
            here = self.nodes[token.node]
            around = self.tokens.get(token.scope)
            many = around is not None and around.via == MANY and around.node == token.node
            host = token.scope if many else scope
            outside = self.tokens[host].scope
            caught = catcher((self.nodes[key] for key in here.boundaries), node)
            if caught is not None:
                self.take_boundary(caught, host, outside)
                return caught.interrupting
            beside, scope = here.is_triggered, outside

    def clear(self, scope: int) -> None:
        """Cancel all that stands or moves in a scope, and forget the end it has reached."""
        if scope == 0:
            self.ended = ""
        self.ends = {one: end for one, end in self.ends.items() if one != scope}
        self.stack[:] = [move for move in self.stack if move[1] != scope]
        for key in [key for key, token in self.tokens.items() if token.scope == scope]:
            self.cancel(key)

    def turn_back(self, act: Return) -> None:
        """Enter the target again and cancel what came after it.

        Within the target's own branch only that branch is redone. A target inside branches that
        have been joined since is redone alone: the join already holds what the others brought.
        Refuses a target in another branch that runs beside (engine.target).
        """
        token = self.tokens.get(act.token)
        target = self.nodes.get(act.target)
        if token is None or target is None or target.kind != "user":
            raise self._no_target(act.target)
        scope, here = token.scope, token.node
        while self.container_of(scope) != target.container:
            if scope == 0:
                raise self._no_target(act.target)
            here, scope = self.tokens[scope].node, self.tokens[scope].scope
        branches = self.procedure.branches
        if not {here, act.target} <= branches.nodes.keys():
            raise self._no_target(act.target)
        goal, redone = branches.nodes[act.target], branches.shared(here, act.target)
        if redone is None:
            raise self._no_target(act.target)
        brought = [
            Token(join, scope, flow)
            for depth, branch in enumerate(goal[len(redone) :], len(redone))
            for join, flow in self.other_branches(branches, branch, depth, act.target)
        ]
        self.keep(act.token, act.facts)
        for key, one in list(self.tokens.items()):
            node = self.nodes[one.node]
            if one.scope != scope or node.kind == "listen" or node.is_triggered:
                continue  # an event sub-process, waiting or begun, stands beside every branch
            if branches.of(one.node, one.via)[: len(redone)] == redone:
                self.cancel(key)
        for one in brought:
            self.new(*one)
        self.stack.append((target.id, scope, ""))

    def other_branches(
        self, branches: Branches, branch: tuple[str, str], depth: int, target: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the join of a branch's split with each flow by which another branch comes to it.

        An inclusive join waits only for what can still come, so nothing need stand at it.
        """
        join = self.nodes.get(branches.joins.get(branch[0], ""))
        if join is None:
            raise self._no_target(target)
        if join.kind == "and":
            for flow in join.incoming:
                if branches.ways[flow][depth] != branch:
                    yield join.id, flow

    def _no_target(self, target: str) -> Refusal:
        return Refusal(
            "engine.target",
            f"不能退回到“{target}”",
            f"There is no returning to “{target}” from here",
            "target",
        )

    def container_of(self, scope: int) -> str:
        """Return the call node whose inside a scope is; "" at the top, "*" for instances."""
        if scope == 0:
            return TOP
        token = self.tokens[scope]
        return MANY if token.via == MANY else token.node

    def keep(self, key: int, facts: Mapping[str, Any]) -> None:
        """Keep submitted facts: with the instance that the token lies in, else with the matter."""
        if not facts:
            return
        if self.local:
            while key:
                token = self.tokens.get(key)
                if key in self.local and token is not None and token.via != MANY:
                    self.local = {**self.local, key: {**self.local[key], **facts}}
                    return
                key = token.scope if token else 0
        self.facts = {**self.facts, **facts}

    def view(self, scope: int) -> Mapping[str, Any]:
        """Return the facts seen from a scope: the matter's, under those of each instance."""
        return facts_seen(self.facts, self.local, self.tokens, scope)

    def known(self, scope: int) -> Mapping[str, Any]:
        """Return what is computed over in a scope: its facts, and the time where one asks it."""
        facts = self.view(scope) if self.local else self.facts
        return at_time(facts, self.now) if self.procedure.asks_now else facts

    def new(self, node: str, scope: int, via: str = "") -> int:
        """Place a new token and return its number."""
        self.serial += 1
        self.tokens[self.serial] = made(Token, (node, scope, via))
        return self.serial

    def go(self, node: Node, scope: int) -> None:
        """Put every way that leaves a node on the stack."""
        for way in node.ways:
            self.stack.append((way.target, scope, way.id))

    def settle(self) -> Step:
        """Move until everything waits; return the step."""
        moves, nodes, stack = 0, self.nodes, self.stack
        while True:
            while stack:
                moves += 1
                if moves > MOST_MOVES and moves > self.most_moves():
                    raise Refusal(
                        "engine.spin",
                        "流程在不停地空转，没有停在任何环节上",
                        "The procedure runs in a circle without waiting anywhere",
                    )
                node, scope, via = stack.pop(0)
                self.enter(nodes[node], scope, via)
            if self.scopes:
                *rest, scope = self.scopes
                self.scopes = tuple(rest)
                self.end_scope(scope)
            elif not (self.procedure.has_inclusive and self.open_inclusive()):
                break
        if not self.tokens and self.outcome is None:
            self.outcome = self.ended or self.ends.get(0, "")
        if self.ended or 0 in self.local:
            self.note_end()
        return made(
            Step,
            (
                made(State, (self.tokens, self.facts, self.serial, self.local)),
                self.opened,
                self.closed,
                self.timers,
                self.stopped,
                self.subscribed,
                self.unsubscribed,
                self.effects,
                self.outcome,
                self.passed,
            ),
        )

    def note_end(self) -> None:
        """Keep the end that the matter has reached for as long as something may run beside it."""
        self.forget(0)
        if self.outcome is None and self.ended and TOP in self.procedure.listeners:
            self.local = {**self.local, 0: {ENDED: self.ended}}

    def most_moves(self) -> int:
        """Return how many moves one act may take: more where it begins many instances."""
        return MOST_MOVES + MOST_MOVES_EACH * min(self.begun, MOST_INSTANCES)

    def enter(self, node: Node, scope: int, via: str) -> None:
        """Let one token come to a node."""
        self.passed += (node.id,)
        kind = node.kind
        if kind in ("user", "catch", "call"):
            self.wait(node, scope)
        elif kind == "xor":
            way = choose(node, self.known(scope))
            self.stack.append((way.target, scope, way.id))
        elif kind == "and":
            self.join(node, scope, via)
        elif kind == "or":
            if len(node.incoming) > 1:
                self.new(node.id, scope, via)
            else:
                self.split_inclusive(node, scope)
        elif kind == "end":
            self.end(node, scope)
        elif kind == "terminate":
            self.clear(scope)
            self.reach(node, scope)
        elif kind == "event":
            self.race(node, scope)
        else:
            self.pass_by(node, scope)

    def end(self, node: Node, scope: int) -> None:
        """End a branch, having thrown what the end throws; an error that nothing catches ends
        the matter.
        """
        if node.message:
            self.send(node, scope)
        if node.trigger and self.throw(node, scope):
            return
        if node.trigger == "error":
            self.clear(0)
            scope = 0
        self.reach(node, scope)

    def reach(self, node: Node, scope: int) -> None:
        """Reach an end of a scope: of several, the last is the matter's outcome."""
        if scope == 0:
            self.ended = node.id
        self.ends = {**self.ends, scope: node.id}
        self.scopes += (scope,)

    def send(self, node: Node, scope: int) -> None:
        """Let a message or signal go out as an effect."""
        name = node.message if node.message.startswith(SIGNAL) else f"message:{node.message}"
        self.effects += (Effect(name, node.id, self.view(scope)),)

    def race(self, node: Node, scope: int) -> None:
        """Wait for the first of several events; their tokens share the name of the first."""
        via = f"?{self.serial + 1}"
        for way in node.ways:
            target = self.nodes[way.target]
            self.listen(target, self.new(target.id, scope, via), scope)

    def pass_by(self, node: Node, scope: int) -> None:
        """Pass a node that does not wait: an effect, a decision, a message, a start."""
        if node.kind == "service":
            self.effects += (Effect(node.effect, node.id, self.view(scope)),)
        elif node.kind == "throw" and node.trigger:
            if self.throw(node, scope):
                return
        elif node.kind == "throw":
            self.send(node, scope)
        elif node.kind == "rule":
            told = at_time(self.view(scope), self.now)
            found = self.procedure.decisions[node.decision].decide(node.decision, told)
            if not isinstance(found, Mapping):
                found = {node.decision: found}
            self.keep(scope, found)
        self.go(node, scope)

    def join(self, node: Node, scope: int, via: str) -> None:
        """Come to a parallel gateway: wait for every incoming flow, then go on along all ways."""
        if len(node.incoming) > 1:
            found: dict[str, int] = {}
            for key, (name, where, came) in self.tokens.items():
                if name == node.id and where == scope:
                    found.setdefault(came, key)
            if via in found or len(found) < len(node.incoming) - 1:
                self.new(node.id, scope, via)
                return
            for key in found.values():
                del self.tokens[key]
        self.go(node, scope)

    def split_inclusive(self, node: Node, scope: int) -> None:
        """Go out of an inclusive gateway by every way that is true, or by the default."""
        if len(node.ways) == 1:
            self.go(node, scope)
            return
        facts = self.known(scope)
        taken = [
            way for way in node.ways if way.condition is not None and way.condition(facts) is True
        ]
        for way in taken or [way for way in node.ways if way.condition is None]:
            self.stack.append((way.target, scope, way.id))

    def open_inclusive(self) -> bool:
        """Open one inclusive join that nothing can reach any more; whether there was one."""
        for key, token in self.tokens.items():
            node = self.nodes[token.node]
            if node.kind != "or" or key not in self.tokens:
                continue
            scope = token.scope
            if any(
                other.scope == scope and other.node in node.reaches
                for other in self.tokens.values()
            ):
                continue
            arrived: dict[str, int] = {}
            for other_key, other in self.tokens.items():
                if other.node == node.id and other.scope == scope:
                    arrived.setdefault(other.via, other_key)
            for other_key in arrived.values():
                del self.tokens[other_key]
            self.split_inclusive(node, scope)
            return True
        return False

    def wait(self, node: Node, scope: int) -> None:
        """Begin an activity: one, or as many instances as its collection has elements."""
        if node.collection is None:
            self.serial = key = self.serial + 1
            self.tokens[key] = made(Token, (node.id, scope, ""))
            if node.boundaries:
                self.arm(node, scope, key)
            self.begin(node, key)
            return
        elements = node.collection(self.known(scope))
        if not isinstance(elements, list | tuple):
            elements = [] if elements is None else [elements]
        if len(elements) > MOST_INSTANCES:
            raise Refusal(
                "engine.instances", "同时办理的份数太多", "Too many instances at once", node.id
            )
        if node.results:
            self.keep(scope, {node.results: []})
        if not elements:
            self.go(node, scope)
            return
        elements = [to_json(element) for element in elements]
        many = self.new(node.id, scope, MANY)
        self.arm(node, scope, many)
        together = elements[:1] if node.sequential else elements
        if node.is_counted:
            counted = {TOTAL: len(elements), DONE: 0, ACTIVE: len(together)}
            rest = elements[len(together) :]
            self.local = {**self.local, many: {**counted, REST: rest, COLLECTED: []}}
        for element in together:
            self.begin_one(node, many, element)

    def begin_one(self, node: Node, many: int, element: Any) -> None:
        """Begin one of several instances, with its element among its own facts."""
        self.begun += 1
        key = self.new(node.id, many)
        self.local = {**self.local, key: {node.element: element}}
        self.begin(node, key)

    def arm(self, node: Node, scope: int, host: int) -> None:
        """Set the boundary events of an activity."""
        for boundary_id in node.boundaries:
            boundary = self.nodes[boundary_id]
            if boundary.is_armed:
                key = self.new(boundary_id, scope, str(host))
                self.listen(boundary, key, scope)

    def hear(self, container: str, scope: int) -> None:
        """Set the event sub-processes of a scope that begins."""
        for key in self.procedure.listeners.get(container, ()):
            start = self.nodes[key]
            if start.is_armed:
                self.listen(start, self.new(key, scope), scope)

    def listen(self, node: Node, key: int, scope: int) -> None:
        """Set the timer or the subscription of a token."""
        if node.timer is not None:
            self.timers += (made(Timer, (key, node.id, str(node.timer(self.known(scope))))),)
        else:
            self.subscribed += (Subscribed(key, node.id, node.message),)

    def begin(self, node: Node, key: int) -> None:
        """Begin one instance of an activity at its token."""
        if node.kind == "call":
            self.hear(node.id, key)
            self.stack.append((node.entry, key, ""))
        elif node.kind == "catch":
            self.listen(node, key, key)
        else:
            facts = self.known(key)
            due = node.due(facts) if node.due is not None else None
            self.opened += (
                made(
                    Opened,
                    (
                        key,
                        node.id,
                        node.posts,
                        node.organisation(facts) if node.organisation is not None else None,
                        None if due is None else str(due),
                        node.form,
                        officer_of(node.assignee(facts)) if node.assignee is not None else None,
                    ),
                ),
            )

    def leave(self, key: int, token: Token, node: Node) -> None:
        """End an activity at its token and go on; the last instance ends them all."""
        many = self.tokens.get(token.scope)
        instance = many is not None and many.via == MANY and many.node == token.node
        del self.tokens[key]
        if not instance:
            if node.boundaries:
                self.disarm(key)
            if token.via:
                self.passed += (node.id,)
                for other in [one for one, its in self.tokens.items() if its.via == token.via]:
                    self.silence(other)
            if node.is_triggered:
                self.scopes += (token.scope,)
            self.go(node, token.scope)
            return
        assert many is not None
        found = self.local.get(key, {})
        self.forget(key)
        if token.scope in self.local:
            self.count(node, token.scope, found)
        elif node.results:
            outer = self.view(many.scope).get(node.results)
            kept = [*(outer if isinstance(outer, list) else []), found]
            self.keep(many.scope, {node.results: kept})
        self.leave_many(node, token.scope)

    def leave_many(self, node: Node, many: int) -> None:
        """Leave the container of instances once none is left in it."""
        if not any(one.scope == many for one in self.tokens.values()):
            outside = self.tokens.pop(many).scope
            self.forget(many)
            self.disarm(many)
            self.go(node, outside)

    def count(self, node: Node, many: int, found: dict[str, Any]) -> None:
        """Count an instance that has ended with its facts: is it enough, or is it the next's turn?

        The condition sees the counters, the facts of all that have ended (by the name of
        qs:results, else `instances`), and those of the last one by their own names.
        """
        told = dict(self.local[many])
        collected = told[COLLECTED] = [*told[COLLECTED], found]
        told[DONE] += 1
        told[ACTIVE] = sum(one.scope == many for one in self.tokens.values())
        if node.results:
            self.keep(self.tokens[many].scope, {node.results: collected})
        rest = told[REST]
        if self.are_enough(node, many, told):
            self.leave_out_rest(many, told)
        elif rest:
            told[REST], told[ACTIVE] = rest[1:], 1
            self.local = {**self.local, many: told}
            self.begin_one(node, many, rest[0])
        else:
            self.local = {**self.local, many: told}

    def are_enough(self, node: Node, many: int, told: Mapping[str, Any]) -> bool:
        """Whether the instances that have ended, of which there is one, are enough."""
        aliases = {alias: told[name] for name, alias in COUNTERS.items()}
        collected, outside = told[COLLECTED], self.known(self.tokens[many].scope)
        facts = {**outside, "instances": collected, **collected[-1], **told, **aliases}
        return node.completion is not None and node.completion(facts) is True

    def leave_out_rest(self, many: int, told: Mapping[str, Any]) -> None:
        """Cancel the instances that have not ended, and those whose turn has not come."""
        self.local = {**self.local, many: {**told, REST: [], ACTIVE: 0}}
        for key in [key for key, one in self.tokens.items() if one.scope == many]:
            self.cancel(key)

    def widen(self, act: Widen) -> None:
        """Add an instance: beside the others, or as the next where they go in turn."""
        many, node = self.several(act.token)
        told = self.local.get(many)
        if told is not None:
            added = {TOTAL: told[TOTAL] + 1, ACTIVE: told[ACTIVE] + (not node.sequential)}
            rest = [act.element, *told[REST]] if node.sequential else told[REST]
            self.local = {**self.local, many: {**told, **added, REST: rest}}
        if not node.sequential:
            self.begin_one(node, many, act.element)

    def narrow(self, act: Narrow) -> None:
        """Take an instance away; where they go in turn it is then the next one's. The container
        is left where nobody is left, and where those that are done are enough without it.
        """
        many, node = self.several(act.token)
        told = self.local.get(many)
        rest = told[REST] if told else []
        others = sum(one.scope == many for one in self.tokens.values()) > 1
        if not (others or rest or act.ends):
            raise Refusal(
                "engine.last_signer",
                "这是最后一位，不能减去",
                "This is the last one and cannot be left out",
                "token",
            )
        self.cancel(act.token)
        if told is not None:
            left = {TOTAL: told[TOTAL] - 1, ACTIVE: told[ACTIVE] - (not node.sequential)}
            told = {**told, **left, REST: rest[1:]}
            self.local = {**self.local, many: told}
            if act.ends and self.are_enough(node, many, told):
                self.leave_out_rest(many, told)
            elif rest:
                self.begin_one(node, many, rest[0])
        self.leave_many(node, many)

    def several(self, key: int) -> tuple[int, Node]:
        """Return the container of the instance at a token, with its node, or refuse."""
        token, node = self.waiting(key, "user")
        many = self.tokens.get(token.scope)
        if many is None or many.via != MANY or many.node != node.id:
            raise Refusal(
                "engine.one_only",
                "这一步由一人办理，不能加签减签",
                "This step is done by one alone",
                "token",
            )
        return token.scope, node

    def forget(self, key: int) -> None:
        """Drop the facts of an instance that has ended."""
        if key in self.local:
            self.local = {one: facts for one, facts in self.local.items() if one != key}

    def disarm(self, host: int) -> None:
        """Take the boundary events of an activity away."""
        told = str(host)
        for key in [key for key, token in self.tokens.items() if token.via == told]:
            if self.nodes[self.tokens[key].node].kind == "boundary":
                self.silence(key)

    def silence(self, key: int) -> None:
        """Remove a token that listens for a timer or a message."""
        node = self.nodes[self.tokens.pop(key).node]
        if key in [one.token for one in self.timers] + [one.token for one in self.subscribed]:
            self.timers = tuple(one for one in self.timers if one.token != key)
            self.subscribed = tuple(one for one in self.subscribed if one.token != key)
        elif node.timer is not None:
            self.stopped += (key,)
        else:
            self.unsubscribed += (key,)

    def cancel(self, key: int) -> None:
        """Remove a token with everything inside it and the boundary events on it."""
        token = self.tokens.get(key)
        if token is None:
            return
        node = self.nodes[token.node]
        self.stack[:] = [move for move in self.stack if move[1] != key]
        for inner in [one for one, other in self.tokens.items() if other.scope == key]:
            self.cancel(inner)
        self.disarm(key)
        if node.kind in ("catch", "boundary", "listen") and token.via != MANY:
            self.silence(key)
        else:
            del self.tokens[key]
            if node.kind == "user" and token.via != MANY:
                if any(one.token == key for one in self.opened):
                    self.opened = tuple(one for one in self.opened if one.token != key)
                else:
                    self.closed += (Closed(key, node.id, "cancelled"),)
        self.forget(key)

    def end_scope(self, scope: int) -> None:
        """End a scope in which no token is left but what listens: the matter, or a call that then
        goes on.
        """
        here = [(key, one) for key, one in self.tokens.items() if one.scope == scope]
        if any(self.nodes[one.node].kind != "listen" for _, one in here):
            return
        for key, _ in here:
            self.silence(key)
        if scope == 0:
            self.outcome = self.ended or self.ends.get(0, "")
            return
        token = self.tokens.get(scope)
        if token is not None:
            node = self.nodes[token.node]
            if node.is_triggered:
                self.ends = {token.scope: self.ends.get(scope, ""), **self.ends}
            self.leave(scope, token, node)
