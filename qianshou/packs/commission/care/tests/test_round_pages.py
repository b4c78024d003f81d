"""The survey's pages: who sees what, and what their forms do and refuse."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags
from openpyxl import load_workbook
from PIL import Image

from qianshou.kernel import worker
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.models import (
    BlindCheck,
    Mismatch,
    Proof,
    Roster,
    RosterDraft,
    Round,
)
from qianshou.packs.commission.care.rounds.correcting import corrected_rows
from qianshou.packs.commission.care.rounds.sharing import proposed_sharing
from qianshou.packs.commission.care.rounds.values import open_values
from qianshou.packs.commission.care.tests.rosters import HEADINGS, xlsx
from qianshou.packs.commission.care.tests.rosters import child as cells
from qianshou.packs.commission.care.tests.survey import NAMES, TOWNS, Survey, child, make_lists

Browse = Callable[[str], Client]


@pytest.fixture
def survey(district: None) -> Survey:
    """Return a survey that goes on now, as pages do."""
    return Survey(now(), make_lists())


@pytest.fixture
def town(browse: Browse) -> Client:
    """Return the browser of Longshui's town team."""
    return browse("deng_hong")


@pytest.fixture
def lead(browse: Browse) -> Client:
    """Return the browser of the lead group's office."""
    return browse("zhou_jie")


def text_of(answer: Any, expected: int = 200) -> str:
    assert answer.status_code == expected, answer.content.decode()[:3000]
    return str(answer.content.decode())


def send(client: Client, address: str, **sent: Any) -> Any:
    return client.post(address, sent)


def mismatch_of(row: Round, code: str, town: str = TOWNS[0]) -> Mismatch:
    found = Mismatch.objects.filter(round=row, code=code, division__name=town)
    return found.select_related("organisation").order_by("pk")[0]


def test_the_lead_office_opens_a_round_on_the_page(lead: Client, survey: Survey) -> None:
    page = text_of(lead.get("/p/care/rounds/"))
    assert "启动一轮排查" in page
    bad = send(lead, "/p/care/rounds/", year="2026", number="x", as_of="nie")
    page = text_of(bad, 422)
    assert "请填整数" in page
    assert "请选择截止日期" in page
    wrong = send(lead, "/p/care/rounds/", year="2026", number="3", as_of="2026-11-30")
    assert "下一轮是第 1 轮" in text_of(wrong, 422)
    answer = send(lead, "/p/care/rounds/", year="2026", number="1", as_of="2026-11-30")
    row = Round.objects.get()
    assert answer.headers["Location"] == f"/p/care/rounds/{row.pk}/"
    page = text_of(lead.get(f"/p/care/rounds/{row.pk}/"))
    assert "0 份已上报，共 29 份" in page
    assert "启动一轮排查" not in text_of(lead.get("/p/care/rounds/"))


@pytest.mark.parametrize(
    "username", ["lin_yue", "duan_rui", "shen_lan", "xu_min", "hao_jian", "fang_ting", "zhang_min"]
)
def test_whoever_has_no_part_sees_nothing(browse: Browse, survey: Survey, username: str) -> None:
    row = survey.compare(survey.open())
    client = browse(username)
    one = Mismatch.objects.filter(round=row)[0]
    for address in (
        "/p/care/rounds/", f"/p/care/rounds/{row.pk}/", f"/p/care/rounds/{row.pk}/roster/",
        f"/p/care/rounds/{row.pk}/mismatches/", f"/p/care/rounds/{row.pk}/mismatches/export/",
        f"/p/care/rounds/{row.pk}/review/", f"/p/care/rounds/{row.pk}/confer/",
        f"/p/care/rounds/{row.pk}/progress/", f"/p/care/rounds/mismatch/{one.pk}/",
        f"/p/care/rounds/{row.pk}/roster/template/", f"/p/care/rounds/{row.pk}/roster/row/0/",
    ):  # fmt: skip
        assert client.get(address).status_code == 403, address
    for address in (
        f"/p/care/rounds/{row.pk}/act/", f"/p/care/rounds/mismatch/{one.pk}/",
        f"/p/care/rounds/{row.pk}/roster/", f"/p/care/rounds/{row.pk}/review/",
    ):  # fmt: skip
        assert client.post(address, {"act": "conclude"}).status_code == 403, address
    number = one.matter.number if one.matter else ""
    assert number
    assert number not in text_of(client.get("/m/"))
    assert client.get(f"/m/{one.matter_id}/").status_code == 404


