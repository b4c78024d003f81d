"""From version to version: what cannot be moved is told, what is moved goes on as it would have."""

import random
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import Procedure, compile_procedure
from qianshou.kernel.procedures.migration import Route, new_name
from qianshou.kernel.procedures.soundness import check_soundness
from tests.kernel.procedures.drafts import AT, Player, bpmn, compiled
from tests.kernel.procedures.scopes import Scope, drawn, scopes
from tests.kernel.procedures.test_scopes import filled, pick

IDS = re.compile(r'\b(id|sourceRef|targetRef|attachedToRef|default)="([a-z]+\d+)"')
SIGNED = "and j\nand k\ns > j > a > k\nj > b > k\nk > c > e\nend e"


def codes(old: Procedure, new: Procedure, **mapping: str) -> set[tuple[str, str]]:
    return {(one.id, one.code) for one in Route(old, new, mapping).hurdles()}


def renamed(draft: str) -> tuple[Procedure, dict[str, str]]:
    """Return a draft with every numbered id changed, and the mapping to it."""
    text = bpmn(draft).decode()
    mapping = {old: f"n{old}" for _attribute, old in IDS.findall(text)}
    changed = IDS.sub(r'\1="n\2"', text)
    return compile_procedure(load_bpmn(changed.encode(), "renamed")), mapping


@settings(max_examples=100, deadline=None)
@given(scopes(), some.randoms(use_true_random=False), some.integers(0, 12))
def test_moving_between_names_loses_no_token_and_doubles_none(
    block: Scope, draw: random.Random, moment: int
) -> None:
    draft = drawn(block)
    procedure = compiled(draft)
    new, mapping = renamed(draft)
    route = Route(procedure, new, mapping)
    assert route.hurdles() == []
    play = Player(procedure, **filled(draft, draw, 0))
    moved: engine.State | None = None
    for steps in range(400):
        if moved is None and steps >= moment:
            moved = route.move(play.state)
        if moved is not None:
            assert moved == route.move(play.state)
        if play.step.outcome is not None:
            break
        act = pick(play, draw, filled(draft, draw, steps), steps)
        play.act(act)
        if moved is not None:
            step = engine.advance(new, moved, act, AT)
            moved = step.state
            assert [one.token for one in step.opened] == [one.token for one in play.step.opened]
            assert [one.token for one in step.closed] == [one.token for one in play.step.closed]
    assert play.step.outcome is not None
    assert play.state.tokens == {}


@settings(max_examples=60, deadline=None)
@given(scopes(), some.randoms(use_true_random=False), some.integers(0, 12))
def test_wherever_a_sound_procedure_stands_it_can_end(
    block: Scope, draw: random.Random, moment: int
) -> None:
    draft = drawn(block)
    procedure = compiled(draft)
    assume(not check_soundness(procedure))
    play = Player(procedure, **filled(draft, draw, 0))
    for steps in range(moment):
        if play.step.outcome is None:
            play.act(pick(play, draw, filled(draft, draw, steps), steps))
    assert Route(procedure, procedure, {}).hurdles_of(play.state, at=AT) == []


def test_an_inlined_id_goes_with_its_call() -> None:
    assert new_name({"a": "b"}, "a/x") == "b/x"
    assert new_name({"a": "b", "a/x": "b/y"}, "a/x") == "b/y"
    assert new_name({}, "a/x") == "a/x"


