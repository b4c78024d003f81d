"""The suggestion model: off until there is enough, tried on what it has not seen, never deciding."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from qianshou.kernel.access import actor_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.pack import ranked
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, Division, Officer, Organisation
from qianshou.kernel.worklist.models import Matter
from qianshou.packs.police.gate import suggesting
from qianshou.packs.police.gate.models import Call, SuggestionModel
from qianshou.packs.police.gate.suggesting import Decided, learn, rank, train, train_monthly

WORDS = {
    "noise.work": "工地夜里{n}点还在施工，电钻声很大",
    "city.light": "小区门口{n}盏路灯不亮，晚上看不见路",
    "city.waste": "楼下垃圾{n}天没人清，污水流到路上",
    "dispute.wage": "老板欠了{n}个月工资，十几个人都没拿到",
}


def decided(month: str, number: int) -> list[Decided]:
    names = list(WORDS)
    return [
        Decided(
            suggesting.words_of({"summary": WORDS[names[i % 4]].format(n=i), "text": None}),
            month,
            names[i % 4],
            "other.ask",
        )
        for i in range(number)
    ]


def test_the_same_calls_give_the_same_model_and_it_knows_their_words() -> None:
    calls = decided("2026-09", 80)
    first, second = learn(calls), learn(calls)
    assert (first.weights == second.weights).all()
    assert rank(first, ["路灯坏了三盏"])[0][0] == "city.light"
    assert len(rank(first, [""])[0]) == suggesting.SHOWN


def test_two_categories_are_ranked_too() -> None:
    model = learn([call for call in decided("2026-09", 40) if call.category.startswith("city")])
    assert rank(model, ["路灯不亮", "垃圾没人清"]) == [
        ("city.light", "city.waste"),
        ("city.waste", "city.light"),
    ]


def test_digits_tell_nothing() -> None:
    assert suggesting.words_of({"summary": "电话62345678", "text": "1栋"}) == "电话0 0栋"


def keep_decided(number: int, at: datetime) -> None:
    """Keep calls as triage leaves them, half of them in each of the last two months that are over."""
    from qianshou.kernel.procedures.models import Version

    version = Version.objects.filter(procedure="police.gate").latest("pk")
    division = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0]
    home = Organisation.objects.order_by("pk")[0]
    names = list(WORDS)
    matters = Matter.objects.bulk_create(
        Matter(
            number=f"LD-T-{i}", procedure="police.gate", version=version, title="t", seq=1,
            division=division, organisation=home, opened_at=at, head="", head_at=at,
            state=json.dumps({
                "tokens": [], "serial": 0,
                "facts": {
                    "summary": WORDS[names[i % 4]].format(n=i),
                    "suggested_category": "city.light",
                },
            }),
        )
        for i in range(number)
    )  # fmt: skip
    Call.objects.bulk_create(
        Call(
            matter=matter, received_at=at, source="110", division=division,
            category=names[i % 4], triaged_at=at - timedelta(days=31 * (1 + i % 8 // 4)),
        )
        for i, matter in enumerate(matters)
    )  # fmt: skip


def test_it_is_off_until_five_hundred_calls_are_decided(district: None, at: datetime) -> None:
    keep_decided(suggesting.LEAST - 1, at)
    assert train(at) is None
    assert ranked("gate.category", {"summary": "路灯不亮"}) is None


def test_it_is_off_while_there_is_no_earlier_month(district: None, at: datetime) -> None:
    keep_decided(suggesting.LEAST, at)
    Call.objects.update(triaged_at=at - timedelta(days=31))
    assert train(at) is None


@pytest.mark.parametrize("number", [suggesting.LEAST_TESTED - 1, suggesting.LEAST_TESTED])
def test_a_month_of_a_few_calls_or_that_goes_on_tries_nothing(
    district: None, at: datetime, number: int
) -> None:
    keep_decided(suggesting.LEAST + number, at)
    calls = list(Call.objects.order_by("pk"))
    for place, call in enumerate(calls):
        call.triaged_at = at - timedelta(days=31 if place < number else 62)
    calls[-1].triaged_at = at
    Call.objects.bulk_update(calls, ["triaged_at"])
    model = train(at)
    assert (model and model.tested) == (number if number == suggesting.LEAST_TESTED else None)
    assert model is None or model.tested_month == "2026-10"


def test_calls_of_a_circle_and_merged_ones_are_left_out(district: None, at: datetime) -> None:
    keep_decided(suggesting.LEAST, at)
    merged, hidden = Call.objects.order_by("pk")[:2]
    Call.objects.filter(pk=merged.pk).update(outcome="merge")
    circle = Circle.objects.create(about="child")
    Matter.objects.filter(pk=hidden.matter_id).update(circle=circle)
    assert len(suggesting.decided_calls()) == suggesting.LEAST - 2


def told_note() -> str:
    found = ranked("gate.category", {"summary": "路灯不亮"})
    assert found is not None
    return found.note.zh


@pytest.fixture
def trained(district: None, at: datetime) -> SuggestionModel:
    keep_decided(suggesting.LEAST, at)
    model = train(at)
    assert model is not None
    return model


def test_a_version_is_tried_on_the_last_month_alone(trained: SuggestionModel, at: datetime) -> None:
    assert (trained.calls, trained.tested) == (248, 252)
    assert trained.tested_month == "2026-10"
    assert trained.first_hits == trained.three_hits == 252
    assert trained.rule_hits == 63
    assert trained.by_category["city.light"] == [63, 63, 63]
    found = ranked("gate.category", {"summary": "路灯不亮"})
    assert found is not None
    assert found.codes[0] == "city.light"
    assert "100%" in found.note.zh
    assert not [problem for problem in verify() if "suggestionmodel" in problem.subject]


def test_it_is_trained_once_a_month(trained: SuggestionModel, at: datetime) -> None:
    train_monthly(at + timedelta(days=3))
    assert SuggestionModel.objects.count() == 1
    assert "可能偏高" not in told_note()
    train_monthly(at + timedelta(days=10))
    assert list(SuggestionModel.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]
    assert "可能偏高" in told_note()


def test_the_likeliest_come_first_at_triage_and_a_person_decides(
    trained: SuggestionModel, browse: Callable[[str], Client]
) -> None:
    client = browse("zhang_min")
    village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0]
    sent = {
        "source": "110", "summary": "小区路灯不亮", "place.division": village.code,
        "place.address": "路口",
    }  # fmt: skip
    answer = client.post("/open/police.gate/register/", sent, follow=True)
    page = answer.content.decode()
    assert page.index("最像的几类") < page.index('value="city.light"') < page.index("噪声")
    assert page.count('value="city.light"') == 1
    assert "由您决定" in page


def test_the_district_seat_sees_the_versions_and_switches_them_off(
    trained: SuggestionModel, browse: Callable[[str], Client]
) -> None:
    seat = browse("jiang_yue")
    page = seat.get("/p/gate/suggestions/").content.decode()
    assert "2026-10" in page
    assert "使用中" in page
    assert seat.post("/p/gate/suggestions/", {"on": "no"}).status_code == 302
    assert "已停用" in seat.get("/p/gate/suggestions/").content.decode()
    assert ranked("gate.category", {"summary": "路灯不亮"}) is None
    seat.post("/p/gate/suggestions/", {"on": "yes"})
    assert ranked("gate.category", {"summary": "路灯不亮"}) is not None


def test_nobody_else_switches_it(
    trained: SuggestionModel, browse: Callable[[str], Client], at: datetime
) -> None:
    assert browse("zhang_min").get("/p/gate/suggestions/").status_code == 403
    town = actor_of(Officer.objects.get(username="zhang_min"), at)
    with pytest.raises(Refusal) as refused:
        suggesting.switch(False, by=town, at=at)
    assert refused.value.code == "access.denied"


def test_the_page_says_what_is_missing(district: None, browse: Callable[[str], Client]) -> None:
    assert "还没有模型" in browse("jiang_yue").get("/p/gate/suggestions/").content.decode()
