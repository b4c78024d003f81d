"""Kinds of files: what holds a table is read whatever its name is, the rest refused by name."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import Limits
from qianshou.packs.commission.care.roster import read_roster
from qianshou.packs.commission.care.tests.rosters import (
    HEADINGS,
    PLACES,
    child,
    csv,
    number,
    workbook,
    xlsx,
)

EXAMPLES = Path(__file__).parent / "examples"


def refused(content: bytes, name: str = "a.xlsx", **options: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_roster(content, name, "town", **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_text_is_read_in_any_encoding_and_with_any_separator(
    encoding: str, separator: str
) -> None:
    content = csv([HEADINGS, child()], encoding, separator)
    found = read_roster(content, "名册.csv", "town", places=PLACES)
    assert found.errors == ()
    assert found.rows[0].number == 2
    assert list(found.rows[0].texts.values()) == child()


def test_quotation_marks_keep_separators_and_line_ends_in_a_cell() -> None:
    text = "姓名,身份证号,镇街,村社区,备注\n"
    text += (
        f'陈小雪,{number(22)},龙水镇,桥亭村,"住二楼,\n有狗"\n\n陈小雨,{number(24)},龙水镇,桥亭村,\n'
    )
    found = read_roster(text.encode(), "a.csv", "town")
    assert [(row.number, row.texts["remark"]) for row in found.rows] == [
        (2, "住二楼, 有狗"),
        (4, ""),
    ]


def test_an_old_workbook_is_read_with_its_merged_rounded_and_hidden_cells() -> None:
    content = (EXAMPLES / "roster.xls").read_bytes()
    found = read_roster(content, "花名册.xls", "town", places=PLACES)
    assert found.sheet == "花名册"
    assert found.errors == ()
    assert [row.number for row in found.rows] == [3, 4, 5]
    first, second, third = (row.texts for row in found.rows)
    assert (first["id_number"], first["birth_date"]) == (number(21), "2014-03-05")
    assert (second["id_number"], second["birth_date"]) == (number(22)[:15] + "000", "2014-03-05")
    assert (second["town"], second["village"]) == ("棠香街道", "红星社区")
    assert first["phone"] == second["phone"] == "10812345678"
    assert third["birth_date"] == "2013-01-02"
    assert [note.code for note in found.warnings] == [
        "roster.hidden_rows", "roster.passed_over", "roster.id_doubt",
    ]  # fmt: skip


def test_a_torn_old_workbook_is_refused_with_a_remedy() -> None:
    content = (EXAMPLES / "roster.xls").read_bytes()
    assert refused(content[:1500], "a.xls").code == "roster.not_xls"
    assert refused(content[:8] + b"\0" * 5000, "a.xls").code == "roster.not_xls"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "roster.empty"),
        (b" \n\n", "roster.empty"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "roster.not_a_table"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "roster.not_a_table"),
        (b"%PDF-1.7", "roster.not_a_table"),
        (b"PK\x03\x04 torn", "sheet.not_xlsx"),
        (b"\xff\xfe\xff", "sheet.encoding"),
        (b"\x81\x00\x81", "sheet.encoding"),
        (b"hello", "roster.columns"),
        (csv([["姓名", "身份证号"], ['"' + "长" * 200_000, "1"]]), "sheet.torn"),
    ],
)
def test_what_holds_no_table_is_refused_with_a_remedy(content: bytes, code: str) -> None:
    told = refused(content, "a.xls")
    assert told.code == code
    assert told.zh
    assert told.en


def test_the_archive_of_a_workbook_is_looked_at_before_it_is_opened() -> None:
    stream = io.BytesIO(xlsx([HEADINGS, child()]))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(5 << 20))
    assert refused(stream.getvalue()).code == "sheet.too_large"
    stream = io.BytesIO(xlsx([HEADINGS, child()]))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/drawings/x.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    assert refused(stream.getvalue()).code == "sheet.not_xlsx"


def test_rows_beyond_the_limit_are_refused_in_every_kind_of_file() -> None:
    rows = [HEADINGS, *(child(order) for order in range(2, 20, 2))]
    few = Limits(most_rows=5)
    assert refused(xlsx(rows), limits=few).code == "sheet.too_large"
    assert refused(csv(rows), limits=few).code == "sheet.too_large"
    content = (EXAMPLES / "roster.xls").read_bytes()
    assert refused(content, limits=few).code == "sheet.too_large"
    assert refused(csv(rows), limits=Limits(most_bytes=10)).code == "sheet.too_large"


def test_a_workbook_that_counts_from_1904_means_its_own_days() -> None:
    made = Workbook()
    made.epoch = datetime(1904, 1, 1)  # noqa: DTZ001  openpyxl compares it with its own
    sheet = made.worksheets[0]
    sheet.append(HEADINGS)
    sheet.append(child(birth_date=40241))
    stream = io.BytesIO()
    made.save(stream)
    found = read_roster(stream.getvalue(), "a.xlsx", "town")
    assert found.rows[0].texts["birth_date"] == "2014-03-05"


def test_shared_and_rich_texts_are_read_as_they_look() -> None:
    content = workbook({"Sheet1": [HEADINGS, child(name="陈_x5C0F_雪")]})
    rich = "<si><r><t>龙水</t></r><r><rPr><b/></rPr><t>中学</t></r><rPh><t>long</t></rPh></si>"
    relation = '<Relationship Id="rId9" Type="x/sharedStrings" Target="sharedStrings.xml"/>'
    changes = {
        "xl/worksheets/sheet1.xml": (
            '<c r="G2" t="inlineStr"><is><t>&#40857;&#27700;&#23567;&#23398;</t></is></c>',
            '<c r="G2" t="s"><v>1</v></c>',
        ),
        "xl/_rels/workbook.xml.rels": ("</Relationships>", relation + "</Relationships>"),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.infolist():
            text = old.read(part).decode()
            before, after = changes.get(part.filename, ("", ""))
            assert before in text
            new.writestr(part, text.replace(before, after) if before else text)
        new.writestr("xl/sharedStrings.xml", f'<sst xmlns="m"><si><t>a</t></si>{rich}</sst>')
    texts = read_roster(stream.getvalue(), "a.xlsx", "town").rows[0].texts
    assert (texts["name"], texts["school"]) == ("陈小雪", "龙水中学")


def test_a_workbook_of_more_sheets_than_anybody_fills_in_is_refused() -> None:
    many: dict[str, Sequence[Sequence[object]]] = {f"表{place}": [["姓名"]] for place in range(101)}
    assert refused(workbook(many)).code == "sheet.too_large"
