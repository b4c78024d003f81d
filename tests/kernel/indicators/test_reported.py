"""Reported figures: read with every key, beside one another where they differ."""

from pathlib import Path

import pytest

from qianshou.kernel.indicators.reported import read_reported, side_by_side
from qianshou.kernel.refusal import Refusal

LEAD = """
[lead]
name = { zh = "街面九类110警情", en = "Street calls of nine kinds" }
value = "−32.8"
unit = { zh = "%", en = "%" }
period = "2024"
source = "重庆法治报"
quote = "全区街面九类110警情同比下降32.8%"
"""


def told(folder: Path, text: str) -> Path:
    path = folder / "reported.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_two_values_of_one_name_stand_side_by_side(tmp_path: Path) -> None:
    text = LEAD + LEAD.replace("[lead]", "[end]").replace("32.8", "40.36")
    found = side_by_side(read_reported(told(tmp_path, text), "police.gate"))
    assert [[one.value for one in group] for group in found] == [["−32.8", "−40.36"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("quote =", "quotation ="),
        ('value = "−32.8"', "value = -32.8"),
        ('en = "%"', 'fr = "%"'),
        ('period = "2024"', ""),
        ('en = "Street calls of nine kinds"', "en = 9"),
    ],
)
def test_a_key_that_is_odd_or_missing_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in LEAD
    with pytest.raises(Refusal) as refused:
        read_reported(told(tmp_path, LEAD.replace(old, new)), "police.gate")
    assert refused.value.code == "reported.key"
    assert "lead" in refused.value.zh
