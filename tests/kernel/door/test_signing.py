"""Countersigning in its four kinds through the door; a signer more, a signer less."""

import pytest
from django.test import Client

from qianshou.kernel import door
from qianshou.kernel.check import check_pack
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import path_of, verify
from qianshou.kernel.pack import packs
from qianshou.kernel.registry.models import Officer, Organisation, Posting
from qianshou.kernel.worklist.lists import list_tasks
from qianshou.kernel.worklist.models import Matter, Task
from tests.kernel.conftest import Office, Paper, make_paper


@pytest.fixture
def paper(db, sign_pack, at) -> Paper:
    return make_paper(at)


def test_the_pack_is_whole(sign_pack: None) -> None:
    (one,) = [pack for pack in packs() if pack.id == "bench.sign"]
    assert list(check_pack(one)) == []


def test_all_must_sign(paper: Paper) -> None:
    paper.begin("all").sign(paper.office.li, agree=False)
    assert paper.waiting == ["wang"]
    paper.sign(paper.office.wang, agree=True)
    assert paper.waiting == ["issue"]


def test_one_of_them_is_enough(paper: Paper) -> None:
    paper.begin("any").sign(paper.office.li, agree=True)
    assert paper.waiting == ["issue"]


def test_a_share_of_them_is_enough(paper: Paper) -> None:
    office = paper.begin("ratio").office
    add = acts.AddSigner(paper.task(office.wang), office.zhao.officer or 0, "涉及其片区")
    door.act(add, by=office.wang, at=office.at)
    assert paper.waiting == ["wang", "li", "zhao"]
    paper.sign(office.zhao, agree=True)
    assert paper.waiting == ["wang", "li"]
    paper.sign(office.wang, agree=True)
    assert paper.waiting == ["issue"]


def test_they_sign_in_turn_and_whoever_is_added_is_next(paper: Paper) -> None:
    office = paper.begin("turn").office
    assert paper.waiting == ["wang"]
    add = acts.AddSigner(paper.task(office.wang), office.zhao.officer or 0, "涉及其片区")
    door.act(add, by=office.wang, at=office.at)
    for who, following in ((office.wang, "zhao"), (office.zhao, "li"), (office.li, "issue")):
        paper.sign(who, agree=True)
        assert paper.waiting == [following]


def test_a_supervisor_leaves_a_signer_out_but_not_the_last(paper: Paper) -> None:
    office = paper.begin("all").office
    act = acts.RemoveSigner(paper.task(office.li), "出差")
    assert paper.refused(act, office.wang) == "access.denied"
    assert paper.refused(acts.RemoveSigner(act.task, " "), office.sun) == "door.reason"
    door.act(act, by=office.sun, at=office.at)
    assert paper.waiting == ["wang"]
    last = acts.RemoveSigner(paper.task(office.wang), "出差")
    assert paper.refused(last, office.sun) == "engine.last_signer"
    paper.sign(office.wang, agree=True)
    assert paper.waiting == ["issue"]


@pytest.mark.parametrize("kind", ["all", "ratio", "turn"])
def test_the_last_who_is_missing_is_left_out_where_others_have_signed(
    paper: Paper, kind: str
) -> None:
    office = paper.begin(kind).office
    paper.sign(office.wang, agree=False)
    door.act(acts.RemoveSigner(paper.task(office.li), "出差"), by=office.sun, at=office.at)
    assert paper.waiting == ["issue"]
    assert list(verify()) == []


def test_leaving_one_out_ends_a_signing_of_which_enough_is_done(paper: Paper) -> None:
    office = paper.begin("ratio").office
    sun = Officer.objects.get(username="sun")
    first = Organisation.objects.get(code="first")
    seat = {"post_id": "sign_seat", "organisation": first, "from_date": office.at.date()}
    Posting.objects.create(officer=sun, **seat)
    for officer in (office.zhao.officer, sun.pk):
        more = acts.AddSigner(paper.task(office.wang), officer or 0, "涉及其片区")
        door.act(more, by=office.wang, at=office.at)
    for who in (office.wang, office.li):
        paper.sign(who, agree=True)
    assert paper.waiting == ["zhao", "sun"]
    door.act(acts.RemoveSigner(paper.task(office.zhao), "出差"), by=office.sun, at=office.at)
    assert paper.waiting == ["issue"]
    assert list(verify()) == []


