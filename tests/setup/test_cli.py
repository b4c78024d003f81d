"""The command line speaks the reader's language and refuses with exit code 2."""

import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from qianshou import cli
from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["zh_CN.UTF-8", "en_GB.UTF-8"])
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", request.param)
    return str(request.param)[:2]


def test_a_deadline_is_printed_with_its_rule_and_the_days_skipped(
    spoken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["deadline", "2024-09-27", "7d"]) == 0
    printed = capsys.readouterr().out
    assert "2024-10-08" in printed
    assert ("跳过 2024-10-04" in printed) == (spoken == "zh")
    assert ("skipped 2024-10-04" in printed) == (spoken == "en")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["deadline", "yesterday", "7d"], "cli.instant"),
        (["deadline", "2024-09-27", "7 fortnights"], "calendar.span"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_readers_language(
    words: list[str], code: str, spoken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    assert f"[{code}]" in told
    assert any("\u4e00" <= character <= "\u9fff" for character in told) == (spoken == "zh")


def test_the_locale_variables_are_heard_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("LC_MESSAGES", "en_GB.UTF-8")
    monkeypatch.setenv("LC_ALL", "")
    assert cli.language() == "en"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert cli.language() == "zh-hans"


def test_a_day_means_its_midnight_in_china() -> None:
    assert cli.read_instant("2024-09-27") == datetime(2024, 9, 27, tzinfo=CHINA)
    assert cli.read_instant("2024-09-27T14:30") == datetime(2024, 9, 27, 14, 30, tzinfo=CHINA)


def test_a_start_that_is_no_date_names_its_field() -> None:
    with pytest.raises(Refusal) as refused:
        cli.read_instant("27.9.2024")
    assert refused.value.field == "start"


def test_a_deadline_needs_neither_a_database_nor_django() -> None:
    before = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from qianshou.cli import main; main(['deadline', '2024-09-27', '7d']);"
            "sys.exit('django' in sys.modules)",
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert time.perf_counter() - before < 5


LOOSE = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
<process id="p"><startEvent id="s"/>
<userTask id="a" name="登记"/>
<sequenceFlow id="f" sourceRef="s" targetRef="a"/></process></definitions>"""


def test_lint_tells_a_problem_a_line_with_its_place(
    spoken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loose.bpmn"
    path.write_text(LOOSE, encoding="utf-8")
    assert cli.main(["lint", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    grave = "错误" if spoken == "zh" else "error"
    assert any(f"{path}:3: {grave} a “登记”: " in one and "[bpmn.dead_end]" in one for one in lines)
    assert cli.main(["lint", "--json", str(path)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {"file", "line", "element", "name", "severity", "code", "zh", "en", "text"} == {*told[0]}


def test_lint_says_what_it_cannot_read_and_reads_the_rest(
    spoken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loose.bpmn"
    path.write_text(LOOSE, encoding="utf-8")
    odd = tmp_path / "odd.bpmn"
    odd.write_bytes(b"no xml")
    assert cli.main(["lint", str(tmp_path / "none.bpmn"), str(odd), str(path)]) == 2
    out, err = capsys.readouterr()
    assert "[cli.file]" in err
    assert "[bpmn.xml]" in err
    assert "[bpmn.dead_end]" in out


def test_lint_knows_the_pack_in_which_a_file_lies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "open_house", lambda: None)
    folder = ROOT / "qianshou/packs/police/gate"
    assert cli.main(["lint", *map(str, sorted(folder.glob("*.[bd][pm][mn]*")))]) == 0
    assert capsys.readouterr().out.strip() in ("Nothing found", "没有发现问题")
