"""A sheet with names: asked for a purpose, approved by another, fetched for a while, and told."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.clock import CHINA, day_of, now
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.door.sealing import erase_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Alert, CircleMember, Disclosure, Officer, Post, Posting
from qianshou.kernel.registry.synthetic import remember
from qianshou.kernel.worklist.models import Matter, Notice, Task
from qianshou.packs.commission.care.circle import CADRE, end_member
from qianshou.packs.commission.care.guardians import give_link, new_code, readings_of
from qianshou.packs.commission.care.models import Child, NameSheet
from qianshou.packs.commission.care.namesheet import Fetched, ask_names, fetch_names
from qianshou.packs.commission.care.register import my_children
from qianshou.packs.commission.care.tests.children import ledger_text
from qianshou.packs.commission.care.tests.families import Family, actor

Browse = Callable[[str], Client]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
TOLD = {
    "purpose": "visit",
    "words": "春节前上门慰问",
    "id_number": "none",
    "columns": ["address", "guardian"],
    "needed_until": "2026-12-10",
}
ASKERS = ("zhou_jie", "deng_hong", "fang_ting", "lin_yue", "pan_qi")
OTHERS = (
    "xu_min", "shen_lan", "duan_rui", "yuan_bo", "gu_wen", "hao_jian", "jin_ke", "zhang_min",
    "sys_admin", "sec_admin", "audit_admin",
)  # fmt: skip


@dataclass
class Story:
    """Children of the cadre Lin Yue, and what is done about a sheet with their names."""

    family: Family
    children: list[Child]

    def ask(self, who: str = "lin_yue", **changed: Any) -> Receipt:
        codes = changed.pop("codes", [child.code for child in self.children])
        return ask_names(codes, TOLD | changed, by=actor(who, AT), at=AT)

    def decide(
        self, receipt: Receipt, who: str = "zhou_jie", at: datetime = AT, **told: str
    ) -> None:
        task = Task.objects.get(matter=receipt.matter, state=0)
        facts = {"decision": "approved", **told}
        door.act(acts.Complete(task.pk, facts), by=actor(who, at), at=at)

    def approved(self, who: str = "lin_yue", **changed: Any) -> NameSheet:
        receipt = self.ask(who, **changed)
        self.decide(receipt)
        return NameSheet.objects.get(matter=receipt.matter)


@pytest.fixture
def story(district: None) -> Story:
    cache.clear()
    family = Family(AT)
    return Story(family, [family.child(name="刘小禾"), family.child(name="王青青")])


def refused(call: Callable[[], Any]) -> tuple[str, str | None]:
    """Return the code and the field of a refusal; of several, the first's."""
    with pytest.raises((Refusal, Refusals)) as caught:
        call()
    one: Any = caught.value
    first = one.refusals[0] if isinstance(one, Refusals) else one
    assert first.zh
    assert first.en.isascii() or "龙水" in first.en
    return first.code, first.field


def fetch(row: NameSheet, who: str = "lin_yue", at: datetime = AT) -> Fetched:
    return fetch_names(row, by=actor(who, at), at=at)


def other_of_the_office() -> str:
    """Return the account of somebody else of the lead group's office."""
    held = Posting.objects.filter(post="lead_office").exclude(officer__username="zhou_jie")
    return held.order_by("pk")[0].officer.username


