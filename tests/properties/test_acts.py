"""Random acts by random people on random procedures: nothing is half done, nobody sees too much.

`QIANSHOU_EXAMPLES=500 pytest tests/properties` looks for longer.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, note, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.kernel.conftest import add_packs, make_office
from tests.properties.drawings import Drawing, drawing, drawings
from tests.properties.fitting import FITS
from tests.properties.town import Town, build_town
from tests.properties.walk import Walk

EXAMPLES = int(os.environ.get("QIANSHOU_EXAMPLES", "6"))
STEPS = 40
SEED = some.integers(0, 2**32 - 1)
IN_ROW = """
end e
s > t1 > t2 > t3 > tail > e
"""
BESIDE = """
end e
and g
and j
s > t1 > g
g > t2 > j
g > t3 > j
g > t4 > j
g > t5 > j
g > t6 > j
g > t7 > j
g > t8 > j
j > tail > e
"""
WAYS_BESIDE = {
    "t2": "together", "t3": "turn", "t4": "any", "t5": "share", "t6": "message", "t7": "late",
    "t8": "beside",
}  # fmt: skip
VARIANTS = {
    "Complete together", "Complete turn", "Complete any", "Complete share", "Complete straight",
    "Return straight", "AddSigner before", "RemoveSigner before", "Copy off", "Supervise off",
}  # fmt: skip


class Acts(RuleBasedStateMachine):
    """The door as it is knocked at by anybody with anything."""

    town: Town
    walk: Walk

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        """Verify every matter, and leave nothing behind."""
        try:
            self.walk.finish()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(drawn=drawings(), seed=SEED)
    def begin(self, drawn: Drawing, seed: int) -> None:
        self.walk = Walk(self.town, drawn, seed)

    @rule(seed=SEED)
    def go_on(self, seed: int) -> None:
        before = len(self.walk.tried)
        try:
            for kind in self.walk.go_on(seed):
                event(kind)
        finally:
            for line in self.walk.tried[before:]:
                note(line)


@pytest.fixture
def town(db: None, settings: Any, at: datetime) -> Iterator[Town]:
    """Return the office and whoever else acts."""
    packs = add_packs(settings, "benchmarks.packs.bench.loop")
    next(packs)
    yield build_town(make_office(at))
    list(packs)


def test_whatever_anybody_does_is_done_whole_or_not_at_all(town: Town) -> None:
    class Here(Acts):
        pass

    Here.town = town

    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        phases=[
            Phase.generate
        ],  # another step is another chance: what is left out changes the rest
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Here, settings=bounds)


def test_every_kind_of_act_is_done_at_least_once(town: Town) -> None:
    missing = {kind.__name__ for kind in FITS} | VARIANTS
    for seed, (draft, ways) in product((1, 2, 3), ((IN_ROW, {}), (BESIDE, WAYS_BESIDE))):
        if not missing:
            break
        with transaction.atomic():
            walk = Walk(town, drawing(draft, ways), seed)
            for _step in range(140):
                missing -= walk.go_on(0).keys()
            walk.finish()
            transaction.set_rollback(True)
    assert missing == set()
