"""A pack that is not whole is refused by the check, with where and in both languages."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qianshou.kernel.check import check_pack
from qianshou.kernel.indicators.declaration import read_indicators
from qianshou.kernel.pack import packs, read_pack
from qianshou.kernel.refusal import Refusal

GATE = next(pack.folder for pack in packs() if pack.id == "police.gate")
Change = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Change:
    """Return what changes the first `old` in a file of the pack."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, (name, old)
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def with_role(role: str, kind: str, field: str) -> Change:
    """Return what declares a role of part that opens one field of a kind of sheets."""
    opens = f'[roles.{role}]\nopens = {{ "{kind}" = ["{field}"] }}\n\n[posts.town_seat]'
    return replaced("pack.toml", "[posts.town_seat]", opens)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the gate's folder that a test may spoil."""
    folder = tmp_path / "police/gate"
    shutil.copytree(GATE, folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    return folder


def test_the_copy_itself_is_fine(copied: Path) -> None:
    assert check_pack(read_pack(copied / "pack.toml")) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (replaced("pack.toml", 'authority = "police"', 'colour = "red"'), "pack.key"),
        (replaced("pack.toml", 'id = "police.gate"', 'id = "police.other"'), "pack.id"),
        (replaced("pack.toml", "[posts.town_seat]\nreach", "[posts.town_seat]\nroof"), "pack.key"),
        (replaced("pack.toml", "[posts.town_seat]", "[roles.x]\n[posts.town_seat]"), "pack.key"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_refused(
    copied: Path, change: Change, code: str
) -> None:
    change(copied)
    with pytest.raises(Refusal) as refused:
        read_pack(copied / "pack.toml")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replaced("gate.bpmn", 'formKey="triage"', 'formKey="nothing"'), "no form nothing"),
        (replaced("gate.bpmn", "town_seat,police_seat", "nobody_seat"), "no post nobody_seat"),
        (replaced("gate.bpmn", 'qs:source="G3"', 'qs:source="Z99"'), "Z99"),
        (replaced("gate.bpmn", ' qs:source="G3"', ""), "source"),
        (
            replaced("gate.bpmn", 'qs:effect="gate.find_cause"', 'qs:effect="gate.none"'),
            "gate.none",
        ),
        (replaced("gate.bpmn", ' qs:nameEn="Triage"', ""), "English"),
        (replaced("gate.bpmn", 'decision="suggest"', 'decision="missing"'), "missing"),
        (replaced("gate.bpmn", "serviceTask", "scriptTask"), "scriptTask"),
        (replaced("triage.dmn", 'hitPolicy="FIRST"', 'hitPolicy="NEAREST"'), "NEAREST"),
        (replaced("forms/triage.json", '"x-en"', '"x-latin"'), "x-latin"),
        (replaced("catalogues/source.csv", "110,", "12345,"), "twice"),
        (replaced("pack.toml", 'reach = "district"', 'reach = "moon"'), "moon"),
        (replaced("pack.toml", '"roster"', '"rule"'), "rule"),
        (replaced("indicators.toml", 'measure = "count"', 'measure = "guess"'), "measure"),
        (replaced("indicators.toml", 'at = "received_at"', 'at = "birthday"'), "birthday"),
        (replaced("indicators.toml", 'at = "received_at"', 'att = "received_at"'), "att"),
        (replaced("indicators.toml", "[calls]", '[calls]\nposts = ["king"]'), "king"),
        (replaced("indicators.toml", "[calls]", '[calls]\nposts = "king"'), "posts"),
        (replaced("indicators.toml", "[calls]", '[calls]\nsuppress = "yes"'), "suppress"),
        (with_role("teacher", "gate.receive", "source"), "another pack has this role"),
        (with_role("caller", "gate.sheet", "source"), "no sheet gate.sheet"),
        (with_role("caller", "care.receive", "source"), "no sheet care.receive"),
        (with_role("caller", "gate.triage", "colour"), "no fields ['colour']"),
        (
            replaced("indicators.toml", 'matter = "matter_id"', 'matter = ""\nsight = "gone"'),
            "gone",
        ),
        (
            replaced("indicators.toml", 'matter = "matter_id"', 'matter = ""\nvisible_only = true'),
            "visible_only",
        ),
    ],
)
def test_what_does_not_agree_is_found(copied: Path, change: Change, said: str) -> None:
    change(copied)
    found = check_pack(read_pack(copied / "pack.toml"))
    assert found
    assert any(said in refusal.en for refusal in found), [refusal.en for refusal in found]
    assert all(refusal.zh and refusal.code for refusal in found)


def test_a_reported_figure_with_an_odd_key_is_found(copied: Path) -> None:
    (copied / "reported.toml").write_text('[lead]\nworth = "1"\n', encoding="utf-8")
    assert [one.code for one in check_pack(read_pack(copied / "pack.toml"))] == ["reported.key"]


def test_an_indicator_needs_both_names(copied: Path) -> None:
    replaced("indicators.toml", ', en = "Calls" }', " }")(copied)
    with pytest.raises(Refusal) as refused:
        read_indicators(copied / "indicators.toml", "police.gate")
    assert refused.value.code == "indicator.key"