def test_whoever_reads_the_registers_asks_and_the_office_is_told(story: Story) -> None:
    receipt = story.ask()
    matter = Matter.objects.get(pk=receipt.matter)
    assert matter.number.startswith("MD-20261123-")
    assert matter.title == "姓名导出 龙水镇 2 名"
    row = NameSheet.objects.get(matter=matter)
    assert row.children == [child.pk for child in story.children]
    assert (row.purpose, row.columns, row.needed_until) == (
        "visit",
        ["address", "guardian"],
        date(2026, 12, 10),
    )
    task = Task.objects.get(matter=matter)
    assert (task.posts, task.organisation.code) == ("lead_office", "commission")
    assert task.due_at.date() == date(2026, 11, 25)
    notice = Notice.objects.get()
    assert (notice.posts, notice.organisation.code) == ("lead_office", "commission")
    assert matter.number in notice.text
    assert not Disclosure.objects.exists()
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"purpose": ""}, "form.required", "purpose"),
        ({"purpose": "curiosity"}, "form.choice", "purpose"),
        ({"words": ""}, "form.required", "words"),
        ({"words": "看"}, "form.short", "words"),
        ({"words": "给王青青送棉被"}, "care.words_name", "words"),
        ({"words": "打电话 10000000002 联系"}, "care.words_name", "words"),
        ({"id_number": "guess"}, "form.choice", "id_number"),
        ({"columns": ["health"]}, "form.choice", "columns"),
        ({"needed_until": ""}, "form.required", "needed_until"),
        ({"needed_until": "soon"}, "form.date", "needed_until"),
        ({"needed_until": "2026-11-22"}, "care.needed_until", "needed_until"),
        ({"needed_until": "2026-12-24"}, "care.needed_until", "needed_until"),
        ({"codes": []}, "care.no_names", "children"),
        ({"codes": ["H-2222222"]}, "care.other_child", "children"),
    ],
)
def test_a_request_that_says_too_little_is_refused_and_nothing_is_kept(
    story: Story, changed: dict[str, Any], code: str, field: str
) -> None:
    assert refused(lambda: story.ask(**changed)) == (code, field)
    assert not NameSheet.objects.exists()
    assert not Matter.objects.exists()


def test_somebody_else_s_child_is_refused_like_one_who_is_not_there(story: Story) -> None:
    other = story.family.child(cadre="justice.cadre.2", name="赵小雨")
    mine = [child.code for child in story.children]
    assert refused(lambda: story.ask(codes=[*mine, other.code])) == ("care.other_child", "children")
    assert story.ask("fang_ting", codes=[*mine, other.code]).number


