"""Random walks: over generated procedures nothing is lost, and SpiffWorkflow goes the same way.

SpiffWorkflow opens a parallel join early on the second pass of a loop, so the comparison keeps
loops away from parallels; the engine's own walks have both.
"""

import json
import random
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from qianshou.kernel.procedures import engine
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.blocks import KINDS, Block, blocks, drawn
from tests.kernel.procedures.drafts import AT, Player, bpmn, compiled

GATES = re.compile(r"^(g\d+) > .*: ", re.MULTILINE)


def choices(draft: str, draw: random.Random, steps: int) -> dict[str, Any]:
    """Return what is filled in before a step: a branch of each choice, whether to go round."""
    told: dict[str, Any] = {}
    for name in GATES.findall(draft):
        looped = f"{name} = true" in draft
        told[name] = (draw.random() < 0.4 and steps < 40) if looped else draw.randrange(3)
    return told


def same_kind(block: Block, kind: str) -> bool:
    """Whether a block holds a block of a kind."""
    return block != "step" and (block[0] == kind or any(same_kind(one, kind) for one in block[1]))


@settings(max_examples=150, deadline=None)
@given(blocks(), some.randoms(use_true_random=False))
def test_a_walk_always_comes_to_its_end_and_can_be_kept_and_replayed(
    block: Block, draw: random.Random
) -> None:
    draft = drawn(block)
    procedure = compiled(draft)
    play = Player(procedure, **choices(draft, draw, 0))
    acts: list[engine.Act] = [engine.Open(dict(play.state.facts))]
    steps = 0
    while play.step.outcome is None:
        waiting = sorted(play.tokens().values())
        assert waiting, draft
        act = engine.Complete(draw.choice(waiting), choices(draft, draw, steps))
        acts.append(act)
        kept = engine.State.from_json(json.loads(json.dumps(play.state.to_json())))
        assert kept == play.state
        play.act(act)
        steps += 1
        assert steps < 400, draft
    assert play.state.tokens == {}
    assert play.step.outcome == "e"
    state = None
    for done in acts:
        state = engine.advance(procedure, state, done, AT).state
    assert state == play.state


@settings(max_examples=200, deadline=None)
@given(blocks((*KINDS, "or")), some.randoms(use_true_random=False))
def test_returns_across_parallel_branches_starve_no_join_and_double_no_step(
    block: Block, draw: random.Random
) -> None:
    draft = drawn(block)
    play = Player(compiled(draft), **choices(draft, draw, 0))
    done: list[str] = []
    for steps in range(400):
        if play.step.outcome is not None:
            break
        waiting = sorted(play.tokens().items())
        assert waiting, draft
        assert len(waiting) == len(play.waiting().split()), draft
        name, key = draw.choice(waiting)
        target = draw.choice(done) if done and steps < 60 and draw.random() < 0.4 else None
        if target is None:
            play.act(engine.Complete(key, choices(draft, draw, steps)))
            done.append(name)
            continue
        beside = {other for other, _ in waiting if other != name}
        before = play.state.to_json()
        try:
            play.act(engine.Return(key, target))
        except Refusal:
            assert play.state.to_json() == before
            continue
        assert target in play.tokens()
        kept = beside & set(play.tokens())
        assert all(play.tokens()[other] == dict(waiting)[other] for other in kept - {target})
    assert play.step.outcome == "e", draft


def spiff(draft: str, told: dict[str, Any]) -> BpmnWorkflow:
    """Return SpiffWorkflow's own run of the same file, at its first human steps."""
    parser = BpmnParser()
    text = re.sub(r"(<conditionExpression>)(.*?)=(.*?)(</)", r"\1\2==\3\4", bpmn(draft).decode())
    text = text.replace("true</condition", "True</condition")
    parser.add_bpmn_str(text.encode())
    workflow = BpmnWorkflow(parser.get_spec("p"))
    workflow.data.update(told)
    for task in workflow.get_tasks():
        task.data.update(told)
    workflow.do_engine_steps()
    return workflow


def ready(workflow: BpmnWorkflow) -> dict[str, Any]:
    """Return SpiffWorkflow's human steps that wait, by name."""
    return {
        task.task_spec.bpmn_id: task
        for task in workflow.get_tasks(state=TaskState.READY)
        if task.task_spec.manual
    }


@settings(max_examples=60, deadline=None)
@given(blocks(), some.randoms(use_true_random=False))
def test_spiffworkflow_goes_the_same_way(block: Block, draw: random.Random) -> None:
    if same_kind(block, "loop") and same_kind(block, "and"):
        return
    draft = drawn(block)
    told = choices(draft, draw, 0)
    play, peer = Player(compiled(draft), **told), spiff(draft, told)
    for steps in range(60):
        assert sorted(play.waiting().split()) == sorted(ready(peer)), draft
        if play.step.outcome is not None:
            break
        name = draw.choice(play.waiting().split())
        told = choices(draft, draw, steps)
        play.do(name, **told)
        task = ready(peer)[name]
        task.data.update(told)
        task.run()
        peer.do_engine_steps()
    assert play.step.outcome is not None
    assert peer.is_completed()
