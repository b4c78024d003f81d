"""The command `qianshou crosscheck`: two files in, decisions and a report out, or a remedy."""

import csv
import io
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from openpyxl import Workbook

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADINGS = [
    "姓名",
    "身份证号",
    "出生日期",
    "性别",
    "镇街",
    "村社区",
    "学校",
    "监护人",
    "监护人电话",
]


def number(order: int, day: str) -> str:
    seventeen = f"500199{day}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True))
    return seventeen + "10X98765432"[total % 11]


def child(name: str, order: int, day: str, **changed: str) -> list[str]:
    cells = {
        "name": name, "id": number(order, day), "birth": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "sex": "女", "town": "龙水镇", "village": "桥亭村", "school": "龙水小学",
        "guardian": f"{name[:1]}大海", "phone": f"1081234{order:04d}",
    } | changed  # fmt: skip
    return list(cells.values())


GIRL = "姓名,性别\n陈小雪,女\n".encode()
PUPILS = [
    child("陈小雪", 22, "20140305"),
    child("欧阳雨桐", 24, "20130102", village="明光社区"),
    child("赵佳怡", 26, "20120708", town="棠香街道", village="红星社区"),
    *(child(f"林一{chr(0x4E00 + order)}", order, "20110909") for order in range(100, 160, 2)),
]
ROSTER = [
    child("陈小雪", 22, "20140305"),
    child("欧阳语桐", 24, "20130102", village="明光社区"),
    child("周天外", 98, "20100101", town="宝顶镇", village="东岳村", school="外地小学"),
]


def run(*words: object, language: str = "zh_CN.UTF-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qianshou", "crosscheck", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": language, "DJANGO_SETTINGS_MODULE": "there.is.none"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def write_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def write_xlsx(path: Path, sheets: dict[str, list[list[str]]]) -> Path:
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists")
    write_csv(path / "pupils.csv", [HEADINGS, *PUPILS], "gb18030")
    title = [["龙水镇留守儿童花名册"], [], HEADINGS, *ROSTER, ["合计", "3人"]]
    write_xlsx(path / "roster.xlsx", {"说明": [["请填第二个表"]], "花名册": title})
    return path


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder / "roster.xlsx", folder / "pupils.csv", "--out", folder / "out")


