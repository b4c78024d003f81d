"""Many sign one paper: one after the other, until enough agree, until one says no."""

import json

import pytest

from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import digest_of
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.drafts import AT, Player, bpmn, compiled

RATIO = "count(signed[agree = true]) / nrOfInstances >= 0.6"


def signing(how: str) -> Player:
    """Return a matter that five officers sign, at its signing step."""
    procedure = compiled(f"sign sign {how}\n end e\n s > sign > b > e")
    return Player(procedure, list=[1, 2, 3, 4, 5])


def sign(play: Player, **facts: object) -> None:
    """Let the first who has not signed sign."""
    play.act(engine.Complete(min(play.tokens().values()), facts))


def assignees(play: Player) -> list[int | None]:
    return [one.assignee for one in play.step.opened]


def test_sequential_signers_sign_one_after_the_other() -> None:
    play = signing("sequential")
    for officer in (1, 2, 3, 4, 5):
        assert play.waiting() == "sign"
        assert assignees(play) == [officer]
        sign(play, said=officer)
    assert play.waiting() == "b"
    assert [one["said"] for one in play.state.facts["signed"]] == [1, 2, 3, 4, 5]
    assert play.state.locals == {}


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_the_rest_need_not_sign_once_enough_agree(order: str) -> None:
    play = signing(f"{order} {RATIO}")
    for agree in (True, False, True):
        sign(play, agree=agree)
        assert set(play.waiting().split()) == {"sign"}
    sign(play, agree=True)
    assert play.waiting() == "b"
    assert [one.reason for one in play.step.closed].count("cancelled") == (order == "parallel")
    assert play.state.locals == {}
    assert len(play.state.tokens) == 1


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_leaving_one_out_ends_a_signing_only_where_the_act_says_so(order: str) -> None:
    play = signing(f"{order} {RATIO}")
    for _ in range(2):
        sign(play, agree=True)
    for _ in range(2):
        play.act(engine.Narrow(play.tokens()["sign"]))
        assert "sign" in play.waiting()
    with pytest.raises(Refusal) as refused:
        play.act(engine.Narrow(play.tokens()["sign"]))
    assert refused.value.code == "engine.last_signer"
    play.act(engine.Narrow(play.tokens()["sign"], ends=True))
    assert (play.waiting(), play.state.locals, len(play.state.tokens)) == ("b", {}, 1)
    assert [one["agree"] for one in play.state.facts["signed"]] == [True, True]


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_one_veto_ends_the_signing(order: str) -> None:
    play = signing(f"{order} agree = false")
    sign(play, agree=True)
    sign(play, agree=False)
    assert play.waiting() == "b"
    assert [one["agree"] for one in play.state.facts["signed"]] == [True, False]


@pytest.mark.parametrize(
    "enough",
    [
        "nrOfCompletedInstances >= 2", "numberOfCompletedInstances >= 2",
        "nrOfActiveInstances <= 3", "count(instances) = 2",
    ],
)  # fmt: skip
def test_a_condition_reads_the_counters(enough: str) -> None:
    play = signing(f"parallel {enough}")
    sign(play)
    assert play.waiting() != "b"
    sign(play)
    assert play.waiting() == "b"


def test_all_sign_where_the_condition_never_holds() -> None:
    play = signing(f"parallel {RATIO}")
    for _ in range(5):
        assert play.waiting() != "b"
        sign(play, agree=False)
    assert play.waiting() == "b"


def test_a_second_round_counts_anew() -> None:
    play = signing("parallel nrOfCompletedInstances >= 2")
    sign(play, said=1)
    sign(play, said=2)
    play.act(engine.Return(play.tokens()["b"], "sign"))
    assert play.waiting() == "sign sign sign sign sign"
    sign(play, said=3)
    assert [one["said"] for one in play.state.facts["signed"]] == [3]


def test_a_state_half_signed_can_be_kept() -> None:
    play = signing(f"sequential {RATIO}")
    sign(play, agree=True)
    kept = engine.State.from_json(json.loads(json.dumps(play.state.to_json())))
    assert kept == play.state
    after = engine.advance(play.procedure, kept, engine.Complete(max(kept.tokens)), AT)
    assert after.opened[0].assignee == 3


def test_a_timer_ends_a_signing_with_what_waits_behind_it() -> None:
    play = Player(
        compiled("sign sign sequential\n late t sign\n end e\n s > sign > e\n t > b > e"),
        list=[1, 2],
    )
    play.fire("t")
    assert play.waiting() == "b"
    assert play.state.locals == {}
    assert len(play.state.tokens) == 1


def test_a_number_of_times_is_a_collection_too() -> None:
    text = bpmn("sign sign parallel\n end e\n s > sign > e").decode()
    text = text.replace('qs:collection="list" qs:element="signer">', ">")
    text = text.replace("</multi", "<loopCardinality>n + 1</loopCardinality></multi")
    model = load_bpmn(text.encode(), "file")
    assert model.elements["sign"].multiple.startswith("loopCounter in if (n + 1) > 0")


def test_a_condition_in_another_language_is_refused_at_its_activity() -> None:
    with pytest.raises(Refusals) as refused:
        compiled("sign sign parallel ${done}\n end e\n s > sign > e")
    assert [one.code for one in refused.value.refusals] == ["bpmn.language"]


def test_signing_is_sound() -> None:
    assert not check_soundness(compiled(f"sign sign parallel {RATIO}\n end e\n s > sign > e"))


def test_the_digest_knows_the_order_and_the_condition_but_old_files_keep_theirs() -> None:
    drafts = ["sign sign parallel", "sign sign sequential", "sign sign parallel agree = false"]
    procedures = [compiled(f"{draft}\n end e\n s > sign > e") for draft in drafts]
    assert len({one.digest for one in procedures}) == 3
    plain = compiled("end e\n s > a > b > e")
    assert digest_of(plain.nodes, {}) == (
        "8b471c0bb279071b826a564ecb98fbadea3bbeccde684ae9a985ebd886732a14"
    )
