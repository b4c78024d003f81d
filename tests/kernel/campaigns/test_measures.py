"""Measures: who may do what, each refusal, and every change standing in the ledger."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from PIL import Image

from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.campaigns import changing
from qianshou.kernel.campaigns.models import BudgetLine, Campaign, Measure
from qianshou.kernel.campaigns.reading import (
    Asked,
    find_campaigns,
    find_measures,
    progress_of,
    tone_of,
)
from qianshou.kernel.documents.store import keep_file
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.ledger import tables
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from tests.kernel.campaigns.small import (
    MANAGER,
    OTHER_MANAGER,
    OWNER,
    SMALL,
    STRANGER,
    actor,
    install_small,
)


@pytest.fixture
def campaign(district: None, tmp_path: Path, at: datetime) -> Campaign:
    return install_small(tmp_path, at)


@pytest.fixture
def measure(campaign: Campaign) -> Measure:
    """Return the measure that the city's administration owns."""
    return campaign.measures.get(number=1)


def paper(at: datetime, shade: int = 0) -> tuple[str, str]:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(stream, "PNG")
    return keep_file(io.BytesIO(stream.getvalue()), at=at).digest, "照片.png"


def finish(measure: Measure, at: datetime, by: str = OWNER) -> None:
    changing.attach_evidence(measure, [paper(at)], by=actor(by, at), at=at)
    changing.declare_done(measure, text="办完了", by=actor(by, at), at=at)


def refused(act: Callable[[], object]) -> list[tuple[str, str | None]]:
    with pytest.raises((Refusal, Refusals)) as found:
        act()
    error: Any = found.value
    several = error.refusals if isinstance(error, Refusals) else (error,)
    return [(one.code, one.field) for one in several]


def test_a_measure_goes_from_reports_to_another_s_word(measure: Measure, at: datetime) -> None:
    owner, manager = actor(OWNER, at), actor(MANAGER, at)
    changing.report_progress(measure, share=60, text="已公示 20 处", by=owner, at=at)
    assert (measure.share, measure.state) == (60, "open")
    finish(measure, at)
    assert (measure.share, measure.state, measure.done_by_id) == (100, "done", owner.officer)
    changing.send_back(measure, text="佐证不清楚", by=manager, at=at)
    assert (measure.share, measure.state, measure.done_by_id) == (60, "open", None)
    changing.declare_done(measure, text="已补", by=owner, at=at)
    changing.verify_measure(measure, text="", by=manager, at=at)
    kept = Measure.objects.get(pk=measure.pk)
    assert (kept.state, kept.verified_by_id) == ("verified", manager.officer)
    told = list(measure.progress.order_by("pk").values_list("kind", "share"))
    assert told == [
        ("report", 60), ("done", 100), ("returned", 60), ("done", 100), ("verified", 100),
    ]  # fmt: skip
    assert [entry["act"] for entry in history_of(kept)][:2] == ["register", "amend"]
    assert history_of(kept)[3]["reason"] == "佐证不清楚"
    assert list(verify()) == []


def test_a_measure_sent_back_before_any_report_is_at_nought(measure: Measure, at: datetime) -> None:
    finish(measure, at)
    changing.send_back(measure, text="没有进展记录", by=actor(MANAGER, at), at=at)
    assert measure.share == 0


@pytest.mark.parametrize(
    ("username", "report", "verify_it", "change"),
    [
        (OWNER, True, False, False),
        (MANAGER, True, True, True),
        (OTHER_MANAGER, True, True, True),
        (STRANGER, False, False, False),
        ("sys_admin", False, False, False),
        ("audit_admin", False, False, False),
        ("", False, False, False),
    ],
)
def test_who_may_do_what(
    measure: Measure, at: datetime, username: str, report: bool, verify_it: bool, change: bool
) -> None:
    by = actor(username, at) if username else CLOCK

    def allowed(act: Callable[[Actor], None]) -> bool:
        try:
            with transaction.atomic():
                act(by)
                transaction.set_rollback(True)
        except Refusal as refusal:
            return refusal.code != "access.denied"
        finally:
            measure.refresh_from_db()
        return True

    owner = measure.organisation_id
    assert report is allowed(
        lambda by: changing.report_progress(measure, share=1, text="x", by=by, at=at)
    )
    assert report is allowed(
        lambda by: changing.attach_evidence(measure, [paper(at)], by=by, at=at)
    )
    assert change is allowed(
        lambda by: changing.change_measure(
            measure, organisation=owner, officer=None, due_date=at.date(), reason="x", by=by, at=at
        )
    )
    changing.attach_evidence(measure, [paper(at)], by=actor(OWNER, at), at=at)
    assert report is allowed(lambda by: changing.declare_done(measure, text="x", by=by, at=at))
    changing.declare_done(
        measure, text="x", by=actor(MANAGER if username == OWNER else OWNER, at), at=at
    )
    assert verify_it is allowed(lambda by: changing.verify_measure(measure, text="", by=by, at=at))
    assert verify_it is allowed(lambda by: changing.send_back(measure, text="x", by=by, at=at))


