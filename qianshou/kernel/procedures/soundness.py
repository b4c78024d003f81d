"""Is a procedure sound? A token game over the compiled table, conditions left open.

Sound (van der Aalst 1998, adapted to scopes): every node can be reached, from every reachable
marking the end can be reached, and no join waits for what cannot come. Several instances are
played as none and as one; timers, messages and signals may come or not; an event sub-process
that interrupts nothing runs once at a time.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from qianshou.kernel.procedures.compiled import TOP, Procedure
from qianshou.kernel.procedures.nodes import Node, catcher
from qianshou.kernel.refusal import Refusal

MOST_MARKINGS = 20_000
MOST_MOVES = 250_000
MOST_TOKENS = 24
WAITING = ("user", "catch", "boundary")


class Place(NamedTuple):
    """A token of the game: the node, the incoming flow for a join, and the calls around it."""

    node: str
    via: str
    scope: tuple[str, ...]


Marking = tuple[Place, ...]


class _Unbounded(Exception):
    """Tokens gather without end at a node."""


class _Large(Exception):
    """There are more markings, or more moves between them, than are played."""


class _Game:
    """Plays every choice from every start."""

    def __init__(self, procedure: Procedure) -> None:
        self.nodes = procedure.nodes
        self.listeners = procedure.listeners
        self.visited: set[str] = set()
        self.moves = 0

    def after(self, marking: list[Place], stack: list[Place]) -> Iterator[Marking]:
        """Yield every resting marking that can follow when `stack` is moved on."""
        moves = [(tuple(marking), tuple(stack))]
        seen: set[tuple[Marking, Marking]] = set()
        while moves:
            here, ahead = moves.pop()
            key = (tuple(sorted(here)), tuple(sorted(ahead)))
            if key in seen:
                continue
            seen.add(key)
            self.moves += 1
            if len(seen) > MOST_MARKINGS or self.moves > MOST_MOVES:
                raise _Large
            if len(here) + len(ahead) > MOST_TOKENS:
                raise _Unbounded(ahead[0].node if ahead else here[0].node)
            if ahead:
                moves.extend(self.move(list(here), ahead[0], list(ahead[1:])))
                continue
            ended = self.end_scopes(list(here))
            if ended is not None:
                moves.append((tuple(ended[0]), tuple(ended[1])))
                continue
            joined = self.open_inclusive(list(here))
            if joined is not None:
                moves.extend((tuple(joined[0]), tuple(ahead)) for ahead in joined[1])
                continue
            yield tuple(sorted(here))

    def move(
        self, here: list[Place], token: Place, rest: list[Place]
    ) -> Iterator[tuple[Marking, Marking]]:
        """Yield what can follow when one token comes to a node."""
        node = self.nodes[token.node]
        self.visited.add(node.id)
        ways = [Place(way.target, way.id, token.scope) for way in node.ways]
        if node.kind in ("user", "catch", "call"):
            if node.collection is not None:
                yield tuple(here), (*rest, *ways)
            armed = [
                Place(boundary, node.id, token.scope)
                for boundary in node.boundaries
                if self.nodes[boundary].is_armed
            ]
            here = [*here, Place(node.id, "", token.scope), *armed]
            inside = []
            if node.kind == "call":
                inside = [Place(node.entry, "", (*token.scope, node.id))]
            yield tuple(here), (*rest, *inside)
        elif node.kind == "xor" and len(ways) > 1:
            for way in ways:
                yield tuple(here), (*rest, way)
        elif node.kind == "and" and len(node.incoming) > 1:
            yield self.join(node, here, token, rest, ways)
        elif node.kind == "or" and len(node.incoming) > 1:
            yield (*here, token), tuple(rest)
        elif node.kind == "or":
            for chosen in self.subsets(node, ways):
                yield tuple(here), (*rest, *chosen)
        elif node.kind == "event":
            yield (*here, Place(node.id, "", token.scope)), tuple(rest)
        elif node.trigger and node.kind in ("end", "throw"):
            yield self.throw(node, here, token.scope, rest, ways)
        elif node.kind == "end":
            yield (*here, Place(node.id, "done", token.scope)), tuple(rest)
        elif node.kind == "terminate":
            depth = len(token.scope)
            kept = [one for one in here if one.scope[:depth] != token.scope]
            left = [one for one in rest if one.scope[:depth] != token.scope]
            yield (*kept, Place(node.id, "done", token.scope)), tuple(left)
        else:
            yield tuple(here), (*rest, *ways)

    def throw(
        self,
        node: Node,
        here: list[Place],
        scope: tuple[str, ...],
        rest: list[Place],
        ways: list[Place],
    ) -> tuple[Marking, Marking]:
        """Return what follows when an error or escalation goes outwards from its scope."""
        own = [Place(node.id, "done", scope)] if node.kind == "end" else []
        path, beside = scope, False
        while True:
            keys = () if beside else self.listeners.get(path[-1] if path else TOP, ())
            caught = catcher((self.nodes[key] for key in keys), node)
            if caught is not None:
                if caught.interrupting:
                    return self.begin_beside(caught, here, path, rest)
                return self.begin_beside(caught, [*here, *own], path, [*rest, *ways])
            if not path:
                break
            call, outer = self.nodes[path[-1]], path[:-1]
            caught = catcher((self.nodes[key] for key in call.boundaries), node)
            if caught is not None:
                self.visited.add(caught.id)
                out = [Place(way.target, way.id, outer) for way in caught.ways]
                if not caught.interrupting:
                    return (*here, *own), (*rest, *ways, *out)
                left = [one for one in rest if one.scope[: len(path)] != path]
                here = self.without_host(here, caught, Place(caught.id, call.id, outer))
                return tuple(here), (*left, *out)
            beside, path = call.is_triggered, outer
        if node.trigger == "error":
            return (Place(node.id, "done", ()),), ()
        return (*here, *own), (*rest, *ways)

    def begin_beside(
        self, start: Node, here: list[Place], path: tuple[str, ...], rest: list[Place]
    ) -> tuple[Marking, Marking]:
        """Return what follows when an event sub-process begins in a scope."""
        if start.interrupting:
            here = [one for one in here if one.scope[: len(path)] != path]
            rest = [one for one in rest if one.scope[: len(path)] != path]
        inside = start.container
        self.visited.add(inside)
        return (
            (*here, Place(inside, "", path)),
            (*rest, Place(start.id, "", (*path, inside))),
        )

    def join(
        self, node: Node, here: list[Place], token: Place, rest: list[Place], ways: list[Place]
    ) -> tuple[Marking, Marking]:
        """Return what follows at a parallel join: it waits, or opens."""
        arrived = {one.via: one for one in here if one.node == node.id and one.scope == token.scope}
        if token.via in arrived or len(arrived) < len(node.incoming) - 1:
            return (*here, token), tuple(rest)
        for one in arrived.values():
            here.remove(one)
        return tuple(here), (*rest, *ways)

    def subsets(self, node: Node, ways: list[Place]) -> Iterator[tuple[Place, ...]]:
        """Yield the sets of ways that an inclusive split may take."""
        if len(ways) == 1:
            yield tuple(ways)
            return
        plain = [way for way in ways if way.via != node.default]
        if 2 ** len(plain) > MOST_MARKINGS:
            raise _Large
        for size in range(1, len(plain) + 1):
            yield from combinations(plain, size)
        if node.default:
            yield tuple(way for way in ways if way.via == node.default)

    def end_scopes(self, here: list[Place]) -> tuple[list[Place], list[Place]] | None:
        """Return what follows when the innermost finished call ends; None when none is finished."""
        done = sorted((one for one in here if one.via == "done"), key=lambda one: -len(one.scope))
        for token in done:
            others = [
                one
                for one in here
                if one.via != "done" and one.scope[: len(token.scope)] == token.scope
            ]
            kept = [one for one in here if not (one.via == "done" and one.scope == token.scope)]
            if others:
                return kept, []
            if not token.scope:
                return kept, []
            outer, call = token.scope[:-1], self.nodes[token.scope[-1]]
            if call.is_triggered:
                kept.remove(Place(call.id, "", outer))
                return [*kept, Place(call.id, "done", outer)], []
            return self.leave(kept, Place(call.id, "", outer))
        return None

    def leave(self, here: list[Place], token: Place) -> tuple[list[Place], list[Place]]:
        """Return what follows when the activity at `token` ends."""
        node = self.nodes[token.node]
        here.remove(token)
        for boundary in node.boundaries:
            armed = Place(boundary, node.id, token.scope)
            if armed in here:
                here.remove(armed)
        return here, [Place(way.target, way.id, token.scope) for way in node.ways]

    def open_inclusive(
        self, here: list[Place]
    ) -> tuple[list[Place], list[tuple[Place, ...]]] | None:
        """Return what follows when an inclusive join opens; None when none can."""
        for token in here:
            node = self.nodes[token.node]
            if node.kind != "or":
                continue
            beside = [one for one in here if one.scope == token.scope]
            if any(one.node in node.reaches for one in beside):
                continue
            arrived = {one.via: one for one in beside if one.node == node.id}
            for one in arrived.values():
                here.remove(one)
            ways = [Place(way.target, way.id, token.scope) for way in node.ways]
            return here, list(self.subsets(node, ways))
        return None

    def acts(self, marking: Marking) -> Iterator[Marking]:
        """Yield every marking that one act can lead to."""
        for token in set(marking):
            node = self.nodes[token.node]
            if node.kind == "boundary":
                here = list(marking)
                here.remove(token)
                if node.interrupting:
                    here = self.without_host(here, node, token)
                ways = [Place(way.target, way.id, token.scope) for way in node.ways]
                self.visited.add(node.id)
                yield from self.after(here, ways)
            elif node.kind in ("user", "catch"):
                here, ways = self.leave(list(marking), token)
                yield from self.after(here, ways)
            elif node.kind == "event":
                for way in node.ways:
                    here = list(marking)
                    here.remove(token)
                    self.visited.add(way.target)
                    after = self.nodes[way.target].ways
                    ways = [Place(one.target, one.id, token.scope) for one in after]
                    yield from self.after(here, ways)
        if self.listeners and marking:
            yield from self.heard(list(marking))

    def heard(self, marking: list[Place]) -> Iterator[Marking]:
        """Yield every marking that follows when an event sub-process is set off."""
        calls = [one for one in marking if self.nodes[one.node].kind == "call"]
        for path in {(), *((*one.scope, one.node) for one in calls)}:
            begun = {one.node for one in calls if one.scope == path}
            starts = [self.nodes[key] for key in self.listeners.get(path[-1] if path else TOP, ())]
            if any(start.interrupting and start.container in begun for start in starts):
                continue
            for start in starts:
                if start.is_armed and start.container not in begun:
                    here, ahead = self.begin_beside(start, marking, path, [])
                    yield from self.after(list(here), list(ahead))

    def without_host(self, here: list[Place], node: Node, token: Place) -> list[Place]:
        """Return a marking without the host of a boundary event and all that is inside it."""
        inside = (*token.scope, node.host)
        host = self.nodes[node.host]
        kept = [one for one in here if one.scope[: len(inside)] != inside]
        for one in (
            Place(host.id, "", token.scope),
            *(Place(boundary, host.id, token.scope) for boundary in host.boundaries),
        ):
            if one in kept:
                kept.remove(one)
        return kept


def check_soundness(procedure: Procedure) -> tuple[Refusal, ...]:
    """Return what is unsound in a procedure, with element ids; empty when it is sound.

    Codes: soundness.unbounded, soundness.stuck, soundness.dead, soundness.large.
    """
    game = _Game(procedure)
    try:
        starts = [
            marking
            for start in procedure.starts
            for marking in game.after([], [Place(start, "", ())])
        ]
        following = _explore(game, starts)
    except _Large:
        return (
            _unsound(
                procedure, "soundness.large", procedure.id, "流程太大，无法逐一核查",
                "the procedure is too large to be checked",
            ),
        )  # fmt: skip
    except _Unbounded as error:
        return (
            _unsound(
                procedure,
                "soundness.unbounded",
                str(error),
                "令牌会无限增加",
                "tokens gather without end",
            ),
        )
    return tuple(_problems(procedure, game, following))


def leads_to_end(procedure: Procedure, marking: Marking) -> bool:
    """Whether from `marking`, whatever happens, the end can always still be reached.

    False as well where that is too much to be played, or tokens gather without end.
    """
    try:
        following = _explore(_Game(procedure), [marking])
    except (_Large, _Unbounded):
        return False
    return len(_able_to_end(following)) == len(following)


def _explore(game: _Game, starts: Iterable[Marking]) -> dict[Marking, list[Marking]]:
    """Return every marking that can follow from `starts`, each with what one act leads to."""
    following: dict[Marking, list[Marking]] = {}
    waiting = deque(starts)
    while waiting:
        marking = waiting.popleft()
        if marking in following:
            continue
        following[marking] = list(game.acts(marking))
        waiting.extend(following[marking])
        if len(following) > MOST_MARKINGS:
            raise _Large
    return following


def _able_to_end(following: Mapping[Marking, list[Marking]]) -> set[Marking]:
    """Return the markings from which the empty one can be reached."""
    before: dict[Marking, list[Marking]] = {}
    for marking, after in following.items():
        for one in after:
            before.setdefault(one, []).append(marking)
    able = {marking for marking in following if not marking}
    waiting = deque(able)
    while waiting:
        for one in before.get(waiting.popleft(), ()):
            if one not in able:
                able.add(one)
                waiting.append(one)
    return able


def _problems(
    procedure: Procedure, game: _Game, following: dict[Marking, list[Marking]]
) -> Iterator[Refusal]:
    able = _able_to_end(following)
    told: set[str] = set()
    for marking in following:
        if marking in able:
            continue
        for token in marking:
            kind = procedure.nodes[token.node].kind
            if kind in ("and", "or") and token.node not in told:
                told.add(token.node)
                yield _unsound(
                    procedure, "soundness.stuck", token.node, "可能永远等不齐，事项会卡在这里",
                    "it can wait for ever for a branch that does not come",
                )  # fmt: skip
    if not told and len(able) < len(following):
        stuck = next(marking for marking in following if marking not in able)
        yield _unsound(
            procedure,
            "soundness.stuck",
            stuck[0].node,
            "从这里走不到结束",
            "the end cannot be reached from here",
        )
    for key, node in procedure.nodes.items():
        if key not in game.visited:
            yield _unsound(
                procedure, "soundness.dead", node.id, "永远走不到这里", "this can never be reached"
            )


def _unsound(procedure: Procedure, code: str, node: str, zh: str, en: str) -> Refusal:
    named = procedure.nodes.get(node)
    shown = named.name if named else node
    return Refusal(
        code,
        f"{procedure.id}#{node}“{shown}”：{zh}",
        f"{procedure.id}#{node}: {en}",
        node,
    )
