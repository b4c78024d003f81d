"""Pairing: departments and leaders with towns, cadres with children, and the gaps that show."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import (
    CatalogueEntry,
    Division,
    Officer,
    Organisation,
    Pairing,
    Posting,
)
from qianshou.packs.commission.care.assigning import (
    assign_cadre,
    distribute,
    end_pairing,
    pair_bureau,
    pair_leader,
    propose_shares,
)
from qianshou.packs.commission.care.board import build_board
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.pairing import LEADER
from qianshou.packs.commission.care.tests.children import NAME, actor, village
from qianshou.packs.commission.care.tests.enrolled import appoint, enrolled, pair

Browse = Callable[[str], Client]


def town() -> Division:
    found = village().parent
    assert found is not None
    return found


def officer(username: str) -> Officer:
    return Officer.objects.get(username=username)


def allow(most: int) -> None:
    row = CatalogueEntry.objects.get(
        catalogue__code="care.limit", catalogue__is_current=True, code="cadre_load"
    )
    row.extra = {"value": str(most)}
    row.save()


def test_a_department_and_a_leader_stand_by_a_town_until_the_office_ends_it(
    district: None, at: datetime
) -> None:
    by = actor("zhou_jie", at)
    row = pair_bureau(Organisation.objects.get(code="justice"), town(), by=by, at=at)
    pair_leader(officer("hao_jian"), town(), by=by, at=at)
    with pytest.raises(Refusal) as twice:
        pair_leader(officer("hao_jian"), town(), by=by, at=at)
    assert twice.value.code == "care.paired"
    with pytest.raises(Refusal) as silent:
        end_pairing(row, "", by=by, at=at)
    assert silent.value.code == "door.reason"
    end_pairing(row, "机构调整", by=by, at=at)
    row.refresh_from_db()
    assert row.to_date == at.date()
    assert list(verify()) == []


@pytest.mark.parametrize("username", ["jin_ke", "lin_yue", "deng_hong", "hao_jian", "pan_qi"])
def test_nobody_but_the_office_pairs_departments(
    district: None, at: datetime, username: str
) -> None:
    with pytest.raises(Refusal) as refused:
        pair_bureau(Organisation.objects.get(code="justice"), town(), by=actor(username, at), at=at)
    assert refused.value.code == "access.denied"


def test_a_department_without_a_cadre_is_not_paired(district: None, at: datetime) -> None:
    with pytest.raises(Refusal) as refused:
        pair_bureau(
            Organisation.objects.get(code="longshui-office"),
            town(),
            by=actor("zhou_jie", at),
            at=at,
        )
    assert refused.value.code == "care.no_cadre"


def test_a_child_without_a_cadre_gets_one_of_a_paired_department(
    district: None, at: datetime
) -> None:
    child = enrolled(at, cadre="")
    team, lin = actor("deng_hong", at), officer("lin_yue")
    with pytest.raises(Refusal) as refused:
        assign_cadre(child, lin, by=team, at=at)
    assert refused.value.code == "care.cadre"
    pair(at)
    assign_cadre(child, lin, by=team, at=at)
    assert cadre_of(child) == lin
    with pytest.raises(Refusal) as again:
        assign_cadre(child, lin, by=team, at=at)
    assert again.value.code == "care.has_cadre"


def test_a_full_cadre_takes_no_more(district: None, at: datetime) -> None:
    pair(at)
    enrolled(at, 2)
    allow(1)
    with pytest.raises(Refusal) as refused:
        assign_cadre(enrolled(at, 4, ""), officer("lin_yue"), by=actor("zhou_jie", at), at=at)
    assert refused.value.code == "care.load"


def test_the_town_team_of_another_town_assigns_nobody(district: None, at: datetime) -> None:
    pair(at)
    child = enrolled(at, cadre="")
    other = Posting.objects.filter(post="town_team").exclude(organisation__code="longshui-office")
    username = other.values_list("officer__username", flat=True).first()
    with pytest.raises(Refusal) as refused:
        assign_cadre(child, officer("lin_yue"), by=actor(str(username), at), at=at)
    assert refused.value.code == "access.denied"


def test_when_a_cadres_posting_ends_her_children_show_as_a_gap(
    district: None, at: datetime
) -> None:
    pair(at)
    enrolled(at, 2)
    by = actor("deng_hong", at)
    assert [one.uncovered for one in build_board(by, at).towns] == [0]
    posting = Posting.objects.get(officer=officer("lin_yue"), post="cadre")
    change_row(posting, {"to_date": at.date() - timedelta(days=1)}, by=CLOCK, at=at)
    (there,) = build_board(by, at).towns
    assert (there.children, there.uncovered) == (1, 1)
    assert there.is_gap


def test_a_distribution_is_even_and_carried_out_only_as_it_was_shown(
    district: None, at: datetime
) -> None:
    pair(at)
    appoint("shen_lan", "cadre", "justice", at)
    for order in (2, 4, 6):
        enrolled(at, order, "")
    enrolled(at, 8)
    shares, left = propose_shares(town(), at=at)
    assert left == 0
    loads: dict[str, int] = {"林悦": 1}
    for one in shares:
        loads[one.name] = loads.get(one.name, 0) + 1
    assert max(loads.values()) - min(loads.values()) <= 1
    lines = [f"{one.code}:{one.officer}" for one in shares]
    late = enrolled(at, 10, "")
    with pytest.raises(Refusal) as refused:
        distribute(town(), lines, by=actor("deng_hong", at), at=at)
    assert refused.value.code == "care.changed"
    assert cadre_of(late) is None
    shares, _left = propose_shares(town(), at=at)
    lines = [f"{one.code}:{one.officer}" for one in shares]
    assert distribute(town(), lines, by=actor("deng_hong", at), at=at) == 4
    assert propose_shares(town(), at=at) == ([], 0)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_board_shows_towns_with_their_gaps(browse: Browse) -> None:
    pair(now())
    child = enrolled(now(), cadre="")
    text = text_of(browse("zhou_jie").get("/p/care/pairing/"))
    assert text.count("没有结对部门") == 26
    assert "1 名儿童没有干部" in text
    assert child.code not in text
    text = text_of(browse("deng_hong").get("/p/care/pairing/"))
    assert "龙水镇" in text
    assert "宝顶镇" not in text


def test_a_liaison_sees_own_cadres_with_numbers_and_no_child(browse: Browse) -> None:
    pair(now())
    child = enrolled(now())
    liaison = browse("jin_ke")
    text = text_of(liaison.get("/p/care/pairing/"))
    assert "林悦" in text
    for secret in (child.code, NAME, "黎○○"):
        assert secret not in text
    assert liaison.get(f"/p/care/pairing/{town().code}/").status_code == 404
    sheet: Any = openpyxl.load_workbook(
        BytesIO(liaison.get("/p/care/pairing/export/").content)
    ).active
    assert child.code not in str(list(sheet.values))
    assert "1～4" in str(list(sheet.values))


def test_a_leader_sees_the_towns_supervised_and_of_few_children_no_number(browse: Browse) -> None:
    leader = browse("hao_jian")
    assert "没有符合条件的镇街" in text_of(leader.get("/p/care/pairing/"))
    values = {"officer": officer("hao_jian"), "division": town(), "kind": LEADER}
    change_row(Pairing(), {**values, "from_date": now().date()}, by=CLOCK, at=now())
    enrolled(now())
    text = text_of(leader.get("/p/care/pairing/"))
    assert "龙水镇" in text
    assert "1～4" in text


@pytest.mark.parametrize("username", ["lin_yue", "fang_ting", "xu_min", "yuan_bo", "zhang_min"])
def test_others_have_no_board(browse: Browse, username: str) -> None:
    assert browse(username).get("/p/care/pairing/").status_code == 403


def test_the_town_page_pairs_assigns_and_keeps_what_was_typed(browse: Browse) -> None:
    office, address = browse("zhou_jie"), f"/p/care/pairing/{town().code}/"
    change = f"{address}change/"
    answer = office.post(change, {"form": "department", "organisation": "", "note": "试点"})
    assert answer.status_code == 422
    assert "请选择一项" in text_of(answer)
    assert 'value="试点"' in text_of(answer)
    assert office.post(change, {"form": "department", "organisation": "justice"}).status_code == 302
    assert office.post(change, {"form": "leader", "officer": "hao_jian"}).status_code == 302
    child = enrolled(now(), cadre="")
    text = text_of(office.get(address))
    assert "黎○○" in text
    sent = {"form": "assign", "child": child.code, "cadre": "lin_yue"}
    assert browse("deng_hong").post(change, sent).status_code == 302
    assert cadre_of(child) == officer("lin_yue")
    row = Pairing.objects.get(organisation__code="justice")
    assert office.post(change, {"form": "end", "pairing": row.pk, "reason": ""}).status_code == 422
    end = {"form": "end", "pairing": row.pk, "reason": "机构调整"}
    assert browse("deng_hong").post(change, end).status_code == 403
    assert office.post(change, end).status_code == 302
    assert "区司法局" in text_of(office.get(address)).partition("历史")[2]


def test_an_even_distribution_is_confirmed_on_its_page(browse: Browse) -> None:
    pair(now())
    child = enrolled(now(), cadre="")
    team, address = browse("deng_hong"), f"/p/care/pairing/{town().code}/share/"
    text = text_of(team.get(address))
    assert child.code in text
    assert team.post(address, {"shares": "H-ODD:1"}).status_code == 422
    line = text.partition('name="shares" value="')[2].partition('"')[0]
    assert team.post(address, {"shares": line}).status_code == 302
    assert cadre_of(child) is not None


def test_the_boards_queries_do_not_grow_with_children(
    browse: Browse, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pair(now())
    office = browse("zhou_jie")
    for number in (5, 30):
        for order in range(number):
            enrolled(now(), 2 * (order + number * 2), cadre="lin_yue" if order % 2 else "")
        with django_assert_max_num_queries(30):
            assert office.get("/p/care/pairing/").status_code == 200
        with django_assert_max_num_queries(36):
            assert office.get(f"/p/care/pairing/{town().code}/").status_code == 200
