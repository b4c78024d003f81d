"""Openings in the survey, and refused ones, count among an officer's others: who hears of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Alert, Disclosure
from qianshou.packs.commission.care.models import Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.disclosing import note_list, note_whole
from qianshou.packs.commission.care.tests.families import Family
from qianshou.packs.commission.care.tests.survey import TOWNS, Survey, make_lists

Browse = Callable[[str], Client]


@pytest.fixture
def survey(district: None) -> Survey:
    """Return a survey that goes on now, as pages do."""
    return Survey(now(), make_lists())


@pytest.fixture
def compared(survey: Survey) -> Round:
    """Return a round whose lists were compared."""
    return survey.compare(survey.open())


def theirs(row: Round) -> Mismatch:
    """Return a mismatch of which Longshui's town team is shown nothing."""
    return Mismatch.objects.filter(round=row, division__name=TOWNS[1], code="M1")[0]


def mine(row: Round) -> Mismatch:
    return Mismatch.objects.filter(round=row, division__name=TOWNS[0])[0]


def refused() -> list[tuple[str, str]]:
    rows = Disclosure.objects.filter(allowed=False, person=None).order_by("pk")
    return list(rows.values_list("officer__username", "subject"))


def raised() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("kind", flat=True))


def test_three_mismatches_of_others_raise_an_alert_and_are_answered_like_none(
    browse: Browse, compared: Round
) -> None:
    town, other = browse("deng_hong"), theirs(compared)
    address = reverse("care-mismatch", args=[other.pk])
    nowhere = reverse("care-mismatch", args=[987_654_321])
    assert town.get(nowhere).status_code == town.get(address).status_code == 404
    assert town.post(address, {"act": "open", "purpose": "看看"}).status_code == 404
    assert raised() == []
    assert town.get(reverse("care-evidence", args=[other.pk, 1])).status_code == 404
    assert refused() == [("deng_hong", f"mismatch/{other.pk}")] * 3
    assert raised() == ["refused"]
    assert "邓红：一日内三次打开被拒绝" in browse("sec_admin").get("/alerts/").content.decode()
    assert list(verify()) == []


def test_who_has_no_part_in_the_survey_is_refused_and_it_counts(
    browse: Browse, compared: Round
) -> None:
    teacher, other = browse("xu_min"), theirs(compared)
    for name, pk in (
        ("care-mismatch", other.pk), ("care-review", compared.pk), ("care-confer", compared.pk),
    ):  # fmt: skip
        assert teacher.get(reverse(name, args=[pk])).status_code == 403
        assert teacher.get(reverse(name, args=[987_654_321])).status_code in (403, 404)
    subjects = [f"mismatch/{other.pk}", f"round/{compared.pk}", f"round/{compared.pk}"]
    assert refused() == [("xu_min", subject) for subject in subjects]
    assert raised() == ["refused"]


def test_a_missing_purpose_is_told_beside_the_field_and_counts(
    browse: Browse, compared: Round
) -> None:
    one = mine(compared)
    for purpose in ("", " "):
        sent = {"act": "open", "purpose": purpose}
        answer = browse("deng_hong").post(reverse("care-mismatch", args=[one.pk]), sent)
        assert answer.status_code == 422
        assert "请写明查看用途" in answer.content.decode()
    address = reverse("care-review", args=[compared.pk])
    assert browse("zhou_jie").post(address, {"act": "open", "purpose": ""}).status_code == 422
    assert [who for who, _subject in refused()] == ["deng_hong", "deng_hong", "zhou_jie"]
    assert raised() == []


def test_a_list_of_another_town_is_refused_and_counts(browse: Browse, compared: Round) -> None:
    roster = Roster.objects.get(round=compared, organisation__division__name=TOWNS[1])
    town = browse("deng_hong")
    address = reverse("care-roster", args=[compared.pk])
    for _ in range(3):
        assert town.get(address, {"of": roster.organisation.code}).status_code == 403
    assert town.get(address, {"of": "nowhere"}).status_code == 403
    assert refused() == [("deng_hong", f"roster/{roster.pk}")] * 3
    assert raised() == ["refused"]


def test_what_was_destroyed_is_refused_and_counts(
    browse: Browse, survey: Survey, compared: Round
) -> None:
    survey.conclude(compared, "next")
    one = Mismatch.objects.filter(round=compared, roster__wrapped_key=None).first()
    one = one or Mismatch.objects.filter(round=compared, roster=None, other__wrapped_key=None)[0]
    with pytest.raises(Refusal) as told:
        note_whole(one, "核对", by=survey.actor("zhou_jie"), at=survey.at)
    assert told.value.code == "care.list_erased"
    answer = browse("zhou_jie").post(
        reverse("care-mismatch", args=[one.pk]), {"act": "open", "purpose": "核对"}
    )
    assert answer.status_code == 422
    assert refused() == [("zhou_jie", f"mismatch/{one.pk}")] * 2


def test_refusals_of_the_survey_and_of_sheets_are_counted_together(
    browse: Browse, survey: Survey, compared: Round
) -> None:
    child, by = Family(survey.at).child(cadre=""), survey.actor("gu_wen")
    with pytest.raises(Refusal):
        open_sheets(child.person_id, ["care.identity"], by=by, at=now(), purpose="核对")
    for _ in range(2):
        browse("gu_wen").get(reverse("care-review", args=[compared.pk]))
    assert raised() == ["refused"]


def test_thirty_whole_numbers_in_ten_minutes_raise_an_alert(
    survey: Survey, compared: Round
) -> None:
    one, by = mine(compared), survey.actor("deng_hong")
    for place in range(30):
        at = survey.at + timedelta(seconds=place)
        note_whole(one, "逐个核对", by=by, at=at)
    assert set(raised()) - {"night"} == {"many"}


@pytest.mark.parametrize(("hour", "kinds"), [(15, []), (23, ["night"])])
def test_whole_numbers_and_lists_opened_at_night_raise_an_alert(
    survey: Survey, compared: Round, hour: int, kinds: list[str]
) -> None:
    by = survey.actor("deng_hong")
    at = datetime.combine(survey.at.date(), datetime.min.time(), CHINA) + timedelta(hours=hour)
    note_whole(mine(compared), "核对", by=by, at=at)
    roster = Roster.objects.get(round=compared, organisation__division__name=TOWNS[0])
    note_list(roster, "打开已上报的名单", by=by, at=at)
    assert raised() == kinds


@pytest.mark.parametrize("who", ["sec_admin", "audit_admin"])
def test_the_log_tells_of_them_by_number_alone(
    browse: Browse, survey: Survey, compared: Round, who: str
) -> None:
    one = mine(compared)
    note_whole(one, "电话核实", by=survey.actor("deng_hong"), at=survey.at)
    browse("deng_hong").get(reverse("care-mismatch", args=[theirs(compared).pk]))
    page = browse(who).get("/disclosures/").content.decode()
    assert f">mismatch/{one.pk}</td>" in page
    assert "电话核实" in page
    only: Any = browse(who).get("/disclosures/?refused=1").content.decode()
    assert f"mismatch/{theirs(compared).pk}" in only
    assert "电话核实" not in only
