"""Reports of harm: all receivers at once, the next after fifteen minutes, the reporter unnamed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qianshou.kernel import door, worker
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.read import find_entries
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.procedures.dmn import load_dmn
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import CircleMember, Disclosure, Officer, Posting
from qianshou.kernel.worklist.models import Matter, Notice
from qianshou.kernel.worklist.notices import notices_for
from qianshou.packs.commission.care import report
from qianshou.packs.commission.care.models import HarmReport
from qianshou.packs.commission.care.report import open_report, station_of
from qianshou.packs.commission.care.tests.circles import Cast, open_tasks, step_of

TOLD = {
    "signs": ["abandonment"],
    "told": "孩子三天没人管",
    "place": {"division": "500111100001"},
    "child_description": "穿红衣服的女孩",
}
FIRST = {
    ("longshui-station", "station_care"),
    ("civil", "civil_affairs"),
    ("commission", "lead_duty"),
    ("procuratorate", "prosecutor"),
}
SIGNERS = {
    "longshui-station": "yuan_bo",
    "civil": "pan_qi",
    "commission": "duan_rui",
    "procuratorate": "shen_lan",
}


@pytest.fixture
def cast(district: None, at: datetime) -> Cast:
    """Return the cast on a working Monday's morning."""
    return Cast(at)


def send(cast: Cast, by: str = "xu_min", **told: Any) -> int:
    return open_report({**TOLD, **told}, by=cast.actor(by), at=cast.at).matter


def seats(matter: int) -> set[tuple[str, str]]:
    circle = Matter.objects.values_list("circle", flat=True).get(pk=matter)
    members = CircleMember.objects.filter(circle=circle, to_date=None)
    return {(one.organisation.code, one.post_id) for one in members}  # type: ignore[union-attr,misc]


def sign_all(cast: Cast, matter: int) -> None:
    for organisation, username in SIGNERS.items():
        cast.do(matter, "sign", username, organisation)


def refused(cast: Cast, matter: int, step: str, by: str, **facts: Any) -> str:
    try:
        cast.do(matter, step, by, **facts)
    except Refusal as refusal:
        return refusal.code
    except Refusals as several:
        return several.refusals[0].code
    return ""


def test_four_receivers_get_a_report_at_once_with_fifteen_minutes_each(cast: Cast) -> None:
    matter = send(cast)
    tasks = open_tasks(matter)
    assert {task.organisation.code for task in tasks} == set(SIGNERS)
    assert {step_of(task) for task in tasks} == {"sign"}
    assert {task.due_at for task in tasks} == {cast.at + timedelta(minutes=15)}
    assert seats(matter) == FIRST
    assert Notice.objects.filter(matter=matter, kind="harm").count() == 4
    assert list(verify()) == []


def test_one_sign_or_a_few_words_are_enough_and_nothing_is_too_little(cast: Cast) -> None:
    by = cast.actor("fang_ting")
    open_report({"signs": ["begging"]}, by=by, at=cast.at)
    open_report({"told": "有人打她"}, by=by, at=cast.at)
    assert HarmReport.objects.count() == 2
    with pytest.raises(Refusal) as nothing:
        open_report({"child_description": "穿红衣服"}, by=by, at=cast.at)
    assert (nothing.value.code, nothing.value.field) == ("care.nothing_told", "signs")


def test_whoever_holds_no_post_of_care_has_no_such_button(cast: Cast) -> None:
    with pytest.raises(Refusal) as denied:
        open_report(TOLD, by=cast.actor("zhang_min"), at=cast.at)
    assert denied.value.code == "access.denied"
    with pytest.raises(Refusal) as denied:
        act = acts.Open("care.report", {"summary": "x", "level": "urgent"}, "report")
        door.act(act, by=cast.actor("yuan_bo"), at=cast.at)
    assert denied.value.code == "access.denied"


def test_the_place_is_told_or_the_childs_village_or_the_reporters_own(cast: Cast) -> None:
    child = cast.register()
    bare = {"signs": ["begging"]}
    named = open_report(
        {**bare, "child_code": child.code.lower()}, by=cast.actor("jin_ke"), at=cast.at
    )
    assert Matter.objects.get(pk=named.matter).division_id == child.village_id
    own = open_report(bare, by=cast.actor("xu_min"), at=cast.at)
    assert Matter.objects.get(pk=own.matter).division.name == "龙水镇"
    district = open_report({**bare, "child_code": "H-none"}, by=cast.actor("jin_ke"), at=cast.at)
    assert Matter.objects.get(pk=district.matter).division.kind == "district"
    assert ("police", "station_care") in seats(district.matter)


