"""Health and figures: true to what is there, silent about people, closed to strangers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from qianshou.health import pages
from qianshou.kernel import worker
from qianshou.kernel.clock import now
from qianshou.kernel.outbox.beat import beat
from tests.office.calls import register_call

Browse = Callable[[str], Client]


@pytest.fixture
def at_work(district: None) -> None:
    beat(now())


def test_the_product_is_ready_when_all_is_there(at_work: None) -> None:
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == dict.fromkeys(pages.CHECKS, True)


@pytest.mark.usefixtures("district")
def test_a_worker_that_was_not_seen_lately_is_missed() -> None:
    beat(now() - timedelta(minutes=2))
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["worker"]) == (503, False)


@pytest.mark.usefixtures("district")
def test_a_worker_that_was_never_seen_sets_the_alarm_off() -> None:
    assert figure(Client().get("/metrics").content.decode(), "qianshou_worker_seconds") > 120
    beat(now())
    assert figure(Client().get("/metrics").content.decode(), "qianshou_worker_seconds") < 120


def test_a_tick_is_a_sign_of_the_worker(district: None) -> None:
    worker.tick(now())
    assert pages.worker_works()


@pytest.mark.parametrize("what", ["database", "disk", "migrations"])
def test_what_is_missing_is_named(
    at_work: None, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise OperationalError

    monkeypatch.setitem(pages.CHECKS, what, fail)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()[what]) == (503, False)


def test_little_room_is_told(at_work: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LEAST_FREE", 2**60)
    assert Client().get("/health/ready").json()["disk"] is False


def test_a_migration_not_applied_is_told(at_work: None, monkeypatch: pytest.MonkeyPatch) -> None:
    pages._migrated.cache_clear()
    plan = "django.db.migrations.executor.MigrationExecutor.migration_plan"
    with monkeypatch.context() as patched:
        patched.setattr(plan, lambda *_: ["one"])
        assert pages.is_migrated() is False
    assert pages.is_migrated() is True


def test_to_live_asks_the_database_nothing(district: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/health/live").status_code == 200


def figure(text: str, name: str) -> float:
    """Return the value of the first line of a figure."""
    return float(next(line for line in text.splitlines() if line.startswith(name)).split()[-1])


def test_figures_tell_of_requests_acts_and_what_waits(browse: Browse) -> None:
    client = browse("zhang_min")
    before = Client().get("/metrics").content.decode()
    register_call(client)
    client.get("/")
    text = Client().get("/metrics").content.decode()
    assert figure(text, "qianshou_tasks_open") == figure(before, "qianshou_tasks_open") + 1
    assert figure(text, 'qianshou_requests_total{route="worklist",state="200"}') >= 1
    assert figure(text, 'qianshou_acts_total{act="open"}') >= 1
    assert figure(text, 'qianshou_request_seconds_count{route="worklist"}') >= 1
    assert figure(text, "qianshou_unsealed_seconds") >= 0
    for name in ("tasks_overdue", "timers_late", "outbox_waiting", "worker_seconds"):
        assert figure(text, f"qianshou_{name}") >= 0
    assert "zhang_min" not in text
    assert "张" not in text


@pytest.mark.parametrize(
    "sent",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer wrong"},
    ],
)
def test_figures_are_not_for_strangers(district: None, settings: Any, sent: dict[str, Any]) -> None:
    settings.METRICS_TOKEN = "right"
    assert Client(**sent).get("/metrics").status_code == 403


def test_the_token_opens_the_figures(district: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "right"
    sent: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer right"}
    assert Client(**sent).get("/metrics").status_code == 200
