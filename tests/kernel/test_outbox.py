"""Parcels: carried out once, tried again after a failure, and alone where they take long."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection

from qianshou.kernel.outbox import Aside, carry_out, parcels, send
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


@pytest.mark.django_db(transaction=True)
def test_while_one_takes_long_the_worker_goes_on_and_keeps_it(
    carriers: list[str], at: datetime
) -> None:
    began, over = Event(), Event()

    def carry(facts: Mapping[str, Any], when: datetime) -> None:
        began.set()
        assert over.wait(20)

    parcels._carriers[SLOW] = carry
    send(SLOW, {"name": "long"}, key="1", at=at)
    send(SLOW, {"name": "next"}, key="2", at=at)
    send(QUICK, {"name": "short"}, key="3", at=at)
    aside = Aside(lambda: at)
    try:
        assert carry_out(at, aside=aside) == 1
        assert began.wait(20)
        assert carriers == ["short inside"]
        later = at + parcels.LEASE - timedelta(minutes=1)
        aside.renew(later)
        assert Parcel.objects.get(key="1").due_at == later + parcels.LEASE
        assert Parcel.objects.get(key="2").tries == 0
        assert carry_out(later, aside=aside) == 0
    finally:
        over.set()
        if aside._thread is not None:
            aside._thread.join(20)
    assert set(Parcel.objects.values_list("done_at", "tries")) == {(at, 0), (at, 1)}


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_ends_leaves_the_next_to_another(carriers: list[str], at: datetime) -> None:
    aside = Aside(lambda: at)
    aside.finish(1)
    send(SLOW, {"name": "next"}, key="2", at=at)
    assert carry_out(at, aside=aside) == 0
    aside.finish(20)
    assert Parcel.objects.get().tries == 0
