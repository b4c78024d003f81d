"""What is played through the door in the last weeks stands at every step, and changes no total."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from qianshou.demo.children import Girl
from qianshou.demo.month import play_month
from qianshou.demo.played import play_care
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, actor_of, circles_of
from qianshou.kernel.documents.store import read_document
from qianshou.kernel.door import acts
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.workdays import forget_calendar
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.models import (
    Child,
    Handover,
    HarmReport,
    Hazard,
    Letter,
    Sample,
    SampleVisit,
    Wish,
)
from qianshou.packs.commission.care.sample import reproduce
from tests.demo.cared import AT, put_girls
from tests.demo.test_care import REPORTED, YEAR

PLAYED = {"matter__isnull": False}


@pytest.fixture(scope="module")
def girls(
    django_db_setup: None, django_db_blocker: Any, settle: Callable[[], None]
) -> Iterator[list[Girl]]:
    """Build the demonstration of care with its month and last weeks once."""
    with django_db_blocker.unblock(), transaction.atomic():
        girls = put_girls()
        play_month(girls, AT, 1)
        play_care(girls, AT, 1)
        settle()
        yield girls
        transaction.set_rollback(True)
        forget_calendar()


def waiting_at(procedure: str) -> list[str]:
    nodes = Task.objects.filter(procedure=procedure, state=0).values_list("node", flat=True)
    return sorted(node.rpartition("/")[2] for node in nodes)


@pytest.mark.parametrize(("key", "value"), REPORTED.items())
def test_what_is_played_changes_no_total_of_2024(
    girls: list[Girl], db: None, key: str, value: int
) -> None:
    found = evaluate(indicator_named("commission.care", key), YEAR, viewer=CLOCK)
    assert found.value == value


def test_three_candidates_stand_at_three_steps_of_their_enrolment(
    girls: list[Girl], db: None
) -> None:
    assert waiting_at("care.enrol") == ["decide", "registers"]
    assert Child.objects.filter(state="candidate").count() == 2
    newest = Child.objects.exclude(code__in=[girl.code for girl in girls])
    child = newest.get(state="enrolled")
    assert cadre_of(child) is not None
    pledges = child.pledges.all()
    assert Counter(one.way for one in pledges) == {"paper": 2, "phone": 2}
    for one in pledges:
        assert one.document is not None
        assert one.signature is not None
        assert read_document(one.document)[:2] == b"PK"
        assert read_document(one.signature)


def test_four_hazards_stand_at_four_states(girls: list[Girl], db: None) -> None:
    rows = Hazard.objects.filter(**PLAYED)
    states = ["found", "rectified", "rectifying", "verified"]
    assert sorted(one.state for one in rows) == states
    verified = rows.get(state="verified")
    assert verified.verified_by_id not in (None, verified.rectified_by_id)


def test_wishes_and_letters_stand_where_they_should(girls: list[Girl], db: None) -> None:
    wishes = Counter(Wish.objects.filter(**PLAYED).values_list("state", flat=True))
    assert wishes == {"collected": 1, "published": 2, "claimed": 1, "granted": 1}
    letters = Letter.objects.filter(**PLAYED)
    assert (
        letters.filter(answered_at=None).count() == letters.exclude(answered_at=None).count() == 1
    )


def test_a_girl_went_over_to_another_cadre_with_what_was_due(girls: list[Girl], db: None) -> None:
    row = Handover.objects.select_related("taker", "child").get()
    assert row.done_at is not None
    assert row.taker is not None
    assert cadre_of(row.child) == row.taker
    month = Task.objects.get(
        matter__circle=row.child.circle_id, matter__procedure="care.month", state=0
    )
    assert month.assignee == row.taker


def test_the_quarters_sample_is_drawn_from_a_seed_and_two_are_looked_at(
    girls: list[Girl], db: None
) -> None:
    sample = Sample.objects.get()
    assert (sample.year, sample.quarter, sample.seed) == (2026, 4, "1-2026Q4")
    assert reproduce(sample)
    seen = SampleVisit.objects.exclude(outcome="").values_list("outcome", flat=True)
    assert sorted(seen) == ["good", "part"]
    assert not SampleVisit.objects.filter(matter=None).exists()
    assert waiting_at("care.sampling") == []


def test_only_its_circle_sees_the_report_of_harm_and_nobody_who_made_it(
    girls: list[Girl], db: None
) -> None:
    report = HarmReport.objects.select_related("matter").get()
    assert report.accepted_at is not None
    assert waiting_at("care.report") == ["result"]
    assert report.received_minutes == 3
    for username, sees in {
        "yuan_bo": True, "pan_qi": True, "duan_rui": True, "shen_lan": True,
        "lin_yue": False, "deng_hong": False, "fang_ting": False, "xu_min": False,
    }.items():  # fmt: skip
        by = actor_of(Officer.objects.get(username=username), AT)
        assert circles_of(by).filter(pk=report.matter.circle_id or 0).exists() is sees, username
        if sees and username != "yuan_bo":
            act = acts.Disclose(report.matter_id, "reporter", "想知道")
            with pytest.raises(Refusal):
                door.act(act, by=by, at=AT)


def test_everything_was_played_in_the_last_weeks_and_nothing_failed(
    girls: list[Girl], db: None
) -> None:
    played = Matter.objects.filter(procedure__startswith="care.").exclude(procedure="care.month")
    assert not played.filter(opened_at__lt=AT - timedelta(weeks=8)).exists()
    assert not played.filter(opened_at__gt=AT).exists()
    assert not Parcel.objects.exclude(failure="").exists()
    assert waiting_at("care.handover") == []


def test_verify_finds_nothing_in_what_was_played(girls: list[Girl], db: None) -> None:
    assert [problem.en for problem in verify()] == []
