"""Headers as people make them: titles above, two rows, any spelling, the wrong sheet first."""

from typing import Any

import pytest

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.roster import Roster, read_roster
from qianshou.packs.commission.care.roster.columns import FIELDS, understand
from qianshou.packs.commission.care.tests.rosters import (
    HEADINGS,
    PLACES,
    child,
    csv,
    number,
    workbook,
    xlsx,
)


def read(content: bytes, kind: str = "town", **options: Any) -> Roster:
    return read_roster(content, "名册.xlsx", kind, **options)


def refused(content: bytes, kind: str = "town", **options: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(content, kind, **options)
    return caught.value


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("学生姓名", "name"), ("＊儿童姓名", "name"), ("姓 名", "name"), ("姓名（必填）", "name"),
        ("Student Name", "name"), ("公民身份号码", "id_number"), ("身份证件号", "id_number"),
        ("证件号码", "id_number"), ("身份证号(18位)", "id_number"), ("ID_Number", "id_number"),
        ("出生年月", "birth_date"), ("出生\n日期", "birth_date"), ("Date of Birth", "birth_date"),
        ("DOB", "birth_date"), ("所属镇街", "town"), ("镇（街道）", "town"), ("户籍所在地", "town"),
        ("村（社区）", "village"), ("村/社区", "village"), ("所在学校", "school"),
        ("就读学校名称", "school"), ("家长姓名", "guardian"), ("联系电话", "phone"),
        ("监护人联系电话：", "phone"), ("父亲外出（是/否）", "father_away"),
        ("母亲外出地点", "mother_place"), ("年级/班级", "class"),
    ],
)  # fmt: skip
def test_a_heading_is_known_in_many_spellings(heading: str, field: str) -> None:
    known = understand(heading)
    assert known is not None
    assert known[0] == field


@pytest.mark.parametrize(
    "heading", ["父亲身份证号", "监护人身份证号", "班主任电话", "序号", "", "学籍号"]
)
def test_what_belongs_to_somebody_else_is_not_taken_for_the_childs(heading: str) -> None:
    assert understand(heading) is None


def test_the_names_of_the_fields_in_both_languages_are_headings() -> None:
    for key, field in FIELDS.items():
        for heading in (field.zh, field.en, key):
            assert understand(heading) == (key, understand(heading)[1])  # type: ignore[index]


def test_titles_above_the_header_are_passed_over() -> None:
    rows: list[list[Any]] = [
        ["龙水镇留守儿童花名册"],
        ["填报单位：龙水镇", None, "2024年9月"],
        [],
        HEADINGS,
        child(),
    ]
    found = read(xlsx(rows, lambda sheet: sheet.merge_cells("A1:I1")))
    assert [row.number for row in found.rows] == [5]


TWO_ROWS: list[list[Any]] = [
    ["序号", "儿童信息", None, None, "镇街", "村社区", "父亲", None, None, "监护人情况", None],
    [None, "姓名", "身份证号", "性别", None, None, "姓名", "外出地", "起始时间", "姓名", "联系电话"],
    [1, "陈小雪", number(22), "女", "龙水镇", "桥亭村", "陈一", "广东东莞", "2023.2", "陈大海", "10812345678"],
]  # fmt: skip


def merge_groups(sheet: Any) -> None:
    for cells in ("A1:A2", "B1:D1", "E1:E2", "F1:F2", "G1:I1", "J1:K1"):
        sheet.merge_cells(cells)


@pytest.mark.parametrize("content", [xlsx(TWO_ROWS, merge_groups), xlsx(TWO_ROWS)])
def test_headings_of_two_rows_are_read_together(content: bytes) -> None:
    found = read(content)
    assert [row.number for row in found.rows] == [3]
    texts = found.rows[0].texts
    assert (texts["name"], texts["father"], texts["guardian"]) == ("陈小雪", "陈一", "陈大海")
    assert (texts["father_place"], texts["father_since"]) == ("广东东莞", "2023-02")
    assert [column.heading for column in found.columns if column.field == "father"] == ["父亲姓名"]


def test_another_persons_columns_below_a_group_are_not_the_childs() -> None:
    rows: list[list[Any]] = [
        ["姓名", "身份证号", "镇街", "村社区", "班主任", None],
        [None, None, None, None, "姓名", "电话"],
        ["陈小雪", number(22), "龙水镇", "桥亭村", "李老师", "10800000000"],
    ]
    found = read(xlsx(rows))
    assert found.rows[0].texts["name"] == "陈小雪"
    assert "phone" not in found.rows[0].texts


@pytest.mark.parametrize("group", ["住址", "家庭住址", "户籍地址"])
def test_an_address_over_town_and_village_only_groups_them(group: str) -> None:
    rows: list[list[Any]] = [
        ["姓名", "身份证号", group, None, "监护人", None],
        [None, None, "镇街", "村", "姓名", "电话"],
        ["陈小雪", number(22), "龙水镇", "桥亭村", "陈大海", "10812345678"],
    ]
    texts = read(xlsx(rows)).rows[0].texts
    assert (texts["town"], texts["village"]) == ("龙水镇", "桥亭村")
    assert (texts["name"], texts["guardian"]) == ("陈小雪", "陈大海")
    assert texts["phone"] == "10812345678"


def test_the_sheet_that_fits_is_chosen_wherever_it_lies() -> None:
    content = workbook(
        {
            "填写说明": [["请填第三个表"]],
            "汇总": [["镇街", "人数"], ["龙水镇", 3]],
            "名册": [HEADINGS, child()],
        }
    )
    assert read(content).sheet == "名册"


