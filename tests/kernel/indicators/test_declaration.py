"""What an indicator may say: whatever has no meaning is refused, with its file, key and remedy."""

from pathlib import Path

import pytest

from qianshou.kernel.indicators.declaration import Indicator, read_indicators
from qianshou.kernel.refusal import Refusal

HEAD = """
[one]
name = { zh = "结对", en = "Pairings" }
unit = { zh = "次", en = "pairings" }
over = "registry.Pairing"
at = "from_date"
matter = ""
source = "a test"
"""
PLAIN = 'division = "division"\nmeasure = "count"\n'


def declared(folder: Path, text: str) -> Indicator:
    path = folder / "indicators.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    (found,) = read_indicators(path, "police.gate")
    return found


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN + 'until = "to_date"\ndue = "to_date"',
        PLAIN + 'until = "never"',
        PLAIN + 'unless = { division__pairings__kind = "leader_town" }',
        PLAIN + "least = { division__children = 2 }",
        PLAIN + 'sight = "gate.all"',
        'division = ""\nmeasure = "count"\nby = ["period"]',
        'division = ""\nmeasure = "sum"\nof = "id"\nmoney = true',
        'division = ""\nmeasure = "mean"\nof = "to_date"\nsince = "from_date"',
        PLAIN.replace("count", "distinct") + 'of = "officer"',
    ],
)
def test_what_has_a_meaning_is_read(tmp_path: Path, text: str) -> None:
    assert declared(tmp_path, text).id == "police.gate.one"


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (PLAIN + 'due = "to_date"', "measure", "due"),
        (PLAIN + 'until = "to_date"\ndue = "note"', "field", "due"),
        (PLAIN + 'until = "never"\nby = ["period"]', "measure", "by"),
        (PLAIN + 'until = "note"', "field", "until"),
        (PLAIN + "money = true", "measure", "money"),
        (PLAIN + 'money = "yuan"', "measure", "money"),
        (PLAIN + 'since = "from_date"', "measure", "since"),
        (
            'division = ""\nmeasure = "mean"\nof = "to_date"\nsince = "birthday"',
            "field",
            "since",
        ),
        ('division = ""\nmeasure = "count"\nby = ["division"]', "measure", "by"),
        (PLAIN + 'unless = { moon = "full" }', "field", "unless"),
        (PLAIN + "least = { moons = 2 }", "field", "least"),
        (PLAIN + "least = { division__children = 1 }", "measure", "least"),
        (PLAIN + "least = { division__children = true }", "measure", "least"),
        (PLAIN + "least = 2", "measure", "least"),
        (PLAIN + 'sight = "gate.all"\ncircle = "division"', "measure", "sight"),
    ],
)
def test_what_has_none_is_refused(tmp_path: Path, text: str, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        declared(tmp_path, text)
    assert (refused.value.code, refused.value.field) == (f"indicator.{code}", field)
    assert "indicators.toml · one" in refused.value.zh
    assert "indicators.toml · one" in refused.value.en


def test_a_day_may_be_reached_over_a_relation_and_must_be_one(tmp_path: Path) -> None:
    text = HEAD.replace('"from_date"', '"division__valid_from"')
    (tmp_path / "indicators.toml").write_text(text + PLAIN, encoding="utf-8")
    assert read_indicators(tmp_path / "indicators.toml", "police.gate")
    (tmp_path / "indicators.toml").write_text(
        text.replace("valid_from", "name") + PLAIN, encoding="utf-8"
    )
    with pytest.raises(Refusal) as refused:
        read_indicators(tmp_path / "indicators.toml", "police.gate")
    assert (refused.value.code, refused.value.field) == ("indicator.field", "at")