def test_nobody_is_added_who_has_signed_or_whose_turn_comes(paper: Paper) -> None:
    office = paper.begin("all").office
    paper.sign(office.li, agree=True)
    li = acts.AddSigner(paper.task(office.wang), office.li.officer or 0, "再签一次")
    assert paper.refused(li, office.wang) == "door.signer"
    paper.begin("turn")
    li = acts.AddSigner(paper.task(office.wang), office.li.officer or 0, "先签")
    assert paper.refused(li, office.wang) == "door.signer"


def test_a_signature_is_handed_to_nobody_who_signs_beside(paper: Paper) -> None:
    office = paper.begin("all").office
    to_li = acts.Transfer(paper.task(office.wang), office.li.officer or 0, "出差")
    assert paper.refused(to_li, office.wang) == "door.signs"
    paper.sign(office.li, agree=True)
    assert paper.refused(to_li, office.wang) == "door.signs"
    to_zhao = acts.Transfer(to_li.task, office.zhao.officer or 0, "出差")
    door.act(to_zhao, by=office.wang, at=office.at)
    assert paper.waiting == ["zhao"]
    ask = acts.AddSigner(to_li.task, office.li.officer or 0, "请先看", before=True)
    door.act(ask, by=office.zhao, at=office.at)
    to_zhao = acts.Transfer(paper.task(office.li), office.zhao.officer or 0, "出差")
    assert paper.refused(to_zhao, office.sun) == "door.signs"
    to_wang = acts.Transfer(to_zhao.task, office.wang.officer or 0, "出差")
    door.act(to_wang, by=office.sun, at=office.at)
    assert paper.waiting == ["zhao", "wang"]


def test_nobody_is_added_to_a_list_that_holds_more_than_officers(paper: Paper) -> None:
    office = paper.begin("pairs").office
    zhao = acts.AddSigner(paper.task(office.wang), office.zhao.officer or 0, "涉及其片区")
    assert paper.refused(zhao, office.wang) == "door.no_signing"


def test_whoever_hands_tasks_on_has_those_of_who_is_gone_in_a_list(paper: Paper) -> None:
    office = paper.begin("all").office
    assert not list_tasks("left", office.sun, at=office.at).rows
    Officer.objects.filter(username="li").update(is_active=False)
    (left,) = list_tasks("left", office.sun, at=office.at).rows
    assert (left.id, left.assignee) == (paper.task(office.li), office.li.officer)
    assert not list_tasks("left", office.wang, at=office.at).rows
    client = Client()
    client.force_login(Officer.objects.get(username="sun"))
    page = client.get("/", {"list": "left"}).content.decode()
    assert f'value="{left.id}" form="batch"' in page
    door.act(acts.Transfer(left.id, office.zhao.officer or 0, "接任"), by=office.sun, at=office.at)
    assert not list_tasks("left", office.sun, at=office.at).rows


def test_nothing_is_withdrawn_once_who_is_named_next_has_asked_somebody(paper: Paper) -> None:
    office = paper.begin("pairs").office
    for who in (office.wang, office.li):
        paper.sign(who, agree=True)
    issue = Task.objects.get(matter=paper.matter, state=0).pk
    door.act(acts.Complete(issue, {}), by=office.wang, at=office.at)
    named = paper.task(office.li)
    give = acts.Delegate(named, office.zhao.officer or 0, "请代办")
    door.act(give, by=office.li, at=office.at)
    assert paper.refused(acts.Withdraw(issue), office.wang) == "door.taken_up"


def test_one_signature_of_several_is_not_withdrawn(paper: Paper) -> None:
    office = paper.begin("turn").office
    signed = paper.task(office.wang)
    paper.sign(office.wang, agree=True)
    assert paper.refused(acts.Withdraw(signed, "写错了"), office.wang) == "door.withdraw_signing"
    assert paper.waiting == ["li"]
    client = Client()
    client.force_login(Officer.objects.get(username="wang"))
    assert "/withdraw/" not in client.get(f"/m/{paper.matter}/").content.decode()


def test_in_turn_the_next_signs_for_one_left_out(paper: Paper) -> None:
    office = paper.begin("turn").office
    door.act(acts.RemoveSigner(paper.task(office.wang), "出差"), by=office.sun, at=office.at)
    assert paper.waiting == ["li"]
    paper.sign(office.li, agree=True)
    assert paper.waiting == ["issue"]