def test_too_many_names_are_refused(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qianshou.packs.commission.care.namesheet.MOST", 1)
    assert refused(story.ask) == ("care.many_names", "children")


@pytest.mark.parametrize("who", OTHERS)
def test_other_posts_do_not_ask(story: Story, browse: Browse, who: str) -> None:
    assert refused(lambda: story.ask(who)) == ("access.denied", None)
    client = browse(who)
    for name in ("care-namesheets", "care-namesheet-new"):
        assert client.get(reverse(name)).status_code == 403
    sent = {**TOLD, "child": [child.code for child in story.children]}
    assert client.post(reverse("care-namesheet-new"), sent).status_code == 403
    assert "姓名导出" not in client.get(reverse("care-children")).content.decode()


def test_whose_post_does_not_read_guardianship_asks_for_no_guardian(story: Story) -> None:
    change_row(Post.objects.get(pk="cadre"), {"reads": ["care.identity"]}, by=CLOCK, at=AT)
    assert refused(story.ask) == ("access.denied", None)
    assert story.ask(columns=["address"]).number


def test_nobody_decides_on_their_own_request(story: Story) -> None:
    receipt = story.ask("zhou_jie")
    for decision in ("approved", "declined"):
        told = {"decision": decision, "declined_because": "不必要"}
        assert refused(lambda told=told: story.decide(receipt, **told)) == (  # type: ignore[misc]
            "care.own_request",
            "decision",
        )
    story.decide(receipt, other_of_the_office())
    row = NameSheet.objects.get()
    assert row.valid_to == date(2026, 11, 30)


@pytest.mark.parametrize("who", ["lin_yue", "deng_hong", "pan_qi", "duan_rui"])
def test_only_the_office_decides(story: Story, who: str) -> None:
    receipt = story.ask()
    assert refused(lambda: story.decide(receipt, who))[0] in ("access.denied", "door.no_task")


def test_a_request_is_declined_with_a_reason_and_the_asker_is_told(story: Story) -> None:
    receipt = story.ask()
    assert refused(lambda: story.decide(receipt, decision="declined")) == (
        "form.required",
        "declined_because",
    )
    story.decide(receipt, decision="declined", declined_because="人数太多")
    row = NameSheet.objects.get()
    assert (row.valid_to, row.decided_by and row.decided_by.username) == (None, "zhou_jie")
    notice = Notice.objects.order_by("-pk")[0]
    assert (notice.officer and notice.officer.username, "人数太多" in notice.text) == (
        "lin_yue",
        True,
    )
    assert refused(lambda: fetch(row)) == ("care.not_approved", None)


def test_what_is_needed_no_more_is_not_approved(story: Story) -> None:
    receipt = story.ask(needed_until="2026-11-23")
    later = AT + timedelta(days=1)
    assert refused(lambda: story.decide(receipt, at=later)) == ("care.needed_no_more", "decision")
    story.decide(receipt, at=later, decision="declined", declined_because="已过期")


def test_it_is_fetched_by_the_asker_and_every_child_s_record_says_so(story: Story) -> None:
    row = story.approved(id_number="masked")
    notice = Notice.objects.order_by("-pk")[0]
    assert (notice.officer and notice.officer.username, "已批准" in notice.text) == (
        "lin_yue",
        True,
    )
    fetched = fetch(row)
    assert [(one.name, one.told["address"], one.told["guardian"]) for one in fetched.lines] == [
        (one.name, "朝阳社区 3 组", "周婆婆") for one in fetched.lines
    ]
    assert {one.name for one in fetched.lines} == {"刘小禾", "王青青"}
    assert all(one.told["masked"].startswith("***") for one in fetched.lines)
    assert (fetched.left_out, fetched.time) == (0, 1)
    for child in story.children:
        told = readings_of(child)[0]
        assert (told.name, told.kinds) == ("林悦", ("care.identity", "care.guardianship"))
        assert told.purpose == f"姓名导出 {row.matter.number}：走访慰问，春节前上门慰问"
        assert history_of(child.person)[-1]["act"] == "disclose"
    entry = history_of(row)[-1]
    assert (entry["after"], entry["reason"]) == ({"downloads": 1}, "2 / 2")
    assert "小禾" not in ledger_text()
    assert list(verify()) == []


def test_it_is_not_fetched_before_it_is_approved(story: Story) -> None:
    row = NameSheet.objects.get(matter=story.ask().matter)
    assert refused(lambda: fetch(row)) == ("care.not_approved", None)
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    ("until", "last"), [("2026-12-10", date(2026, 11, 30)), ("2026-11-25", date(2026, 11, 25))]
)
def test_it_is_fetched_for_seven_days_and_never_after_it_is_needed(
    story: Story, until: str, last: date
) -> None:
    row = story.approved(needed_until=until)
    assert row.valid_to == last
    days = (last - AT.date()).days
    assert fetch(row, at=AT + timedelta(days=days)).lines
    assert refused(lambda: fetch(row, at=AT + timedelta(days=days + 1))) == (
        "care.sheet_over",
        None,
    )


def test_it_is_fetched_three_times_and_no_more(story: Story) -> None:
    row = story.approved()
    assert [fetch(row).time for _ in range(3)] == [1, 2, 3]
    assert refused(lambda: fetch(row)) == ("care.sheet_spent", None)
    assert Disclosure.objects.count() == 6


@pytest.mark.parametrize("who", ["zhou_jie", "deng_hong", "fang_ting", "duan_rui"])
def test_nobody_but_the_asker_fetches_it_and_who_tries_is_written_down(
    story: Story, who: str
) -> None:
    row = story.approved()
    assert refused(lambda: fetch(row, who)) == ("access.denied", None)
    told = set(Disclosure.objects.values_list("person", "officer__username", "allowed"))
    assert told == {(child.person_id, who, False) for child in story.children}
    assert refused(lambda: fetch(row, who)) == ("access.denied", None)
    assert [alert.kind for alert in Alert.objects.all()] == ["refused"]
    row.refresh_from_db()
    assert row.downloads == 0


def test_whose_post_reads_it_no_longer_fetches_nothing(story: Story) -> None:
    row = story.approved()
    change_row(Post.objects.get(pk="cadre"), {"reads": ["care.identity"]}, by=CLOCK, at=AT)
    assert refused(lambda: fetch(row)) == ("access.denied", None)
    assert not Disclosure.objects.filter(allowed=True).exists()


