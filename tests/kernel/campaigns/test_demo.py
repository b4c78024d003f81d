"""The demonstration's campaign is played through the real functions, the same each time."""

from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest

from qianshou.demo.campaigns import play_campaign
from qianshou.kernel.campaigns.models import Campaign, FundEntry, Progress
from qianshou.kernel.campaigns.reading import lines_of
from qianshou.kernel.ledger.replay import verify
from tests.kernel.campaigns.small import SMALL, install_small


def test_a_campaign_is_played_and_verifies(district: None, tmp_path: Path, at: datetime) -> None:
    longer = SMALL
    for number in (4, 5):
        longer += f"""
[[quiet.measures]]
no = {number}
group = "streets"
name = {{ zh = "措施{number}", en = "Measure {number}" }}
owner = "women"
due_days = 20
source = "our reading"
"""
    campaign = install_small(tmp_path, at, longer)
    play_campaign(campaign.code, Random(7), began=date(2026, 1, 5), at=at)
    campaign.refresh_from_db()
    assert campaign.began_date == date(2026, 1, 5)
    states = dict(campaign.measures.values_list("number", "state"))
    assert states == {1: "open", 2: "verified", 3: "open", 4: "verified", 5: "verified"}
    assert not campaign.measures.get(number=3).progress.exists(), "it has no owner"
    assert campaign.measures.get(number=1).share == 75
    assert all(0.9 * line.amount < line.spent <= line.amount for line in lines_of(campaign))
    told = list(FundEntry.objects.order_by("pk").values_list("amount", "text"))
    assert told
    assert Progress.objects.filter(kind="verified").count() == 3
    assert list(verify()) == []


def test_a_campaign_that_is_not_there_is_an_error(
    district: None, tmp_path: Path, at: datetime
) -> None:
    with pytest.raises(Campaign.DoesNotExist):
        play_campaign("no.such", Random(7), began=at.date(), at=at)
    campaign = install_small(tmp_path, at)
    Campaign.objects.update(pack="nobody.manages")
    with pytest.raises(LookupError):
        play_campaign(campaign.code, Random(7), began=at.date(), at=at)
