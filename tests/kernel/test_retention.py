"""Whoever's time has come is erased by the clock; rows and figures stay."""

from datetime import date, datetime, timedelta

import pytest

from qianshou.kernel import retention, worker
from qianshou.kernel.access import CLOCK
from qianshou.kernel.documents.drafts import keep_draft, take_draft
from qianshou.kernel.documents.models import Draft
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.door.sealing import erase_person, keep_until, register_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Person, Sheet
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.retention import erase_expired


def child(at: datetime, until: date | None) -> Person:
    person = register_person({"care.family": {"guardian": "奶奶"}}, by=CLOCK, at=at)
    if until is not None:
        keep_until(person.pk, until, by=CLOCK, at=at, reason="满18周岁后三年")
    return person


def test_a_key_is_destroyed_on_its_day_and_not_before(db: None, at: datetime) -> None:
    today = at.date()
    over, tomorrow, never = (child(at, until) for until in (today, today + timedelta(days=1), None))
    assert erase_expired(at) == 1
    assert erase_expired(at) == 0
    with pytest.raises(Refusal) as refused:
        key_of(over.pk)
    assert refused.value.code == "vault.erased"
    assert key_of(tomorrow.pk)
    assert key_of(never.pk)
    over.refresh_from_db()
    assert (over.erased_at, over.erase_on) == (at, None)
    assert history_of(over)[-1]["reason"] == "保存期限届满"
    assert Sheet.objects.filter(person=over).count() == 1
    assert list(verify()) == []


def test_a_day_begins_at_midnight_in_china(db: None, at: datetime) -> None:
    child(at, date(2026, 11, 24))
    assert erase_expired(datetime.fromisoformat("2026-11-23T15:59:59+00:00")) == 0
    assert erase_expired(datetime.fromisoformat("2026-11-23T16:00:00+00:00")) == 1


def test_many_are_erased_a_batch_at_a_time(
    db: None, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(3):
        child(at, at.date())
    assert [worker.tick(at)["erased"] for _ in range(3)] == [2, 1, 0]


def test_one_that_fails_is_reported_and_stops_nobody_else(
    db: None, at: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = child(at, at.date()), child(at, at.date())
    erase = erase_person

    def fail_once(person: int, **told: object) -> None:
        if person == broken.pk:
            raise RuntimeError("no disk")
        erase(person, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "erase_person", fail_once)
    assert erase_expired(at) == 1
    assert "no disk" in caplog.text
    sound.refresh_from_db()
    assert sound.erased_at == at


def test_drafts_that_nobody_confirmed_are_gone_the_next_day(db: None, at: datetime) -> None:
    officer = Officer.objects.create(username="li", name="李强")
    old = keep_draft({"rows": 1}, officer.pk, "about", at=at)
    late = keep_draft({"rows": 2}, officer.pk, "about", at=at + timedelta(hours=8))
    worker.tick(at + timedelta(hours=16))
    assert set(Draft.objects.values_list("key", flat=True)) == {late}
    with pytest.raises(Refusal) as refused:
        take_draft(old, officer.pk, "about", at=at + timedelta(hours=16))
    assert refused.value.code == "document.gone"