def test_who_has_left_the_circle_since_or_was_erased_is_left_out(story: Story) -> None:
    third = story.family.child(name="陈小满")
    row = story.approved(codes=[child.code for child in (*story.children, third)])
    first = story.children[0]
    member = CircleMember.objects.get(circle=first.circle_id, role=CADRE, to_date=None)
    end_member(member, by=CLOCK, at=AT, reason="换人")
    erase_person(third.person_id, by=CLOCK, at=AT, reason="申请")
    fetched = fetch(row)
    assert ([one.name for one in fetched.lines], fetched.left_out) == (["王青青"], 2)
    assert not Disclosure.objects.filter(person=first.person_id).exists()
    second = CircleMember.objects.get(circle=story.children[1].circle_id, role=CADRE, to_date=None)
    end_member(second, by=CLOCK, at=AT, reason="换人")
    assert refused(lambda: fetch(row)) == ("care.nobody_left", None)
    row.refresh_from_db()
    assert row.downloads == 1


def test_who_has_left_the_post_fetches_nothing(story: Story) -> None:
    row = story.approved()
    Posting.objects.filter(officer__username="lin_yue").update(to_date=day_of(AT))
    assert refused(lambda: fetch(row, at=AT + timedelta(days=1))) == ("access.denied", None)


def test_thirty_names_at_once_and_names_at_night_alert_the_security_administrator(
    story: Story,
) -> None:
    many = [story.family.child() for _ in range(28)]
    row = story.approved(codes=[child.code for child in (*story.children, *many)])
    fetch(row)
    assert [alert.kind for alert in Alert.objects.all()] == ["many"]
    fetch(row, at=AT.replace(hour=23))
    assert {alert.kind for alert in Alert.objects.all()} == {"many", "night"}


@pytest.mark.parametrize("number", [3, 30])
def test_a_sheet_costs_a_bounded_number_of_questions_a_child(
    story: Story, django_assert_max_num_queries: Any, number: int
) -> None:
    many = [story.family.child() for _ in range(number)]
    row = story.approved(codes=[child.code for child in many])
    with django_assert_max_num_queries(60 + 4 * number):
        fetch(row)


@pytest.mark.parametrize(
    "wrong",
    [
        {"decided_at": AT},
        {"decided_at": AT, "decided_by": "lin_yue"},
        {"valid_to": date(2026, 11, 30)},
        {"decided_at": AT, "decided_by": "zhou_jie", "valid_to": date(2026, 12, 11)},
        {"downloads": 1},
        {
            "decided_at": AT,
            "decided_by": "zhou_jie",
            "valid_to": date(2026, 11, 30),
            "downloads": 4,
        },
    ],
)
def test_the_table_keeps_no_sheet_that_cannot_be(story: Story, wrong: dict[str, Any]) -> None:
    story.ask()
    if "decided_by" in wrong:
        wrong = wrong | {"decided_by": Officer.objects.get(username=wrong["decided_by"])}
    with pytest.raises(IntegrityError), transaction.atomic():
        NameSheet.objects.update(**wrong)


# --- the pages


@pytest.fixture
def here(district: None) -> Story:
    """Return the story of today, as the pages tell it."""
    cache.clear()
    family = Family(now())
    return Story(family, [family.child(name="刘小禾"), family.child(name="王青青")])


def sent_of(story: Story, **changed: Any) -> dict[str, Any]:
    until = (day_of(now()) + timedelta(days=10)).isoformat()
    codes = [child.code for child in story.children]
    return {**TOLD, "needed_until": until, "child": codes, **changed}


def values_in(content: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(BytesIO(content)).worksheets[0].values)


