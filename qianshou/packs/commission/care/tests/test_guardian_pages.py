"""The guardian's pages: the code, reading, signing with and without a pen, asking."""

import pytest
from django.core.cache import cache
from django.test import Client

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.templates import read_lines
from qianshou.kernel.registry.models import Disclosure
from qianshou.packs.commission.care.guardians import give_link, new_code, revoke_link
from qianshou.packs.commission.care.models import Child, GuardianLink, GuardianRequest, Pledge
from qianshou.packs.commission.care.tests.children import (
    BOTH_AWAY,
    ENTRUSTED,
    NAME,
    actor,
    drawing,
    make_child,
)


class Phone:
    """A guardian's phone with the link, and the code if asked for."""

    def __init__(self, child: Child, signer: str = "guardian") -> None:
        self.client = Client()
        by = actor("fang_ting", now())
        self.link, token = give_link(child, signer, by=by, at=now())
        self.address = f"/p/care/g/{token}/"

    def enter(self) -> None:
        code = new_code(self.link, by=actor("fang_ting", now()), at=now())
        answer = self.client.post(f"{self.address}code/", {"code": code})
        assert answer.status_code == 302

    def text(self, path: str = "") -> str:
        answer = self.client.get(self.address + path)
        assert answer.status_code == 200
        return str(answer.content.decode())


@pytest.fixture
def child(district: None) -> Child:
    """Return a girl whose grandmother has been entrusted as she should be."""
    cache.clear()
    return make_child(now(), guardianship=BOTH_AWAY | ENTRUSTED)


@pytest.fixture
def phone(child: Child) -> Phone:
    """Return the father's phone, inside."""
    found = Phone(child)
    found.enter()
    return found


def test_without_a_code_a_link_shows_nothing(child: Child) -> None:
    phone = Phone(child)
    shown = phone.text()
    assert "请输入验证码" in shown
    assert NAME not in shown
    assert child.code not in shown
    for path in ("sign/duties/", "1/document/"):
        assert NAME not in phone.text(path)
    assert phone.client.post(f"{phone.address}ask/", {"kind": "delete"}).status_code == 302
    answer = phone.client.post(f"{phone.address}code/", {"code": "12"})
    assert answer.status_code == 422
    assert "验证码不对" in answer.content.decode()


def test_too_many_codes_close_the_door_for_a_while(child: Child) -> None:
    phone = Phone(child)
    answers = [phone.client.post(f"{phone.address}code/", {"code": "no"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]


def test_a_wrong_or_ended_link_is_no_page(child: Child, phone: Phone) -> None:
    assert Client().get("/p/care/g/anything/").status_code == 404
    revoke_link(GuardianLink.objects.get(), by=actor("fang_ting", now()), at=now())
    assert phone.client.get(phone.address).status_code == 404


def test_a_guardian_sees_every_sheet_in_words_and_who_opened_it(phone: Phone) -> None:
    shown = phone.text()
    for told in (NAME, "朝阳社区二组", "祖父母、外祖父母", "父亲是否外出", "家庭台账", "您本人"):
        assert told in shown, told
    assert "grandparent" not in shown
    assert Disclosure.objects.filter(officer=None, purpose="监护人本人查看").count() == 1
    assert 'lang="en"' in phone.text()


def test_a_document_is_read_and_signed_with_a_drawn_name(phone: Phone, child: Child) -> None:
    assert NAME in phone.text("sign/duties/")
    empty = phone.client.post(f"{phone.address}sign/duties/", {"drawn": drawing(ink="")})
    assert empty.status_code == 422
    answer = phone.client.post(f"{phone.address}sign/duties/", {"drawn": drawing()})
    assert answer["Location"] == f"{phone.address}?done=signed"
    pledge = Pledge.objects.get(child=child)
    assert (pledge.way, pledge.signer, pledge.kind) == ("phone", "guardian", "duties")
    kept = phone.client.get(f"{phone.address}{pledge.pk}/document/")
    assert any(NAME in line.text for line in read_lines(kept.content))
    assert phone.client.get(f"{phone.address}sign/duties/").status_code == 302
    assert phone.client.get(f"{phone.address}sign/notice/").status_code == 404


def test_without_a_script_the_name_is_typed_and_what_was_typed_is_kept(phone: Phone) -> None:
    told = {"typed": "王二", "confirmed": "yes"}
    refused = phone.client.post(f"{phone.address}sign/commitment/", told)
    assert refused.status_code == 422
    assert 'value="王二"' in refused.content.decode()
    told["typed"] = "黎大海"
    assert phone.client.post(f"{phone.address}sign/commitment/", told).status_code == 302
    assert Pledge.objects.get().kind == "commitment"


def test_a_carer_sees_the_entrustment_and_nothing_else(child: Child) -> None:
    phone = Phone(child, "carer")
    phone.enter()
    shown = phone.text()
    assert "委托监护责任书" in shown
    for hidden in ("朝阳社区二组", "监护人承诺书", "谁看过、为什么看"):
        assert hidden not in shown
    assert phone.client.get(f"{phone.address}sign/duties/").status_code == 404
    told = {"typed": "田桂芳", "confirmed": "yes"}
    assert phone.client.post(f"{phone.address}sign/entrustment/", told).status_code == 302
    assert Pledge.objects.get().signer == "carer"


def test_a_correction_and_a_deletion_are_asked_for_and_followed(phone: Phone, child: Child) -> None:
    wanted = {"kind": "correct", "sheet": "care.identity", "wanted": "住址应为三组"}
    empty = phone.client.post(f"{phone.address}ask/", wanted | {"wanted": ""})
    assert empty.status_code == 422
    assert phone.client.post(f"{phone.address}ask/", wanted).status_code == 302
    assert phone.client.post(f"{phone.address}ask/", wanted | {"kind": "delete"}).status_code == 302
    assert sorted(GuardianRequest.objects.values_list("kind", flat=True)) == ["correct", "delete"]
    assert phone.text().count("正在办理") == 2
    assert phone.client.post(f"{phone.address}ask/", wanted | {"kind": "x"}).status_code == 422


def test_leaving_closes_the_page(phone: Phone) -> None:
    phone.client.post(f"{phone.address}leave/")
    assert NAME not in phone.text()


def test_two_links_in_one_browser_do_not_open_each_other(phone: Phone) -> None:
    other = Phone(make_child(now(), order=4, name="田小禾"))
    other.client = phone.client
    assert "请输入验证码" in other.text()


def test_the_page_speaks_english(phone: Phone) -> None:
    phone.client.cookies["django_language"] = "en"
    shown = phone.text()
    assert "What we keep" in shown
    assert now().astimezone(CHINA).year >= 2024
