"""The token game: joins, loops, boundaries, instances, returns; most tests on joins and returns."""

import json

import pytest

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import compile_procedure
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.drafts import AT, Player, bpmn, compiled

PARALLEL = """
    and split
    and join
    end e
    s > split > a > join > c > e
    split > b > join
"""
CHOICE = """
    xor x
    xor m
    end e
    s > x
    x > a: n = 1
    x > b: n > 1
    x > c
    a > m
    b > m
    c > m > d > e
"""
INCLUSIVE = """
    or split
    or join
    end e
    s > split
    split > a: n > 0
    split > b: n > 1
    split > c
    a > join
    b > join
    c > join > d > e
"""
LOOP = """
    and split
    and join
    xor x
    xor m
    end e
    s > m > split > a > join > x
    split > b > join
    x > m: again = true
    x > e
"""


def test_one_step_after_the_other() -> None:
    play = Player(compiled("end e\n s > a > b > e"))
    assert play.waiting() == "a"
    assert play.do("a").waiting() == "b"
    assert play.do("b").step.outcome == "e"
    assert play.state.tokens == {}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_parallel_join_waits_for_all(order: tuple[str, str]) -> None:
    play = Player(compiled(PARALLEL))
    assert play.waiting() == "a b"
    assert play.do(order[0]).waiting() == order[1]
    assert play.do(order[1]).waiting() == "c"
    assert play.do("c").step.outcome == "e"


@pytest.mark.parametrize(("n", "taken"), [(1, "a"), (2, "b"), (0, "c"), (None, "c")])
def test_an_exclusive_choice_takes_the_first_that_holds(n: int | None, taken: str) -> None:
    play = Player(compiled(CHOICE), n=n)
    assert play.waiting() == taken
    assert play.do(taken).waiting() == "d"


@pytest.mark.parametrize(("n", "taken"), [(2, "a b"), (1, "a"), (0, "c")])
def test_an_inclusive_join_waits_for_what_can_still_come(n: int, taken: str) -> None:
    play = Player(compiled(INCLUSIVE), n=n)
    assert play.waiting() == taken
    for step in taken.split():
        assert play.waiting() != "d"
        play.do(step)
    assert play.waiting() == "d"


def test_a_join_fires_once_in_every_round_of_a_loop() -> None:
    play = Player(compiled(LOOP))
    for _ in range(3):
        assert play.waiting() == "a b"
        assert play.do("b").waiting() == "a"
        play.do("a", again=True)
    play.do("a", "b", again=False)
    assert play.step.outcome == "e"


def test_one_branch_may_go_round_while_the_other_waits() -> None:
    play = Player(
        compiled("""
            and split
            and join
            xor x
            xor m
            end e
            s > split > m > a > x
            x > m: again = true
            x > join
            split > b > join > c > e
        """)
    )
    for _ in range(3):
        play.do("a", again=True)
        assert play.waiting() == "a b"
    play.do("a", again=False)
    assert play.waiting() == "b"
    assert play.do("b").waiting() == "c"


def test_a_terminate_end_ends_all_branches() -> None:
    play = Player(compiled("and split\n stop e\n end f\n s > split > a > e\n split > b > f"))
    play.do("a")
    assert play.state.tokens == {}
    assert play.step.outcome == "e"
    assert [closed.reason for closed in play.step.closed] == ["done", "cancelled"]


def test_a_plain_end_ends_its_branch_only() -> None:
    play = Player(compiled("and split\n end e\n end f\n s > split > a > e\n split > b > f"))
    assert play.do("a").step.outcome is None
    assert play.waiting() == "b"
    assert play.do("b").step.outcome == "f"


def test_an_interrupting_timer_ends_its_step() -> None:
    play = Player(compiled("late t a\n end e\n end f\n s > a > e\n t > b > f"))
    assert [timer.span for timer in play.step.timers] == ["P5D"]
    play.fire("t")
    assert play.waiting() == "b"
    assert play.step.closed[0].reason == "cancelled"


def test_a_step_done_in_time_stops_its_timer() -> None:
    play = Player(compiled("late t a\n end e\n end f\n s > a > e\n t > b > f")).do("a")
    assert play.step.outcome == "e"
    assert len(play.step.stopped) == 1


