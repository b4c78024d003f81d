"""Errors, escalations, signals, races and event sub-processes: who catches, what is cancelled."""

import json

import pytest

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.drafts import Player, compiled

BOX = """
sub box
end e
box | start i
box | and fork
box | i > fork > a > x
box | end x
box | fork > b > which
box | xor which
box | which > x: fine = true
box | which > {last}
s > box > after > e
"""
FAILING = BOX.format(last="bad") + "box | fail bad error E1\n"


def caught(kind: str, code: str, interrupting: bool = True) -> str:
    told = str(interrupting).lower()
    return f"caught c box {told} {kind} {code}\nend f\nc > mend > f\n"


def sound(draft: str) -> bool:
    return not check_soundness(compiled(draft))


@pytest.mark.parametrize("code", ["E1", ""])
def test_an_error_leaves_its_sub_process_and_cancels_all_of_it(code: str) -> None:
    draft = FAILING + caught("error", code)
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == "mend"
    assert len(play.state.tokens) == 1
    assert [one.reason for one in play.step.closed] == ["done", "cancelled"]
    assert sound(draft)


def test_the_code_of_an_error_is_caught_before_any() -> None:
    draft = FAILING + caught("error", "") + "caught d box true error E1\nend g\nd > exact > g\n"
    assert Player(compiled(draft)).do("b").waiting() == "exact"


def test_an_error_that_nothing_catches_ends_the_matter() -> None:
    for draft in (FAILING, FAILING + caught("error", "E2")):
        play = Player(compiled(draft)).do("b")
        assert play.state.tokens == {}
        assert play.step.outcome == "bad"
    assert sound(FAILING)


def test_an_error_that_never_comes_is_caught_in_vain() -> None:
    found = check_soundness(compiled(FAILING + caught("error", "E2")))
    assert {one.field for one in found} == {"c", "mend", "f"}


def test_an_error_of_a_called_procedure_reaches_the_caller() -> None:
    draft = "call c q\ncaught t c true error E1\nend e\nend f\ns > c > e\nt > mend > f"
    inner = "fail x error E1\ns > i > x"
    play = Player(compiled(draft, q=inner)).do("i")
    assert play.waiting() == "mend"


def test_an_error_of_one_instance_ends_all() -> None:
    draft = "each c q\ncaught t c true error E1\nend e\nend f\ns > c > e\nt > mend > f"
    play = Player(compiled(draft, q="fail x error E1\ns > i > x"), list=["x", "y"])
    play.act(engine.Complete(max(play.state.tokens), {}))
    assert play.waiting() == "mend"
    assert play.state.locals == {}


@pytest.mark.parametrize(("interrupting", "waiting"), [(True, "mend"), (False, "a mend")])
def test_an_escalation_may_leave_its_sub_process_running(interrupting: bool, waiting: str) -> None:
    draft = BOX.format(last="up > y") + "box | throw up escalation L\nbox | end y\n"
    draft += caught("escalation", "L", interrupting)
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == waiting
    assert sound(draft) != interrupting  # nothing comes to the end y behind an interrupted throw
    if not interrupting:
        assert play.do("a").waiting() == "after mend"


def test_an_escalation_that_nothing_catches_goes_on() -> None:
    draft = BOX.format(last="up") + "box | fail up escalation L\n"
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == "a"
    assert play.do("a").waiting() == "after"


def test_a_terminate_end_inside_ends_its_sub_process_only() -> None:
    draft = BOX.format(last="y") + "box | stop y\n"
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == "after"


def test_a_boundary_timer_cancels_a_sub_process_whole() -> None:
    draft = BOX.format(last="x") + "late t box\nend f\nt > mend > f\n"
    play = Player(compiled(draft)).fire("t")
    assert play.waiting() == "mend"
    assert len(play.state.tokens) == 1


ASIDE = """
aside out
out | on t {interrupting} {trigger} {name}
out | t > aid > y
out | end y
end e
s > a > b > e
"""


