"""The pages of campaigns: who sees and does what, nothing typed is lost, both languages."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from PIL import Image

from qianshou.kernel.campaigns import declaration
from qianshou.kernel.campaigns.declaration import read_campaigns
from qianshou.kernel.campaigns.models import Campaign, FundEntry, Measure, Progress
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.registry.models import Officer, Organisation
from tests.kernel.campaigns.small import (
    MANAGER,
    OTHER_MANAGER,
    OWNER,
    STRANGER,
    install_small,
)

Browse = Callable[[str], Client]


@pytest.fixture
def campaign(district: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """Return the small campaign, begun 20 days ago: measure 2 is overdue."""
    made = install_small(tmp_path, now() - timedelta(days=20))
    declared = read_campaigns(tmp_path / "campaign.toml", "police.gate")
    monkeypatch.setattr(declaration, "declared_campaigns", lambda: declared)
    return made


@pytest.fixture
def measure(campaign: Campaign) -> Measure:
    """Return the measure that the city's administration owns."""
    return campaign.measures.get(number=1)


def picture(name: str = "现场.png") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), (0, 90, 0)).save(stream, "PNG")
    return SimpleUploadedFile(name, stream.getvalue())


def send(client: Client, measure: Measure, act: str, **sent: Any) -> Any:
    return client.post(f"/measures/{measure.pk}/{act}/", sent)


def english(client: Client) -> Client:
    client.post("/language/", {"language": "en", "next": "/"})
    return client


def addresses(campaign: Campaign, measure: Measure) -> list[str]:
    return [
        "/campaigns/",
        f"/campaigns/{campaign.pk}/",
        f"/campaigns/{campaign.pk}/sheet/",
        f"/campaigns/{campaign.pk}/funds/",
        f"/campaigns/{campaign.pk}/funds/sheet/",
        f"/measures/{measure.pk}/",
    ]


@pytest.mark.parametrize(
    ("username", "code"),
    [(MANAGER, 200), (OWNER, 200), (STRANGER, 200), ("sys_admin", 403), ("audit_admin", 403)],
)
def test_officers_read_campaigns_and_administrators_do_not(
    browse: Browse, campaign: Campaign, measure: Measure, username: str, code: int
) -> None:
    client = browse(username)
    for address in addresses(campaign, measure):
        assert client.get(address).status_code == code, address
    home = client.get("/me/").content.decode()
    assert ('href="/campaigns/"' in home) is (code == 200)


def test_nobody_else_gets_in(browse: Browse, campaign: Campaign, measure: Measure) -> None:
    for address in addresses(campaign, measure):
        assert browse("").get(address).status_code == 302
    client = browse(OWNER)
    for address in (
        "/campaigns/999999/",
        "/measures/999999/",
        f"/measures/{measure.pk}/f/{'0' * 64}/",
    ):
        assert client.get(address).status_code == 404
    assert send(client, measure, "burn").status_code == 404
    assert client.get(f"/measures/{measure.pk}/report/").status_code == 405


def test_a_campaign_shows_groups_deadlines_mechanisms_and_money(
    browse: Browse, campaign: Campaign
) -> None:
    text = browse(STRANGER).get(f"/campaigns/{campaign.pk}/").content.decode()
    for said in (
        "工地",
        "街面",
        "区城市管理局",
        "未定",
        "已逾期",
        "排查机制",
        '<svg class="strip"',
    ):
        assert said in text
    assert 'href="/procedures/police.gate/"' in text
    assert 'href="/indicators/police.gate/calls/"' in text
    assert 'href="/registry/"' in text
    assert "quiet.round" in text
    said = english(browse(STRANGER)).get(f"/campaigns/{campaign.pk}/").content.decode()
    for word in (
        "Quiet nights",
        "Building sites",
        "Overdue",
        "Not settled",
        "Replace loud machines",
    ):
        assert word in said
    assert "工地" not in said


