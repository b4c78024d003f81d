"""`qianshou simulate`: flags and files, tables and JSON, refusals with exit code 2."""

import json
from pathlib import Path

import pytest

from qianshou import cli

SHORT = ["--days", "8", "--warm-up-days", "0", "--runs", "2", "--arrivals", "40/d"]
GATE = ["simulate", "police.gate"]


def test_json_says_both_sides_and_their_difference(district: None, tmp_path: Path, capsys):
    told = tmp_path / "year.toml"
    told.write_text(
        'start = "reported"\n[staff]\ntown_seat = 1\npolice_seat = 1\n[steps]\ntriage = { mean = 60, kind = "fixed" }\n'
        '[outcomes.triage.kind]\npolice = 1\n[outcomes.callback.satisfied]\n"yes" = 1\n'
    )
    words = [*GATE, "--params", str(told), *SHORT, "--against-staff", "town_seat=4", "--json"]
    assert cli.main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [side["staff"]["town_seat"] for side in found["sides"]] == [1, 4]
    assert found["sides"][0]["start"] == "reported"
    assert list(found["sides"][0]["estimates"]["end"]) == ["handed"]
    assert found["differences"]["post"]["town_seat"]["queue"][0] < 0


def test_tables_are_printed_in_the_readers_language(district: None, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert cli.main([*GATE, *SHORT, "--service", "triage=1"]) == 0
    assert "平均排队件数" in capsys.readouterr().out
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert cli.main([*GATE, *SHORT, "--against-version", "1"]) == 0
    printed = capsys.readouterr().out
    assert "waited, mean (min)" in printed
    assert "A: " in printed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["simulate", "police.nothing"], "procedure.unpublished"),
        ([*GATE, "--arrivals", "40/month"], "cli.pairs"),
        ([*GATE, "--arrivals=-4/d"], "simulate.number"),
        ([*GATE, "--staff", "town_seat"], "cli.pairs"),
        ([*GATE, "--staff", "mayor=2"], "simulate.post"),
        ([*GATE, "--service", "nap=2"], "simulate.step"),
        ([*GATE, "--params", "/nowhere/at/all.toml"], "cli.params"),
        ([*GATE, "--against-version", "99"], "cli.pairs"),
    ],
)
def test_what_is_told_wrongly_is_refused(district: None, words, code, capsys):
    assert cli.main(words) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_a_file_that_is_no_table_and_sides_of_other_runs_are_refused(
    district: None, tmp_path: Path, capsys
):
    listed = tmp_path / "listed.json"
    listed.write_text("[1]")
    assert cli.main([*GATE, "--params", str(listed)]) == 2
    assert "[cli.params]" in capsys.readouterr().err
    other = tmp_path / "other.toml"
    other.write_text("runs = 3")
    assert cli.main([*GATE, *SHORT, "--against", str(other)]) == 2
    assert "[simulate.runs]" in capsys.readouterr().err
