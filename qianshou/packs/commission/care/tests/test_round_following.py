"""A pair that is found to be two children: each is asked about alone, in the same round."""

from datetime import date, datetime

import pytest

from qianshou.kernel.refusal import Refusals
from qianshou.packs.commission.care.models import Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.closing import reproduce
from qianshou.packs.commission.care.rounds.correcting import corrected_rows
from qianshou.packs.commission.care.rounds.exits import open_by_code
from qianshou.packs.commission.care.rounds.explaining import Answer, explain, review
from qianshou.packs.commission.care.rounds.following import follow_decisions
from qianshou.packs.commission.care.rounds.values import open_values
from qianshou.packs.commission.care.tests.survey import (
    TOWNS,
    Survey,
    child,
    make_lists,
    number_of,
    pupil,
)


@pytest.fixture
def survey(district: None, at: datetime) -> Survey:
    """Return a survey about to begin; civil affairs has a child under the number of another."""
    lists = make_lists()
    stranger = pupil(child(6), name="司空墨", birth_date="2012-07-09")
    lists.rows["civil"].append(stranger)
    return Survey(at, lists)


def pair_of(row: Round, kind: str) -> Mismatch:
    found = Mismatch.objects.filter(round=row, code="C1", other__kind=kind)
    return found.select_related("organisation__division", "roster", "other").get()


def part(survey: Survey, one: Mismatch, number: str = "") -> None:
    """Decide that a pair is two children, and have it reviewed."""
    answer = Answer("apart", "typing", {"id_number": ("neither", number)})
    explain(one, answer, by=survey.by(one.organisation), at=survey.at)
    one.refresh_from_db()
    review(one, True, "", by=survey.actor("zhou_jie"), at=survey.at)


def test_a_parted_candidate_of_civil_affairs_is_asked_about_once(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = pair_of(row, "civil")
    asked = Mismatch.objects.filter(round=row, code="N2", other_row=one.other_row)
    assert not asked.exists()
    part(survey, one)
    assert asked.get().state == "open"
    assert asked.get().matter_id is not None
    assert follow_decisions(row, at=survey.at) == 0
    assert open_by_code(row)["N2"] == 2


def test_a_row_that_is_parted_from_its_pupil_is_asked_about(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = pair_of(row, "education")
    part(survey, one)
    asked = Mismatch.objects.get(round=row, code="N1", roster_row=one.roster_row, roster=one.roster)
    assert (asked.state, asked.partner.code if asked.partner else "") == ("open", "education")


def test_a_row_whose_candidates_are_all_refused_is_asked_about(survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = survey.first_of(row, "A1")
    survey.explain(one, "none")
    kind = one.other.kind if one.other else ""
    assert kind == "education"
    asked = Mismatch.objects.filter(round=row, code="N1", roster_row=one.roster_row)
    assert asked.get(roster=one.roster).state == "open"


@pytest.mark.parametrize("number", ["", number_of(433, date(2014, 8, 2))])
def test_the_number_of_another_child_does_not_stay_in_the_roster(
    survey: Survey, number: str
) -> None:
    row = survey.compare(survey.open())
    one = pair_of(row, "education")
    part(survey, one, number)
    assert one.roster is not None
    assert one.roster.organisation.division.name == TOWNS[0]
    rows = {line.number: line.texts for line in corrected_rows(one.roster)}
    assert rows[one.roster_row or 0]["id_number"] == number


def flag(survey: Survey, *children: dict[str, str]) -> None:
    """Have a school flag children whom education's list has beside the others."""
    for told in children:
        told.pop("village")
        survey.lists.rows["education"].append({**told, "flagged": "是"})


def test_a_child_whom_a_school_flags_and_no_roster_has_is_asked_about(survey: Survey) -> None:
    lists = survey.lists.rows
    lists["education"][0]["flagged"] = "是"  # she stands in her town's roster
    missed, unflagged = (pupil(child(order, TOWNS[1]), name=name)
                         for order, name in ((14, "闻人遥"), (16, "澹台月")))  # fmt: skip
    flag(survey, missed)
    lists["education"].append({**unflagged, "flagged": "否"})
    row = survey.compare(survey.open())
    asked = Mismatch.objects.filter(round=row, code="N2", other__kind="education")
    one = asked.select_related("organisation__division", "roster", "other").get()
    assert open_values(one).rights == [missed | {"flagged": "是"}]
    assert one.organisation.division.name == TOWNS[1]
    assert reproduce(row).is_equal


def test_a_flagged_child_is_taken_in_though_educations_list_is_destroyed(survey: Survey) -> None:
    missed = pupil(child(14, TOWNS[1]), name="闻人遥")
    village = missed["village"]
    flag(survey, missed)
    row = survey.compare(survey.open())
    one = Mismatch.objects.select_related("organisation__division", "roster", "other").get(
        round=row, code="N2", other__kind="education"
    )
    with pytest.raises(Refusals) as refused:
        survey.explain(one, "add")
    assert {told.field for told in refused.value.refusals} == {"village"}
    answer = Answer("add", "omitted", {"village": ("neither", village)})
    explain(one, answer, by=survey.by(one.organisation), at=survey.at)
    survey.conclude(row, "next")
    assert one.other is not None
    one.other.refresh_from_db()
    assert one.other.wrapped_key is None
    roster = Roster.objects.get(round=row, organisation=one.organisation)
    added = corrected_rows(roster)[-1].texts
    assert (added["name"], added["village"], added["town"]) == ("闻人遥", village, TOWNS[1])
    assert "flagged" not in added


def test_a_child_of_whom_both_bureaus_tell_is_taken_in_once(survey: Survey) -> None:
    told = pupil(child(19, TOWNS[2]))
    village = told["village"]
    flag(survey, told)
    row = survey.compare(survey.open())
    answer = Answer("add", "omitted", {"village": ("neither", village)})
    both = Mismatch.objects.filter(round=row, code="N2", division__name=TOWNS[2])
    assert both.count() == 2
    for one in both.select_related("organisation__division", "roster", "other"):
        explain(one, answer, by=survey.by(one.organisation), at=survey.at)
    roster = Roster.objects.get(round=row, organisation=one.organisation)
    names = [line.texts["name"] for line in corrected_rows(roster)]
    assert names.count(told["name"]) == 1


def test_a_flagged_pupil_who_is_parted_from_her_row_is_asked_about(survey: Survey) -> None:
    survey.lists.rows["education"][2]["flagged"] = "是"
    row = survey.compare(survey.open())
    one = pair_of(row, "education")
    part(survey, one)
    asked = Mismatch.objects.get(round=row, code="N2", other__kind="education")
    assert asked.other_row == one.other_row


def test_a_row_is_taken_in_only_as_a_town_could_have_handed_it_in(survey: Survey) -> None:
    village = survey.lists.rows["civil"][2]["village"]
    survey.lists.rows["civil"][2]["village"] = "外地村"
    row = survey.compare(survey.open())
    one = survey.first_of(row, "N2")
    with pytest.raises(Refusals) as refused:
        survey.explain(one, "add")
    assert {told.field for told in refused.value.refusals} == {"village"}
    answer = Answer("add", "typing", {"village": ("neither", village)})
    explain(one, answer, by=survey.by(one.organisation), at=survey.at)
    roster = Roster.objects.get(round=row, organisation=one.organisation)
    assert corrected_rows(roster)[-1].texts["village"] == village