def test_a_town_sees_its_own_and_no_other(town: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    page = text_of(town.get(f"/p/care/rounds/{row.pk}/mismatches/"))
    seen = {one.pk for one in Mismatch.objects.filter(round=row) if f"/mismatch/{one.pk}/" in page}
    office = Organisation.objects.get(code="longshui-office")
    own = {
        one.pk
        for one in Mismatch.objects.filter(round=row).select_related("roster")
        if office.pk in (one.organisation_id, one.partner_id)
        or (one.roster and one.roster.organisation_id == office.pk)
    }
    assert seen == own
    other = Mismatch.objects.filter(round=row).exclude(pk__in=own)
    assert other
    for one in other:
        assert town.get(f"/p/care/rounds/mismatch/{one.pk}/").status_code == 404
        assert town.get(f"/m/{one.matter_id}/").status_code == 404
    for code in ("baoding-office", "education", "civil"):
        answer = town.get(f"/p/care/rounds/{row.pk}/roster/", {"of": code})
        assert answer.status_code == 403
    for address in ("review", "confer"):
        assert town.get(f"/p/care/rounds/{row.pk}/{address}/").status_code == 403
    board = text_of(town.get(f"/p/care/rounds/{row.pk}/"))
    assert "宝顶镇" not in board.replace("宝顶镇政府", "")
    assert "不再等待" not in board


def test_education_sees_its_share_and_small_counts_kept_back(
    browse: Browse, survey: Survey
) -> None:
    row = survey.compare(survey.open())
    client = browse("gu_wen")
    page = text_of(client.get(f"/p/care/rounds/{row.pk}/mismatches/"))
    shown = {
        one.code for one in Mismatch.objects.filter(round=row) if f"/mismatch/{one.pk}/" in page
    }
    assert shown == {"C2", "D2", "N1"}
    board = text_of(client.get(f"/p/care/rounds/{row.pk}/"))
    assert "1～4 或不显示" in board
    assert "中敖镇" not in board


def test_every_page_keeps_its_queries_whatever_the_rows(
    lead: Client, survey: Survey, django_assert_max_num_queries: Any
) -> None:
    few = survey.compare(survey.open())
    survey.conclude(few, "next")
    for order in range(60):
        texts = child(order % 20, TOWNS[order % 3], name=f"欧阳{chr(0x4E10 + order)}{order}")
        survey.lists.rows[TOWNS[order % 3]].append({**texts, "id_number": "", "phone": ""})
    many = survey.compare(survey.open(2))
    assert Mismatch.objects.filter(round=many).count() >= 50
    for row in (few, many):
        for address, most in (("", 32), ("mismatches/", 22), ("mismatches/export/", 18),
                              ("review/", 34), ("review/?queue=blind", 26)):  # fmt: skip
            with django_assert_max_num_queries(most):
                text = lead.get(f"/p/care/rounds/{row.pk}/{address}")
            assert text.status_code == 200


def test_a_file_is_checked_row_by_row_and_nothing_is_half_taken(
    town: Client, survey: Survey
) -> None:
    row = survey.open()
    address = f"/p/care/rounds/{row.pk}/roster/"
    village = child(0)["village"]
    good = cells(22, village=village)
    rows = [HEADINGS, good, cells(24, village="不存在村"), cells(26, name="", village=village)]
    upload = SimpleUploadedFile("名单.xlsx", xlsx(rows))
    assert send(town, address, act="file", file=upload).status_code == 302
    page = text_of(town.get(address))
    assert "错误 2 行" in page
    assert "没有填姓名" in page
    assert "不存在村" in page
    assert good[1] not in page
    assert good[1][-4:] in page
    refused = text_of(send(town, address, act="confirm"), 422)
    assert "还有 2 行有错误" in refused
    assert not Roster.objects.exists()
    errors = town.get(address + "errors/")
    town.get(address + "errors/")
    reasons = [one["reason"] for one in entries_of(f"round/{row.pk}") if one["act"] == "disclose"]
    assert len(reasons) == 1
    assert reasons[0].startswith("下载错误行：")
    sheet = load_workbook(BytesIO(errors.content)).worksheets[0]
    assert [cell.value for cell in sheet["A"]] == ["原行号", "3", "4"]
    fixed = text_of(town.get(address + "row/3/"))
    assert "不存在村" in fixed
    kept = dict.fromkeys(("school", "phone"), "")
    again = send(town, address + "row/3/", **kept, name="", town="龙水镇", village=village)
    assert "没有填姓名" in text_of(again, 422)
    assert RosterDraft.objects.exists()
    whole = {"name": "陈小雨", "birth_date": "2014-03-05", "town": "龙水镇", "village": village}
    assert send(town, address + "row/3/", **whole).status_code == 302
    assert send(town, address, act="delete", row="4").status_code == 302
    assert "确认上报 2 行" in text_of(town.get(address))
    assert send(town, address, act="confirm").status_code == 302
    roster = Roster.objects.get()
    assert roster.number_of_rows == 2
    assert not RosterDraft.objects.exists()
    assert "未上报" not in text_of(town.get(f"/p/care/rounds/{row.pk}/"))
    assert send(town, address, act="withdraw").status_code == 302
    roster.refresh_from_db()
    assert roster.withdrawn_at
    opened = [one for one in entries_of(f"roster/{roster.pk}") if one["act"] == "disclose"]
    assert [one["reason"] for one in opened] == ["打开已上报的名单"]
    assert "确认上报 2 行" in text_of(town.get(address))
    assert send(town, address, act="confirm").status_code == 302
    roster.refresh_from_db()
    assert roster.withdrawn_at is None


def test_a_file_that_cannot_be_read_leaves_the_draft_alone(town: Client, survey: Survey) -> None:
    row = survey.open()
    address = f"/p/care/rounds/{row.pk}/roster/"
    whole = {"name": "陈小雨", "birth_date": "2014-03-05", "town": "龙水镇",
             "village": child(0)["village"]}  # fmt: skip
    assert send(town, address + "row/0/", **whole).status_code == 302
    broken = SimpleUploadedFile("名单.xlsx", b"PK nonsense")
    assert send(town, address, act="file", file=broken).status_code == 422
    assert send(town, address, act="file").status_code == 422
    assert "确认上报 1 行" in text_of(town.get(address))
    assert "陈小雨" in text_of(town.post(address, {"seek": "小雨"}, follow=True))
    assert "没有符合条件的行" in text_of(town.get(address, {"show": "wrong"}))
    assert send(town, address, act="delete", row="99").status_code == 422
    assert town.get(address + "row/77/").status_code == 404
    assert send(town, address, act="drop").status_code == 302
    assert not RosterDraft.objects.exists()


def test_a_bureau_says_what_its_list_is_shared_for_and_by_which_law(
    browse: Browse, lead: Client, survey: Survey
) -> None:
    row = survey.open()
    client = browse("pan_qi")
    address = f"/p/care/rounds/{row.pk}/roster/"
    pupil = {"name": "陈小雨", "birth_date": "2014-03-05"}
    assert send(client, address + "row/0/", **pupil).status_code == 302
    proposed = proposed_sharing(row, "civil")
    page = text_of(client.get(address))
    assert proposed.purpose in page
    assert proposed.legal_basis in page
    own = {"purpose": "只核对花名册", "legal_basis": " "}
    page = text_of(send(client, address, act="confirm", **own), 422)
    assert "请写明法律依据" in page
    assert 'value="只核对花名册"' in page
    assert not Roster.objects.exists()
    own["legal_basis"] = "未成年人保护法第43条"
    assert send(client, address, act="confirm", **own).status_code == 302
    roster = Roster.objects.get()
    assert (roster.purpose, roster.legal_basis) == tuple(own.values())
    for shown in (client.get(address), lead.get(f"/p/care/rounds/{row.pk}/")):
        assert all(text in text_of(shown) for text in own.values())
    assert send(client, address, act="edit").status_code == 302
    assert 'value="只核对花名册"' in text_of(client.get(address))


def test_the_template_offers_the_towns_villages(town: Client, survey: Survey) -> None:
    row = survey.open()
    answer = town.get(f"/p/care/rounds/{row.pk}/roster/template/")
    book = load_workbook(BytesIO(answer.content))
    offered = {str(cell.value) for sheet in book.worksheets for line in sheet for cell in line}
    assert child(0)["village"] in offered


def test_a_mismatch_is_explained_on_its_page(town: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = mismatch_of(row, "C1")
    address = f"/p/care/rounds/mismatch/{one.pk}/"
    page = text_of(town.get(address))
    assert "惊蛰三" in page
    assert 'class="dif"' in page
    assert "50019920" not in page
    task = next_task(one.matter_id or 0)
    assert task is not None
    assert town.get(f"/p/care/rounds/task/{task.pk}/").headers["Location"] == address
    refused = text_of(send(town, address, act="explain", decision="same", remark="见户口簿"), 422)
    assert "请选择原因" in refused
    assert "请选择以哪一方为准" in refused
    assert "见户口簿" in refused
    sent = {"side.name": "roster", "side.birth_date": "roster", "decision": "same",
            "reason": "definition", "visited": "2026-11-20", "remark": "见户口簿"}  # fmt: skip
    assert send(town, address, act="explain", **sent).status_code == 302
    one.refresh_from_db()
    assert (one.decision, one.reason, one.state) == ("same", "definition", "open")
    assert one.decided_by == Officer.objects.get(username="deng_hong")
    assert "见户口簿" in text_of(town.get(address))
    assert send(town, address, act="explain", **sent).status_code == 403


def test_a_bureau_sees_both_values_and_notes_its_own_error(browse: Browse, survey: Survey) -> None:
    row = survey.compare(survey.open())
    one = mismatch_of(row, "M1")
    address = f"/p/care/rounds/mismatch/{one.pk}/"
    client = browse("gu_wen")
    assert client.get(address).status_code == 404
    survey.explain(one, "roster", "roster", remark="家访时当面核对")
    task = next_task(one.matter_id or 0)
    assert task is not None
    assert client.get(f"/p/care/rounds/task/{task.pk}/").headers["Location"] == address
    page = text_of(client.get(address))
    assert "更正本单位名单" in page
    assert "以花名册为准：10800145678" in page
    assert "10999945678" in strip_tags(page)
    assert "家访时当面核对" in page
    refused = text_of(send(client, address, act="amend", accept="no", remark=""), 422)
    assert "请写明理由" in refused
    assert send(client, address, act="amend", accept="no", remark="家长来电为准").status_code == 302
    lead = browse("zhou_jie")
    sent = {"decision": "roster", "reason": "older", "side.phone": "roster"}
    assert send(lead, address, act="explain", **sent).status_code == 302
    assert "按裁定更正" in text_of(client.get(address))
    assert send(client, address, act="correct").status_code == 302
    one.refresh_from_db()
    assert one.state == "explained"


def test_a_decision_cannot_be_sent_past_the_page(town: Client, survey: Survey) -> None:
    from qianshou.kernel import door
    from qianshou.kernel.door import acts
    from qianshou.kernel.refusal import Refusal

    row = survey.compare(survey.open())
    one = mismatch_of(row, "M1")
    task = next_task(one.matter_id or 0)
    assert task is not None
    facts = {"decision": "roster", "reason": "typing"}
    with pytest.raises(Refusal) as refused:
        door.act(acts.Complete(task.pk, facts), by=survey.actor("deng_hong"), at=survey.at)
    assert refused.value.code == "care.on_page"


def test_whole_numbers_are_opened_for_a_purpose_and_written_down(
    town: Client, survey: Survey
) -> None:
    row = survey.compare(survey.open())
    one = mismatch_of(row, "C2")
    address = f"/p/care/rounds/mismatch/{one.pk}/"
    assert "50019920" not in text_of(town.get(address))
    assert "请写明查看用途" in text_of(send(town, address, act="open", purpose=" "), 422)
    assert "50019920" in text_of(send(town, address, act="open", purpose="核对户口簿"))
    told = [
        entry["reason"] for entry in entries_of(f"mismatch/{one.pk}") if entry["act"] == "disclose"
    ]
    assert told == ["核实不一致项", "查看完整证件号码：核对户口簿"]


def photo() -> SimpleUploadedFile:
    stream = BytesIO()
    Image.new("RGB", (30, 20), "white").save(stream, "PNG")
    return SimpleUploadedFile("户口簿.png", stream.getvalue())


def test_evidence_is_sealed_and_shown_to_whom_the_mismatch_is(
    town: Client, browse: Browse, survey: Survey
) -> None:
    row = survey.compare(survey.open())
    one = mismatch_of(row, "C1")
    address = f"/p/care/rounds/mismatch/{one.pk}/"
    bad = SimpleUploadedFile("a.txt", b"hello")
    assert "佐证只能是" in text_of(send(town, address, act="evidence", file=bad), 422)
    assert send(town, address, act="evidence", file=photo()).status_code == 302
    kept = Proof.objects.get()
    assert b"JFIF" not in bytes(kept.sealed)
    shown = town.get(f"{address}{kept.pk}/")
    assert shown.content.startswith(b"\xff\xd8")
    assert browse("pan_qi").get(f"{address}{kept.pk}/").status_code == 404
    assert town.get(f"{address}{kept.pk + 1}/").status_code == 404


def test_the_review_screen_goes_through_what_waits(lead: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    c1 = mismatch_of(row, "C1")
    survey.explain(c1, "same", "roster")
    address = f"/p/care/rounds/{row.pk}/review/"
    page = text_of(lead.get(address))
    assert "还剩 2 项" in page
    assert "候选 2" in page
    a1 = mismatch_of(row, "A1")
    unsure = lead.post(f"{address}?at={a1.pk}", {"act": "unsure"})
    assert unsure.headers["Location"].endswith(f"at={c1.pk}")
    assert lead.post(f"{address}?at={a1.pk}", {"act": "2"}).status_code == 302
    a1.refresh_from_db()
    assert (a1.decision, a1.state) == ("same", "explained")
    refused = lead.post(f"{address}?at={c1.pk}", {"act": "no", "remark": ""})
    assert "请写明理由" in text_of(refused, 422)
    assert lead.post(f"{address}?at={c1.pk}", {"act": "yes"}).status_code == 302
    c1.refresh_from_db()
    assert c1.state == "confirmed"
    assert "没有等您办的" in text_of(lead.get(address))
    assert lead.post(address, {"act": "yes"}).status_code == 302
    assert "没有等您办的" in text_of(lead.get(address, {"code": "C2", "town": "7"}))


def test_a_candidate_who_differs_is_explained_field_by_field_on_the_review_screen(
    lead: Client, survey: Survey
) -> None:
    first, second = survey.lists.rows["education"][4], survey.lists.rows["education"][-2]
    assert first["name"] == second["name"]
    first["school"], second["school"] = "外校一小", "外校二小"
    row = survey.compare(survey.open())
    one = mismatch_of(row, "A1")
    address = f"/p/care/rounds/{row.pk}/review/?at={one.pk}"
    page = text_of(lead.post(address, {"act": "2"}))
    assert 'name="side.2.school"' in page
    assert "以谁为准" in page
    one.refresh_from_db()
    assert (one.state, one.decision) == ("open", "")
    sent = {"act": "explain", "decision": "same", "chosen": "2", "remark": "见学籍卡"}
    page = text_of(lead.post(address, sent), 422)
    for told in ("请选择以哪一方为准", "请选择原因", "见学籍卡", 'name="side.2.school"'):
        assert told in page
    sent |= {"side.2.school": "neither", "value.2.school": "龙水镇第三小学", "reason": "moved"}
    assert lead.post(address, sent).status_code == 302
    one.refresh_from_db()
    assert (one.state, one.decision, one.reason) == ("corrected", "same", "moved")
    assert one.roster is not None
    rows = {line.number: line.texts for line in corrected_rows(one.roster)}
    assert rows[one.roster_row or 0]["school"] == "龙水镇第三小学"


def test_the_page_of_a_mismatch_asks_about_the_candidate_that_is_chosen(
    lead: Client, survey: Survey
) -> None:
    first, second = survey.lists.rows["education"][4], survey.lists.rows["education"][-2]
    first["school"], second["school"] = "外校一小", "外校二小"
    one = mismatch_of(survey.compare(survey.open()), "A1")
    address = f"/p/care/rounds/mismatch/{one.pk}/"
    page = text_of(lead.get(address))
    assert 'data-candidate="1"' in page
    assert 'name="side.2.school"' in page
    sent = {"act": "explain", "decision": "same", "chosen": "2", "reason": "moved"}
    wrong = {**sent, "side.school": "other"}
    assert "请选择以哪一方为准" in text_of(lead.post(address, wrong), 422)
    assert lead.post(address, {**sent, "side.2.school": "other"}).status_code == 302
    one.refresh_from_db()
    told = open_values(one)
    assert told.told.answer["fields"]["school"]["value"] == (told.rights or ())[1]["school"]


def test_the_blind_audit_does_not_show_what_the_machine_said(lead: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    address = f"/p/care/rounds/{row.pk}/review/?queue=blind"
    page = text_of(lead.get(address))
    assert "是不是同一名儿童" in page
    assert "支持" not in page
    assert "50019920" not in page
    first, second = BlindCheck.objects.filter(round=row).order_by("place")
    refused = lead.post(f"{address}&at={first.pk}", {"answer": "perhaps"})
    assert "请选择判断结果" in text_of(refused, 422)
    assert lead.post(f"{address}&at={first.pk}", {"answer": "same"}).status_code == 302
    opened = lead.post(f"{address}&at={second.pk}", {"act": "open", "purpose": "核对"})
    assert "50019920" in text_of(opened)
    assert lead.post(f"{address}&at={second.pk}", {"answer": "unsure"}).status_code == 302
    board = text_of(lead.get(f"/p/care/rounds/{row.pk}/"))
    assert "100.0 %" in board


def test_the_export_holds_no_name(lead: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    answer = lead.get(f"/p/care/rounds/{row.pk}/mismatches/export/", {"state": "open"})
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    text = " ".join(str(cell.value) for line in sheet for cell in line)
    assert sheet.max_row == Mismatch.objects.filter(round=row).count() + 1
    assert not [name for name in NAMES if name in text]
    assert "500199" not in text


def test_the_board_closes_the_collecting_and_says_what_is_in_the_way(
    lead: Client, survey: Survey
) -> None:
    row = survey.open()
    address = f"/p/care/rounds/{row.pk}/"
    assert "没有一个镇街" in text_of(send(lead, address + "act/", act="collected"), 422)
    for name in survey.lists.rows:
        survey.hand_in(row, name)
    assert send(lead, address + "act/", act="collected").status_code == 302
    page = text_of(lead.get(address))
    assert "正在比对" in page
    part = text_of(lead.get(address + "progress/"))
    assert "排队等待" in part
    worker.tick(now())
    assert lead.get(address + "progress/").headers["HX-Refresh"] == "true"
    page = text_of(lead.get(address))
    assert "还不能办结" in page
    refused = text_of(send(lead, address + "act/", act="conclude", result="close"), 422)
    assert "没有说清" in refused
    assert "逐字节一致" in text_of(send(lead, address + "act/", act="reproduce"))
    assert send(lead, address + "act/", act="conclude", result="next").status_code == 302
    assert "正在结转" in text_of(lead.get(address))
    worker.tick(now())
    page = text_of(lead.get(address))
    assert Round.objects.get(pk=row.pk).snapshot in page
    told = text_of(send(lead, address + "act/", act="reproduce"))
    assert "由保存的判定文件得出" in told
    assert send(lead, address + "act/", act="dance").status_code == 404
    gone = Mismatch.objects.get(round=row, code="D2")
    assert "密钥" in text_of(lead.get(f"/p/care/rounds/mismatch/{gone.pk}/"))


def test_the_conference_settles_what_three_rounds_left(lead: Client, survey: Survey) -> None:
    for number in (1, 2, 3):
        RosterDraft.objects.all().delete()
        row = survey.compare(survey.open(number))
        survey.conclude(row, "next" if number < 3 else "confer")
    address = f"/p/care/rounds/{row.pk}/confer/"
    assert address in text_of(lead.get(f"/p/care/rounds/{row.pk}/"))
    page = text_of(lead.get(address))
    assert "还有 " in page
    one = Mismatch.objects.filter(round=row, state="open").order_by("code", "pk")[0]
    sent = {"act": "settle", "mismatch": one.pk, "decision": "same", "reason": "same_name"}
    assert "请写明会商意见" in text_of(lead.post(address, sent), 422)
    assert lead.post(address, {**sent, "remark": "议定为候选一"}).status_code == 302
    one.refresh_from_db()
    assert one.state == "explained"
    assert lead.post(address, {**sent, "mismatch": "0"}).status_code == 404
    assert lead.post(address, {**sent, "remark": "再议"}).status_code == 403
    assert "请选择会商日期" in text_of(lead.post(address, {"act": "end", "held_on": "x"}), 422)
    ended = {"act": "end", "held_on": "2026-11-20", "present": ["education", "civil"]}
    assert lead.post(address, ended).status_code == 302
    assert lead.get(address).status_code == 302


def test_a_row_of_a_closed_list_leads_back_to_the_list_which_says_why(
    town: Client, survey: Survey
) -> None:
    row = survey.compare(survey.open())
    address = f"/p/care/rounds/{row.pk}/roster/row/0/"
    for answer in (town.get(address, follow=True), town.post(address, {}, follow=True)):
        assert "本轮已收口" in text_of(answer)


def test_a_task_leads_to_its_mismatch_only_whom_it_is_shown(town: Client, survey: Survey) -> None:
    row = survey.compare(survey.open())
    found = []
    for one in (mismatch_of(row, "M1"), mismatch_of(row, "M1", TOWNS[1])):
        task = next_task(one.matter_id or 0)
        assert task is not None
        found.append(town.get(f"/p/care/rounds/task/{task.pk}/").status_code)
    assert found == [302, 404]
