"""Lists of a round: handed in, compared, and every difference with its owner."""

from collections import Counter
from datetime import datetime

import pytest

from qianshou.packs.commission.care.models import Comparison, Mismatch
from qianshou.packs.commission.care.tests.survey import Survey, make_lists


@pytest.fixture
def survey(district: None, at: datetime) -> Survey:
    """Return a survey about to begin."""
    return Survey(at, make_lists())


def test_each_code_occurs(survey: Survey) -> None:
    row = survey.compare(survey.open())
    print(Comparison.objects.get(round=row).failure)
    counted = Counter(Mismatch.objects.filter(round=row).values_list("code", flat=True))
    assert set(counted) == {"M1", "C1", "C2", "A1", "D1", "D2", "N1", "N2", "E1"}, counted