def test_a_timer_beside_leaves_its_step_waiting_and_fires_once() -> None:
    play = Player(compiled("beside t a\n end e\n end f\n s > a > e\n t > b > f"))
    play.fire("t")
    assert play.waiting() == "a b"
    assert play.tokens("boundary") == {}
    assert play.do("a").step.outcome is None
    assert play.do("b").step.outcome == "f"


def test_timers_and_messages_on_the_way() -> None:
    play = Player(compiled("timer t\n message m\n end e\n s > t > m > a > e"))
    assert play.waiting() == ""
    play.fire("t")
    assert [one.message for one in play.step.subscribed] == ["m"]
    play.act(engine.Deliver("m", {"told": "yes"}))
    assert play.state.facts["told"] == "yes"
    assert play.waiting() == "a"


def test_a_message_for_nobody_is_refused() -> None:
    play = Player(compiled("end e\n s > a > e"))
    with pytest.raises(Refusal) as refused:
        play.act(engine.Deliver("m"))
    assert refused.value.code == "engine.not_waiting"


def test_effects_run_in_order() -> None:
    play = Player(compiled("service one\n service two\n end e\n s > one > a > two > e"))
    play.do("a")
    assert [effect.name for effect in play.effects] == ["one", "two"]


INNER = "end x\n s > i > j > x"


def test_a_called_procedure_runs_inside() -> None:
    play = Player(compiled("call c q\n end e\n s > c > b > e", q=INNER))
    assert play.waiting() == "i"
    assert play.do("i", "j").waiting() == "b"


def test_instances_run_at_once_and_keep_their_own_facts() -> None:
    procedure = compiled("each c q\n end e\n s > c > b > e", q=INNER)
    play = Player(procedure, list=["x", "y", "z"])
    assert play.waiting() == "i i i"
    assert [facts["item"] for facts in play.state.locals.values()] == ["x", "y", "z"]
    keys = [key for key, token in play.state.tokens.items() if token.node.endswith("/i")]
    for place, key in enumerate(keys):
        play.act(engine.Complete(key, {"said": place}))
    assert "said" not in play.state.facts
    for key in [key for key, token in play.state.tokens.items() if token.node.endswith("/j")]:
        assert play.waiting().count("b") == 0
        play.act(engine.Complete(key, {}))
    assert play.waiting() == "b"
    assert [one["said"] for one in play.state.facts["c"]] == [0, 1, 2]


@pytest.mark.parametrize("many", ["each c q", "sign c sequential"])
def test_the_elements_of_instances_can_be_kept_whatever_they_are(many: str) -> None:
    told = '[1.5, 2.0, @"2026-11-23", duration("P1D"), {day: @"2026-11-24"}, [1..3]]'
    raw = bpmn(f"{many}\n end e\n s > c > b > e").replace(
        b'qs:collection="list"', f"qs:collection='{told}'".encode()
    )
    inner = {"q": compile_procedure(load_bpmn(bpmn(INNER, "q"), "q"))}
    state = Player(compile_procedure(load_bpmn(raw, "file"), {}, inner)).state
    assert engine.State.from_json(json.loads(json.dumps(state.to_json()))) == state
    if many.startswith("each"):
        elements = [facts["item"] for facts in state.locals.values()]
        assert elements == [1.5, 2, "2026-11-23", "P1D", {"day": "2026-11-24"}, "[1..3]"]


def test_a_second_round_of_instances_begins_its_results_anew() -> None:
    loop = "xor m\n xor x\n each c q\n end e\n s > m > c > b > x\n x > m: again = true\n x > e"
    play = Player(compiled(loop, q="end x\n s > i > x"), list=[1, 2])
    play.do("i", "i", "b", again=True)
    assert play.state.facts["c"] == []
    play.do("i", said=3)
    assert [one.get("said") for one in play.state.facts["c"]] == [3]
    play.do("i").do("b", again=True, list=[])
    assert (play.waiting(), play.state.facts["c"]) == ("b", [])


def test_no_instances_are_passed_by() -> None:
    assert Player(compiled("each c q\n end e\n s > c > b > e", q=INNER), list=[]).waiting() == "b"


