"""Moving what runs from one version of a procedure to another (迁移), as rules over plain values.

What a token stands at must be in both versions, of the same kind and in the same scope, under its
own id or the one that a mapping gives (the static half; Camunda 7's migration plans ask the same).
And from where a matter then stands the new version must lead to its end (the marking's half).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from qianshou.kernel.calendar import read_span
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.engine import (
    ENDED,
    MANY,
    State,
    Token,
    at_time,
    can_go_straight,
)
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.procedures.soundness import Marking, Place, leads_to_end
from qianshou.kernel.refusal import Refusal

Mapped = Mapping[str, str]
Straight = Iterable[tuple[str, str]]


class Hurdle(NamedTuple):
    """What keeps a place of the old version from being moved: which, its name, and why."""

    id: str
    name: str
    name_en: str
    code: str
    zh: str
    en: str


def _hurdle(node: Node, code: str, zh: str, en: str) -> Hurdle:
    return Hurdle(node.id, node.name, node.name_en or node.name, code, zh, en)


def new_name(mapping: Mapped, old: str) -> str:
    """Return the id that a node or flow of the old version has in the new one.

    What lies in a called procedure goes with its call: "a/x" is "b/x" where a is now b.
    """
    if old in mapping:
        return mapping[old]
    call, slash, inside = old.rpartition("/")
    return f"{new_name(mapping, call)}/{inside}" if slash else old


def name_after(mappings: Iterable[Mapped], old: str) -> str:
    """Return the id that a node has after several migrations, one after the other."""
    for mapping in mappings:
        old = new_name(mapping, old)
    return old


def resting(procedure: Procedure) -> Iterator[Node]:
    """Yield the nodes at which tokens stand between two acts."""
    for node in procedure.nodes.values():
        joins = node.kind in ("and", "or") and len(node.incoming) > 1
        hears = node.kind in ("boundary", "listen") and node.is_armed
        if node.kind in ("user", "catch", "call") or joins or hears:
            yield node


def _hurdles(old: Procedure, new: Procedure, mapping: Mapped, node: Node) -> Iterator[Hurdle]:
    hurdle = partial(_hurdle, node)
    key = new_name(mapping, node.id)
    target = new.nodes.get(key)
    if target is None:
        yield hurdle(
            "migration.missing", f"新版没有“{key}”，请写明对应哪里",
            f"The new version has no “{key}”; say where it is to go",
        )  # fmt: skip
        return
    if _kind_of(node) != _kind_of(target):
        yield hurdle(
            "migration.kind", f"“{key}”在新版是另一种元素", f"“{key}” is of another kind there"
        )
        return
    places = ((node.container, target.container), (node.host, target.host))
    if any(new_name(mapping, before) != after for before, after in places):
        yield hurdle(
            "migration.scope",
            f"“{key}”在新版处在别的范围里",
            f"“{key}” lies in another scope there",
        )
    if _several(node) != _several(target):
        yield hurdle(
            "migration.several", f"“{key}”在新版由几份办理的办法不同",
            f"“{key}” is done by several in another way there",
        )  # fmt: skip
    if node.message != target.message:
        yield hurdle(
            "migration.message", f"“{key}”在新版等的是另一个消息", f"“{key}” awaits another message"
        )
    if node.kind in ("and", "or"):
        for flow in node.incoming:
            if new_name(mapping, flow) not in target.incoming:
                yield hurdle(
                    "migration.flow", f"新版没有通向“{key}”的连线“{new_name(mapping, flow)}”",
                    f"No flow “{new_name(mapping, flow)}” leads to “{key}” there",
                )  # fmt: skip
    race = _race(old, node), _race(new, target)
    if (race[0] is None) != (race[1] is None):
        yield hurdle(
            "migration.scope", f"“{key}”在一版里接在事件网关之后，在另一版里不是",
            f"“{key}” stands behind an event gateway in one version only",
        )  # fmt: skip


def _kind_of(node: Node) -> tuple[str, bool, bool]:
    joins = node.kind in ("and", "or") and len(node.incoming) > 1
    hears = node.kind in ("catch", "boundary", "listen")
    return node.kind, joins or node.is_triggered, hears and node.timer is not None


def _several(node: Node) -> tuple[bool, str, bool, bool]:
    return node.collection is not None, node.element, node.sequential, node.is_counted


def _race(procedure: Procedure, node: Node) -> str | None:
    """Return the event gateway behind which a node waits, if any."""
    if node.kind != "catch":
        return None
    ways = set(node.incoming)
    return next(
        (
            one.id
            for one in procedure.nodes.values()
            if one.kind == "event" and any(way.id in ways for way in one.ways)
        ),
        None,
    )


def _is_way(via: str) -> bool:
    return bool(via) and via != MANY and not via.startswith("?") and not via.isdigit()


@dataclass(frozen=True)
class Route:
    """The way from one version to another by a mapping; what was worked out is remembered."""

    old: Procedure
    new: Procedure
    mapping: Mapped
    _ends: dict[Marking, bool] = field(default_factory=dict)
    _found: dict[str, list[Hurdle]] = field(default_factory=dict)

    def hurdles(self) -> list[Hurdle]:
        """Return every place of the old version that a token could not move from.

        Codes: migration.missing, migration.kind, migration.scope, migration.several,
        migration.message, migration.flow.
        """
        return [found for node in resting(self.old) for found in self._hurdles_at(node.id)]

    def hurdles_of(self, state: State, straight: Straight = (), *, at: datetime) -> list[Hurdle]:
        """Return what keeps a matter in `state` from being moved: a place that the new version
        has not as it was, a marking from which its end cannot be reached (migration.stuck), a
        timer whose new rule gives no span (migration.span), or a step that was to go `straight`
        to another, (from, to), and cannot there (migration.straight); spans are told as of `at`.
        """
        names = dict.fromkeys(token.node for token in state.tokens.values())
        found = [hurdle for name in names for hurdle in self._hurdles_at(name)]
        if found:
            return found
        stuck = [one for one in markings(self.new, self.move(state)) if not self._can_end(one)]
        if stuck:
            return [_stuck(self.new.nodes[stuck[0][0].node])]
        unread = [key for key, span in self.spans(state, at).items() if not _is_span(span)]
        return [
            *(_no_span(self.old.nodes[state.tokens[key].node]) for key in unread),
            *(
                _not_straight(self.old.nodes[one])
                for one, then in straight
                if not can_go_straight(self.new, self.name(one), self.name(then))
            ),
        ]

    def name(self, old: str) -> str:
        """Return the id in the new version of a node or flow of the old one."""
        return new_name(self.mapping, old)

    def spans(self, state: State, at: datetime) -> dict[int, str | None]:
        """Return the new span of each deadline and timer whose rule differs, by token; None where
        the new version gives a step no deadline of its own.
        """
        found: dict[int, str | None] = {}
        for key, token in state.tokens.items():
            old, new = self.old.nodes[token.node], self.new.nodes[self.name(token.node)]
            rules = (old.due, new.due) if old.kind == "user" else (old.timer, new.timer)
            before, after = (None if one is None else one.text for one in rules)
            if before == after or token.via == MANY:
                continue
            span = None if rules[1] is None else rules[1](at_time(state.seen_from(key), at))
            found[key] = None if span is None and old.kind == "user" else str(span)
        return found

    def move(self, state: State) -> State:
        """Return a state with its tokens where the mapping puts them; facts and numbers stay."""
        tokens = {
            key: Token(
                self.name(token.node),
                token.scope,
                self.name(token.via) if _is_way(token.via) else token.via,
            )
            for key, token in state.tokens.items()
        }
        ended = state.locals.get(0, {}).get(ENDED)
        told = {} if ended is None else {0: {ENDED: self.name(ended)}}
        return state._replace(tokens=tokens, locals={**state.locals, **told})

    def _hurdles_at(self, name: str) -> list[Hurdle]:
        if name not in self._found:
            node = self.old.nodes[name]
            self._found[name] = list(_hurdles(self.old, self.new, self.mapping, node))
        return self._found[name]

    def _can_end(self, marking: Marking) -> bool:
        if marking not in self._ends:
            self._ends[marking] = leads_to_end(self.new, marking)
        return self._ends[marking]


def _is_span(span: str | None) -> bool:
    try:
        return span is None or read_span(span) is not None
    except Refusal:
        return False


def _no_span(node: Node) -> Hurdle:
    return _hurdle(
        node, "migration.span",
        "按新版的规则算不出时限", "The new version's rule gives no deadline for it",
    )  # fmt: skip


def _not_straight(node: Node) -> Hurdle:
    return _hurdle(
        node, "migration.straight",
        "重办后要直接送回的环节，在新版不能直接送到",
        "It is to go straight back to a step that cannot be reached so in the new version",
    )  # fmt: skip


def _stuck(node: Node) -> Hurdle:
    return _hurdle(
        node, "migration.stuck",
        "按新版从这里走不到办结：会有汇合等不齐，或太大无法核查",
        "The new version does not lead from here to the end: a join would wait for ever, or there "
        "is too much to be checked",
    )  # fmt: skip


def markings(procedure: Procedure, state: State) -> Iterator[Marking]:
    """Yield the markings of the token game in which a state is: one for each of several that go
    on inside one call at once, for they do not meet before its end.
    """
    tokens = state.tokens
    alike: dict[tuple[str, int], list[int]] = {}
    for key, token in tokens.items():
        if procedure.nodes[token.node].kind == "call" and token.via != MANY:
            alike.setdefault((token.node, token.scope), []).append(key)
    several = [one for keys in alike.values() if len(keys) > 1 for one in keys]
    for chosen in several or [0]:
        around = set(_scopes(tokens, chosen)) if chosen else set()
        kept = {next((key for key in keys if key in around), keys[0]) for keys in alike.values()}
        left = {key for keys in alike.values() for key in keys} - kept
        yield _marking(
            procedure,
            tokens,
            [key for key in tokens if left.isdisjoint(_scopes(tokens, key))],
        )


def _scopes(tokens: Mapping[int, Token], key: int) -> Iterator[int]:
    """Yield a token's number and those of the scopes around it."""
    while key:
        yield key
        key = tokens[key].scope


def _marking(procedure: Procedure, tokens: Mapping[int, Token], keys: list[int]) -> Marking:
    def path(scope: int) -> tuple[str, ...]:
        around = [tokens[key] for key in _scopes(tokens, scope)]
        return tuple(one.node for one in reversed(around) if one.via != MANY)

    places: list[Place] = []
    races: set[str] = set()
    for key in keys:
        token = tokens[key]
        node = procedure.nodes[token.node]
        around = tokens.get(token.scope)
        one_of_several = around is not None and around.via == MANY
        if node.kind == "listen" or one_of_several:
            continue
        if token.via.startswith("?"):
            if token.via not in races:
                races.add(token.via)
                places.append(Place(_race(procedure, node) or node.id, "", path(token.scope)))
            continue
        via = node.host if node.kind == "boundary" else token.via if _is_way(token.via) else ""
        places.append(Place(node.id, via, path(token.scope)))
    return tuple(sorted(places))
