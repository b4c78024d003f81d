"""Shifts and catalogues on the registry's pages: planning, hand-over, new versions."""

from datetime import datetime, timedelta

import pytest

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Catalogue, CatalogueEntry, Officer, Post, Posting, Shift
from tests.office.town import DAY, Town, make, page, send, sought

HOUR = timedelta(hours=1)


@pytest.fixture
def town(db: None) -> Town:
    return Town()


def shift(town: Town, who: Officer, start: int, end: int) -> Shift:
    begin = now().replace(minute=0, second=0, microsecond=0)
    return make(
        Shift(), organisation=town.centre, post=town.seat, officer=who,
        starts_at=begin + start * HOUR, ends_at=begin + end * HOUR,
    )  # fmt: skip


def planned(town: Town, **changed: str) -> dict[str, str]:
    return {
        "organisation": str(town.centre.pk), "post": "seat", "officer": str(town.zhang.pk),
        "starts_at": "2030-01-01T08:00", "ends_at": "2030-01-01T20:00", **changed,
    }  # fmt: skip


# Shifts


def test_the_leader_plans_shifts_of_the_own_organisation_only(town: Town) -> None:
    client = town.client(town.luo)
    shown = page(client, "registry-new", "shifts")
    assert "龙水镇指挥中心</option>" in shown
    assert "龙水派出所</option>" not in shown
    assert send(client, "registry-new", "shifts", **planned(town)).status_code == 302
    made = Shift.objects.get()
    assert made.starts_at == datetime(2030, 1, 1, 8, tzinfo=CHINA)
    other = planned(town, organisation=str(town.station.pk), officer=str(town.luo.pk))
    assert send(client, "registry-new", "shifts", **other).status_code == 403
    for who in (town.zhang, town.system):
        assert send(town.client(who), "registry-new", "shifts", **planned(town)).status_code == 403


def test_a_seat_whose_post_plans_may_plan(town: Town) -> None:
    make(town.seat, acts=["roster"])
    client = town.client(town.zhang)
    assert send(client, "registry-new", "shifts", **planned(town)).status_code == 302


def test_nobody_is_on_duty_twice_at_once_or_without_end(town: Town) -> None:
    client = town.client(town.luo)
    send(client, "registry-new", "shifts", **planned(town))
    twice = planned(town, starts_at="2030-01-01T19:00", ends_at="2030-01-02T07:00")
    answer = send(client, "registry-new", "shifts", **twice)
    assert 'id="e-officer"' in answer.content.decode()
    backwards = planned(town, ends_at="2030-01-01T08:00")
    answer = send(client, "registry-new", "shifts", **backwards)
    assert 'id="e-ends_at"' in answer.content.decode()
    endless = planned(town, starts_at="2030-02-01T08:00", ends_at="2031-02-01T08:00")
    answer = send(client, "registry-new", "shifts", **endless)
    assert "一个班次最长 7 天" in answer.content.decode()
    assert Shift.objects.count() == 1


def test_hours_that_nobody_covers_are_shown_to_whoever_plans(town: Town) -> None:
    shift(town, town.zhang, -1, 10)
    shift(town, town.luo, 12, 24 * 8)
    shown = page(town.client(town.luo), "registry-list", "shifts")
    assert "未来七天有时段无人值守" in shown
    assert shown.count("龙水镇指挥中心 · 席位 ·") == 1
    assert "无人值守" not in page(town.client(town.zhang), "registry-list", "shifts")


def test_a_post_that_nobody_has_planned_is_one_long_gap(town: Town) -> None:
    seat = make(
        Post(), code="town_seat", name="镇街席位", name_en="Town seat", pack="police.gate",
        reach="organisation", acts=["roster"],
    )  # fmt: skip
    make(Posting(), officer=town.luo, post=seat, organisation=town.centre, from_date=DAY)
    shown = page(town.client(town.luo), "registry-list", "shifts")
    assert "无人值守" in shown
    assert "镇街席位" in shown


def test_a_shift_is_handed_over_and_taken_over_on_its_page(town: Town) -> None:
    mine = shift(town, town.zhang, -2, 1)
    shift(town, town.luo, 1, 9)
    zhang, luo = town.client(town.zhang), town.client(town.luo)
    address = ("registry-row", "shifts", mine.pk)
    assert 'value="acknowledge"' not in page(luo, *address)
    blank = send(zhang, *address, act="hand_over", hand_over_note=" ")
    assert (blank.status_code, "请写明交接事项" in blank.content.decode()) == (422, True)
    assert send(luo, *address, act="hand_over", hand_over_note="无").status_code == 403
    assert send(zhang, *address, act="hand_over", hand_over_note="三号点").status_code == 302
    assert 'value="hand_over"' not in page(zhang, *address)
    assert send(zhang, *address, act="acknowledge").status_code == 403
    assert 'value="acknowledge"' in page(luo, *address)
    assert send(luo, *address, act="acknowledge").status_code == 302
    told = page(zhang, *address)
    assert "三号点" in told
    assert "接班人" in told
    mine.refresh_from_db()
    assert mine.acknowledged_by == town.luo
    late = send(luo, *address, **planned(town, seq="3"))
    assert "已经交班" in late.content.decode()


