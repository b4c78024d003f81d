"""A declared campaign is read whole or refused with where and what."""

from pathlib import Path

import pytest
from django.conf import settings

from qianshou.kernel.campaigns.declaration import read_campaigns
from qianshou.kernel.refusal import Refusal
from tests.kernel.campaigns.small import SMALL

CARE = settings.ROOT / "qianshou/packs/commission/care/campaign.toml"


def told(folder: Path, text: str) -> Path:
    path = folder / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_campaign_is_read_with_all_its_parts(tmp_path: Path) -> None:
    [found] = read_campaigns(told(tmp_path, SMALL), "police.gate")
    assert found.code == "police.gate.quiet"
    assert [one.no for one in found.measures] == [1, 2, 3]
    assert [(one.kind, one.target) for one in found.mechanisms] == [
        ("procedure", "police.gate"),
        ("indicator", "calls"),
        ("page", "/registry/"),
        ("duty", "quiet.round"),
    ]
    assert sum(line.fen for line in found.budget) == 150_000


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('owner = "city"', 'boss = "city"', "campaign.key", "boss"),
        ("no = 1\n", "", "campaign.key", "no"),
        ("no = 1\n", 'no = "one"\n', "campaign.key", "no"),
        ("no = 1\n", "no = true\n", "campaign.key", "no"),
        ('en = "Quiet nights"', 'fr = "Nuits"', "campaign.key", "name"),
        ('en = "Quiet nights"', "en = 7", "campaign.key", "name"),
        ("no = 2\n", "no = 1\n", "campaign.declared", "twice"),
        ('id = "leaflets"', 'id = "meters"', "campaign.declared", "twice"),
        ("no = 2\n", "no = 0\n", "campaign.declared", "begin at 1"),
        ("due_days = 10\n", "due_days = -1\n", "campaign.declared", "nought"),
        ('group = "streets"', 'group = "roofs"', "campaign.declared", "roofs"),
        ("fen = 50_000", "fen = -1", "campaign.declared", "nought"),
        ('indicator = "calls"', "", "campaign.declared", "exactly one"),
        ('page = "/registry/"', 'page = "/"\nduty = "x"', "campaign.declared", "exactly one"),
    ],
)
def test_what_does_not_agree_is_refused(
    tmp_path: Path, old: str, new: str, code: str, said: str
) -> None:
    assert old in SMALL
    with pytest.raises(Refusal) as refused:
        read_campaigns(told(tmp_path, SMALL.replace(old, new, 1)), "police.gate")
    assert refused.value.code == code
    assert said in refused.value.en
    assert "quiet" in refused.value.zh


def test_a_campaign_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_campaigns(told(tmp_path, "quiet = 3"), "police.gate")
    assert refused.value.code == "campaign.key"


def test_the_care_campaign_has_what_the_article_counts() -> None:
    [found] = read_campaigns(CARE, "commission.care")
    assert [one.no for one in found.measures] == list(range(1, 20))
    assert len(found.groups) == 3
    assert len(found.mechanisms) == 5
    assert sum(line.fen for line in found.budget) == 620_000_00
    named = [one.name.zh for one in found.measures if one.source == "article row 21"]
    assert len(named) == 3
    assert {one.source for one in found.measures} == {"article row 21", "our reading"}
