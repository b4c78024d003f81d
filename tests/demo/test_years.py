"""The calls of the demonstration are worked on as officers of the product would."""

from datetime import datetime, timedelta
from random import Random

import pytest

from qianshou.demo.years import Player
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.worklist.models import Matter


@pytest.mark.parametrize(("days", "claims"), [(30, True), (400, False)])
def test_what_a_simulation_looks_back_on_was_claimed_by_whoever_completed_it(
    district: None, at: datetime, days: int, claims: bool
) -> None:
    Player(Random(3), at).play(at - timedelta(days=days))
    entries = entries_of(Matter.objects.get().number)
    done = [one for one in entries if one["act"] == "complete" and one["node"] != "callback"]
    claimed = [one for one in entries if one["act"] == "claim"]
    assert len(done) > 3
    if claims:
        assert [(one["node"], one["by"]) for one in claimed] == [
            (one["node"], one["by"]) for one in done
        ]
        assert all(early["at"] < late["at"] for early, late in zip(claimed, done, strict=True))
    else:
        assert claimed == []
