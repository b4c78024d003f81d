"""Rows: each is taken whole, or refused with what to do, and what is odd is told."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.roster import (
    Roster,
    read_roster,
    write_roster_template,
    write_row_errors,
)
from qianshou.packs.commission.care.roster.columns import COMPARED, KINDS, TEMPLATE
from qianshou.packs.commission.care.roster.rows import Rules, read_row
from qianshou.packs.commission.care.tests.rosters import (
    HEADINGS,
    PLACES,
    child,
    csv,
    number,
    workbook,
    xlsx,
)

AT = datetime(2024, 9, 10, tzinfo=UTC)


def read(*rows: list[Any], kind: str = "town", **options: Any) -> Roster:
    content = xlsx([HEADINGS, *rows], options.pop("dress", lambda sheet: None))
    return read_roster(content, "名册.xlsx", kind, places=PLACES, at=AT, **options)


def errors(roster: Roster) -> list[tuple[int, str, str]]:
    return [(error.row, error.field, error.code) for error in roster.errors]


def test_a_good_row_is_taken_as_it_was_typed() -> None:
    found = read(child(), ["", None], child(24, name="欧阳 小 雨"))
    assert [row.number for row in found.rows] == [2, 4]
    assert list(found.rows[0].texts) == list(COMPARED)
    assert list(found.rows[0].texts.values()) == child()
    assert found.rows[1].texts["name"] == "欧阳小雨"
    assert (found.errors, found.warnings, found.rejected) == ((), (), ())


@pytest.mark.parametrize("born", ["2014-03-05", 41703, date(2014, 3, 5), 20140305, "2014年3月5日"])
def test_a_birth_date_may_be_a_date_a_serial_number_or_a_text(born: Any) -> None:
    assert read(child(birth_date=born)).rows[0].texts["birth_date"] == "2014-03-05"


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("birth_date", "14-03-05", "roster.day"),
        ("birth_date", "2014年3月", "roster.day"),
        ("birth_date", 2014.3, "roster.day"),
        ("birth_date", "农历二〇一四年二月初五", "roster.day"),
        ("birth_date", "2024-12-01", "roster.day"),
        ("id_number", number(22)[:17] + "5", "roster.id_number"),
        ("id_number", number(22)[:16], "roster.id_number"),
        ("id_number", "H12345678", "roster.id_number"),
        ("id_number", float(number(22, "20140306")), "roster.id_number"),
        ("id_number", "5.00199E+17", "roster.id_number"),
        ("name", "", "roster.missing"),
        ("village", "无", "roster.missing"),
        ("sex", "不男不女", "roster.sex"),
        ("town", "火星镇", "roster.place"),
        ("village", "红星社区", "roster.place"),
        ("school", "校" * 101, "roster.long"),
    ],
)
def test_what_is_not_certain_makes_the_row_an_error_that_says_what_to_do(
    field: str, cell: Any, code: str
) -> None:
    found = read(child(22, **{field: cell}), child(24))
    assert errors(found) == [(2, field, code)]
    assert [row.number for row in found.rows] == [3]
    assert [row.number for row in found.rejected] == [2]
    told = found.errors[0].refusal
    assert told.zh.startswith("第 2 行“")
    assert told.en.startswith("Row 2, ")


def test_every_error_of_a_row_is_told_at_once() -> None:
    found = read(child(name="", sex="x", birth_date="14-03-05", id_number=""))
    assert errors(found) == [
        (2, "birth_date", "roster.day"), (2, "sex", "roster.sex"), (2, "name", "roster.missing"),
    ]  # fmt: skip


def test_a_child_needs_a_number_or_a_birth_date() -> None:
    assert errors(read(child(id_number="", birth_date=""))) == [(2, "id_number", "roster.no_birth")]
    assert read(child(id_number="")).errors == ()
    assert read(child(birth_date="")).errors == ()


def test_a_number_that_excel_rounded_is_taken_by_its_first_fifteen_digits() -> None:
    found = read(child(id_number=float(number(22))), child(id_number=float(number(592))))
    assert [row.texts["id_number"] for row in found.rows] == [
        number(22)[:15] + "000", number(592)[:15] + "000",
    ]  # fmt: skip
    assert [(note.row, note.code) for note in found.warnings] == [
        (2, "roster.id_doubt"), (3, "roster.id_doubt"),
    ]  # fmt: skip


def test_a_bureaus_wrong_numbers_and_places_elsewhere_are_kept_and_told() -> None:
    found = read(
        child(id_number="H12345678", town="邻区某镇"), child(24, school=""), kind="education"
    )
    assert found.errors == ()
    assert [(note.row, note.field) for note in found.warnings] == [
        (2, "id_number"), (2, "town"), (3, "school"),
    ]  # fmt: skip
    assert found.rows[0].texts["id_number"] == "H12345678"


def test_what_contradicts_the_number_is_told_and_kept() -> None:
    found = read(child(birth_date="2014-04-04", sex="男"))
    assert [(note.field, note.code) for note in found.warnings] == [
        ("birth_date", "roster.unlike_number"), ("sex", "roster.unlike_number"),
    ]  # fmt: skip
    assert found.rows[0].notes == found.warnings


@pytest.mark.parametrize(
    ("town", "village"),
    [
        ("龙水", "桥亭"),
        ("龙水镇人民政府", "桥亭村民委员会"),
        ("重庆市某区龙水镇", "桥亭村委会"),
        ("龙水镇 ", "桥亭 村"),
    ],
)
def test_a_place_is_known_without_its_suffix_or_with_more_around_it(
    town: str, village: str
) -> None:
    texts = read(child(town=town, village=village)).rows[0].texts
    assert (texts["town"], texts["village"]) == ("龙水镇", "桥亭村")


def test_a_wrong_place_is_answered_with_the_nearest_name_or_its_own_town() -> None:
    assert "“龙水镇”" in read(child(town="尨水镇")).errors[0].zh
    assert "桥亭村" in read(child(village="桥停村")).errors[0].zh
    told = read(child(village="红星社区")).errors[0]
    assert "属于棠香街道" in told.zh
    assert "belongs to 棠香街道" in told.en


def test_merged_places_and_guardians_reach_down_and_merged_names_do_not() -> None:
    def merge(sheet: Any) -> None:
        for cells in ("E2:E4", "F2:F4", "H2:H3", "A3:A4"):
            sheet.merge_cells(cells)

    found = read(child(22), child(24, name="陈小雨"), child(26), dress=merge)
    assert [row.texts["village"] for row in found.rows] == ["桥亭村", "桥亭村"]
    assert [row.texts["guardian"] for row in found.rows] == ["陈大海", "陈大海"]
    assert errors(found) == [(4, "name", "roster.missing")]


def test_a_blank_place_that_is_not_merged_is_asked_for() -> None:
    assert errors(read(child(22), child(24, town=""))) == [(3, "town", "roster.missing")]


@pytest.mark.parametrize(
    "closing",
    [
        ["合计", "2人"], ["合 计：2"], ["总计", 2], ["填表人：李某", None, "审核：王某"],
        ["备注：本表一式两份"], ["Total", "2"],
    ],
)  # fmt: skip
def test_totals_and_closing_remarks_are_nobody(closing: list[Any]) -> None:
    found = read(child(22), child(24), closing)
    assert len(found.rows) == 2
    assert [(note.row, note.code) for note in found.warnings] == [(4, "roster.passed_over")]
    assert found.errors == ()


def test_a_child_called_like_a_total_is_still_a_child() -> None:
    assert len(read(child(22, name="总计")).rows) == 1


def test_a_header_that_is_printed_again_is_nobody() -> None:
    assert [row.number for row in read(child(22), HEADINGS, child(24)).rows] == [2, 4]


def test_hidden_rows_are_read_and_told() -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    found = read(child(22), child(24), dress=hide)
    assert len(found.rows) == 2
    assert [(note.row, note.code) for note in found.warnings] == [(3, "roster.hidden_rows")]


def with_results(content: bytes, formula: str, result: str) -> bytes:
    """Return a workbook as Excel keeps it: with what a formula came to beside it."""
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                made = f"<f>{formula}</f><v>{result}</v>"
                for empty in ("<v />", "<v/>", "<v></v>"):
                    text = text.replace(f"<f>{formula}</f>{empty}".encode(), made.encode())
            new.writestr(part, text)
    return stream.getvalue()


def test_a_formula_counts_by_its_stored_result_and_is_told() -> None:
    rows = [HEADINGS, child(birth_date="=DATE(2014,3,5)"), child(24)]
    content = with_results(xlsx(rows), "DATE(2014,3,5)", "41703")
    found = read_roster(content, "a.xlsx", "town", places=PLACES)
    assert found.rows[0].texts["birth_date"] == "2014-03-05"
    assert [(note.row, note.field, note.code) for note in found.warnings] == [
        (2, "birth_date", "roster.computed")
    ]


def test_a_formula_without_a_result_is_an_error_of_its_row() -> None:
    found = read(child(name='=CMD|"/c calc"!A1'), child(24))
    assert errors(found)[0] == (2, "name", "roster.formula")
    assert len(found.rows) == 1


def test_a_child_that_stands_twice_is_told_with_the_earlier_row() -> None:
    found = read(
        child(22), child(24), child(22, name="陈雪"), child(0, id_number=""), child(0, id_number="")
    )
    assert [(note.row, note.code) for note in found.warnings] == [
        (4, "roster.duplicate"), (6, "roster.duplicate"),
    ]  # fmt: skip
    assert "第 2 行" in found.warnings[0].zh


def test_whether_parents_are_away_is_answered_with_yes_or_no() -> None:
    headings = [*HEADINGS, "父亲外出", "父亲外出时间", "母亲是否外出"]
    rows = [[*child(22), "是", "2023年2月", "无"], [*child(24), "偶尔", "前年", ""]]
    found = read_roster(xlsx([headings, *rows]), "a.xlsx", "town")
    texts = found.rows[0].texts
    assert (texts["father_away"], texts["father_since"], texts["mother_away"]) == (
        "是",
        "2023-02",
        "否",
    )
    assert errors(found) == [
        (3, "father_away", "roster.yes_or_no"),
        (3, "father_since", "roster.month"),
    ]


def test_rejected_rows_are_handed_back_with_what_to_do_and_can_be_sent_again() -> None:
    found = read(child(22), child(24, sex="x", town="尨水镇"))
    content = write_row_errors(found)
    cells: list[list[Any]] = [
        [cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).worksheets[0]
    ]
    assert cells[0][:3] == ["原行号", "怎么改", "姓名"]
    assert cells[1][0] == "3"
    assert str(cells[1][1]).startswith("性别：“x”不是性别")
    assert cells[1][2:] == child(24, sex="x", town="尨水镇")
    again = read_roster(content, "again.xlsx", "town", places=PLACES)
    assert [(error.field, error.code) for error in again.errors] == [
        ("sex", "roster.sex"), ("town", "roster.place"),
    ]  # fmt: skip
    assert "What to do" in str(
        load_workbook(io.BytesIO(write_row_errors(found, "en")))["Sheet1"]["B1"].value
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_template_is_read_back_when_it_is_filled_in(kind: str, language: str) -> None:
    content = write_roster_template(kind, language, town="龙水镇", villages=PLACES["龙水镇"])
    made = load_workbook(io.BytesIO(content))
    filled = {
        "name": "陈小雪",
        "id_number": number(22),
        "town": "龙水镇",
        "village": "桥亭村",
        "school": "龙水小学",
    }
    for place, key in enumerate(TEMPLATE[kind], 1):
        made.worksheets[0].cell(2, place, filled.get(key))
    stream = io.BytesIO()
    made.save(stream)
    found = read_roster(stream.getvalue(), "template.xlsx", kind, places=PLACES)
    assert [column.field for column in found.columns] == list(TEMPLATE[kind])
    assert found.errors == ()
    assert found.rows[0].texts["id_number"] == number(22)


CELLS = st.one_of(
    st.text(max_size=20), st.sampled_from([*HEADINGS, "父亲", "合计", number(22), "2014-3-5", "女"])
)
TABLES = st.lists(st.lists(CELLS, max_size=12), max_size=12)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TABLES, st.sampled_from(KINDS), st.booleans())
def test_no_table_of_texts_raises_anything_but_a_refusal(
    rows: list[list[str]], kind: str, has_header: bool
) -> None:
    table = [HEADINGS, *rows] if has_header else rows
    try:
        found = read_roster(csv(table, "utf-8-sig"), "a.csv", kind, places=PLACES, at=AT)
    except Refusal:
        return
    assert not {row.number for row in found.rows} & {row.number for row in found.rejected}
    assert {error.row for error in found.errors} == {row.number for row in found.rejected}
    write_row_errors(found)


NUMBERS = st.one_of(
    CELLS, st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**20), 10**20),
    st.booleans(), st.none(), st.dates(date(1901, 1, 1), date(2090, 1, 1)),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.lists(NUMBERS, max_size=10), max_size=8))
def test_no_cell_of_a_workbook_raises_anything_but_a_refusal(rows: list[list[Any]]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    clean = [
        [ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row]
        for row in rows
    ]
    try:
        read_roster(workbook({"a": [HEADINGS, *clean], "b": clean}), "a.xlsx", "town")
    except Refusal:
        return


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("是", "是"), ("否", "否"), ("留守儿童", "是"), ("双亲留守", "是"), ("非留守儿童", "否"),
        ("不详", ""), ("", ""), ("也许", None),
    ],
)  # fmt: skip
def test_a_schools_flag_is_read_or_refused(typed: str, read: str | None) -> None:
    cells = {"name": "某", "birth_date": "2014-03-05", "school": "龙水小学", "flagged": typed}
    row, errors = read_row(2, cells, Rules("education"))
    if read is None:
        assert [(error.field, error.code) for error in errors] == [("flagged", "roster.yes_or_no")]
    else:
        assert (row.texts["flagged"], errors) == (read, [])
