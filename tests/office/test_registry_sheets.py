"""Sheets on the registry's pages: export, template, preview, confirmation, report."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from qianshou.kernel.documents.models import Draft
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.registry.models import Division, Officer, Organisation, Posting
from qianshou.kernel.registry.sheets import read_sheet
from qianshou.office.registry.planning import columns_of
from qianshou.office.registry.tables import TABLES
from tests.office.town import DAY, Town, make, page, send

HEADING = ["名称", "英文名称", "代码", "类别", "辖区", "上级机构", "启用日期", "停用日期"]


@pytest.fixture
def town(db: None) -> Town:
    return Town()


def sheet(*rows: list, heading: list | None = None) -> bytes:
    workbook = Workbook()
    workbook.worksheets[0].append(heading or HEADING)
    for row in rows:
        workbook.worksheets[0].append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def upload(client: Client, content: bytes, table: str = "organisations"):
    file = SimpleUploadedFile("机构.xlsx", content)
    return client.post(reverse("registry-import", args=[table]), {"file": file})


def confirm(client: Client, table: str = "organisations", mark: str | None = None):
    newest = Draft.objects.order_by("-kept_at").values_list("key", flat=True).first()
    sent = {"act": "confirm", "mark": mark or newest or "none"}
    return send(client, "registry-import", table, **sent).content.decode()


def test_only_the_file_that_was_shown_is_confirmed(town: Town) -> None:
    client = town.client(town.system)
    shown = upload(client, sheet(NEW)).content.decode()
    mark = shown.partition('name="mark" value="')[2].partition('"')[0]
    upload(client, sheet(CHANGED))
    confirm(client, mark=mark)
    assert Organisation.objects.filter(code="ls-bureau").exists()
    assert not Organisation.objects.filter(name_en="Longshui police").exists()
    assert "预览已失效" in confirm(client, mark=mark)


NEW = ["龙水城管所", "Longshui bureau", "ls-bureau", "区级部门", "龙水镇（500111101）", None,
       date(2025, 1, 1), None]  # fmt: skip
CHANGED = ["龙水派出所", "Longshui police", "longshui-station", "station", "500111101",
           "龙水镇指挥中心", "2024年1月1日", ""]  # fmt: skip
SAME = ["龙水镇指挥中心", "Longshui centre", "longshui-centre", "Town centre", "龙水镇", "",
        "2024/1/1", ""]  # fmt: skip
BAD = ["坏的", "Bad", "bad", "动物园", "火星", "没有的机构", "昨天", None]


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"catalogues"}))
def test_what_is_exported_can_be_read_again(town: Town, table: str) -> None:
    for language in ("zh-hans", "en"):
        client = town.client(town.audit)
        client.cookies.load({"django_language": language})
        answer = client.get(reverse("registry-export", args=[table]), {"state": "all"})
        assert "attachment" in answer["Content-Disposition"]
        rows = read_sheet(answer.content, columns_of(TABLES[table]))
        assert len(rows) == TABLES[table].model._default_manager.count()


def test_an_export_holds_what_the_list_shows(town: Town) -> None:
    make(town.station, valid_to=date(2025, 1, 1))
    answer = town.client(town.zhang).get(reverse("registry-export", args=["organisations"]))
    codes = [
        row.texts["code"] for row in read_sheet(answer.content, columns_of(TABLES["organisations"]))
    ]
    assert codes == ["longshui-centre"]


def test_an_export_brought_back_changes_nothing(town: Town) -> None:
    for table, who in (("organisations", town.system), ("divisions", town.system),
                       ("posts", town.system), ("postings", town.security)):  # fmt: skip
        client = town.client(who)
        content = client.get(reverse("registry-export", args=[table])).content
        shown = upload(client, content, table).content.decode()
        count = TABLES[table].model._default_manager.count()
        assert f'没有变化 <span class="num">{count}</span>' in shown
        assert "确认导入" not in shown


def test_a_template_offers_what_may_be_chosen(town: Town) -> None:
    answer = town.client(town.system).get(reverse("registry-template", args=["organisations"]))
    first, told, listed = load_workbook(io.BytesIO(answer.content)).worksheets
    assert [cell.value for cell in first[1]] == HEADING
    assert "龙水镇（500111101）" in [cell.value for cell in listed["E"]]
    assert "必填" in told["B2"].value


def test_a_preview_says_what_each_row_would_do_and_writes_nothing(town: Town) -> None:
    client = town.client(town.system)
    shown = upload(client, sheet(NEW, CHANGED, SAME, BAD)).content.decode()
    for label, count in (("新增", 1), ("更改", 1), ("没有变化", 1), ("有错误", 1)):
        assert f'{label} <span class="num">{count}</span>' in shown
    for text in ("请从这些里选", "没有“火星”", "没有“没有的机构”", "日期请写成"):
        assert text in shown
    assert "确认导入 2 行" in shown
    assert Organisation.objects.count() == 2
    assert len(history_of(town.station)) == 1


def test_a_confirmed_import_takes_the_good_rows_and_reports_the_bad(town: Town) -> None:
    client = town.client(town.system)
    upload(client, sheet(NEW, CHANGED, SAME, BAD))
    shown = confirm(client)
    assert "导入结果" in shown
    for label, count in (("已新增", 1), ("已更改", 1), ("没有变化", 1), ("没有导入", 1)):
        assert f'{label} <span class="num">{count}</span>' in shown
    made = Organisation.objects.get(code="ls-bureau")
    assert (made.kind, made.division_id) == ("bureau", town.longshui.pk)
    assert history_of(made)[0]["reason"] == "导入 机构.xlsx 第 2 行"
    town.station.refresh_from_db()
    assert (town.station.name_en, town.station.parent) == ("Longshui police", town.centre)
    assert "预览已失效" in confirm(client)


def test_a_row_that_the_table_refuses_does_not_keep_the_others(town: Town) -> None:
    client = town.client(town.system)
    taken = ["龙水派出所", "Same name", "other-code", "station", "龙水镇", "", DAY, ""]
    upload(client, sheet(taken, NEW))
    shown = confirm(client)
    assert '没有导入 <span class="num">1</span>' in shown
    assert not Organisation.objects.filter(code="other-code").exists()
    assert Organisation.objects.filter(code="ls-bureau").exists()


def test_a_row_twice_and_a_fixed_field_are_refused(town: Town) -> None:
    client = town.client(town.system)
    assert "与第 2 行重复" in upload(client, sheet(NEW, NEW)).content.decode()
    heading = [column.zh for column in columns_of(TABLES["divisions"])]
    moved = ["大足区", "区县", "龙水镇", "t", "500111", DAY, "", "", "", "", "否"]
    shown = upload(client, sheet(moved, heading=heading), "divisions").content.decode()
    assert "“上级”定了不能改" in shown


def test_a_row_may_be_under_one_that_the_same_sheet_adds_above_it(town: Town) -> None:
    client = town.client(town.system)
    heading = [column.zh for column in columns_of(TABLES["divisions"])]
    rest = [DAY, "", "", "", "", "否"]
    content = sheet(
        ["新镇", "镇", "大足区", "t", "9001", *rest],
        ["新村", "村", "新镇", "t", "9002", *rest],
        ["先村", "村", "后镇", "t", "9003", *rest],
        ["后镇", "镇", "大足区", "t", "9004", *rest],
        ["龙水镇", "镇", "大足区", "t", "9005", *rest],
        ["龙水村", "村", "龙水镇（9005）", "t", "9006", *rest],
        heading=heading,
    )
    assert "没有“后镇”" in upload(client, content, "divisions").content.decode()
    shown = confirm(client, "divisions")
    village = Division.objects.get(code="9002")
    assert village.parent == Division.objects.get(code="9001")
    assert village.path.startswith(village.parent.path)
    assert "“龙水镇”没有导入" in shown
    assert not Division.objects.filter(code__in=("9003", "9005", "9006")).exists()


def test_two_people_of_one_name_must_be_told_apart(town: Town) -> None:
    town.officer("zhang_min2", "张敏")
    client = town.client(town.security)
    heading = [column.zh for column in columns_of(TABLES["postings"])]
    line = ["席位", "龙水派出所", "任职", "2026-01-01", ""]
    content = sheet(
        ["张敏", *line], ["zhang_min2", *line], ["张敏（zhang_min）", *line], heading=heading
    )
    shown = upload(client, content, "postings").content.decode()
    assert "“张敏”不止一个" in shown
    confirm(client, "postings")
    assert Posting.objects.filter(organisation=town.station).count() == 2


def test_accounts_from_a_sheet_have_no_password_and_blank_means_the_usual(town: Town) -> None:
    make(town.luo, is_active=False)
    client = town.client(town.security)
    rows = [
        ["何峰", "he_feng", "", ""],
        ["罗静", "luo_jing", "", ""],
        ["孙安", "sec_admin", "", ""],
    ]
    shown = upload(client, sheet(*rows, heading=["姓名", "账号", "角色", "可以登录"]), "officers")
    assert "您的岗位不能办理此事" in shown.content.decode()
    confirm(client, "officers")
    made = Officer.objects.get(username="he_feng")
    assert (made.is_active, made.role, made.has_usable_password()) == (True, "officer", False)
    town.luo.refresh_from_db()
    assert not town.luo.is_active


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not a sheet", "不是能读的"),
        (sheet(["a"], heading=["名称"]), "英文名称、代码"),
        (sheet(["=1+1", *NEW[1:]]), "单元格 A2"),
        (sheet(), "没有要导入的行"),
    ],
)
def test_a_bad_file_is_refused_on_the_upload_page(town: Town, content: bytes, told: str) -> None:
    answer = upload(town.client(town.system), content)
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_only_the_table_s_keeper_imports(town: Town) -> None:
    for who in (town.zhang, town.security, town.audit):
        client = town.client(who)
        for name in ("registry-import", "registry-template"):
            page(client, name, "organisations", expected=403)
        assert upload(client, sheet(NEW)).status_code == 403
    page(town.client(town.system), "registry-import", "catalogues", expected=404)


def test_a_cancelled_or_foreign_preview_is_not_taken(town: Town) -> None:
    client = town.client(town.system)
    upload(client, sheet(NEW))
    sent = {"act": "cancel", "mark": Draft.objects.get().key}
    assert send(client, "registry-import", "organisations", **sent).status_code == 302
    assert "预览已失效" in confirm(client)
    upload(client, sheet(NEW))
    assert "预览已失效" in confirm(client, "divisions")
    assert Organisation.objects.count() == 2


def test_a_preview_s_queries_do_not_grow(town: Town, django_assert_max_num_queries) -> None:
    client = town.client(town.system)
    page(client, "registry-import", "organisations")
    rows = [[f"甲{number}", "A", f"a{number}", *NEW[3:]] for number in range(60)]
    with django_assert_max_num_queries(16):
        upload(client, sheet(*rows))
