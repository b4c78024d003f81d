"""`qianshou decide`: JSON in, JSON out, and what it says when it cannot."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from qianshou.cli import main
from tests.kernel.procedures.dmn.drafts import decision, definitions, given, literal

IMPORT = (
    '<import namespace="library" name="lib"'
    ' importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.dmn"
    path.write_bytes(
        definitions(
            given("day", "date"), given("amount", "number"), given("loose"),
            decision("next", literal('day + @"P1D"'), "i:day"),
            decision("half", literal("amount / 2"), "i:amount"),
            decision("as it is", literal("loose"), "i:loose"),
            decision("many", literal('{f: function(x) x, r: [1..2), d: @"P1D", t: "落水", n: null}')),
            decision("bad", literal("1 +")),
            IMPORT,
            decision("far", literal("lib.near + 1"), "d:library#near"),
        )
    )  # fmt: skip
    (tmp_path / "other.dmn").write_bytes(
        definitions(decision("near", literal("41")), namespace="library")
    )
    return path


def ask(path: Path, *told: str) -> int:
    return main(["decide", str(path), *told])


@pytest.mark.parametrize(
    ("name", "facts", "line"),
    [
        ("next", '{"day": "2024-02-28"}', '"2024-02-29"'),
        ("half", '{"amount": 3}', "1.5"),
        ("half", '{"amount": 24691357802469135780246913.578}', "12345678901234567890123456.789"),
        ("half", '{"amount": 2E100}', "1E+100"),
        ("as it is", '{"loose": "2024-02-28"}', '"2024-02-28"'),
        ("as it is", '{"loose": ["@\\"P14M\\"", "@\\"x\\""]}', '["P1Y2M", "@\\"x\\""]'),
        ("many", "{}", '{"f": null, "r": "[1..2)", "d": "P1D", "t": "落水", "n": null}'),
        ("far", "{}", "42"),
    ],
)
def test_a_decision_is_told_on_one_line(
    model: Path, name: str, facts: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(model, "--decision", name, "--input", facts) == 0
    assert capsys.readouterr().out == f"{line}\n"
    json.loads(line)


def test_what_cannot_be_decided_is_null_and_said(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(model, "--decision", "bad", "--input", "{}") == 0
    told = capsys.readouterr()
    assert told.out == "null\n"
    assert "[dmn.feel]" in told.err


@pytest.mark.parametrize("lines", [True, False])
def test_many_inputs_are_answered_in_order(
    model: Path, lines: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = [
        {"amount": 3},
        {"decision": "next", "input": {"day": "2024-12-31"}},
        {"input": {"amount": 5}},
    ]
    text = "\n".join(json.dumps(one) for one in asked) + "\n" if lines else json.dumps(asked)
    path = model.with_name("cases.json")
    path.write_text(text, encoding="utf-8")
    assert ask(model, "--decision", "half", "--cases", str(path)) == 0
    assert capsys.readouterr().out.splitlines() == ["1.5", '"2025-01-01"', "2.5"]


def test_an_unknown_decision_among_many_keeps_its_line(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model.with_name("cases.json")
    path.write_text('[{"decision": "none", "input": {}}, {"amount": 4}]', encoding="utf-8")
    assert ask(model, "--decision", "half", "--cases", str(path)) == 2
    told = capsys.readouterr()
    assert told.out.splitlines() == ["null", "2"]
    assert "[dmn.decision]" in told.err


def test_an_input_may_come_by_standard_input(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"amount": 8}'))
    assert ask(model, "--decision", "half", "--input", "-") == 0
    assert capsys.readouterr().out == "4\n"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (["--decision", "half"], "decide.input"),
        (["--input", "{}"], "decide.decision"),
        (["--decision", "half", "--input", "{"], "decide.json"),
        (["--decision", "half", "--input", '{"a": NaN}'], "decide.json"),
        (["--decision", "half", "--input", "[" * 100_000], "decide.json"),
        (["--decision", "half", "--input", "3"], "decide.object"),
        (["--decision", "none", "--input", "{}"], "dmn.decision"),
        (["--decision", "half", "--cases", "/nowhere/at/all"], "decide.file"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    model: Path, told: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(model, *told) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"[{code}]" in said.err


@pytest.mark.parametrize("text", ["[1]", '[{"decision": 1, "input": {}}]'])
def test_inputs_that_are_no_objects_are_refused(
    model: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model.with_name("cases.json")
    path.write_text(text, encoding="utf-8")
    assert ask(model, "--decision", "half", "--cases", str(path)) == 2
    assert "[decide.object]" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path / "none.dmn", "--decision", "a", "--input", "{}") == 2
    assert "[decide.file]" in capsys.readouterr().err
