"""Parcels: carried out once, tried again after a failure, and alone where they take long."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from qianshou.kernel.outbox import carry_out, parcels, send
from qianshou.kernel.outbox.models import Parcel

SLOW, QUICK = "test.slow", "test.quick"


@pytest.fixture
def carriers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Register two carriers for a test; the slow one runs alone. Returns what they did."""
    done: list[str] = []

    def carry(facts: Mapping[str, Any], at: datetime) -> None:
        done.append(f"{facts['name']} {'inside' if connection.in_atomic_block else 'outside'}")
        if facts["name"] == "broken":
            raise ValueError("broken")

    monkeypatch.setattr(parcels, "_carriers", {SLOW: carry, QUICK: carry})
    monkeypatch.setattr(parcels, "_alone", {SLOW})
    return done


@pytest.mark.django_db(transaction=True)
def test_a_parcel_that_takes_long_is_carried_outside_any_transaction(
    carriers: list[str], at: datetime
) -> None:
    send(SLOW, {"name": "long"}, key="1", at=at)
    send(QUICK, {"name": "short"}, key="2", at=at)
    assert carry_out(at) == 2
    assert sorted(carriers) == ["long outside", "short inside"]
    assert carry_out(at) == 0


@pytest.mark.django_db(transaction=True)
def test_those_that_take_long_leave_the_rest_for_the_next_time(
    carriers: list[str], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = iter((0.0, 9.9, 10.0, 20.0, 20.0))
    monkeypatch.setattr(parcels, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    for key in ("1", "2"):
        send(SLOW, {"name": f"long {key}"}, key=key, at=at)
    send(QUICK, {"name": "short"}, key="3", at=at)
    assert carry_out(at) == 2
    assert carriers == ["short inside", "long 1 outside"]
    assert carry_out(at) == 1


@pytest.mark.django_db(transaction=True)
def test_while_it_is_carried_nobody_else_takes_it(carriers: list[str], at: datetime) -> None:
    send(SLOW, {"name": "long"}, key="1", at=at)
    seen: list[int] = []

    def carry(facts: Mapping[str, Any], when: datetime) -> None:
        seen.append(carry_out(when))

    parcels._carriers[SLOW] = carry
    assert carry_out(at) == 1
    assert seen == [0]


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_alone_is_kept_with_its_failure_and_tried_again(
    carriers: list[str], at: datetime
) -> None:
    send(SLOW, {"name": "broken"}, key="1", at=at)
    assert carry_out(at) == 0
    parcel = Parcel.objects.get()
    assert (parcel.tries, parcel.done_at) == (1, None)
    assert "broken" in parcel.failure
    assert parcel.due_at == at + timedelta(minutes=1)
    assert carry_out(at) == 0
    assert carry_out(parcel.due_at) == 0
    assert len(carriers) == 2
