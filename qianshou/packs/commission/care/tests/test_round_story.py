"""Three rounds of a survey: compared, explained, carried over, conferred on, frozen, taken in."""

from datetime import date, datetime

import pytest
from django.db import connection

from qianshou.kernel import worker
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.lists import next_task
from qianshou.kernel.worklist.models import Matter, Notice
from qianshou.packs.commission.care.models import (
    BlindCheck,
    Child,
    Mismatch,
    Roster,
    RosterDraft,
    Round,
)
from qianshou.packs.commission.care.rounds import taking_in
from qianshou.packs.commission.care.rounds.closing import conclude, reproduce
from qianshou.packs.commission.care.rounds.conferring import end_conference, settle_in_conference
from qianshou.packs.commission.care.rounds.correcting import corrected_rows
from qianshou.packs.commission.care.rounds.drafting import confirm, read_draft
from qianshou.packs.commission.care.rounds.exits import reasons_against
from qianshou.packs.commission.care.rounds.explaining import (
    Answer,
    amend,
    check,
    correct,
    explain,
    review,
    step_of,
)
from qianshou.packs.commission.care.rounds.raising import DECIDED
from qianshou.packs.commission.care.rounds.sight import seen_mismatches, sight_of
from qianshou.packs.commission.care.rounds.values import open_values
from qianshou.packs.commission.care.tests.survey import NAMES, TOWNS, Survey, make_lists

ANSWERS = {
    "M1": "other", "C1": "same", "C2": "same", "A1": "same", "D1": "first", "D2": "first",
    "N1": "stays", "N2": "add", "E1": "eligible",
}  # fmt: skip


@pytest.fixture
def survey(district: None, at: datetime) -> Survey:
    """Return a survey about to begin."""
    return Survey(at, make_lists())


def rows_of(row: Round) -> list[Mismatch]:
    found = Mismatch.objects.filter(round=row).order_by("pk")
    return list(
        found.select_related("organisation__division", "partner__division", "roster", "other")
    )


def settle(survey: Survey, one: Mismatch, side: str = "other") -> None:
    """Bring a mismatch to its end: explained, agreed to, reviewed."""
    survey.explain(one, ANSWERS[one.code], side)
    one.refresh_from_db()
    if one.partner is not None and step_of(one):
        say = amend if one.code == "M1" else check
        say(one, True, "", by=survey.by(one.partner), at=survey.at)
    one.refresh_from_db()
    if one.code in ("C1", "C2"):
        review(one, True, "", by=survey.actor("zhou_jie"), at=survey.at)
    one.refresh_from_db()
    assert one.state in DECIDED, (one.code, one.state, next_task(one.matter_id or 0))


def hand_in_again(survey: Survey, row: Round) -> None:
    """Hand in what the towns begin with, and the bureaus' lists."""
    for draft in RosterDraft.objects.filter(round=row).select_related("organisation__division"):
        by = survey.by(draft.organisation)
        confirm(row, draft.kind, draft.organisation, by=by, at=survey.at)
    for name in ("education", "civil"):
        survey.hand_in(row, name)