def test_a_return_cancels_what_runs_beside() -> None:
    play = Player(compiled(PARALLEL.replace("s > split", "s > first > split"))).do("first", "a")
    assert play.waiting() == "b"
    play.act(engine.Return(play.tokens()["b"], "first", {"why": "wrong"}))
    assert play.waiting() == "first"
    assert play.state.facts["why"] == "wrong"
    play.do("first")
    assert play.waiting() == "a b"
    assert play.do("a").waiting() == "b"
    assert play.do("b").waiting() == "c"


def test_a_return_from_after_a_join_redoes_one_branch_and_keeps_the_others() -> None:
    play = Player(compiled(PARALLEL)).do("a", "b")
    play.act(engine.Return(play.tokens()["c"], "a"))
    assert play.waiting() == "a"
    assert play.do("a").waiting() == "c"


LONG = """
and split
and join
end e
s > split
split > b1 > b2 > join
split > d > join
join > c > e
"""


def test_a_return_within_a_branch_leaves_the_other_branch_alone() -> None:
    play = Player(compiled(LONG)).do("b1")
    other = play.tokens()["d"]
    play.act(engine.Return(play.tokens()["b2"], "b1"))
    assert play.tokens()["d"] == other
    assert play.do("b1", "d", "b2").waiting() == "c"


def test_a_return_into_a_branch_that_runs_beside_is_refused() -> None:
    play = Player(compiled(LONG)).do("b1")
    with pytest.raises(Refusal) as refused:
        play.act(engine.Return(play.tokens()["d"], "b1"))
    assert refused.value.code == "engine.target"
    assert play.waiting() == "b2 d"


def test_a_return_into_nested_branches_fills_every_join_around_them() -> None:
    nested = LONG.replace("b1 > b2 > join", "in > x > out > join\n in > y > out").replace(
        "and join", "and join\nand in\nand out"
    )
    play = Player(compiled(nested)).do("x", "y", "d")
    play.act(engine.Return(play.tokens()["c"], "x"))
    assert play.waiting() == "x"
    assert play.do("x").waiting() == "c"


def test_a_return_from_a_later_split_redoes_one_branch_of_an_earlier_one() -> None:
    later = LONG.replace("join > c > e", "join > in").replace(
        "and join", "and join\nand in\nand out\nin > x > out\nin > y > out\nout > c > e"
    )
    play = Player(compiled(later)).do("b1", "b2", "d", "y")
    play.act(engine.Return(play.tokens()["x"], "d"))
    assert play.waiting() == "d"
    assert play.do("d").waiting() == "x y"


def test_inclusive_joins_in_a_loop_do_not_wait_for_each_other() -> None:
    draft = """
    xor back
    or out
    or in
    or inner
    or outer
    xor again
    end e
    s > back > out
    out > a
    a > outer
    out > f: both = true
    f > outer
    out > in: both = true
    in > b
    b > inner
    in > c: both = true
    c > inner
    inner > outer
    outer > again
    again > back: more = true
    again > d
    d > e
    """
    play = Player(compiled(draft), both=True)
    assert play.waiting() == "c f"
    assert play.do("c", "f", both=False, more=True).waiting() == "a"
    assert play.do("a", more=False).waiting() == "d"


def test_gateways_that_do_not_pair_up_allow_no_return() -> None:
    crossed = """
    and split
    and left
    and join
    end e
    s > first > split
    split > a > left
    split > b > join
    left > c > join
    left > d > join
    join > f > e
    """
    play = Player(compiled(crossed)).do("first", "a")
    with pytest.raises(Refusal) as refused:
        play.act(engine.Return(play.tokens()["c"], "a"))
    assert refused.value.code == "engine.target"


def test_a_return_within_an_instance_leaves_its_sisters_alone() -> None:
    play = Player(compiled("each c q\n end e\n s > c > b > e", q=INNER), list=["x", "y"])
    first = next(key for key, one in play.state.tokens.items() if one.node.endswith("/i"))
    play.act(engine.Complete(first, {}))
    assert play.waiting() == "i j"
    play.act(engine.Return(play.tokens()["j"], "c/i"))
    assert play.waiting() == "i i"