def beside(trigger: str, name: str = "m", *, interrupting: bool) -> str:
    return ASIDE.format(interrupting=str(interrupting).lower(), trigger=trigger, name=name)


def set_off(play: Player, trigger: str) -> Player:
    if trigger == "timer":
        return play.fire("t")
    name = "signal:m" if trigger == "signal" else "m"
    return play.act(engine.Deliver(name, {"told": 1}))


@pytest.mark.parametrize("trigger", ["timer", "message", "signal"])
def test_an_event_sub_process_that_interrupts_ends_all_else(trigger: str) -> None:
    draft = beside(trigger, interrupting=True)
    play = set_off(Player(compiled(draft)), trigger)
    assert play.waiting() == "aid"
    assert play.do("aid").step.outcome == "y"
    assert play.state.tokens == {}
    assert sound(draft)


@pytest.mark.parametrize("trigger", ["message", "signal"])
def test_one_that_does_not_interrupt_runs_beside_as_often_as_it_is_told(trigger: str) -> None:
    draft = beside(trigger, interrupting=False)
    play = Player(compiled(draft))
    for _ in range(2):
        set_off(play, trigger)
    assert play.waiting() == "a aid aid"
    assert play.state.facts["told"] == 1
    play.do("aid", "a", "b")
    assert play.step.outcome is None
    kept = engine.State.from_json(json.loads(json.dumps(play.state.to_json())))
    assert kept == play.state
    assert play.do("aid").step.outcome == "e"
    assert (play.state.tokens, play.state.locals) == ({}, {})
    assert play.step.unsubscribed
    assert sound(draft)


def test_an_end_reached_before_all_was_interrupted_is_no_outcome() -> None:
    draft = beside("message", interrupting=True).replace("s > a", "and o\nend f\ns > o > f\no > a")
    play = set_off(Player(compiled(draft)), "message")
    assert play.do("aid").step.outcome == "y"


def test_what_listens_keeps_no_matter_open() -> None:
    play = Player(compiled(beside("timer", interrupting=False)))
    assert [one.node for one in play.step.timers] == ["t"]
    play.do("a", "b")
    assert play.step.outcome == "e"
    assert len(play.step.stopped) == 1
    assert play.state.tokens == {}


def test_an_event_sub_process_catches_errors_of_its_scope() -> None:
    draft = FAILING + "box | aside net\nnet | on t true error E1\nnet | t > mend > y\nnet | end y"
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == "mend"
    assert play.do("mend").waiting() == "after"
    assert sound(draft)


@pytest.mark.parametrize(("interrupting", "waiting"), [("true", "mend"), ("false", "a mend")])
def test_an_event_sub_process_hears_escalations(interrupting: str, waiting: str) -> None:
    draft = BOX.format(last="up") + "box | fail up escalation L\nbox | aside net\n"
    draft += f"net | on t {interrupting} escalation L\nnet | t > mend > y\nnet | end y"
    play = Player(compiled(draft)).do("b")
    assert play.waiting() == waiting
    assert play.do(*reversed(waiting.split())).waiting() == "after"
    assert sound(draft)


def test_what_fails_inside_an_event_sub_process_is_caught_outside_it() -> None:
    draft = FAILING + "box | aside net\nnet | on t true error E1\nnet | t > worse\n"
    draft += "net | fail worse error E1\n" + caught("error", "E1")
    assert Player(compiled(draft)).do("b").waiting() == "mend"
    assert sound(draft)


def test_a_return_leaves_what_listens_and_what_runs_beside() -> None:
    play = Player(compiled(beside("message", interrupting=False))).do("a")
    set_off(play, "message")
    play.act(engine.Return(play.tokens()["b"], "a"))
    assert play.waiting() == "a aid"
    assert set_off(play, "message").waiting() == "a aid aid"


def test_a_return_out_of_an_event_sub_process_is_refused() -> None:
    play = set_off(Player(compiled(beside("message", interrupting=False))).do("a"), "message")
    with pytest.raises(Refusal) as refused:
        play.act(engine.Return(play.tokens()["aid"], "a"))
    assert refused.value.code == "engine.target"