# Catalogues


@pytest.fixture
def sources(town: Town) -> Catalogue:
    made = make(
        Catalogue(), code="gate.source", version=1, name="来源", name_en="Sources",
        pack="police.gate", valid_from=DAY,
    )  # fmt: skip
    for place, (code, name) in enumerate([("phone", "电话"), ("app", "小程序")]):
        CatalogueEntry.objects.create(
            catalogue=made, code=code, name=name, name_en=code, position=place, extra={"k": code}
        )
    return made


def lines(*entries: tuple[str, str, str, str], name: str = "来源") -> dict[str, object]:
    columns = dict(
        zip(("code", "name", "name_en", "parent"), zip(*entries, strict=True), strict=True)
    )
    return {
        "name": name, "name_en": "Sources", **{f"entry.{key}": told for key, told in columns.items()},
    }  # fmt: skip


PHONE, APP, BLANK = ("phone", "电话", "phone", ""), ("app", "小程序", "app", ""), ("", "", "", "")


def test_a_change_of_a_catalogue_is_a_new_version(town: Town, sources: Catalogue) -> None:
    client = town.client(town.system)
    visit = ("visit", "上门", "Visit", "phone")
    answer = send(client, "registry-row", "catalogues", sources.pk, **lines(visit, PHONE, BLANK))
    latest = Catalogue.objects.get(code="gate.source", is_current=True)
    assert answer["Location"].endswith(f"/{latest.pk}/")
    assert (latest.version, latest.pack) == (2, "")
    assert [code for code, *_rest in labelled_choices("gate.source", "en")] == ["visit", "phone"]
    assert latest.entries.get(code="phone").extra == {"k": "phone"}
    assert sources.entries.count() == 2
    assert history_of(latest)[0]["act"] == "register"
    assert "只供查看" in page(client, "registry-row", "catalogues", sources.pk)
    stale = send(client, "registry-row", "catalogues", sources.pk, **lines(PHONE))
    assert "已有更新的版本" in stale.content.decode()


def test_a_catalogue_saved_as_it_was_stays_the_same_version(town: Town, sources: Catalogue) -> None:
    send(town.client(town.system), "registry-row", "catalogues", sources.pk, **lines(PHONE, APP))
    assert Catalogue.objects.count() == 1


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([PHONE, PHONE], "不止一次"),
        ([("电话", "电话", "x", "")], "只能用字母"),
        ([("x", "某", "", "")], "要有中英文名称"),
        ([("x", "某", "x", "nowhere")], "上级不在表里"),
        ([BLANK], "请写 1 到"),
    ],
)
def test_a_wrong_line_is_named(town: Town, sources: Catalogue, entries: list, told: str) -> None:
    answer = send(
        town.client(town.system), "registry-row", "catalogues", sources.pk, **lines(*entries)
    )
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_a_code_is_never_used_again_for_something_else(town: Town, sources: Catalogue) -> None:
    client = town.client(town.system)
    send(client, "registry-row", "catalogues", sources.pk, **lines(PHONE))
    latest = Catalogue.objects.get(is_current=True)
    other = ("app", "走访", "Visit", "")
    answer = send(client, "registry-row", "catalogues", latest.pk, **lines(PHONE, other))
    assert "以前另有含义" in answer.content.decode()
    assert (
        send(client, "registry-row", "catalogues", latest.pk, **lines(PHONE, APP)).status_code
        == 302
    )


def test_a_new_catalogue_needs_a_code_and_a_keeper(town: Town) -> None:
    client = town.client(town.system)
    assert (
        'id="e-code"' in send(client, "registry-new", "catalogues", **lines(PHONE)).content.decode()
    )
    made = send(client, "registry-new", "catalogues", code="town.kind", **lines(PHONE))
    assert made.status_code == 302
    for who in (town.zhang, town.security):
        answer = send(town.client(who), "registry-new", "catalogues", code="x", **lines(PHONE))
        assert answer.status_code == 403
    kept = Catalogue.objects.get()
    assert (
        send(
            town.client(town.zhang), "registry-row", "catalogues", kept.pk, **lines(APP)
        ).status_code
        == 403
    )
    assert "电话" in page(town.client(town.zhang), "registry-row", "catalogues", kept.pk)
    assert "town.kind" in sought(town.client(town.zhang), "catalogues", "ly")