def test_three_rounds_and_a_conference(survey: Survey) -> None:
    lead = survey.actor("zhou_jie")
    first = survey.compare(survey.open())
    assert first.state == "verifying"
    left_open = {"N1", "E1"}
    for one in rows_of(first):
        if one.code not in left_open:
            settle(survey, one)
    with pytest.raises(Refusals) as refused:
        conclude(first, "close", by=lead, at=survey.at)
    assert {one.code for one in refused.value.refusals} == {"care.exit_open"}
    with pytest.raises(Refusal, match="会商"):
        conclude(first, "confer", by=lead, at=survey.at)
    conclude(first, "next", by=lead, at=survey.at)
    with pytest.raises(Refusal, match="还没有收口"):
        survey.open(2)
    worker.tick(survey.at)
    first.refresh_from_db()
    assert first.state == "passed"
    assert len(first.snapshot) == 64
    assert {one.code for one in rows_of(first) if one.state == "passed"} == left_open

    second = survey.open(2)
    begun = read_draft(second, "town", Roster.objects.filter(kind="town")[0].organisation)
    assert begun is not None
    assert begun.lines
    assert not begun.wrong
    hand_in_again(survey, second)
    survey.compare_now(second)
    again = rows_of(second)
    assert {one.code for one in again if one.state == "open"} == left_open
    assert {one.code for one in again if one.state == "carried"} <= set(ANSWERS) - left_open
    survey.conclude(second, "next")

    third = survey.open(3)
    hand_in_again(survey, third)
    survey.compare_now(third)
    with pytest.raises(Refusal, match="三轮"):
        conclude(third, "next", by=lead, at=survey.at)
    conclude(third, "confer", by=lead, at=survey.at)
    waiting = [one for one in rows_of(third) if one.state == "open"]
    assert {one.code for one in waiting} == left_open
    with pytest.raises(Refusal, match="会商意见"):
        silent = Answer(ANSWERS[waiting[0].code], "preschool")
        settle_in_conference(waiting[0], silent, by=lead, at=survey.at)
    for one in waiting:
        answer = Answer(ANSWERS[one.code], "preschool", remark="会商认定属实")
        settle_in_conference(one, answer, by=lead, at=survey.at)
    third.refresh_from_db()
    end_conference(third, date(2026, 11, 20), ["education", "civil"], by=lead, at=survey.at)
    third.refresh_from_db()
    assert third.state == "verifying"
    conclude(third, "close", by=lead, at=survey.at)
    third.refresh_from_db()
    assert third.state == "closed"

    assert not Roster.objects.filter(kind="education", wrapped_key__isnull=False).exists()
    assert reproduce(third).is_equal
    assert not reproduce(third).is_from_lists
    worker.tick(survey.at)
    towns = Roster.objects.filter(round=third, kind="town")
    confirmed = sum(len(corrected_rows(one)) for one in towns)
    assert Child.objects.filter(state="candidate").count() == confirmed == 20
    assert Matter.objects.filter(procedure="care.enrol", closed_at=None).count() == 20
    with pytest.raises(Refusal, match="三轮"):
        survey.open(4)
    assert list(verify()) == []


def test_a_town_is_taken_in_once(survey: Survey) -> None:
    row = survey.compare(survey.open())
    for one in rows_of(row):
        settle(survey, one)
    conclude(row, "close", by=survey.actor("zhou_jie"), at=survey.at)
    worker.tick(survey.at)
    known = Child.objects.count()
    assert known == 20
    for roster in Roster.objects.filter(round=row, kind="town"):
        taking_in.take_in({"roster": roster.pk}, survey.at)
    assert Child.objects.count() == known