def test_a_station_without_its_officer_is_passed_over(cast: Cast) -> None:
    matter = send(cast)
    place = Matter.objects.get(pk=matter).division
    assert station_of(place, cast.at) == "longshui-station"
    Posting.objects.filter(post="station_care", organisation__code="longshui-station").delete()
    assert station_of(place, cast.at) == ""
    assert ("police", "station_care") in seats(send(cast))


def test_a_report_goes_out_though_nobody_sits_where_it_goes(cast: Cast) -> None:
    Posting.objects.filter(post="civil_affairs").delete()
    matter = send(cast)
    assert cast.task(matter, "sign", "civil").assignee is None


def test_who_has_not_signed_in_fifteen_minutes_is_passed_by_through_the_workers_clock(
    cast: Cast,
) -> None:
    matter = send(cast)
    cast.do(matter, "sign", "shen_lan", "procuratorate")
    worker.tick(cast.at + timedelta(minutes=14))
    assert "second" not in cast.waiting(matter)
    cast.at += timedelta(minutes=15)
    worker.tick(cast.at)
    called = {task.organisation.code for task in open_tasks(matter) if step_of(task) == "second"}
    assert called == {"police", "commission"}
    assert seats(matter) == FIRST | {("police", "station_care"), ("commission", "lead_office")}
    assert HarmReport.objects.get(pk=matter).called == 3
    told = Notice.objects.filter(matter=matter, posts="prosecutor", text__contains="龙水镇派出所")
    assert told.count() == 1
    cast.do(matter, "sign", "yuan_bo", "longshui-station")
    assert [task.organisation.code for task in open_tasks(matter)].count("police") == 0
    assert cast.task(matter, "receipt").organisation.code == "longshui-station"
    assert list(verify()) == []


def test_the_third_is_called_when_the_second_does_not_sign_either(cast: Cast) -> None:
    matter = send(cast)
    for _ in range(3):
        cast.at += timedelta(minutes=15)
        worker.tick(cast.at)
    assert "third" in cast.waiting(matter)
    cast.do(matter, "third", "duan_rui")
    assert not {"sign", "second"} & {
        step_of(task) for task in open_tasks(matter) if "police" in task.organisation.code
    }
    assert cast.task(matter, "receipt").organisation.code == "commission"
    assert list(verify()) == []


def test_the_next_may_sign_and_then_has_it(cast: Cast) -> None:
    matter = send(cast)
    cast.at += timedelta(minutes=15)
    worker.tick(cast.at)
    cast.do(matter, "second", "duan_rui", "commission")
    row = HarmReport.objects.get(pk=matter)
    assert (row.received_at, row.received_minutes) == (cast.at, 15.0)


def test_the_police_accept_with_a_number_or_hand_on_with_a_reason(cast: Cast) -> None:
    matter = send(cast)
    cast.do(matter, "sign", "yuan_bo", "longshui-station")
    assert refused(cast, matter, "receipt", "yuan_bo", receipt="accept") == "form.required"
    assert refused(cast, matter, "receipt", "yuan_bo", receipt="transfer") == "form.required"
    handed = {"receipt": "transfer", "transfer_reason": "属邻镇管辖"}
    code = refused(cast, matter, "receipt", "yuan_bo", **handed, transfer_to="longshui-centre")
    assert code == "door.nobody"
    cast.do(matter, "receipt", "yuan_bo", **handed, transfer_to="zhuxi-station")
    assert cast.task(matter, "receipt").organisation.code == "zhuxi-station"
    assert ("zhuxi-station", "station_care") in seats(matter)
    assert list(verify()) == []


def protect(cast: Cast, matter: int) -> None:
    """Take a report from its four signatures to the result."""
    sign_all(cast, matter)
    cast.do(matter, "receipt", "yuan_bo", receipt="accept", report_number="大公接字 1 号")
    cast.do(matter, "protect", "yuan_bo", one_interview=True, protected="已由女警陪同")
    placed = {"placement": "agency", "guardian_measure": "admonition", "placed": "已接到福利院"}
    cast.do(matter, "place_child", "pan_qi", **placed)
    cast.do(matter, "oversee", "shen_lan", oversight="follow", overseen="提前介入")


