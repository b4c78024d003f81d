"""A duty opens one matter a term for each subject, whoever asks and however often."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qianshou.kernel import check, door, pack, worker
from qianshou.kernel.duties import giving
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.duties.models import Duty
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.pack import Due, Term
from qianshou.kernel.worklist.models import Matter, Task
from tests.kernel.conftest import Quiet

NAME = "bench.quiet.visit"
HOUR = timedelta(hours=1)


class Source:
    """Who is to be visited; remembers for which terms it was asked."""

    def __init__(self) -> None:
        self.dues: list[Due] = []
        self.terms: list[Term] = []

    def add(self, subject: str, organisation: str = "first", **facts: object) -> None:
        """Let one more subject be due."""
        told = {"title": f"走访{subject}", **facts}
        self.dues.append(Due(subject, told, organisation=organisation))

    def __call__(self, term: Term, at: datetime) -> Iterable[Due]:
        """Say who is due, as a pack's source does."""
        self.terms.append(term)
        return iter(self.dues)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    found = Source()
    monkeypatch.setitem(pack._duty_sources, "quiet.month", found)
    return found


def test_a_duty_is_opened_once_a_term_for_each_subject(quiet: Quiet, source: Source) -> None:
    source.add("1", cadre=quiet.wang.officer)
    source.add("2", organisation="second")
    assert give_duties(quiet.at)[NAME] == 2
    assert source.terms == [(date(2026, 11, 1), date(2026, 11, 30))]
    assert give_duties(quiet.at + HOUR)[NAME] == 0
    next_month = quiet.at + timedelta(days=8)
    assert give_duties(next_month)[NAME] == 2
    rows = list(Duty.objects.order_by("pk").values_list("first", "subject"))
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert rows == [(november, "1"), (november, "2"), (december, "1"), (december, "2")]
    task = Task.objects.get(matter__duty__subject="1", matter__duty__first=november)
    assert task.assignee_id == quiet.wang.officer
    assert list(verify()) == []


def test_newcomers_of_a_term_get_theirs_within_the_hour(quiet: Quiet, source: Source) -> None:
    source.add("1")
    give_duties(quiet.at)
    source.add("2")
    assert give_duties(quiet.at + HOUR / 2) == {}
    assert give_duties(quiet.at + HOUR)[NAME] == 1
    assert Duty.objects.filter(subject="2").count() == 1


def test_looking_when_nothing_is_due_costs_one_query(quiet: Quiet, source: Source) -> None:
    source.add("1")
    give_duties(quiet.at)
    with CaptureQueriesContext(connection) as queries:
        assert give_duties(quiet.at + timedelta(seconds=2)) == {}
    assert len(queries) == 1


def test_a_subject_that_is_refused_stops_nobody_else(
    quiet: Quiet, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    for place in range(7):
        source.add(str(place), organisation="nowhere" if place == 3 else "first")
    assert give_duties(quiet.at)[NAME] == 6
    assert "was not opened for 3" in caplog.text
    assert not Duty.objects.filter(subject="3").exists()
    source.dues[3] = Due("3", {"title": "走访"}, organisation="first")
    assert give_duties(quiet.at + HOUR)[NAME] == 1


def test_a_source_that_fails_is_reported_and_asked_again(
    quiet: Quiet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(term: Term, at: datetime) -> Iterable[Due]:
        raise RuntimeError("no list")

    monkeypatch.setitem(pack._duty_sources, "quiet.month", fail)
    assert give_duties(quiet.at)[NAME] == 0
    assert "no list" in caplog.text
    assert give_duties(quiet.at + HOUR / 2) == {}
    assert give_duties(quiet.at + HOUR)[NAME] == 0


def test_the_worker_opens_duties(quiet: Quiet, source: Source) -> None:
    source.add("1")
    assert worker.tick(quiet.at)["duties"] == 1
    assert worker.tick(quiet.at + timedelta(seconds=2))["duties"] == 0


def test_a_batch_is_one_transaction(
    quiet: Quiet, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "BATCH", 2)
    opened: list[int] = []
    open_many = door.open_many

    def count(opens: Iterable[door.acts.Open], **told: object) -> list[door.Receipt]:
        receipts = open_many(opens, **told)  # type: ignore[arg-type]
        opened.append(len(receipts))
        return receipts

    monkeypatch.setattr(door, "open_many", count)
    for place in range(5):
        source.add(str(place))
    give_duties(quiet.at)
    assert opened == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_each_duty_once(quiet: Quiet, source: Source) -> None:
    for place in range(40):
        source.add(str(place))
    given: list[int] = []

    def work() -> None:
        try:
            duty = dict(giving._declared())[NAME]
            given.append(
                giving._give(NAME, duty, Term(date(2026, 11, 1), date(2026, 11, 30)), quiet.at)
            )
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sum(given) == 40
    assert (Duty.objects.count(), Matter.objects.count()) == (40, 40)


def test_the_check_refuses_what_a_duty_names_and_is_not_there(
    quiet_pack: None, source: Source
) -> None:
    sound = next(one for one in pack.packs() if one.id == "bench.quiet")
    assert list(check._check_duties(sound)) == []
    odd = pack.DutyDeclaration("visit", "bench.no", "none", "week", "nobody")
    found = check._check_duties(replace(sound, duties={"visit": odd}))
    assert [refusal.en.rpartition(": ")[2] for refusal in found] == [
        "no procedure bench.no",
        "no way in none",
        "unknown period week",
        "no source of duties nobody",
    ]
