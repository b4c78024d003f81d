"""The lead group's page and commendations: figures for whoever looks, thanks without points."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Pairing
from qianshou.packs.commission.care.commending import commend
from qianshou.packs.commission.care.models import Commendation
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
    assert ">2</td>" in row
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
    assert ">2</td>" not in row
    assert "超期步骤" not in text


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
