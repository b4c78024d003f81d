"""Any list for the cross-check: read by columns or by rows it holds the same, and nothing is lost."""

import csv as writing
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.crosscheck import CODES, DECISIONS, FIELDS
from qianshou.packs.commission.care.lists import quick, reading, words
from qianshou.packs.commission.care.lists.columns import tidy_columns
from qianshou.packs.commission.care.lists.quick import read_quickly
from qianshou.packs.commission.care.lists.reading import read_list, read_slowly
from qianshou.packs.commission.care.lists.report import hide, mark_pieces
from qianshou.packs.commission.care.roster.columns import COMPARED
from qianshou.packs.commission.care.tests.rosters import HEADINGS, child, csv, number, xlsx


@pytest.fixture(autouse=True)
def always_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "SMALL", 0)


def read(content: bytes, folder: Path, name: str = "list.csv", **mapping: str) -> reading.ChildList:
    (folder / name).write_bytes(content)
    return read_list(folder / name, "roster", mapping)


def quickly(content: bytes) -> pa.Table | None:
    found = read_quickly(content, {})
    return None if found is None else found[1]


def slowly(content: bytes) -> pa.Table:
    return read_slowly(content, "list.csv", {}, "")[1]


def test_the_fields_and_words_are_those_of_the_engine() -> None:
    assert COMPARED == FIELDS
    assert tuple(words.DECISIONS) == DECISIONS
    assert set(words.CODES) == set(CODES)


ROWS = [
    HEADINGS,
    child(22),
    child(24, remark="x")[:9],
    HEADINGS,
    child(26),
    ["合计", "3人", *[""] * 7],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_columns_and_rows_tell_the_same(encoding: str, separator: str) -> None:
    content = csv(ROWS, encoding, separator)
    table = quickly(content)
    assert table is not None
    assert table["row"].to_pylist() == [2, 3, 5]
    assert table.to_pylist() == slowly(content).to_pylist()


def test_titles_above_the_header_count_as_rows(tmp_path: Path) -> None:
    content = csv([["龙水镇花名册"], ["2024年9月"], *ROWS[:2]])
    table = quickly(content)
    assert table is not None
    assert table["row"].to_pylist() == [4]


@pytest.mark.parametrize(
    "content",
    [
        csv(ROWS).replace(b"\r\n", b"\r\n\r\n", 1),
        csv([*ROWS, ["多", "出", "来"]]),
        "姓名,性别\n陈小雪,女".encode("utf-16"),
        "姓名,性\0别\n陈小雪,女\n".encode(),
        "甲,乙\n陈小雪,女\n".encode(),
        "姓名,姓名\n陈小雪,女\n".encode(),
        b"\xff\x00",
        xlsx(ROWS),
    ],
)
def test_what_columns_are_not_sure_of_is_left_to_the_rows(content: bytes) -> None:
    assert read_quickly(content, {}) is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=6)
CELLS = st.one_of(
    TEXTS, st.sampled_from(["姓名", "合计", "3人", "a,b", 'say "hi"', "two\nlines", " x "])
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_whatever_stands_in_a_text_both_readers_hold_the_same(rows: list[list[str]]) -> None:
    stream = io.StringIO()
    writing.writer(stream).writerows([["姓名", "学校", "监护人"], *rows])
    content = stream.getvalue().encode()
    try:
        table = quickly(content)
    except Refusal:
        return
    if table is None:
        return
    by_rows = slowly(content)
    assert tidy_columns(table, False).to_pylist() == by_rows.to_pylist()


def test_odd_cells_are_kept_and_told_once_for_all_rows(tmp_path: Path) -> None:
    rows = [
        child(22, birth_date="三岁"), child(24, birth_date="14-03-05"), child(26, birth_date="2014年3月5日"),
        child(28, id_number=number(28)[:15] + "000"), child(30, id_number="H123"), child(32, name=""),
    ]  # fmt: skip
    found = read(csv([HEADINGS, *rows]), tmp_path)
    assert found.table["birth_date"].to_pylist()[:3] == ["三岁", "14-03-05", "2014-03-05"]
    assert found.table["id_number"].to_pylist()[4] == "H123"
    assert [(note.code, note.row) for note in found.warnings] == [
        ("lists.no_name", 7), ("lists.day", 2), ("lists.rounded", 5), ("lists.number", 6),
    ]  # fmt: skip
    assert "2 行的出生日期" in found.warnings[1].zh
    assert "rows 2, 3" in found.warnings[1].en


def test_a_workbook_gives_the_same_table_as_a_text(tmp_path: Path) -> None:
    by_cells = read(xlsx(ROWS), tmp_path, "list.xlsx")
    assert by_cells.table.to_pylist() == read(csv(ROWS), tmp_path).table.to_pylist()
    assert by_cells.sheet == "Sheet1"


def test_a_refusal_names_the_side_and_the_file(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"花名册 list\.csv：") as caught:
        read(b"", tmp_path)
    assert caught.value.en.startswith("The roster list.csv: ")


def test_a_list_of_names_alone_can_be_compared(tmp_path: Path) -> None:
    found = read("姓名\n陈小雪\n".encode(), tmp_path)
    assert found.table.to_pylist() == [{"row": 2, "name": "陈小雪"}]
    assert found.absent == list(COMPARED[1:])


def test_differing_characters_are_marked_and_numbers_keep_their_last_four() -> None:
    left, right = mark_pieces("name", "欧阳语桐", "欧阳雨桐", "sound")
    assert left == [("欧阳", False), ("语", True), ("桐", False)]
    assert right == [("欧阳", False), ("雨", True), ("桐", False)]
    assert mark_pieces("name", "陈 雪", "陈雪", "same") == ([("陈 雪", False)], [("陈雪", False)])
    left, _ = mark_pieces("phone", "10812345678", "10812345679", "differs")
    assert left == [("•" * 7 + "567", False), ("8", True)]
    assert hide("id_number", "123") == "•••"
    long = "陈" * 5000
    assert mark_pieces("school", long, long + "雪", "differs")[0] == [("陈" * 100, False)]