def test_who_is_added_can_sign_and_does_not_yet(paper: Paper) -> None:
    office = paper.begin("all").office
    task = paper.task(office.wang)
    for officer in (office.sun.officer, office.li.officer, 0):
        act = acts.AddSigner(task, officer or 0, "x")
        assert paper.refused(act, office.wang) == "door.signer"
    zhao = office.zhao.officer or 0
    assert paper.refused(acts.AddSigner(task, zhao, ""), office.wang) == "door.reason"
    assert paper.refused(acts.AddSigner(task, zhao, "x"), office.zhao) == "access.denied"
    for who in (office.wang, office.li):
        paper.sign(who, agree=True)
    issue = Task.objects.get(matter=paper.matter, state=0).pk
    assert paper.refused(acts.AddSigner(issue, zhao, "x"), office.wang) == "door.no_signing"


def test_the_page_shows_who_signed_who_is_missing_and_adds_one(paper: Paper) -> None:
    office = paper.begin("turn").office
    client = Client()
    client.force_login(Officer.objects.get(username="wang"))
    page = client.get(f"/m/{paper.matter}/").content.decode()
    assert "已签 0 人，未签 2 人" in page
    assert "未轮到" in page
    assert "/remove_signer/" not in page
    task = paper.task(office.wang)
    sent = {"task": task, "officer": office.zhao.officer, "reason": "涉及其片区"}
    refused = client.post(f"/m/{paper.matter}/add_signer/", {**sent, "reason": ""})
    assert refused.status_code == 422
    assert client.post(f"/m/{paper.matter}/add_signer/", sent).status_code == 302
    paper.sign(office.wang, agree=True)
    page = client.get(f"/m/{paper.matter}/").content.decode()
    assert "已签 1 人，未签 2 人" in page
    assert "赵敏 涉及其片区" in page
    overseer = Client()
    overseer.force_login(Officer.objects.get(username="sun"))
    sent = {"task": paper.task(office.zhao), "reason": "出差"}
    assert overseer.post(f"/m/{paper.matter}/remove_signer/", sent).status_code == 302
    assert paper.waiting == ["li"]


def test_a_task_waits_for_whoever_was_asked_to_sign_first(office: Office) -> None:
    task = office.task(office.open(), "t1")
    paper = Paper(office, Task.objects.get(pk=task).matter_id)
    door.act(acts.Claim(task), by=office.wang, at=office.at)
    ask = acts.AddSigner(task, office.li.officer or 0, "请先看", before=True)
    assert paper.refused(ask, office.zhao) == "access.denied"
    door.act(ask, by=office.wang, at=office.at)
    assert paper.refused(ask, office.wang) == "door.signer"
    assert paper.refused(acts.Complete(task, {"again": 0}), office.wang) == "door.blocked"
    first = paper.task(office.li)
    assert paper.refused(acts.Sign(task), office.wang) == "access.denied"
    assert paper.refused(acts.Return(first, "t1", "x"), office.li) == "access.denied"
    assert paper.refused(acts.Release(first), office.li) == "access.denied"
    assert paper.refused(acts.Suspend(paper.matter, "等材料"), office.li) == "access.denied"
    split = acts.Split(paper.matter, "open", {"title": "另案"}, "另案办理")
    assert paper.refused(split, office.li) == "access.denied"
    assert list(verify()) == []
    door.act(acts.Complete(first, {}), by=office.li, at=office.at)
    assert list(verify()) == []
    door.act(acts.Complete(task, {"again": 0}), by=office.wang, at=office.at)
    assert paper.waiting == ["t2"]
    office.complete(paper.matter, "t2")
    assert path_of(entries_of(Matter.objects.get().number))[-1][0] == "m1"
    assert list(verify()) == []


def test_who_was_asked_first_is_left_out_or_goes_with_the_task(office: Office) -> None:
    matter = office.open()
    office.complete(matter, "t1")
    task = office.task(matter, "t2")
    paper = Paper(office, matter)
    ask = acts.AddSigner(task, office.li.officer or 0, "请先看", before=True)
    door.act(ask, by=office.wang, at=office.at)
    left_out = acts.RemoveSigner(paper.task(office.li), "不必了")
    assert paper.refused(left_out, office.wang) == "access.denied"
    door.act(left_out, by=office.sun, at=office.at)
    assert paper.waiting == ["t2"]
    door.act(ask, by=office.wang, at=office.at)
    assert list(verify()) == []
    door.act(acts.Return(task, "t1", "重填"), by=office.wang, at=office.at)
    assert paper.waiting == ["t1"]
    assert list(verify()) == []