def decisions(folder: Path) -> list[dict[str, str]]:
    with (folder / "decisions.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_decisions_name_the_rows_of_both_sheets(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    assert (done.returncode, done.stderr) == (0, "")
    found = [
        (line["roster_row"], line["pupil_row"], line["decision"], line["code"])
        for line in decisions(folder / "out")
    ]
    assert found == [
        ("4", "2", "auto", "M0"),
        ("5", "3", "auto", "M1"),
        ("6", "", "not_found", "N1"),
    ]


def test_every_field_has_its_evidence_and_no_words_of_a_child(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    line = decisions(folder / "out")[1]
    assert line["name_level"] == "sound"
    assert line["id_number_level"] == "same"
    for field in ("name", "id_number", "birth_date", "sex", "village", "school", "phone"):
        assert float(line[f"{field}_weight"]) is not None
    content = (folder / "out/decisions.csv").read_text(encoding="utf-8")
    assert content.startswith("roster_row,pupil_row,decision,code,weight,name_level,name_weight,")
    assert content.isascii()


def test_the_report_stands_by_itself_and_hides_numbers(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    page = (folder / "out/report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert "<svg" in page
    assert "欧阳<mark>语</mark>桐" in page
    assert number(24, "20130102") not in page
    assert "•" * 14 + number(24, "20130102")[-4:] in page
    assert 'lang="en"' in page
    for shown in ("roster.xlsx", "pupils.csv", "SHA-256", "权重版本"):
        assert shown in page


def test_what_is_written_about_invented_children_says_so(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    page = (folder / "out/report.html").read_text(encoding="utf-8")
    assert "合成数据" in page
    assert "Synthetic data" in page
    assert "合成数据" in done.stdout
    assert {line["synthetic"] for line in decisions(folder / "out")} == {"yes"}
    header = (folder / "out/duplicates.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "list,first_row,second_row,weight,synthetic"


def test_one_number_that_may_be_somebodys_leaves_the_mark_off(folder: Path, tmp_path: Path) -> None:
    real = [*ROSTER, ["石磊", "500111" + ROSTER[0][1][6:], *ROSTER[0][2:]]]
    roster = write_csv(tmp_path / "roster.csv", [HEADINGS, *real])
    done = run(roster, folder / "pupils.csv", "--out", tmp_path / "out")
    assert done.returncode == 0
    assert "synthetic" not in decisions(tmp_path / "out")[0]
    assert "合成数据" not in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_the_same_files_give_the_same_bytes(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    again = run(folder / "roster.xlsx", folder / "pupils.csv", "--out", folder / "again")
    assert again.returncode == 0
    for name in ("decisions.csv", "duplicates.csv", "report.html"):
        assert (folder / "again" / name).read_bytes() == (folder / "out" / name).read_bytes()


def test_a_preview_shows_the_columns_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    shown = run(folder / "roster.xlsx", folder / "pupils.csv", "--preview", "--out", tmp_path / "x")
    assert shown.returncode == 0
    assert "花名册：roster.xlsx，表“花名册”，3 行" in shown.stdout
    assert re.search(r"B\s+身份证号\s+→ id_number", shown.stdout)
    assert not (tmp_path / "x").exists()
    english = run(
        folder / "roster.xlsx", folder / "pupils.csv", "--preview", language="en_GB.UTF-8"
    )
    assert "Pupils' list: pupils.csv, 33 rows" in english.stdout


def test_columns_may_be_named_by_hand_and_by_letter(folder: Path, tmp_path: Path) -> None:
    rows = [["孩儿", "编码", "x"], *([row[0], row[1], row[2]] for row in ROSTER)]
    odd = write_csv(tmp_path / "odd.csv", rows)
    words = (odd, folder / "pupils.csv", "--out", tmp_path / "out")
    assert run(*words).returncode == 2
    named = run(
        *words, "--map", "roster:name=孩儿", "--map", "roster:id_number=编码",
        "--map", "roster:birth_date=C",
    )  # fmt: skip
    assert named.returncode == 0, named.stderr
    assert decisions(tmp_path / "out")[0]["birth_date_level"] == "same"


def test_rows_that_cannot_be_understood_are_compared_as_they_are_and_told(
    folder: Path, tmp_path: Path
) -> None:
    rows = [child("陈小雪", 22, "20140305", birth="三岁", id="不知道"), child("", 24, "20130102")]
    odd = write_csv(tmp_path / "odd.csv", [HEADINGS, *rows])
    told = run(odd, folder / "pupils.csv", "--out", tmp_path / "out")
    assert told.returncode == 0, told.stderr
    assert "1 行的出生日期认不准是哪一天" in told.stdout
    assert "1 行没有姓名" in told.stdout
    assert [line["roster_row"] for line in decisions(tmp_path / "out")] == ["2", "3"]


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "words"),
    [
        ("no.csv", None, (), "lists.file", "no.csv"),
        ("empty.csv", b"", (), "roster.empty", "empty.csv"),
        ("page.xls", b"<html></html>", (), "roster.not_a_table", "另存为"),
        ("x.csv", "年龄,住址\n3,桥亭\n".encode(), (), "roster.columns", "缺少列：姓名"),
        ("x.csv", "姓名,性别\n".encode(), (), "roster.no_rows", "x.csv"),
        ("x.csv", "姓名,姓名\n陈小雪,陈雪\n".encode(), (), "roster.heading_twice", "B 列“姓名”"),
        ("x.csv", GIRL, ("--map", "roster:nick=姓名"), "roster.map_field", "nick"),
        ("x.csv", GIRL, ("--map", "roster:name=大名"), "roster.map_heading", "大名"),
        ("x.csv", GIRL, ("--map", "name=姓名"), "lists.option", "roster:字段=列名"),
        ("x.csv", GIRL, ("--map", "roster:name=姓名", "--map", "roster:sex=姓名"),
         "roster.map_twice", "只能指给一个字段"),
        ("x.csv", GIRL, ("--map", "roster:remark=性别"), "lists.map_field", "remark"),
        ("x.csv", "姓名,性别\n,女\n".encode(), (), "lists.nobody", "没有一个姓名"),
        ("x.csv", GIRL, ("--sheet", "名册"), "lists.sheet_option", "roster:表名"),
        ("x.csv", GIRL, ("--sheet", "roster:名册"), "roster.sheet", "名册"),
    ],
)  # fmt: skip
def test_unusable_input_is_refused_with_file_place_and_remedy(
    folder: Path, tmp_path: Path, name: str, content: bytes | None, options: tuple[str, ...],
    code: str, words: str,
) -> None:  # fmt: skip
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = run(tmp_path / name, folder / "pupils.csv", "--out", tmp_path / "out", *options)
    assert told.returncode == 2
    assert told.stderr.endswith(f"[{code}]\n")
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused(folder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    told = run(folder / "roster.xlsx", folder / "pupils.csv", "--out", taken)
    assert told.returncode == 2
    assert "[lists.out]" in told.stderr
    told = run(folder / "roster.xlsx", folder / "pupils.csv", language="en_GB.UTF-8")
    assert told.returncode == 2
    assert "add --out DIR [cli.out]" in told.stderr


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="Spark is installed here")
def test_an_engine_that_is_not_here_is_refused_and_leaves_no_folder(
    folder: Path, tmp_path: Path
) -> None:
    words = ("--out", tmp_path / "out", "--engine", "spark")
    told = run(folder / "roster.xlsx", folder / "pupils.csv", *words)
    assert told.returncode == 2
    assert "[crosscheck.no_spark]" in told.stderr
    assert not (tmp_path / "out").exists()