def test_the_first_event_of_a_race_wins() -> None:
    draft = "race r\ntimer t\nhear m message m\nhear g signal g\nend e\nxor j\ns > r\n"
    draft += "r > t > late > j\nr > m > told > j\nr > g > heard > j\nj > e"
    assert sound(draft)
    for winner, waiting in (("t", "late"), ("m", "told"), ("signal:g", "heard")):
        play = Player(compiled(draft))
        assert (len(play.step.timers), len(play.step.subscribed)) == (1, 2)
        play = play.fire("t") if winner == "t" else play.act(engine.Deliver(winner))
        assert play.waiting() == waiting
        assert len(play.state.tokens) == 1
        assert (len(play.step.stopped) + len(play.step.unsubscribed)) >= 2


def test_a_signal_reaches_all_that_wait_for_it_in_a_matter() -> None:
    draft = "and o\nand j\nhear g signal g\nhear h signal g\nend e\ns > o > g > a > j\n"
    draft += "o > h > b > j\nj > e"
    assert Player(compiled(draft)).act(engine.Deliver("signal:g")).waiting() == "a b"


def test_signals_and_messages_are_thrown_as_effects() -> None:
    draft = "throw g signal all\nthrow m message one\nfail e signal end\ns > g > a > m > e"
    play = Player(compiled(draft)).do("a")
    assert [one.name for one in play.effects] == ["signal:all", "message:one", "signal:end"]
    assert play.step.outcome == "e"


def test_a_plain_task_and_a_link_are_passed() -> None:
    draft = "task k\nlink out Throw L\nlink in Catch L\nend e\ns > k > out\nin > a > e"
    assert Player(compiled(draft)).waiting() == "a"
    assert sound(draft)


def test_a_timer_set_and_cancelled_at_once_leaves_nothing() -> None:
    draft = "and o\ntimer t\nstop x\nend e\ns > a > o > t > e\no > x"
    play = Player(compiled(draft)).do("a")
    assert (play.step.timers, play.step.stopped, play.state.tokens) == ((), (), {})


def test_what_was_about_to_begin_in_a_cancelled_scope_never_does() -> None:
    draft = "and o\nsub box\nend e\nstop x\ns > a > o > box > e\no > x\n"
    draft += "box | start i\nbox | end y\nbox | i > b > y"
    play = Player(compiled(draft)).do("a")
    assert (play.state.tokens, play.step.opened, play.step.outcome) == ({}, (), "x")


@pytest.mark.parametrize(
    ("draft", "element", "code"),
    [
        ("race r\nend e\nend f\ntimer t\ns > r\nr > t > e\nr > a > f", "a", "bpmn.race"),
        ("aside o\nend e\ns > a > e", "o", "bpmn.start"),
        ("aside o\nend e\no | on t true timer\no | end y\no | t > y\ns > o > e", "o", "bpmn.split"),
        ("caught c a true error E\nend e\nend f\ns > a > e\nc > f", "c", "bpmn.reference"),
        ("link l Throw L\ns > l", "l", "bpmn.reference"),
        ("fail x error\ns > a > x", "x", "bpmn.code"),
        ("throw x signal\nend e\ns > x > e", "x", "bpmn.signal"),
        ("sub b\nend e\nb | on i true timer\nb | end y\nb | i > y\ns > b > e", "i", "bpmn.unsupported"),
    ],
)  # fmt: skip
def test_events_in_the_wrong_place_are_refused(draft: str, element: str, code: str) -> None:
    with pytest.raises(Refusals) as refused:
        compiled(draft)
    assert (element, code) in {(one.field, one.code) for one in refused.value.refusals}


def test_a_state_with_all_of_it_can_be_kept() -> None:
    play = set_off(Player(compiled(beside("message", interrupting=False))), "message")
    assert engine.State.from_json(json.loads(json.dumps(play.state.to_json()))) == play.state