def test_a_row_that_cannot_be_taken_in_is_told_to_the_town_and_the_lead_group(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = survey.compare(survey.open())
    roster = Roster.objects.filter(round=row, kind="town").order_by("pk")[0]
    first = corrected_rows(roster)[0]
    lost = first._replace(texts={**first.texts, "village": "没有这个村"})
    monkeypatch.setattr(taking_in, "corrected_rows", lambda one: [lost])
    taking_in.take_in({"roster": roster.pk}, survey.at)
    told = Notice.objects.filter(kind="not_taken").values_list("posts", "text")
    assert {posts for posts, _ in told} == {"town_team", "lead_office"}
    assert all(str(lost.number) in text and lost.texts["name"] not in text for _, text in told)


def test_the_result_made_again_from_the_lists_has_the_same_bytes(survey: Survey) -> None:
    row = survey.compare(survey.open())
    told = reproduce(row)
    assert told.is_from_lists
    assert told.is_equal
    one = survey.first_of(row, "M1")
    one.pair = "0" * 64
    one.save()
    assert reproduce(row).digest != told.digest


def test_a_changed_decision_is_found_when_the_frozen_result_is_made_again(survey: Survey) -> None:
    row = survey.compare(survey.open())
    survey.conclude(row, "next")
    assert reproduce(row).is_equal
    Mismatch.objects.filter(round=row, code="M1").update(decision="roster")
    assert not reproduce(row).is_equal


def test_an_identity_is_reviewed_by_another_person(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = survey.first_of(row, "C1")
    survey.explain(one, "same")
    one.refresh_from_db()
    assert one.state == "open"
    decider = survey.by(one.organisation)
    with pytest.raises(Refusal) as refused:
        review(one, True, "", by=decider, at=survey.at)
    assert refused.value.code == "care.second_self"
    with pytest.raises(Refusal, match="理由"):
        review(one, False, " ", by=survey.actor("zhou_jie"), at=survey.at)
    review(one, False, "再看户口簿", by=survey.actor("zhou_jie"), at=survey.at)
    one.refresh_from_db()
    assert one.state == "open"
    survey.explain(one, "apart")
    one.refresh_from_db()
    review(one, True, "", by=survey.actor("zhou_jie"), at=survey.at)
    one.refresh_from_db()
    assert (one.state, one.second_by_id) == ("corrected", survey.actor("zhou_jie").officer)


def test_the_database_itself_refuses_a_second_reviewer_who_decided(survey: Survey) -> None:
    from django.db import IntegrityError, transaction

    row = survey.compare(survey.open())
    one = survey.first_of(row, "C1")
    me = survey.actor("zhou_jie").officer
    with pytest.raises(IntegrityError), transaction.atomic():
        Mismatch.objects.filter(pk=one.pk).update(decided_by=me, second_by=me)


def test_the_other_side_may_disagree_and_the_lead_office_rules(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = survey.first_of(row, "N1")
    survey.explain(one, "stays", reason="outside")
    one.refresh_from_db()
    assert one.partner is not None
    with pytest.raises(Refusal, match="理由"):
        check(one, False, "", by=survey.by(one.partner), at=survey.at)
    check(one, False, "学籍在册，姓名有误", by=survey.by(one.partner), at=survey.at)
    answer = Answer("stays", "typing", remark="学籍姓名有误")
    explain(one, answer, by=survey.actor("zhou_jie"), at=survey.at)
    one.refresh_from_db()
    assert one.state == "explained"
    assert [told["step"] for told in open_values(one).told.remarks] == ["check", "rule"]


def differing_pair(survey: Survey, row: Round) -> Mismatch:
    """Return the pair whose telephone differs from education's list."""
    return next(one for one in rows_of(row) if one.code == "M1" and _evidence(one))


@pytest.mark.parametrize("side", ["roster", "neither"])
def test_an_error_of_the_bureau_becomes_its_task_and_the_round_waits_for_it(
    survey: Survey, side: str
) -> None:
    row = survey.compare(survey.open())
    one = differing_pair(survey, row)
    gu_wen = survey.actor("gu_wen")
    assert one not in seen_mismatches(sight_of(gu_wen))
    town = survey.by(one.organisation)
    answer = Answer("mixed", "older", {"phone": (side, "10877700000")})
    explain(one, answer, by=town, at=survey.at)
    one.refresh_from_db()
    assert one.state == "open"
    task = next_task(one.matter_id or 0)
    assert task is not None
    assert (step_of(one), task.organisation.code, task.posts) == (
        "amend",
        "education",
        "education,civil_affairs",
    )
    assert task.due_at is not None
    assert (task.due_at.date() - survey.at.date()).days == 7  # five working days
    assert one in seen_mismatches(sight_of(gu_wen))
    assert "M1" in {told.zh[:2] for told in reasons_against(row)}
    with pytest.raises(Refusal) as refused:
        amend(one, True, "", by=town, at=survey.at)
    assert refused.value.code == "access.denied"
    amend(one, True, "学籍系统已改", by=gu_wen, at=survey.at)
    one.refresh_from_db()
    assert one.state == ("explained" if side == "roster" else "corrected")
    assert [told["step"] for told in open_values(one).told.remarks] == ["amend"]


def test_a_bureau_that_is_right_gets_no_task(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = differing_pair(survey, row)
    survey.explain(one, "other", "other")
    one.refresh_from_db()
    assert (one.state, step_of(one)) == ("corrected", "")
    assert one not in seen_mismatches(sight_of(survey.actor("gu_wen")))


@pytest.mark.parametrize("ruled", ["roster", "other"])
def test_a_bureau_may_dispute_its_error_and_corrects_it_once_it_is_ruled(
    survey: Survey, ruled: str
) -> None:
    row = survey.compare(survey.open())
    one = differing_pair(survey, row)
    survey.explain(one, "roster", "roster")
    one.refresh_from_db()
    gu_wen = survey.actor("gu_wen")
    with pytest.raises(Refusal) as refused:
        amend(one, False, " ", by=gu_wen, at=survey.at)
    assert refused.value.code == "care.remark"
    amend(one, False, "电话以家长登记为准", by=gu_wen, at=survey.at)
    one.refresh_from_db()
    assert step_of(one) == "rule"
    answer = Answer(ruled, "older", {"phone": (ruled, "")})
    explain(one, answer, by=survey.actor("zhou_jie"), at=survey.at)
    one.refresh_from_db()
    if ruled == "roster":
        assert (one.state, step_of(one)) == ("open", "correct")
        correct(one, "", by=gu_wen, at=survey.at)
        one.refresh_from_db()
    assert (one.state, step_of(one)) == ("explained" if ruled == "roster" else "corrected", "")


def test_a_preschool_child_is_no_question_to_education(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = survey.first_of(row, "N1")
    survey.explain(one, "stays", reason="preschool")
    one.refresh_from_db()
    assert one.state == "explained"


def test_an_answer_that_does_not_fit_is_refused_by_field(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = survey.first_of(row, "M1")
    by = survey.by(one.organisation)
    with pytest.raises(Refusals) as refused:
        explain(one, Answer("eligible", "nothing"), by=by, at=survey.at)
    assert {told.field for told in refused.value.refusals} >= {"decision", "reason"}
    with pytest.raises(Refusals) as refused:
        explain(one, Answer("mixed", "typing"), by=by, at=survey.at)
    assert {told.code for told in refused.value.refusals} == {"care.side"}
    assert Mismatch.objects.get(pk=one.pk).state == "open"


def test_where_neither_side_is_right_the_right_value_is_corrected(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = next(
        found
        for found in rows_of(row)
        if found.code == "M1" and "phone" in {f for f, *_ in _evidence(found)}
    )
    fields = {"phone": ("neither", "10877700000")}
    explain(one, Answer("mixed", "typing", fields), by=survey.by(one.organisation), at=survey.at)
    amend(one, True, "", by=survey.actor("gu_wen"), at=survey.at)
    one.refresh_from_db()
    assert (one.state, one.decision) == ("corrected", "mixed")
    assert one.roster is not None
    rows = {line.number: line.texts for line in corrected_rows(one.roster)}
    assert rows[one.roster_row or 0]["phone"] == "10877700000"


def _evidence(one: Mismatch) -> list[list[object]]:
    candidates = open_values(one).told.candidates
    found = candidates[0]["evidence"] if candidates else []
    return [told for told in found if told[1] not in ("same", "missing")]


def test_a_tenth_of_the_automatic_matches_is_drawn_from_the_seed(survey: Survey) -> None:
    row = survey.compare(survey.open())
    drawn = BlindCheck.objects.filter(round=row)
    assert drawn.count() == 2
    assert reproduce(row).is_equal  # the sample is part of what is made again


def test_no_name_stands_in_clear_in_any_table(survey: Survey) -> None:
    row = survey.compare(survey.open())
    for one in rows_of(row):
        settle(survey, one)
    conclude(row, "close", by=survey.actor("zhou_jie"), at=survey.at)
    worker.tick(survey.at)
    wanted = [NAMES[order] for order in range(20)] + ["50019920"]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for line in cursor.fetchall():
                text = " ".join(
                    bytes(cell).decode("utf-8", "replace")
                    if isinstance(cell, bytes | memoryview)
                    else str(cell)
                    for cell in line
                )
                assert not [name for name in wanted if name in text], table


def test_lists_may_be_replaced_and_withdrawn_until_the_collecting_is_closed(
    survey: Survey,
) -> None:
    from qianshou.packs.commission.care.rounds.collecting import withdraw

    row = survey.open()
    roster = survey.hand_in(row, TOWNS[0])
    before = roster.digest
    survey.lists.rows[TOWNS[0]].pop()
    roster = survey.hand_in(row, TOWNS[0])
    assert roster.digest != before
    assert Roster.objects.filter(round=row).count() == 1
    withdraw(roster, by=survey.town_actor(TOWNS[0]), at=survey.at)
    roster.refresh_from_db()
    assert roster.withdrawn_at == survey.at
    survey.compare(row)
    with pytest.raises(Refusal, match="收口"):
        survey.hand_in(row, TOWNS[0])
    roster.refresh_from_db()
    with pytest.raises(Refusal, match="收口"):
        withdraw(roster, by=survey.town_actor(TOWNS[0]), at=survey.at)


def test_the_comparison_begins_by_itself_when_every_list_is_in(survey: Survey) -> None:
    from qianshou.kernel.registry.models import Organisation

    away = Organisation.objects.filter(kind="town").exclude(division__name__in=TOWNS)
    away.update(valid_to=survey.at.date())
    row = survey.open()
    for name in survey.lists.rows:
        survey.hand_in(row, name)
    row.refresh_from_db()
    assert row.state == "comparing"
    worker.tick(survey.at)
    row.refresh_from_db()
    assert row.state == "verifying"


def test_rounds_come_in_order_and_one_at_a_time(survey: Survey) -> None:
    with pytest.raises(Refusal) as refused:
        survey.open(2)
    assert refused.value.code == "care.round_order"
    survey.open(1)
    with pytest.raises(Refusal) as refused:
        survey.open(2)
    assert refused.value.code == "care.round_open"


def test_nothing_is_compared_without_a_roster(survey: Survey) -> None:
    from qianshou.packs.commission.care.rounds.collecting import close_collecting

    row = survey.open()
    survey.hand_in(row, "education")
    with pytest.raises(Refusal) as refused:
        close_collecting(row, by=survey.actor("zhou_jie"), at=survey.at)
    assert refused.value.code == "care.no_rosters"