def test_a_return_out_of_the_instances_ends_them_all() -> None:
    play = Player(compiled("each c q\n end e\n s > a > c > b > e", q=INNER), list=["x", "y"])
    play.do("a")
    assert play.waiting() == "i i"
    play.act(engine.Return(next(iter(play.tokens().values())), "a"))
    assert play.waiting() == "a"
    assert play.do("a").waiting() == "i i"


@pytest.mark.parametrize("target", ["nowhere", "e", "s"])
def test_a_return_to_where_one_cannot_is_refused(target: str) -> None:
    play = Player(compiled("end e\n s > a > b > e")).do("a")
    with pytest.raises(Refusal) as refused:
        play.act(engine.Return(play.tokens()["b"], target))
    assert refused.value.code == "engine.target"


def test_a_message_for_one_token_comes_to_that_one() -> None:
    draft = (
        "and o\n hear g message m\n hear h message m\n end e\n s > o > g > b > e\n o > h > c > e"
    )
    play = Player(compiled(draft))
    key = play.tokens("catch")["h"]
    with pytest.raises(Refusal) as refused:
        play.act(engine.Deliver("m", token=key + 1))
    assert refused.value.code == "engine.not_waiting"
    assert play.act(engine.Deliver("m", token=key)).waiting() == "c"
    assert play.act(engine.Deliver("m")).waiting() == "b c"


def test_what_does_not_wait_is_refused_and_nothing_has_changed() -> None:
    play = Player(compiled("end e\n s > a > b > e"))
    before = play.state.to_json()
    for act in (engine.Complete(99), engine.Fire(play.tokens()["a"]), engine.Open()):
        with pytest.raises(Refusal) as refused:
            play.act(act)
        assert refused.value.code in ("engine.not_waiting", "engine.start")
    assert play.state.to_json() == before


def test_a_circle_without_waiting_is_stopped() -> None:
    procedure = compiled("xor x\n xor m\n end e\n s > a > m > x\n x > m: go = true\n x > e")
    play = Player(procedure)
    with pytest.raises(Refusal) as refused:
        play.do("a", go=True)
    assert refused.value.code == "engine.spin"


TASKS = "task u\n task v\n task w\n end x\n s > u > v > w > x"


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_many_instances_that_wait_nowhere_are_no_circle(order: str) -> None:
    raw = bpmn("each c q\n end e\n s > c > b > e").replace(
        b"<multiInstanceLoopCharacteristics",
        f'<multiInstanceLoopCharacteristics isSequential="{str(order == "sequential").lower()}"'.encode(),
    )
    inner = {"q": compile_procedure(load_bpmn(bpmn(TASKS, "q"), "q"))}
    play = Player(compile_procedure(load_bpmn(raw, "file"), {}, inner), list=list(range(450)))
    assert (play.waiting(), len(play.state.facts["c"])) == ("b", 450)


def test_a_circle_of_many_instances_without_waiting_is_stopped() -> None:
    draft = "each c q\n xor x\n xor m\n end e\n s > a > m > c > x\n x > m: go = true\n x > e"
    play = Player(compiled(draft, q=TASKS), list=list(range(60)))
    with pytest.raises(Refusal) as refused:
        play.do("a", go=True)
    assert refused.value.code == "engine.spin"


def test_the_state_stays_small_however_long_it_runs() -> None:
    play = Player(compiled(LOOP))
    sizes = []
    for _ in range(200):
        play.do("a", "b", again=True)
        sizes.append(len(json.dumps(play.state.to_json())))
    assert max(sizes) - min(sizes) < 20
    assert engine.State.from_json(json.loads(json.dumps(play.state.to_json()))) == play.state
    assert AT.tzinfo is not None


def test_a_deadline_that_is_worked_out_is_a_text_on_every_way() -> None:
    due = b"qs:due='=duration(\"PT36H\")'"
    raw = bpmn("end e\n s > a > b > e").replace(b'qs:due="5d"', due)
    play = Player(compile_procedure(load_bpmn(raw, "file")))
    assert [one.due for one in play.step.opened] == ["P1DT12H"]
    assert "a" in play.procedure.straight
    assert [one.due for one in play.do("a").step.opened] == ["P1DT12H"]
