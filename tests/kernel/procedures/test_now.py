"""What time it is, asked by a procedure: the act's instant, in China, wherever something is computed."""

from datetime import UTC, datetime

import pytest

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import Procedure, compile_procedure
from qianshou.kernel.procedures.dmn import load_dmn
from qianshou.kernel.procedures.feel import compile_expression
from qianshou.kernel.procedures.kinds import is_condition
from tests.kernel.procedures.dmn.drafts import decision, definitions, literal
from tests.kernel.procedures.drafts import Player, bpmn, compiled

LATE = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # half past one on the 24th in China
DATED = 'today() = date("2026-11-24")'
HOUR = "now().hour = 1"


def opened(procedure: Procedure, *steps: str, **facts: object) -> tuple[engine.Opened, ...]:
    """Return what is open after an opening and these steps, all late in the day."""
    step = engine.advance(procedure, None, engine.Open(facts), LATE)
    for name in steps:
        (key,) = [key for key, one in step.state.tokens.items() if one.node == name]
        step = engine.advance(procedure, step.state, engine.Complete(key), LATE)
    return step.opened


@pytest.mark.parametrize("condition", [DATED, HOUR])
@pytest.mark.parametrize("split", ["xor", "or"])
def test_a_gateway_asks_the_day_and_the_hour(split: str, condition: str) -> None:
    draft = f"{split} x\n{split} y\nend e\n s > x\n x > b: {condition}\n x > c\n b > y\n c > y > e"
    assert [one.node for one in opened(compiled(draft))] == ["b"]
    straight = compiled(draft.replace("s > x", "s > a > x"))
    assert [one.node for one in opened(straight, "a")] == ["b"]


def test_a_deadline_is_worked_out_from_the_day_on_every_way() -> None:
    raw = bpmn("end e\n s > a > b > e").replace(b'qs:due="5d"', b"qs:due='=string(today())'")
    procedure = compile_procedure(load_bpmn(raw, "file"))
    assert [one.due for one in opened(procedure)] == ["2026-11-24"]
    assert [one.due for one in opened(procedure, "a")] == ["2026-11-24"]


def test_enough_have_signed_once_the_day_has_come() -> None:
    procedure = compiled(f"sign sign sequential {DATED}\n end e\n s > sign > b > e")
    play = Player(procedure, list=[1, 2, 3])
    play.do("sign")
    assert play.waiting() == "sign"
    step = engine.advance(procedure, play.state, engine.Complete(play.tokens()["sign"]), LATE)
    assert [one.node for one in step.opened] == ["b"]


def test_a_table_is_told_the_time_and_the_facts_are_not() -> None:
    model = load_dmn(definitions(decision("day", literal("string(today())"))), "t.dmn")
    raw = bpmn("rule day\n end e\n s > day > a > e")
    procedure = compile_procedure(load_bpmn(raw, "file"), {"day": model})
    step = engine.advance(procedure, None, engine.Open({"n": 1}), LATE)
    assert step.state.facts == {"n": 1, "day": "2026-11-24"}


def test_only_what_asks_is_told() -> None:
    assert compiled(f"xor x\nend e\n s > x\n x > a: {HOUR}\n x > b\n a > e\n b > e").asks_now
    assert not compiled("xor x\nend e\n s > x\n x > a: now = 1\n x > b\n a > e\n b > e").asks_now


def test_a_condition_on_the_day_is_one() -> None:
    assert is_condition(compile_expression(DATED), {})
    assert not is_condition(compile_expression("today()"), {})
