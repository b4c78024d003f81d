"""A procedure walked many times: each move of the engine is worked out once and remembered.

The engine is a pure function, so that two matters in the same state move alike, at one instant:
what asks now() is told the same in every move. A state's tokens are numbered anew from 1, in their
order, so that a loop comes back to the state it left.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.engine import (
    Act,
    Complete,
    Deliver,
    Fire,
    Open,
    State,
    Step,
    Token,
    advance,
)

FIRED, DELIVERED = -1, -2
Choice = Sequence[Mapping[str, Any]]


class Waiting(NamedTuple):
    """Something that now waits at a token: a step with its due span, a timer, or a message."""

    token: int
    node: str
    told: str | None


class Move(NamedTuple):
    """What follows from an act: the state after it, tokens that were given up, that are kept
    (old number, new number), and what newly waits. `outcome` ends the matter.
    """

    after: int
    gone: tuple[int, ...]
    kept: tuple[tuple[int, int], ...]
    opened: tuple[Waiting, ...]
    timers: tuple[Waiting, ...]
    messages: tuple[Waiting, ...]
    outcome: str | None


class Walk:
    """The states of a procedure met so far, and the moves between them.

    `choices` are the facts that may be brought, by step or start; a choice is told by its place.
    Every move is made at `at`.
    """

    def __init__(self, procedure: Procedure, choices: Mapping[str, Choice], at: datetime) -> None:
        self.procedure = procedure
        self.at = at
        self.choices = choices
        self.states: list[State] = []
        self.known: dict[str, int] = {}
        self.moves: list[dict[tuple[int, int], Move]] = []
        self.openings: dict[tuple[str, int], Move] = {}

    def open(self, start: str, choice: int) -> Move:
        """Return how a matter opens; Refusal engine.start where it cannot there."""
        found = self.openings.get((start, choice))
        if found is None:
            step = advance(self.procedure, None, Open(self._facts(start, choice), start), self.at)
            found = self.openings[start, choice] = self._moved({}, step)
        return found

    def complete(self, state: int, token: int, choice: int) -> Move:
        """Return what follows when the step at `token` is completed with a choice of facts."""
        found = self.moves[state].get((token, choice))
        if found is None:
            node = self.states[state].tokens[token].node
            act = Complete(token, self._facts(node, choice))
            found = self._advance(state, act, (token, choice))
        return found

    def fire(self, state: int, token: int) -> Move:
        """Return what follows when the timer at `token` has come."""
        found = self.moves[state].get((token, FIRED))
        return found or self._advance(state, Fire(token), (token, FIRED))

    def deliver(self, state: int, token: int, message: str) -> Move:
        """Return what follows when the message that `token` awaits comes."""
        found = self.moves[state].get((token, DELIVERED))
        return found or self._advance(state, Deliver(message, token=token), (token, DELIVERED))

    def _facts(self, node: str, choice: int) -> Mapping[str, Any]:
        offered = self.choices.get(node)
        return offered[choice] if offered else {}

    def _advance(self, state: int, act: Act, key: tuple[int, int]) -> Move:
        before = self.states[state]
        step = advance(self.procedure, before, act, self.at)
        found = self.moves[state][key] = self._moved(before.tokens, step)
        return found

    def _moved(self, before: Mapping[int, Token], step: Step) -> Move:
        state, fresh = self._renumbered(step.state)
        return Move(
            self._place(state),
            tuple(key for key in before if key not in fresh),
            tuple((key, fresh[key]) for key in before if key in fresh),
            tuple(Waiting(fresh[one.token], one.node, one.due) for one in step.opened),
            tuple(Waiting(fresh[one.token], one.node, one.span) for one in step.timers),
            tuple(Waiting(fresh[one.token], one.node, one.message) for one in step.subscribed),
            step.outcome,
        )

    def _renumbered(self, state: State) -> tuple[State, dict[int, int]]:
        fresh = {0: 0, **{key: place for place, key in enumerate(state.tokens, 1)}}
        via: dict[str, str] = {}  # the new names of races, told by their first token
        for key, token in state.tokens.items():
            if token.via.startswith("?"):
                via.setdefault(token.via, f"?{fresh[key]}")
            elif self.procedure.nodes[token.node].kind == "boundary":
                via[token.via] = str(fresh[int(token.via)])
        tokens = {
            fresh[key]: Token(token.node, fresh[token.scope], via.get(token.via, token.via))
            for key, token in state.tokens.items()
        }
        local = {fresh[key]: facts for key, facts in state.locals.items() if key in fresh}
        return State(tokens, state.facts, len(tokens), local), fresh

    def _place(self, state: State) -> int:
        key = json.dumps(state.to_json(), sort_keys=True, default=str)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.states)
            self.states.append(state)
            self.moves.append({})
        return found
