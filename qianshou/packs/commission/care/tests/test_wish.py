"""Wishes: approved, published and claimed without anybody learning who the child is; then granted."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.kernel import door
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out, send
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import key_of, seal_value
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.assigning import replace_cadre
from qianshou.packs.commission.care.models import Child, Wish
from qianshou.packs.commission.care.tests.children import NAME, actor, ledger_text
from qianshou.packs.commission.care.tests.enrolled import appoint, do, enrolled, open_steps
from qianshou.packs.commission.care.wish import open_wish

Browse = Callable[[str], Client]
LIST = "/p/care/wishes/"
TEXT = "一套课外书"
CLAIM = {
    "donor_kind": "organisation",
    "donor_name": "大足石刻研究会",
    "donor.name": "何一山",
    "donor.phone": "10000000009",
    "offer": "下周送到",
    "mark": "page-mark-1",
}


@pytest.fixture(autouse=True)
def forget() -> None:
    cache.clear()


def collected(child: Child, at: datetime, by: str = "lin_yue") -> int:
    told = f"{NAME}说想看书"
    receipt = open_wish(child, "book", "under_100", TEXT, told=told, by=actor(by, at), at=at)
    return receipt.matter


def published(at: datetime) -> Wish:
    matter = collected(enrolled(at), at)
    do(matter, "approve", "deng_hong", at, approved="yes", public_text=TEXT)
    return Wish.objects.select_related("child__village").get(matter=matter)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_wish_runs_from_the_child_to_the_look_back(browse: Browse) -> None:
    at = now()
    wish = published(at)
    assert (wish.state, len(wish.mark)) == ("published", 8)
    assert NAME not in ledger_text()
    donor = Client()
    assert TEXT in text_of(donor.get(LIST))
    answer = donor.post(f"{LIST}{wish.mark}/", CLAIM)
    assert answer.status_code == 200
    receipt = text_of(answer).partition("data-receipt>")[2].partition("<")[0]
    wish.refresh_from_db()
    assert wish.gift_id is not None
    assert TEXT not in text_of(Client().get(LIST)).partition("<main")[2]
    do(wish.gift_id, "accept", "zhou_jie", at, gift_accepted="yes", gift_word="谢谢，我们会联系您")
    carry_out(now())
    wish.refresh_from_db()
    assert (wish.state, wish.donor) == ("claimed", "大足石刻研究会")
    assert wish.matter_id is not None
    do(wish.matter_id, "buy", "lin_yue", now(), bought="少儿百科一套")
    do(wish.matter_id, "deliver", "lin_yue", now(), delivered_on="2026-11-25", how="她很开心")
    do(wish.matter_id, "look", "fang_ting", now(), glad="yes")
    wish.refresh_from_db()
    assert wish.state == "granted"
    carry_out(now())
    do(wish.gift_id, "thank", "zhou_jie", now(), thanks="书已送到，孩子喜欢")
    page = text_of(donor.get(f"/r/f/{receipt.replace('-', '')}/"))
    assert "书已送到" in page
    assert "谢谢，我们会联系您" in page
    assert "她很开心" not in ledger_text()
    assert list(verify()) == []


def test_a_donor_never_learns_who_the_child_is(browse: Browse) -> None:
    at = now()
    wish = published(at)
    donor, seen = Client(), []
    seen.append(text_of(donor.get(LIST)))
    seen.append(text_of(donor.get(f"{LIST}{wish.mark}/")))
    answer = donor.post(f"{LIST}{wish.mark}/", CLAIM)
    seen.append(text_of(answer))
    receipt = seen[-1].partition("data-receipt>")[2].partition("<")[0].replace("-", "")
    seen.append(text_of(donor.get(f"/r/f/{receipt}/")))
    wish.refresh_from_db()
    assert wish.gift is not None
    assert wish.gift.circle_id is None
    assert wish.gift.person_id is None
    seen.append(wish.gift.state)
    seen.append(wish.gift.title)
    for secret in (wish.child.code, NAME, "黎", "朝阳", "龙水", "500111100001"):
        for text in seen:
            assert secret not in text, secret
    assert "10000000009" not in ledger_text()
    assert "何一山" not in ledger_text()


@pytest.mark.parametrize(
    "text",
    ["小满想要书包", "朝阳社区女孩的书包", "龙水的孩子要书", "电话 1000000", "黎大海的女儿要书"],
)
def test_a_text_that_lets_her_be_recognised_is_refused(
    district: None, at: datetime, text: str
) -> None:
    child = enrolled(at)
    with pytest.raises(Refusal) as refused:
        open_wish(child, "book", "none", text, by=actor("lin_yue", at), at=at)
    assert (refused.value.code, refused.value.field) == ("care.identity", "wish_text")
    matter = collected(child, at)
    with pytest.raises(Refusal) as refused:
        do(matter, "approve", "deng_hong", at, approved="yes", public_text=text)
    assert (refused.value.code, refused.value.field) == ("care.identity", "public_text")
    assert open_steps(matter) == ["approve"]


def test_a_wish_is_dropped_or_taken_down_with_a_reason(district: None, at: datetime) -> None:
    matter = collected(enrolled(at), at)
    do(matter, "approve", "deng_hong", at, approved="no", drop_reason="已由学校解决")
    assert Wish.objects.get(matter=matter).state == "dropped"
    wish = published_again(at)
    assert wish.matter_id is not None
    do(wish.matter_id, "seek", "deng_hong", at, sought="drop", drop_reason="孩子改主意了")
    wish.refresh_from_db()
    assert (wish.state, wish.mark) == ("dropped", "")
    assert TEXT not in text_of(Client().get(LIST))


def published_again(at: datetime) -> Wish:
    matter = collected(enrolled(at, 4), at)
    do(matter, "approve", "deng_hong", at, approved="yes", public_text=TEXT)
    return Wish.objects.get(matter=matter)


def test_a_claim_that_is_not_accepted_lets_somebody_else_claim(browse: Browse) -> None:
    at = now()
    wish = published(at)
    Client().post(f"{LIST}{wish.mark}/", CLAIM)
    taken = Client().post(f"{LIST}{wish.mark}/", {**CLAIM, "mark": "page-mark-2"})
    assert taken.status_code == 422
    assert "已经有人认领" in text_of(taken)
    wish.refresh_from_db()
    assert wish.gift_id is not None
    do(wish.gift_id, "accept", "zhou_jie", at, gift_accepted="no", gift_word="本次不合适")
    wish.refresh_from_db()
    assert wish.gift_id is None
    again = Client().post(f"{LIST}{wish.mark}/", {**CLAIM, "mark": "page-mark-3"})
    assert again.status_code == 200


def test_what_is_missing_stands_beside_its_field_and_a_form_sent_twice_is_one_claim(
    browse: Browse,
) -> None:
    wish = published(now())
    answer = Client().post(f"{LIST}{wish.mark}/", {**CLAIM, "donor_name": ""})
    assert answer.status_code == 422
    assert "下周送到" in text_of(answer)
    first = text_of(Client().post(f"{LIST}{wish.mark}/", CLAIM))
    second = text_of(Client().post(f"{LIST}{wish.mark}/", CLAIM))
    receipt = first.partition("data-receipt>")[2].partition("<")[0]
    assert receipt in second
    assert Matter.objects.filter(procedure="care.gift").count() == 1


def test_an_address_claims_five_a_day_at_most(browse: Browse) -> None:
    wish = published(now())
    answers = [
        Client().post(f"{LIST}{wish.mark}/", {**CLAIM, "donor_name": "", "mark": f"m{place}"})
        for place in range(6)
    ]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]


def test_the_month_sends_a_wish_and_one_that_names_her_stays_sealed(
    district: None, at: datetime
) -> None:
    child = enrolled(at)
    key = key_of(child.person_id)
    for place, text in enumerate(("一个新书包", f"{NAME}要书包")):
        found = {"kind": "study", "band": "under_100", "text": text, "contact": 1}
        send(
            "care.wish",
            {"child": child.code, "sealed": seal_value(found, key)},
            key=f"care.wish/{place}",
            at=at,
        )
    send(
        "care.wish",
        {"child": child.code, "kind": "book", "band": "none", "text": "看看大海"},
        key="care.wish/open",
        at=at,
    )
    carry_out(at)
    assert sorted(Wish.objects.values_list("text", flat=True)) == ["", "一个新书包", "看看大海"]
    assert f"{NAME}要" not in ledger_text()


def test_the_next_cadre_gets_the_steps_of_a_wish(district: None, at: datetime) -> None:
    wish = published(at)
    taker = appoint("shen_lan", "cadre", "procuratorate", at)
    replace_cadre(wish.child, taker, by=actor("zhou_jie", at), at=at, reason="测试")
    assert wish.matter_id is not None
    do(wish.matter_id, "seek", "deng_hong", at, sought="found", donor_name="区总工会")
    carry_out(at)
    task = Task.objects.get(matter=wish.matter_id, state=0)
    assert (task.node, task.assignee) == ("buy", Officer.objects.get(username="shen_lan"))
    assert list(verify()) == []


def test_only_her_circle_collects_a_wish(district: None, at: datetime) -> None:
    child = enrolled(at)
    for username in ("jin_ke", "hao_jian", "yuan_bo"):
        with pytest.raises(Refusal) as refused:
            collected(child, at, by=username)
        assert refused.value.code == "access.denied"


def test_only_the_office_reads_who_the_donor_is(browse: Browse) -> None:
    wish = published(now())
    Client().post(f"{LIST}{wish.mark}/", CLAIM)
    wish.refresh_from_db()
    assert wish.gift_id is not None
    act = acts.Disclose(wish.gift_id, "donor", "联系认领")
    told = door.act(act, by=actor("zhou_jie", now()), at=now())
    assert told is not None
    assert told.disclosed["name"] == "何一山"
    for username in ("pan_qi", "lin_yue", "deng_hong", "duan_rui"):
        with pytest.raises(Refusal):
            door.act(act, by=actor(username, now()), at=now())


def test_the_board_shows_each_their_own_and_departments_only_what_is_public(
    browse: Browse,
) -> None:
    wish = published(now())
    for username in ("lin_yue", "deng_hong", "fang_ting", "zhou_jie", "pan_qi"):
        text = text_of(browse(username).get("/p/care/wishboard/"))
        assert wish.child.code in text, username
    text = text_of(browse("jin_ke").get("/p/care/wishboard/"))
    assert TEXT in text
    for secret in (wish.child.code, "朝阳", NAME):
        assert secret not in text
    assert browse("hao_jian").get("/p/care/wishboard/").status_code == 403
    assert browse("jin_ke").get("/p/care/wishboard/export/").status_code == 200
    assert browse("zhou_jie").get("/p/care/wishboard/export/?state=published").status_code == 200


def test_a_wish_is_collected_on_its_page_and_what_was_typed_stays(browse: Browse) -> None:
    child = enrolled(now())
    address = f"/p/care/wishboard/new/?child={child.code}"
    sent = {
        "wish_kind": "book",
        "wish_band": "none",
        "wish_text": f"{NAME}的书",
        "wish_told": "想看书",
    }
    lin = browse("lin_yue")
    answer = lin.post(address, sent)
    assert answer.status_code == 422
    assert "能看出孩子是谁" in text_of(answer)
    assert "想看书" in text_of(answer)
    assert lin.post(address, {**sent, "wish_text": TEXT}).status_code == 302
    assert browse("jin_ke").get(address).status_code == 404


def test_the_boards_queries_do_not_grow_with_wishes(
    browse: Browse, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    child, office = enrolled(now()), browse("zhou_jie")
    for number in (5, 25):
        for _place in range(number):
            collected(child, now())
        with django_assert_max_num_queries(26):
            assert office.get("/p/care/wishboard/").status_code == 200


def test_the_board_counts_the_wishes_that_stand_at_each_step(browse: Browse) -> None:
    wish = published(now())
    collected(wish.child, now())
    steps = re.findall(r'aria-label="([^"]+)"></progress><b class="num">(\d+)</b>',
                       text_of(browse("zhou_jie").get("/p/care/wishboard/")))  # fmt: skip
    assert dict(steps) | {"待审核": "1", "待认领": "1"} == dict(steps)
    assert [number for _name, number in steps].count("0") == len(steps) - 2