def test_an_owner_tells_of_its_own_measures_only(campaign: Campaign, at: datetime) -> None:
    other = campaign.measures.get(number=2)
    by = actor(OWNER, at)
    assert refused(lambda: changing.report_progress(other, share=1, text="x", by=by, at=at)) == [
        ("access.denied", None)
    ]


def test_nobody_verifies_their_own_word(measure: Measure, at: datetime) -> None:
    finish(measure, at, MANAGER)
    own = actor(MANAGER, at)
    assert refused(lambda: changing.verify_measure(measure, text="", by=own, at=at)) == [
        ("campaign.same_person", None)
    ]
    assert refused(lambda: changing.send_back(measure, text="x", by=own, at=at)) == [
        ("campaign.same_person", None)
    ]
    changing.verify_measure(measure, text="", by=actor(OTHER_MANAGER, at), at=at)


def test_what_is_wrong_is_told_beside_its_field(measure: Measure, at: datetime) -> None:
    by = actor(OWNER, at)
    assert refused(
        lambda: changing.report_progress(measure, share=101, text=" ", by=by, at=at)
    ) == [("campaign.share", "share"), ("door.text", "text")]
    assert refused(lambda: changing.declare_done(measure, text="", by=by, at=at)) == [
        ("door.text", "text")
    ]
    assert refused(lambda: changing.declare_done(measure, text="完", by=by, at=at)) == [
        ("campaign.no_evidence", "files")
    ]
    finish(measure, at)
    manager = actor(MANAGER, at)
    assert refused(lambda: changing.send_back(measure, text="", by=manager, at=at)) == [
        ("door.text", "text")
    ]


def test_what_does_not_fit_the_state_is_refused(measure: Measure, at: datetime) -> None:
    owner, manager = actor(OWNER, at), actor(MANAGER, at)
    assert refused(lambda: changing.verify_measure(measure, text="", by=manager, at=at)) == [
        ("campaign.state", None)
    ]
    finish(measure, at)
    assert refused(
        lambda: changing.report_progress(measure, share=1, text="x", by=owner, at=at)
    ) == [("campaign.state", None)]
    changing.verify_measure(measure, text="", by=manager, at=at)
    for act in (
        lambda: changing.attach_evidence(measure, [paper(at, 9)], by=owner, at=at),
        lambda: changing.declare_done(measure, text="x", by=owner, at=at),
        lambda: changing.send_back(measure, text="x", by=manager, at=at),
        lambda: changing.change_measure(
            measure,
            organisation=measure.organisation_id,
            officer=None,
            due_date=at.date(),
            reason="x",
            by=manager,
            at=at,
        ),
    ):
        assert refused(act) == [("campaign.state", None)]


def test_evidence_hangs_once(measure: Measure, at: datetime) -> None:
    by = actor(OWNER, at)
    changing.attach_evidence(measure, [paper(at), paper(at)], by=by, at=at)
    changing.attach_evidence(measure, [paper(at), paper(at, 40)], by=by, at=at)
    assert measure.evidence.count() == 2


def test_a_change_of_owner_needs_one_that_is_there(measure: Measure, at: datetime) -> None:
    manager = actor(MANAGER, at)
    women = Organisation.objects.get(code="women")

    def change(**told: Any) -> list[tuple[str, str | None]]:
        values: dict[str, Any] = {
            "organisation": women.pk, "officer": None, "due_date": at.date(), "reason": "分工调整",
        }  # fmt: skip
        return refused(
            lambda: changing.change_measure(measure, **(values | told), by=manager, at=at)
        )

    assert change(organisation=None) == [("campaign.organisation", "organisation")]
    assert change(organisation=10**15) == [("campaign.organisation", "organisation")]
    assert change(officer=actor(OWNER, at).officer) == [("campaign.officer", "officer")]
    assert change(officer=10**15) == [("campaign.officer", "officer")]
    assert change(reason=" ") == [("door.reason", "reason")]
    holder = women.postings.order_by("pk")[0].officer_id
    changing.change_measure(
        measure,
        organisation=women.pk,
        officer=holder,
        due_date=date(2027, 1, 1),
        reason="分工调整",
        by=manager,
        at=at,
    )
    assert (measure.organisation_id, measure.officer_id) == (women.pk, holder)
    assert history_of(measure)[-1]["reason"] == "分工调整"