def test_measures_are_filtered_and_exported_alike(browse: Browse, campaign: Campaign) -> None:
    client = browse(STRANGER)
    owner = Organisation.objects.get(code="city").pk
    for query, numbers in (
        ("", ["1", "2", "3"]),
        ("state=overdue", ["2"]),
        ("group=streets", ["3"]),
        (f"owner={owner}", ["1"]),
        ("q=loud", ["2"]),
        ("q=none", []),
        ("state=odd&group=odd&owner=odd", ["1", "2", "3"]),
    ):
        text = client.get(f"/campaigns/{campaign.pk}/?{query}").content.decode()
        rows = text.partition("<caption")[2]
        for number, name in (("1", "许可公示"), ("2", "设备更换"), ("3", "音量公约")):
            assert (name in rows) is (number in numbers), (query, name)
        book = load_workbook(
            io.BytesIO(client.get(f"/campaigns/{campaign.pk}/sheet/?{query}").content)
        )
        assert [row[0].value for row in book.worksheets[0].iter_rows(min_row=2)] == numbers


def test_an_owner_tells_shows_and_declares_and_a_manager_verifies(
    browse: Browse, measure: Measure
) -> None:
    owner, manager = browse(OWNER), browse(MANAGER)
    assert send(owner, measure, "report", share="40", text="公示 8 处").status_code == 302
    assert send(owner, measure, "attach", files=[picture()]).status_code == 302
    digest = measure.evidence.get().document_id
    given = browse(STRANGER).get(f"/measures/{measure.pk}/f/{digest}/")
    assert given["Content-Disposition"].startswith("attachment")
    assert given["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert send(owner, measure, "done", text="全部公示").status_code == 302
    text = owner.get(f"/measures/{measure.pk}/").content.decode()
    assert "/verify/" not in text
    assert "待核验" in text
    text = manager.get(f"/measures/{measure.pk}/").content.decode()
    assert "/verify/" in text
    assert send(manager, measure, "return", text="再补一处").status_code == 302
    assert send(owner, measure, "done", text="已补").status_code == 302
    assert send(manager, measure, "verify", text="属实").status_code == 302
    text = manager.get(f"/measures/{measure.pk}/").content.decode()
    for said in ("公示 8 处", "再补一处", "属实", "已核验", "现场.png"):
        assert said in text
    assert "/change/" not in text


def test_what_is_refused_comes_back_with_what_was_typed(browse: Browse, measure: Measure) -> None:
    owner = browse(OWNER)
    answer = send(owner, measure, "report", share="140", text="公示了很多处")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'value="140"' in text
    assert "公示了很多处" in text
    assert "进度应为 0 到 100 的整数" in text
    assert Progress.objects.count() == 0
    answer = send(english(owner), measure, "done", text="all of it")
    assert answer.status_code == 422
    assert "Please upload evidence" in answer.content.decode()
    assert "all of it" in answer.content.decode()
    answer = send(owner, measure, "attach")
    assert "Please choose a file" in answer.content.decode()
    answer = send(owner, measure, "attach", files=[SimpleUploadedFile("x.exe", b"MZ..")])
    assert answer.status_code == 422
    assert "x.exe" in answer.content.decode()


def test_others_are_refused_whatever_they_send(browse: Browse, measure: Measure) -> None:
    client = browse(STRANGER)
    page = client.get(f"/measures/{measure.pk}/").content.decode()
    assert f"/measures/{measure.pk}/" not in page.partition("<main")[2]
    sent = {"share": "1", "text": "x", "reason": "x", "due_date": "2027-01-01"}
    for act in ("report", "change", "done"):
        assert send(client, measure, act, **sent).status_code == 403, act
    assert send(client, measure, "attach", files=[picture()]).status_code == 403
    send(browse(OWNER), measure, "attach", files=[picture()])
    send(browse(OWNER), measure, "done", text="x")
    for act in ("verify", "return"):
        assert send(client, measure, act, **sent).status_code == 403, act
        assert send(browse(OWNER), measure, act, **sent).status_code == 422, act
    assert Measure.objects.get(pk=measure.pk).state == "done"


def test_a_manager_who_declared_it_is_told_that_another_must_verify(
    browse: Browse, measure: Measure
) -> None:
    manager = browse(MANAGER)
    send(manager, measure, "attach", files=[picture()])
    send(manager, measure, "done", text="办完")
    text = manager.get(f"/measures/{measure.pk}/").content.decode()
    assert "须由他人核验" in text
    assert "/verify/" not in text
    assert send(manager, measure, "verify").status_code == 422
    assert send(browse(OTHER_MANAGER), measure, "verify").status_code == 302


def test_owner_and_deadline_change_with_a_reason(browse: Browse, measure: Measure) -> None:
    manager = browse(MANAGER)
    women = Organisation.objects.get(code="women")
    sent = {"organisation": women.pk, "officer": "", "due_date": "2027-03-01", "reason": "分工调整"}
    for wrong, said in (
        ({"due_date": "soon"}, "日期要写成"),
        ({"organisation": ""}, "请选择责任单位"),
        ({"reason": ""}, "请写明调整原因"),
        ({"officer": Officer.objects.get(username=OWNER).pk}, "不在该单位任职"),
    ):
        answer = send(manager, measure, "change", **(sent | wrong))
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert send(manager, measure, "change", **sent).status_code == 302
    measure.refresh_from_db()
    assert measure.organisation == women
    assert "区妇联" in manager.get(f"/measures/{measure.pk}/").content.decode()


def money(campaign: Campaign, **changed: Any) -> dict[str, Any]:
    return {
        "line": campaign.lines.get(code="meters").pk,
        "amount": "600.00",
        "spent_date": now().astimezone(CHINA).date().isoformat(),
        "text": "监测仪",
        "voucher": picture("发票.png"),
        **changed,
    }


def test_money_is_entered_with_its_voucher(browse: Browse, campaign: Campaign) -> None:
    manager, address = browse(MANAGER), f"/campaigns/{campaign.pk}/funds/"
    assert manager.post(f"{address}add/", money(campaign)).status_code == 302
    entry = FundEntry.objects.get()
    text = browse(STRANGER).get(address).content.decode()
    for said in ("1,500.00", "600.00", "400.00", "监测仪", "发票.png"):
        assert said in text
    assert "登记支出" not in text
    given = browse(STRANGER).get(f"{address}{entry.pk}/")
    assert given["Content-Disposition"].startswith("attachment")
    assert manager.get(f"{address}999999/").status_code == 404
    book = load_workbook(io.BytesIO(manager.get(f"{address}sheet/").content))
    assert book.worksheets[0]["C2"].value == "600.00"
    line = campaign.lines.get(code="leaflets").pk
    assert "监测仪</td>" not in manager.get(f"{address}?line={line}").content.decode()


def test_an_overspent_line_keeps_the_form_and_the_voucher(
    browse: Browse, campaign: Campaign
) -> None:
    manager, address = browse(MANAGER), f"/campaigns/{campaign.pk}/funds/add/"
    answer = manager.post(address, money(campaign, amount="1000.01"))
    assert answer.status_code == 422
    text = answer.content.decode()
    for said in ("该科目只余 1,000.00 元", 'value="1000.01"', "监测仪", "已上传 发票.png"):
        assert said in text
    kept = text.partition('name="kept" value="')[2].partition('"')[0]
    again = money(campaign, amount="1000.01", confirmed="1", reason="涨价", kept=kept)
    del again["voucher"]
    assert manager.post(address, again).status_code == 302
    assert FundEntry.objects.get().reason == "涨价"
    assert "超支" in manager.get(f"/campaigns/{campaign.pk}/funds/").content.decode()
    forged = money(campaign, kept="nothing")
    del forged["voucher"]
    answer = manager.post(address, forged)
    assert answer.status_code == 422
    assert "请选择文件" in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "lots"}, "金额请写成元"),
        ({"amount": "0"}, "请填写金额"),
        ({"spent_date": "today"}, "日期要写成"),
        ({"spent_date": "2199-01-01"}, "不能晚于今天"),
        ({"text": " "}, "请写明用途"),
        ({"line": "7777777"}, "请选择预算科目"),
        ({"amount": "-5"}, "冲减不能多于"),
        ({"voucher": ""}, "请选择文件"),
    ],
)
def test_wrong_money_is_told_beside_its_field(
    browse: Browse, campaign: Campaign, changed: dict[str, Any], said: str
) -> None:
    answer = browse(MANAGER).post(
        f"/campaigns/{campaign.pk}/funds/add/", money(campaign, **changed)
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not FundEntry.objects.exists()


def test_a_budget_is_changed_by_who_manages(browse: Browse, campaign: Campaign) -> None:
    address, line = f"/campaigns/{campaign.pk}/funds/change/", campaign.lines.get(code="meters")
    sent = {"line": line.pk, "amount": "2000", "reason": "追加"}
    assert browse(OWNER).post(address, sent).status_code == 403
    assert browse(OWNER).post(address.replace("change", "add"), money(campaign)).status_code == 403
    assert browse(MANAGER).post(address, {**sent, "reason": ""}).status_code == 422
    assert browse(MANAGER).post(address, {**sent, "amount": "x"}).status_code == 422
    assert browse(MANAGER).post(address, sent).status_code == 302
    line.refresh_from_db()
    assert line.amount == 200_000


def test_queries_do_not_grow_with_rows(
    browse: Browse,
    campaign: Campaign,
    measure: Measure,
    at: datetime,
    django_assert_max_num_queries: Any,
) -> None:
    client = browse(MANAGER)
    officer = Officer.objects.get(username=OWNER)
    send(client, measure, "attach", files=[picture()])
    client.post(f"/campaigns/{campaign.pk}/funds/add/", money(campaign, amount="1"))
    entry = FundEntry.objects.get()
    for rows in (5, 50):
        for number in range(rows):
            Measure.objects.create(
                campaign=campaign,
                number=100 * rows + number,
                group="sites",
                name="措施",
                name_en="Measure",
                source="test",
                organisation=measure.organisation,
                officer=officer,
                due_date=at.date(),
            )
            Progress.objects.create(measure=measure, share=1, text="x", officer=officer, at=at)
            FundEntry.objects.create(
                line=entry.line,
                amount=1,
                spent_date=at.date(),
                text="x",
                voucher=entry.voucher,
                voucher_name="x",
                officer=officer,
                at=at,
            )
            Campaign.objects.create(
                code=f"x.{rows}.{number}", pack="x", name="x", name_en="x", began_date=at.date()
            )
        for address in addresses(campaign, measure):
            with django_assert_max_num_queries(20):
                assert client.get(address).status_code == 200
    text = client.get(f"/campaigns/{campaign.pk}/").content.decode()
    following = text.partition('href="?after=')[2].partition('"')[0]
    second = client.get(f"/campaigns/{campaign.pk}/?after={following}").content.decode()
    assert "回到第一页" in second
    for address in ("/campaigns/", f"/measures/{measure.pk}/", f"/campaigns/{campaign.pk}/funds/"):
        text = client.get(address).content.decode()
        following = text.partition("?after=")[2].partition('"')[0]
        assert following.isdigit(), address
        assert "回到第一页" in client.get(f"{address}?after={following}").content.decode()


@pytest.mark.parametrize("told", ["x", "-1", "0", "9" * 18, "9" * 30, "１２", "%00", "' or 1=1"])
def test_an_odd_address_breaks_no_page(browse: Browse, campaign: Campaign, told: str) -> None:
    client, measure = browse(MANAGER), campaign.measures.get(number=1)
    asked = dict.fromkeys(("after", "line", "owner", "q", "group", "state"), told)
    for address in addresses(campaign, measure):
        assert client.get(address, asked).status_code in (200, 400), address
    for sent in ({"share": told, "text": "x"}, {"organisation": told, "due_date": told}):
        for act in ("report", "change"):
            code = send(client, measure, act, **sent, reason="x").status_code
            assert code in (302, 400, 422), (act, sent)
