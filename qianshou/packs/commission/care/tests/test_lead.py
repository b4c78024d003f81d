"""The lead group's page and commendations: figures for whoever looks, thanks without points."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.kernel.access import CLOCK
from qianshou.kernel.campaigns.declaration import declared_campaigns
from qianshou.kernel.campaigns.install import install_campaigns
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Pairing
from qianshou.kernel.worklist.models import Task
from qianshou.packs.commission.care.commending import commend
from qianshou.packs.commission.care.models import Commendation, Hazard
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.pairing import LEADER
from qianshou.packs.commission.care.tests.children import actor, village
from qianshou.packs.commission.care.tests.enrolled import enrolled, pair

Browse = Callable[[str], Client]
PAGE = "/p/care/lead/"


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_office_sees_exact_figures_and_gaps(browse: Browse) -> None:
    pair(now())
    child = enrolled(now(), 2)
    enrolled(now(), 4, "")
    text = text_of(browse("zhou_jie").get(PAGE))
    row = text.partition("<b>龙水镇</b>")[2].partition("</tr>")[0]
    town = village().parent_id
    assert f"/enrolled/records/?from={now().year}-01-01" in row
    assert f'by=division&amp;value={town}">2</a></td>' in row
    assert "结对缺口" in text
    assert child.code not in text


def test_a_leader_sees_the_towns_supervised_and_no_small_number(browse: Browse) -> None:
    values = {"officer": Officer.objects.get(username="hao_jian"), "kind": LEADER}
    values |= {"division": village().parent, "from_date": now().date()}
    change_row(Pairing(), values, by=CLOCK, at=now())
    for order in (2, 4):
        enrolled(now(), order)
    text = text_of(browse("hao_jian").get(PAGE))
    assert "龙水镇" in text
    assert "宝顶镇" not in text
    row = text.partition("<b>龙水镇</b>")[2].partition("</tr>")[0]
    assert ">2</a></td>" not in row
    assert "不显示" in row


def figure_of(text: str, key: str) -> str:
    """Return what a figure of the page says, its tags left out."""
    card = text.partition(f'href="/indicators/commission.care/{key}/?')[2].partition("</a>")[0]
    return re.sub("<[^>]+>", " ", card.partition(">")[2])


def test_measures_money_hazards_and_what_is_late_lead_to_their_records(browse: Browse) -> None:
    install_campaigns(declared_campaigns(), by=CLOCK, at=now())
    child = enrolled(now(), 2)
    for days, state in ((2, "verified"), (6, "verified"), (None, "rectified"), (None, "found")):
        found = now().replace(month=1, day=1)
        Hazard.objects.create(
            child=child, kind="water", division=child.village, state=state, found_at=found,
            rectified_at=None if state == "found" else found,
            rectified_by=None if state == "found" else Officer.objects.get(username="lin_yue"),
            verified_at=found + timedelta(days=days) if days else None,
            verified_by=Officer.objects.get(username="zhou_jie") if days else None,
        )  # fmt: skip
    give_duties(now())
    visit = Task.objects.get(matter__circle=child.circle_id, procedure=MONTH)
    Task.objects.filter(pk=visit.pk).update(due_at=visit.opened_at)
    text = text_of(browse("zhou_jie").get(PAGE))
    for key, told in (
        ("measures", "19"), ("measures_overdue", "0"), ("funds_budget", "620,000"),
        ("funds_spent", "0"), ("hazards_found", "4"), ("hazards_rectified", "3"),
        ("hazards_verified", "2"), ("hazards_days", "2"), ("month_overdue", "1"),
    ):  # fmt: skip
        assert told in figure_of(text, key).split(), (key, figure_of(text, key))
    row = text.partition("<b>龙水镇</b>")[2].partition("</tr>")[0]
    (late,) = re.findall(r'href="([^"]*/month_overdue/records/[^"]*)">1</a>', row)
    answer = text_of(browse("zhou_jie").get(late.replace("&amp;", "&")))
    assert f'href="/m/{visit.matter_id}/"' in answer
    outside = text_of(browse("jin_ke").get(late.replace("&amp;", "&")))
    assert f'href="/m/{visit.matter_id}/"' not in outside


def test_reports_of_harm_are_no_figure_of_the_page(browse: Browse) -> None:
    for username in ("zhou_jie", "hao_jian"):
        text = text_of(browse(username).get(PAGE))
        assert "/indicators/commission.care/enrolled/" in text
        assert "harm_" not in text


@pytest.mark.parametrize("username", ["lin_yue", "jin_ke", "deng_hong", "pan_qi", "zhang_min"])
def test_others_have_no_such_page(browse: Browse, username: str) -> None:
    assert browse(username).get(PAGE).status_code == 403


def test_the_pages_queries_do_not_grow_with_children(
    browse: Browse, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pair(now())
    office = browse("zhou_jie")
    for number in (5, 20):
        for order in range(number):
            enrolled(now(), 2 * (order + number * 2))
        with django_assert_max_num_queries(150):
            assert office.get(PAGE).status_code == 200


def test_a_commendation_has_a_reason_and_is_not_for_oneself(district: None, at: datetime) -> None:
    office = actor("zhou_jie", at)
    row = commend("林悦", "冒雨送三个孩子就医", by=office, at=at)
    assert (row.officer.username, row.organisation.code) == ("lin_yue", "justice")
    for who, reason, code in (
        ("zhou_jie", "好", "care.own"),
        ("没有此人", "好", "care.who"),
        ("", "好", "care.who"),
        ("lin_yue", " ", "door.reason"),
    ):
        with pytest.raises(Refusal) as refused:
            commend(who, reason, by=office, at=at)
        assert refused.value.code == code
    assert list(verify()) == []


def test_a_town_commends_its_own_and_others_nobody(district: None, at: datetime) -> None:
    team = actor("deng_hong", at)
    assert commend("fang_ting", "教会奶奶视频通话", by=team, at=at).pk
    with pytest.raises(Refusal) as refused:
        commend("lin_yue", "好", by=team, at=at)
    assert refused.value.code == "care.reach"
    for username in ("lin_yue", "jin_ke", "hao_jian"):
        with pytest.raises(Refusal) as refused:
            commend("fang_ting", "好", by=actor(username, at), at=at)
        assert refused.value.code == "access.denied"


def test_commendations_are_listed_found_and_taken_out(browse: Browse) -> None:
    office, address = browse("zhou_jie"), "/p/care/commendations/"
    answer = office.post(address, {"who": "没有此人", "reason": "雨夜送医"})
    assert answer.status_code == 422
    assert "雨夜送医" in answer.content.decode()
    assert office.post(address, {"who": "lin_yue", "reason": "雨夜送医"}).status_code == 302
    assert "雨夜送医" in text_of(browse("jin_ke").post(address, {"seek": "林悦"}, follow=True))
    assert "还没有表扬" in text_of(browse("jin_ke").post(address, {"seek": "查无"}, follow=True))
    assert browse("jin_ke").get(f"{address}export/").status_code == 200
    assert browse("jin_ke").post(address, {"who": "lin_yue", "reason": "好"}).status_code == 403
    assert browse("zhang_min").get(address).status_code == 403
    assert not {"points", "score", "rank"} & {one.name for one in Commendation._meta.get_fields()}