def test_installing_again_keeps_what_a_district_changed(
    campaign: Campaign, tmp_path: Path, at: datetime
) -> None:
    measure = campaign.measures.get(number=1)
    assert campaign.measures.get(number=3).organisation is None
    assert measure.due_date == at.date() + timedelta(days=100)
    change_row(measure, {"name": "改名", "due_date": date(2028, 1, 1)}, by=CLOCK, at=at)
    line = campaign.lines.get(code="meters")
    change_row(line, {"amount": 7}, by=CLOCK, at=at)
    entries = len(history_of(measure))
    longer = SMALL.replace("no = 2\n", "no = 4\n").replace("nobody-yet", "women")
    install_small(tmp_path, at + timedelta(days=9), longer)
    assert Campaign.objects.filter(code=campaign.code).count() == 1
    kept = campaign.measures.get(number=1)
    assert (kept.name, kept.due_date) == ("改名", date(2028, 1, 1))
    assert len(history_of(kept)) == entries
    assert campaign.lines.get(code="meters").amount == 7
    assert sorted(campaign.measures.values_list("number", flat=True)) == [1, 2, 3, 4]
    filled = campaign.measures.get(number=3).organisation
    assert filled is not None
    assert filled.code == "women"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"share": 101}, "measure_share_to_100"),
        ({"state": "done"}, "measure_done_by_somebody"),
        ({"state": "verified"}, "measure_done_by_somebody"),
        ({"number": 2}, "measure_number_once"),
    ],
)
def test_the_database_holds_what_a_measure_is(
    measure: Measure, values: dict[str, object], name: str
) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        Measure.objects.filter(pk=measure.pk).update(**values)
    assert name in str(error.value) or connection.vendor == "sqlite"


def test_the_database_keeps_the_verifier_apart(measure: Measure, at: datetime) -> None:
    finish(measure, at)
    for values in (
        {"state": "verified"},
        {"state": "verified", "verified_at": at, "verified_by": measure.done_by_id},
        {"verified_at": at, "verified_by": actor(MANAGER, at).officer},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Measure.objects.filter(pk=measure.pk).update(**values)


def test_verify_finds_a_row_that_was_changed_behind_the_door(
    measure: Measure, at: datetime
) -> None:
    finish(measure, at)
    assert list(verify()) == []
    Measure.objects.filter(pk=measure.pk).update(share=7)
    [problem] = verify()
    assert problem.subject == f"measure/{measure.pk}"
    assert problem.en.endswith(": share")
    Measure.objects.filter(pk=measure.pk).update(share=100)
    BudgetLine.objects.filter(code="meters").update(amount=10**9)
    assert [one.subject.partition("/")[0] for one in verify()] == ["budgetline"]


def test_two_written_tables_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [*apps.get_models(), Measure]
    monkeypatch.setattr(apps, "get_models", lambda: known)
    with pytest.raises(Refusal) as refused_twice:
        tables.ledgered_models()
    assert refused_twice.value.code == "ledger.two_tables"


def test_groups_and_campaigns_say_how_far_they_are(campaign: Campaign, at: datetime) -> None:
    finish(campaign.measures.get(number=1), at)
    today = at.date() + timedelta(days=20)
    sites, streets = progress_of(campaign, today)
    assert (sites.measures, sites.done, sites.overdue, sites.share) == (2, 1, 1, 50)
    assert (streets.measures, streets.open, streets.share) == (1, 1, 0)
    row = find_campaigns(today).get(pk=campaign.pk)
    assert (row.total, row.waiting, row.verified, row.overdue, row.shares) == (3, 1, 0, 1, 100)


def test_measures_are_found_by_words_owner_group_and_state(
    campaign: Campaign, at: datetime
) -> None:
    today = at.date() + timedelta(days=20)

    def found(**asked: Any) -> list[int]:
        return [one.number for one in find_measures(campaign, Asked(**asked), today)]

    assert found() == [1, 2, 3]
    assert found(words="LOUD") == [2]
    assert found(words="音量") == [3]
    assert found(words="2") == [2]
    assert found(group="streets") == [3]
    assert found(organisation=campaign.measures.get(number=1).organisation_id) == [1]
    assert found(state="overdue") == [2]
    assert found(state="open") == [1, 2, 3]
    assert found(state="verified") == []


@pytest.mark.parametrize(("days", "tone"), [(0, ""), (79, ""), (80, "y"), (100, "y"), (101, "r")])
def test_a_deadline_is_amber_in_its_last_fifth_and_red_when_past(
    measure: Measure, at: datetime, days: int, tone: str
) -> None:
    assert tone_of(measure, at.date() + timedelta(days=days)) == tone


def test_an_installed_campaign_stands_in_the_ledger(campaign: Campaign) -> None:
    [entry] = history_of(campaign)
    assert entry["by"]["kind"] == INSTALLER.kind