@pytest.mark.parametrize(
    ("old", "new", "mapping", "found"),
    [
        ("s > a > e\nend e", "s > b > e\nend e", {}, {("a", "migration.missing")}),
        ("s > a > e\nend e", "s > b > e\nend e", {"a": "b"}, set()),
        ("s > a > e\nend e", "timer a\ns > a > e\nend e", {}, {("a", "migration.kind")}),
        ("timer a\ns > a > e\nend e", "message a\ns > a > e\nend e", {}, {("a", "migration.kind")}),
        (
            "message a\ns > a > e\nend e", "message b\ns > b > e\nend e", {"a": "b"},
            {("a", "migration.message")},
        ),
        (
            "s > a > e\nend e", "sub x\nx | s2 > a > e2\nx | start s2\nx | end e2\ns > x > e\nend e",
            {}, {("a", "migration.scope")},
        ),
        (
            "s > a > e\nend e", "sign a parallel\ns > a > e\nend e", {}, {("a", "migration.several")},
        ),
        (
            "sign a parallel\ns > a > e\nend e", "sign a sequential\ns > a > e\nend e", {},
            {("a", "migration.several")},
        ),
        (
            "late l a\ns > a > e\nl > e2\nend e\nend e2",
            "late l b\ns > a > b > e\nl > e2\nend e\nend e2", {}, {("l", "migration.scope")},
        ),
        (
            "race r\nmessage m\ntimer t\ns > r > m > e\nr > t > f\nend e\nend f",
            "xor r\nmessage m\ntimer t\ns > r\nr > m: x\nm > e\nr > t > f\nend e\nend f", {},
            {("m", "migration.scope"), ("t", "migration.scope")},
        ),
        (SIGNED, SIGNED.replace("k > c", "k > d > c"), {}, set()),
        (
            SIGNED, f"xor x\n{SIGNED}".replace("s > j", "s > x\nx > j"), {}, {("k", "migration.flow")},
        ),
    ],
)  # fmt: skip
def test_what_stands_where_the_new_version_has_no_like_place_is_told(
    old: str, new: str, mapping: dict[str, str], found: set[tuple[str, str]]
) -> None:
    assert codes(compiled(old), compiled(new), **mapping) == found


def test_a_matter_that_a_join_would_keep_for_ever_is_not_moved() -> None:
    old = compiled("s > a > b > e\nend e")
    new = compiled("and j\nand k\ns > j > a > k\nj > b > k\nk > e\nend e")
    play = Player(old)
    route = Route(old, new, {})
    assert route.hurdles() == []
    assert [one.code for one in route.hurdles_of(play.state, at=AT)] == ["migration.stuck"]
    longer = Route(old, compiled("s > a > c > b > e\nend e"), {})
    assert longer.hurdles_of(play.state, at=AT) == []
    gone = Route(old, compiled("s > a > e\nend e"), {})
    assert gone.hurdles_of(play.state, at=AT) == []
    assert [one.code for one in gone.hurdles_of(play.do("a").state, at=AT)] == ["migration.missing"]


def test_a_new_rule_without_a_span_and_a_straight_way_that_is_none_are_told() -> None:
    old = compiled("timer t\ns > a > t > b > e\nend e")
    text = bpmn("timer t\ns > a > t > b > e\nend e").replace(b"P5D", b"=often")
    unclear = compile_procedure(load_bpmn(text, "unclear"))
    play = Player(old).do("a")
    assert [one.code for one in Route(old, unclear, {}).hurdles_of(play.state, at=AT)] == [
        "migration.span"
    ]
    told = Player(old, often="P9D").do("a").state
    assert Route(old, unclear, {}).hurdles_of(told, at=AT) == []
    assert list(Route(old, unclear, {}).spans(told, AT).values()) == ["P9D"]
    begun = Player(old).state
    assert Route(old, old, {}).hurdles_of(begun, [("a", "b")], at=AT) == []
    route = Route(
        old,
        compiled(
            "timer t\nsub x\nx | start s2\nx | end e2\nx | s2 > b > e2\ns > a > t > x > e\nend e"
        ),
        {},
    )
    assert [one.code for one in route.hurdles_of(begun, [("a", "b")], at=AT)] == [
        "migration.straight"
    ]


def test_each_of_several_calls_is_looked_at_for_itself() -> None:
    inner = {"i": "s > x > y > e\nend e"}
    old = compiled("each c i\ns > c > e\nend e", **inner)
    new = compiled(
        "each c i\ns > c > e\nend e", i="and j\nand k\ns > j > x > k\nj > y > k\nk > e\nend e"
    )
    play = Player(old, list=[1, 2])
    assert Route(old, old, {}).hurdles_of(play.state, at=AT) == []
    play.do("x")
    assert Route(old, old, {}).hurdles_of(play.state, at=AT) == []
    assert [one.code for one in Route(old, new, {}).hurdles_of(play.state, at=AT)] == [
        "migration.stuck"
    ]


def test_an_end_that_is_reached_moves_under_its_new_name() -> None:
    draft = (
        "aside out\nout | on t false message m\nout | t > aid > y\nout | end y\nend e1\ns > a > e1"
    )
    old, (new, mapping) = compiled(draft), renamed(draft)
    play = Player(old).act(engine.Deliver("m")).do("a")
    assert play.state.locals == {0: {engine.ENDED: "e1"}}
    moved = Route(old, new, mapping).move(play.state)
    step = engine.advance(new, moved, engine.Complete(play.tokens()["aid"]), AT)
    assert (step.outcome, step.state.locals) == ("ne1", {})