def test_a_hidden_sheet_and_an_empty_one_do_not_compete() -> None:
    def hide(sheet: Any) -> None:
        sheet.sheet_state = "hidden" if sheet.title == "去年" else "visible"

    content = workbook(
        {"去年": [HEADINGS, child()], "空表": [HEADINGS], "名册": [HEADINGS, child()]}, hide
    )
    assert read(content).sheet == "名册"


def test_several_sheets_that_fit_are_named_and_one_may_be_asked_for() -> None:
    content = workbook({"桥亭村": [HEADINGS, child(22)], "明光": [HEADINGS, child(24)]})
    told = refused(content)
    assert told.code == "roster.sheets"
    assert "桥亭村、明光" in told.zh
    assert read(content, sheet="明光").rows[0].texts["id_number"] == number(24)
    assert refused(content, sheet="红星").code == "roster.sheet"


def test_missing_columns_are_listed_with_what_was_found() -> None:
    told = refused(xlsx([["姓名", "住哪里", "学籍号"], ["陈小雪", "桥亭", "1"]]))
    assert told.code == "roster.columns"
    assert "身份证号、镇街、村社区" in told.zh
    told = refused(xlsx([["姓名", "证号", "性别"], ["陈小雪", "1", "女"]]), "civil")
    assert told.code == "roster.columns"
    assert "缺少列：身份证号" in told.zh
    assert "姓名、证号、性别" in told.zh


def test_a_header_without_anybody_below_is_refused() -> None:
    assert refused(xlsx([HEADINGS])).code == "roster.no_rows"
    assert refused(xlsx([HEADINGS, ["合计", "0人"]])).code == "roster.no_rows"
    assert refused(xlsx([])).code == "roster.columns"


def test_two_columns_with_an_equal_claim_are_refused_until_one_is_named() -> None:
    headings = ["姓名", "身份证号", "镇街", "村社区", "监护人", "身份证号"]
    cells = ["陈小雪", number(22), "龙水镇", "桥亭村", "陈大海", number(1, "19800102")]
    content = xlsx([headings, cells])
    told = refused(content)
    assert told.code == "roster.heading_twice"
    assert "B 列“身份证号”" in told.zh
    assert "F 列“身份证号”" in told.zh
    assert read(content, mapping={"id_number": "B"}).rows[0].texts["id_number"] == number(22)


def test_of_two_columns_the_one_that_says_more_is_taken() -> None:
    headings = [*HEADINGS[:8], "联系电话", "监护人电话"]
    content = xlsx([headings, [*child()[:8], "10899999999", "10812345678"]])
    assert read(content).rows[0].texts["phone"] == "10812345678"


def test_a_mapping_by_hand_comes_before_what_headings_say() -> None:
    headings = ["姓名", "曾用名", "身份证号", "镇街", "村社区", "Betreuer"]
    cells = ["陈小雪", "陈雪", number(22), "龙水镇", "桥亭村", "陈大海"]
    found = read(xlsx([headings, cells]), mapping={"name": "曾 用名", "guardian": "betreuer"})
    texts = found.rows[0].texts
    assert (texts["name"], texts["guardian"]) == ("陈雪", "陈大海")
    assert [column.field for column in found.columns if column.by_hand] == ["name", "guardian"]
    assert found.columns[0].field == ""


def test_a_sheet_whose_headings_say_nothing_is_read_by_letters() -> None:
    content = csv([["c1", "c2", "c3", "c4"], ["陈小雪", number(22), "龙水镇", "桥亭村"]])
    letters = {"name": "A", "id_number": "B", "town": "c", "village": "D"}
    assert read(content, mapping=letters).rows[0].texts["town"] == "龙水镇"


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"nickname": "姓名"}, "roster.map_field"),
        ({"name": "大名"}, "roster.map_heading"),
        ({"name": "姓名", "guardian": "姓 名"}, "roster.map_twice"),
        ({"name": "ZZ"}, "roster.map_heading"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(mapping: dict[str, str], code: str) -> None:
    assert refused(xlsx([HEADINGS, child()]), mapping=mapping).code == code


def test_a_town_that_is_alone_need_not_be_named() -> None:
    headings = [heading for heading in HEADINGS if heading != "镇街"]
    cells = [cell for cell in child() if cell != "龙水镇"]
    content = xlsx([headings, cells])
    assert refused(content).code == "roster.columns"
    assert refused(content, places=PLACES).code == "roster.columns"
    found = read(content, places={"龙水镇": PLACES["龙水镇"]})
    assert found.rows[0].texts["town"] == "龙水镇"


def test_a_bureaus_lists_have_their_own_columns() -> None:
    pupils = [["学生姓名", "身份证件号", "户籍地", "学校名称", "班级", "家长姓名", "联系电话"],
              ["陈小雪", number(22), "龙水镇", "龙水小学", "三年级二班", "陈大海", "10812345678"]]  # fmt: skip
    found = read(xlsx(pupils), "education")
    assert found.rows[0].texts["school"] == "龙水小学"
    assert found.rows[0].texts["town"] == "龙水镇"
    assert read(xlsx([["姓名", "身份证号"], ["陈小雪", number(22)]]), "civil").rows[0].number == 2


def test_a_column_called_id_is_the_number_only_when_numbers_stand_in_it() -> None:
    found = read(csv([["name", "id"], ["陈小雪", number(22)], ["陈小雨", ""]]), "civil")
    assert found.rows[0].texts["id_number"] == number(22)
    counted = csv([["id", "name", "sex"], ["1", "陈小雪", "女"], ["2", "陈小雨", "女"]])
    assert refused(counted, "civil").code == "roster.columns"