def test_from_the_list_to_the_workbook(browse: Browse, here: Story) -> None:
    lin, zhou = browse("lin_yue"), browse("zhou_jie")
    listed = lin.get(reverse("care-children")).content.decode()
    assert f'href="{reverse("care-namesheet-new")}?' in listed
    asked = lin.get(reverse("care-namesheet-new")).content.decode()
    assert "刘○○" in asked
    assert "小禾" not in asked
    answer = lin.post(reverse("care-namesheet-new"), sent_of(here, id_number="whole"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("care-namesheets"))
    row = NameSheet.objects.get()
    address = reverse("care-namesheet", args=[row.pk])
    mine = lin.get(address).content.decode()
    assert "待审批" in mine
    assert "下载名单" not in mine
    task = Task.objects.get(matter=row.matter, state=0)
    decided = zhou.post(
        reverse("act", args=[row.matter_id, "complete"]), {"task": task.pk, "decision": "approved"}
    )
    assert decided.status_code == 302
    assert "可下载" in zhou.get(reverse("care-namesheets")).content.decode()
    assert "下载名单" not in zhou.get(address).content.decode()
    assert "已批准" in lin.get(reverse("notices")).content.decode()
    assert "下载名单" in lin.get(address).content.decode()
    remember(True)
    sheet = lin.post(reverse("care-namesheet-fetch", args=[row.pk]))
    assert (sheet.status_code, sheet["Cache-Control"]) == (200, "no-store")
    assert sheet["Content-Disposition"] == f'attachment; filename="{row.matter.number}-1.xlsx"'
    values = values_in(sheet.content)
    mark = str(values[0][0])
    for part in ("林悦", "司法局", "走访慰问", f"{row.matter.number}-1"):
        assert part in mark
    assert values[1][0] == "用途：春节前上门慰问"
    assert values[2][0] == "共 2 名"
    heading = ("编号", "姓名", "镇街", "村（社区）", "公民身份号码", "家庭住址", "监护人")
    assert values[3] == heading
    assert {(line[1], line[6]) for line in values[4:]} == {
        ("刘小禾", "周婆婆"),
        ("王青青", "周婆婆"),
    }
    assert all(str(line[4]).startswith("500199") for line in values[4:])
    printed = openpyxl.load_workbook(BytesIO(sheet.content)).worksheets[0]
    assert printed.title.startswith("合成数据")
    assert printed.oddHeader is not None
    assert printed.oddFooter is not None
    assert mark in str(printed.oddHeader.center.text)
    assert "用后销毁" in str(printed.oddFooter.center.text)
    with zipfile.ZipFile(BytesIO(sheet.content)) as archive:
        drawn = archive.read("xl/drawings/drawing1.xml").decode()
    assert f"合成数据 {mark}" in drawn
    assert "第 1 次" in lin.get(address).content.decode()
    child = lin.get(reverse("care-child", args=[here.children[0].code])).content.decode()
    assert f"姓名导出 {row.matter.number}" in child
    link, token = give_link(here.children[0], "guardian", by=actor("fang_ting", now()), at=now())
    phone, home = Client(), reverse("care-guardian", args=[token])
    code = new_code(link, by=actor("fang_ting", now()), at=now())
    phone.post(reverse("care-guardian-code", args=[token]), {"code": code})
    told = phone.get(home).content.decode()
    assert "林悦 · 区司法局" in told
    assert f"姓名导出 {row.matter.number}：走访慰问，春节前上门慰问" in told
    assert list(verify()) == []


def test_the_sheet_says_how_many_are_left_out_and_is_english_in_english(
    browse: Browse, here: Story
) -> None:
    lin = browse("lin_yue")
    lin.post(reverse("care-namesheet-new"), sent_of(here))
    row = NameSheet.objects.get()
    task = Task.objects.get(matter=row.matter, state=0)
    complete = acts.Complete(task.pk, {"decision": "approved"})
    zhou = actor_of(Officer.objects.get(username="zhou_jie"), now())
    door.act(complete, by=zhou, at=now())
    member = CircleMember.objects.get(circle=here.children[0].circle_id, role=CADRE, to_date=None)
    end_member(member, by=CLOCK, at=now(), reason="换人")
    lin.post(reverse("language-switch"), {"language": "en", "next": "/"})
    page = lin.get(reverse("care-namesheet", args=[row.pk])).content.decode()
    assert "Sheets with names" in page
    sheet = lin.post(reverse("care-namesheet-fetch", args=[row.pk]))
    values = values_in(sheet.content)
    assert values[2][0] == "Children: 1; left out, being no longer the asker's: 1"
    assert values[3][:2] == ("Code", "Name")
    assert "Visits" in str(values[0][0])


def test_what_is_refused_stands_beside_its_field_and_nothing_is_lost(
    browse: Browse, here: Story
) -> None:
    lin = browse("lin_yue")
    first = here.children[0]
    answer = lin.post(reverse("care-namesheet-new"), sent_of(here, purpose="", child=[first.code]))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="e-purpose"' in text
    assert "春节前上门慰问" in text
    assert text.count('name="child" value="H-') == 2
    assert text.count(" checked><span>刘○○") == 1
    assert text.count(" checked><span>王○○") == 0
    none = lin.post(reverse("care-namesheet-new"), sent_of(here, child=[]))
    assert 'id="e-children"' in none.content.decode()
    english = lin.post(
        reverse("care-namesheet-new"), sent_of(here, child=[]), headers={"accept-language": "en"}
    )
    assert "Choose one child at least" in english.content.decode()


def test_a_list_too_long_or_empty_offers_nobody(
    browse: Browse, here: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin = browse("lin_yue")
    empty = lin.get(reverse("care-namesheet-new"), {"state": "moved"})
    assert (empty.status_code, "没有符合条件的儿童" in empty.content.decode()) == (200, True)
    monkeypatch.setattr("qianshou.packs.commission.care.pages.namesheets.MOST", 1)
    long = lin.get(reverse("care-namesheet-new"))
    assert (long.status_code, here.children[0].code in long.content.decode()) == (422, False)


@pytest.mark.parametrize("who", ["deng_hong", "fang_ting", "xu_min", "duan_rui", "sec_admin", ""])
def test_a_request_is_not_there_for_whoever_is_not_of_its_circle(
    browse: Browse, here: Story, who: str
) -> None:
    browse("lin_yue").post(reverse("care-namesheet-new"), sent_of(here))
    row, client = NameSheet.objects.get(), browse(who)
    refused = {"": 302, "sec_admin": 403}.get(who, 404)  # no administrator opens what packs bring
    for key in (row.pk, row.pk + 1):
        assert client.get(reverse("care-namesheet", args=[key])).status_code == refused
        assert client.post(reverse("care-namesheet-fetch", args=[key])).status_code == refused
    for key in (row.matter_id, row.matter_id + 1):
        matter = client.get(reverse("matter", args=[key]))
        assert matter.status_code == (404 if who else 302)
    if who in ASKERS:
        assert row.matter.number not in client.get(reverse("care-namesheets")).content.decode()


def test_the_office_that_decides_does_not_fetch(browse: Browse, here: Story) -> None:
    browse("lin_yue").post(reverse("care-namesheet-new"), sent_of(here))
    row, zhou = NameSheet.objects.get(), browse("zhou_jie")
    assert zhou.get(reverse("care-namesheet", args=[row.pk])).status_code == 200
    assert zhou.post(reverse("care-namesheet-fetch", args=[row.pk])).status_code == 403
    assert Disclosure.objects.filter(allowed=False).count() == 2
    early = browse("lin_yue").post(reverse("care-namesheet-fetch", args=[row.pk]))
    assert early.status_code == 422
    assert "没有获得批准" in early.content.decode()


@pytest.mark.parametrize("who", ASKERS)
def test_every_asker_asks_for_children_of_their_own(browse: Browse, here: Story, who: str) -> None:
    client = browse(who)
    offered = client.get(reverse("care-namesheet-new")).content.decode()
    mine = set(my_children(actor(who, now())).values_list("code", flat=True))
    assert {child.code for child in here.children} <= mine
    assert all(child.code in offered for child in here.children)
    assert client.post(reverse("care-namesheet-new"), sent_of(here)).status_code == 302
    assert client.get(reverse("care-namesheets")).status_code == 200


@pytest.mark.parametrize("who", ["zhou_jie", "deng_hong", "lin_yue"])
def test_no_other_export_has_a_name(browse: Browse, here: Story, who: str) -> None:
    here.family.child(name="赵天晴")
    client, looked = browse(who), 0
    for name in [name for name in get_resolver().reverse_dict if str(name).endswith("-export")]:
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        answer = client.get(address)
        if answer.status_code == 200:
            cells = str(values_in(answer.content))
            assert not [one for one in ("小禾", "青青", "天晴", "500199") if one in cells], name
            looked += 1
    assert looked >= 5