def test_a_report_runs_to_its_end_and_the_reporter_alone_is_told_the_result(cast: Cast) -> None:
    matter = send(cast)
    protect(cast, matter)
    assert cast.waiting(matter) == ["result"]
    cast.at += timedelta(minutes=30)
    cast.do(matter, "result", "duan_rui", result="help", result_told="孩子已安全", result_note="内")
    row = HarmReport.objects.get(pk=matter)
    assert (row.told_at, row.closed_at) == (cast.at, cast.at)
    assert row.accepted_at is not None
    (notice,) = notices_for(cast.actor("xu_min"))
    assert (notice.text, notice.matter_id) == ("您报告的情况已有结果：孩子已安全", None)
    told = Notice.objects.filter(text__contains="孩子已安全")
    assert [one.officer.username for one in told] == ["xu_min"]  # type: ignore[union-attr]
    assert list(verify()) == []


def test_the_station_alone_can_learn_who_reported_and_says_what_for(cast: Cast) -> None:
    matter = send(cast)
    station = cast.actor("yuan_bo")
    shown = door.act(acts.Disclose(matter, "reporter", "当面核实"), by=station, at=cast.at)
    assert shown is not None
    assert shown.disclosed["name"].startswith("徐敏")
    for username in ("pan_qi", "duan_rui", "shen_lan"):
        with pytest.raises(Refusal) as denied:
            act = acts.Disclose(matter, "reporter", "想知道")
            door.act(act, by=cast.actor(username), at=cast.at)
        assert denied.value.code == "access.denied"
        opened = door.act(
            acts.Disclose(matter, "sealed", "处置"), by=cast.actor(username), at=cast.at
        )
        assert opened is not None
        assert opened.disclosed["told"] == "孩子三天没人管"
        assert "reporter" not in opened.disclosed
    assert not Disclosure.objects.exists()
    with pytest.raises(Refusal) as unsaid:
        door.act(acts.Disclose(matter, "reporter", " "), by=station, at=cast.at)
    assert unsaid.value.code == "door.purpose"


def test_the_ledger_names_no_reporter_and_holds_no_word_of_what_was_told(cast: Cast) -> None:
    send(cast)
    reporter = Officer.objects.get(username="xu_min")
    entries, more = find_entries(size=100)
    assert len(entries) > 5
    assert more is None
    for entry in entries:
        assert entry.officer_id is None
        for secret in ("徐敏", f'"id":{reporter.pk},', "三天没人管", "红衣服", "xu_min"):
            assert secret not in entry.body


def test_whoever_is_not_a_receiver_is_answered_as_if_there_were_nothing(cast: Cast) -> None:
    child = cast.register()
    matter = send(cast, child_code=child.code)
    task = open_tasks(matter)[0].pk
    for username in ("lin_yue", "fang_ting", "deng_hong", "zhou_jie", "xu_min", "he_feng"):
        by = cast.actor(username)
        for act, code in (
            (acts.Comment(matter, "？"), "door.no_matter"),
            (acts.Claim(task), "door.no_task"),
            (acts.Disclose(matter, "sealed", "看看"), "door.no_matter"),
        ):
            with pytest.raises(Refusal) as found:
                door.act(act, by=by, at=cast.at)
            assert found.value.code == code, username


@pytest.mark.parametrize(
    ("station", "police"),
    [
        ("longshui-station", ("longshui-station", "police", "commission")),
        (None, ("police", "commission", "")),
    ],
)
def test_the_table_names_four_lists_whatever_the_place(
    station: str | None, police: tuple[str, str, str]
) -> None:
    table = Path(report.__file__).with_name("report.dmn")
    model = load_dmn(table.read_bytes(), "report.dmn")
    found = model.decide("receivers", {"station": station} if station else {})
    assert [one["role"] for one in found] == ["police", "civil", "lead", "procuratorate"]
    assert (found[0]["first"], found[0]["second"], found[0]["third"]) == police
    for one in found:
        for place in ("first", "second", "third"):
            assert bool(one[place]) == bool(one[f"{place}_post"])
