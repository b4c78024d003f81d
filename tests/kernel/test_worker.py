"""The clock's hand goes on: what fails is reported, put off, and stops nobody else."""

from datetime import timedelta

import pytest

from qianshou.kernel import worker
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist import clockwork
from qianshou.kernel.worklist.models import Matter, Task, Timer
from tests.kernel.conftest import Office


def waiting(office: Office) -> Timer:
    """Open a matter, bring it to its timer, and return that."""
    matter = office.open()
    for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2"):
        office.complete(matter, node)
    return Timer.objects.get(matter=matter)


def spoil(matter: int, state: str = "{}") -> str:
    """Store a state that the engine cannot read; return the one that was there."""
    kept = Matter.objects.get(pk=matter).state
    Matter.objects.filter(pk=matter).update(state=state)
    return kept


def test_a_timer_that_fails_is_reported_and_does_not_stop_the_tick(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = waiting(office), waiting(office)
    spoil(broken.matter_id)
    assert worker.tick(sound.due_at)["timers"] == 1
    assert f"Fire(matter={broken.matter_id}, token={broken.token})" in caplog.text
    assert "KeyError" in caplog.text
    assert list(Timer.objects.values_list("pk", flat=True)) == [broken.pk]


def test_timers_that_fail_let_the_others_have_their_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clockwork, "BATCH", 1)
    broken, sound = waiting(office), waiting(office)
    state = spoil(broken.matter_id)
    at = sound.due_at
    assert [worker.tick(at)["timers"] for _ in range(2)] == [0, 1]
    Matter.objects.filter(pk=broken.matter_id).update(state=state)
    assert worker.tick(at)["timers"] == 0
    assert worker.tick(at + worker.PUT_OFF)["timers"] == 1
    assert list(verify()) == []


def test_warnings_that_fail_let_the_others_have_their_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clockwork, "BATCH", 1)
    broken = office.open()
    office.at += timedelta(minutes=1)
    sound = Task.objects.get(matter=office.open())
    spoil(broken, "not json")
    assert [worker.tick(sound.amber_at)["warnings"] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    "error", [Refusal("door.x", "不行", "No"), Refusals([Refusal("door.x", "不行", "No")])]
)
def test_a_refusal_is_reported_in_words(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    timer = waiting(office)
    monkeypatch.setattr("qianshou.kernel.door.act", refuse)
    assert worker.tick(timer.due_at)["timers"] == 0
    assert "不行" in caplog.text
