"""What the survey refuses at its edges, and plain rules of its rooms."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.clock import now
from qianshou.kernel.ledger.read import entries_of, moves_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.models import BlindCheck, Roster
from qianshou.packs.commission.care.rounds.auditing import answer_blind
from qianshou.packs.commission.care.rounds.collecting import hand_in
from qianshou.packs.commission.care.rounds.eligible import doubt_about
from qianshou.packs.commission.care.rounds.exits import reasons_against
from qianshou.packs.commission.care.rounds.explaining import Answer, explain
from qianshou.packs.commission.care.rounds.looking import mark_differences, strength_words
from qianshou.packs.commission.care.rounds.matching import Ref, find_differences
from qianshou.packs.commission.care.rounds.sealed import open_rows
from qianshou.packs.commission.care.rounds.sharing import Sharing, proposed_sharing
from qianshou.packs.commission.care.rounds.sight import require_lead, sight_of
from qianshou.packs.commission.care.rounds.snapshot import read_outcome, sample_of
from qianshou.packs.commission.care.rounds.taking_in import find_child, stage_of
from qianshou.packs.commission.care.tests.survey import (
    AWAY,
    TOWNS,
    Survey,
    make_lists,
    numbered,
)

DAY = date(2026, 11, 30)
CHILD = {"name": "某", "birth_date": "2014-03-05", **AWAY}


@pytest.fixture
def survey(district: None) -> Survey:
    """Return a survey about to begin."""
    return Survey(now(), make_lists())


def code_of(told: pytest.ExceptionInfo[Refusal]) -> str:
    return told.value.code


def test_an_empty_list_and_another_organisations_list_are_refused(survey: Survey) -> None:
    row = survey.open()
    roster = survey.hand_in(row, "education")
    with pytest.raises(Refusal) as told:
        hand_in(row, "education", roster.organisation, [], by=survey.actor("gu_wen"), at=survey.at)
    assert code_of(told) == "care.no_rows"
    rows = open_rows(roster)
    for username in ("deng_hong", "pan_qi", "zhou_jie", "lin_yue"):
        with pytest.raises(Refusal) as told:
            by = survey.actor(username)
            hand_in(row, "education", roster.organisation, rows, by=by, at=survey.at)
        assert code_of(told) == "access.denied"


@pytest.mark.parametrize(
    ("purpose", "basis", "refused"),
    [
        ("", "个人信息保护法第34条", {("care.purpose", "purpose")}),
        ("排查比对", "  ", {("care.legal_basis", "legal_basis")}),
        ("比" * 201, "", {("care.purpose", "purpose"), ("care.legal_basis", "legal_basis")}),
    ],
)
def test_a_bureaus_list_is_not_taken_without_purpose_and_legal_basis(
    survey: Survey, purpose: str, basis: str, refused: set[tuple[str, str]]
) -> None:
    row = survey.open()
    bureau = Organisation.objects.get(code="civil")
    rows = numbered(survey.lists.rows["civil"])
    with pytest.raises(Refusals) as told:
        sharing = Sharing(purpose, basis)
        hand_in(row, "civil", bureau, rows, sharing, by=survey.actor("pan_qi"), at=survey.at)
    assert {(one.code, one.field) for one in told.value.refusals} == refused
    assert not Roster.objects.exists()


def test_the_database_itself_refuses_a_shared_list_without_a_purpose(survey: Survey) -> None:
    survey.hand_in(survey.open(), "civil")
    with pytest.raises(IntegrityError), transaction.atomic():
        Roster.objects.filter(kind="civil").update(legal_basis="")


def test_purpose_and_legal_basis_stand_in_both_ledgers_and_in_the_snapshot(survey: Survey) -> None:
    row = survey.open()
    roster = survey.hand_in(row, "education")
    assert (roster.purpose, roster.legal_basis) == proposed_sharing(row, "education")
    assert "个人信息保护法" in roster.legal_basis
    (entry,) = entries_of(f"roster/{roster.pk}")
    assert (entry["after"]["purpose"], entry["after"]["legal_basis"]) == (
        roster.purpose,
        roster.legal_basis,
    )
    row.refresh_from_db()
    assert row.matter is not None
    (told,) = [body for _act, node, body in moves_of(row.matter.number) if node == "hand_in"]
    assert told["facts"]["purpose"] == roster.purpose
    town = survey.hand_in(row, TOWNS[0])
    assert (town.purpose, town.legal_basis) == ("", "")
    survey.hand_in(row, "civil")
    survey.compare_now(row)
    lists = {one[0]: one[3:] for one in read_outcome(row)["lists"]}
    assert lists["education/education"] == [roster.purpose, roster.legal_basis]
    assert lists[f"town/{town.organisation.code}"] == ["", ""]


def test_only_the_lead_office_leads(survey: Survey) -> None:
    for username in ("deng_hong", "gu_wen", "pan_qi", "duan_rui", "lin_yue"):
        with pytest.raises(Refusal) as told:
            require_lead(survey.actor(username))
        assert code_of(told) == "access.denied"
    assert sight_of(survey.actor("zhou_jie")).is_lead
    with pytest.raises(Refusal):
        sight_of(survey.actor("xu_min"))


def test_a_round_that_still_collects_cannot_be_closed(survey: Survey) -> None:
    assert [one.code for one in reasons_against(survey.open())] == ["care.exit_early"]


def test_a_destroyed_list_is_not_opened(survey: Survey) -> None:
    row = survey.compare(survey.open())
    survey.conclude(row, "next")
    with pytest.raises(Refusal) as told:
        open_rows(Roster.objects.get(round=row, kind="education"))
    assert code_of(told) == "care.list_erased"


def test_a_pair_of_the_audit_is_judged_once(survey: Survey) -> None:
    row = survey.compare(survey.open())
    pair = BlindCheck.objects.filter(round=row)[0]
    lead = survey.actor("zhou_jie")
    answer_blind(pair, "apart", by=lead, at=survey.at)
    pair.refresh_from_db()
    with pytest.raises(Refusal) as told:
        answer_blind(pair, "same", by=lead, at=survey.at)
    assert code_of(told) == "care.blind_done"
    with pytest.raises(Refusal) as told:
        answer_blind(pair, "same", by=survey.actor("deng_hong"), at=survey.at)
    assert code_of(told) == "access.denied"


def test_a_candidate_that_is_not_there_and_a_wrong_value_are_refused(survey: Survey) -> None:
    row = survey.compare(survey.open())
    unclear = survey.first_of(row, "A1")
    lead = survey.actor("zhou_jie")
    with pytest.raises(Refusals) as several:
        explain(unclear, Answer("same", "same_name", chosen=9), by=lead, at=survey.at)
    assert {one.code for one in several.value.refusals} == {"care.chosen"}
    other = survey.first_of(row, "C1")
    fields = {"birth_date": ("neither", "2014年13月"), "name": ("neither", " ")}
    with pytest.raises(Refusals) as several:
        by = survey.by(other.organisation)
        explain(other, Answer("same", "typing", fields), by=by, at=survey.at)
    assert {one.field for one in several.value.refusals} == {"birth_date", "name"}
    assert {one.code for one in several.value.refusals} == {"care.value"}


def test_the_clock_does_not_compare_twice(survey: Survey) -> None:
    from qianshou.packs.commission.care.rounds.running import run_comparison

    row = survey.compare(survey.open())
    run_comparison({"round": row.pk}, survey.at)
    row.refresh_from_db()
    assert row.state == "verifying"


def test_lists_without_a_roster_are_not_compared() -> None:
    with pytest.raises(Refusal) as told:
        find_differences([], None, None, DAY)
    assert code_of(told) == "care.no_rosters"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"birth_date": "2010-11-30"}, "aged"),
        ({"birth_date": "2010-12-01"}, None),
        ({"birth_date": ""}, "age_unknown"),
        ({"mother_away": "否"}, "ability_unsure"),
        ({"father_away": "否", "mother_away": "否"}, "both_home"),
        ({"father_since": "2026-10"}, "short"),
        ({"father_since": ""}, "since_unknown"),
        ({"mother_away": ""}, "parents_unknown"),
    ],
)
def test_a_row_is_judged_by_the_table(changed: dict[str, str], reason: str | None) -> None:
    doubt = doubt_about({**CHILD, **changed}, DAY)
    assert (doubt.reason if doubt else None) == reason


def test_a_roster_that_says_nothing_of_parents_is_asked_for_the_age_alone() -> None:
    assert doubt_about({"name": "某", "birth_date": "2014-03-05"}, DAY) is None
    aged = doubt_about({"name": "某", "birth_date": "2009-03-05"}, DAY)
    assert aged is not None
    assert aged.reason == "aged"


def test_the_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    pairs = [(Ref(1, row), Ref(2, row)) for row in range(200)]
    assert sample_of("a", pairs) == sample_of("a", reversed(pairs))
    assert len(sample_of("a", pairs)) == 20
    assert sample_of("a", pairs) != sample_of("b", pairs)
    assert sample_of("a", []) == []


def test_what_differs_is_marked_character_by_character() -> None:
    left, right = mark_differences("陈小雪", "陈晓雪")
    assert left == (("陈", False), ("小", True), ("雪", False))
    assert right == (("陈", False), ("晓", True), ("雪", False))


def test_a_weight_is_told_in_words() -> None:
    told = [strength_words(weight, "zh-hans") for weight in (12, 3, 0, -3, -8)]
    assert told == ["有力支持", "支持", "说明不了什么", "不支持", "明显矛盾"]


@pytest.mark.parametrize(
    ("school", "grade", "stage"),
    [
        ("龙水镇中心小学", "", "primary"), ("龙水初级中学", "", "junior"), ("大足中学", "高一", "senior"),
        ("大足职业教育中心", "", "senior"), ("龙水幼儿园", "中班", "kindergarten"), ("", "", "none"),
        ("未入学", "", "none"), ("失学", "", "out"), ("龙水学校", "八年级", "junior"),
    ],
)  # fmt: skip
def test_the_stage_is_read_from_school_and_grade(school: str, grade: str, stage: str) -> None:
    assert stage_of({"school": school, "grade": grade}) == stage


def test_a_child_without_a_number_is_known_by_name_and_birthday(survey: Survey) -> None:
    from qianshou.kernel.registry.models import Division
    from qianshou.packs.commission.care.rounds.taking_in import take_child

    village = Division.objects.filter(parent__name="龙水镇").select_related("parent")[0]
    texts = {"name": "阿若", "birth_date": "2015-05-05", "sex": "女", "school": "龙水镇中心小学"}
    made = take_child(texts, village, survey.at)
    assert made is not None
    assert find_child(texts, village) == made
    assert find_child({**texts, "birth_date": "2015-05-06"}, village) is None
    assert take_child({"name": "阿若"}, village, survey.at) is None
