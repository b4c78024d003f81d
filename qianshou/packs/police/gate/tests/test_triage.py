"""The gate's decision tables: what is proposed, which limits follow, who is looked at again."""

import csv
from pathlib import Path
from typing import Any

import pytest

from qianshou.kernel.procedures.dmn import load_dmn

CATEGORIES = Path(__file__).parents[1] / "catalogues" / "category.csv"
TABLES = load_dmn((Path(__file__).parents[1] / "triage.dmn").read_bytes(), "triage.dmn")


def decided(name: str, **facts: Any) -> dict[str, Any]:
    found = TABLES.decide(name, facts)
    assert isinstance(found, dict)
    return found


def suggested(summary: str, text: str = "", at_risk: bool = False) -> tuple[str, str, str]:
    found = decided("suggest", summary=summary, text=text, at_risk=at_risk)
    return (found["suggested_kind"], found["suggested_category"], found["suggested_level"])


@pytest.mark.parametrize(
    ("summary", "proposal"),
    [
        ("有人落水了", ("emergency", "safety.water", "urgent")),
        ("楼上着火冒烟", ("emergency", "safety.fire", "urgent")),
        ("夜市有人打架", ("police", "police.fight", "prompt")),
        ("电动车被盗", ("police", "police.bike", "normal")),
        ("家里被盗", ("police", "police.theft", "normal")),
        ("老人走失", ("both", "people.elder", "prompt")),
        ("工地夜间施工", ("non_police", "noise.work", "normal")),
        ("广场舞太吵", ("non_police", "noise.life", "normal")),
        ("老板欠薪不给工资", ("non_police", "dispute.wage", "normal")),
        ("步道护栏松动", ("non_police", "city.road", "prompt")),
        ("问一件事", ("non_police", "other.ask", "normal")),
    ],
)
def test_words_lead_to_a_proposal(summary: str, proposal: tuple[str, str, str]) -> None:
    assert suggested(summary) == proposal


def test_danger_to_people_comes_before_words_that_are_no_emergency() -> None:
    danger = ("emergency", "people.danger", "urgent")
    assert suggested("问一件事", at_risk=True) == danger
    assert suggested("电动车被盗", at_risk=True) == danger
    assert suggested("楼上着火", at_risk=True)[1] == "safety.fire"


def test_a_proposal_says_why_in_both_languages() -> None:
    found = decided("suggest", summary="夜市有人打架", text="", at_risk=False)
    assert found["suggested_because"] == "提到打斗"
    assert found["suggested_because_en"] == "a fight is mentioned"


@pytest.mark.parametrize(("column", "size"), [("street_nine", 9), ("dispute_eight", 8)])
def test_the_code_sets_have_as_many_kinds_as_their_names_say(column: str, size: int) -> None:
    with CATEGORIES.open(encoding="utf-8") as file:
        assert sum(row[column] == "yes" for row in csv.DictReader(file)) == size


def test_the_details_count_like_the_sentence() -> None:
    assert suggested("请来看看", "河里有人溺水")[0] == "emergency"


@pytest.mark.parametrize(
    ("level", "sign", "work"),
    [("urgent", "5min", "1d"), ("prompt", "15min", "2d"), ("normal", "2wh", "5wd")],
)
def test_the_level_sets_both_limits(level: str, sign: str, work: str) -> None:
    assert decided("limits", level=level) == {"sign_span": sign, "work_span": work}


def looked_at(number: str) -> bool:
    return bool(TABLES.decide("look_again", {"number": number}))


def test_about_a_tenth_is_looked_at_again_whatever_the_day() -> None:
    first = [looked_at(f"LD-{20241101 + day}-0001") for day in range(28)]
    assert 0 < sum(first) < 10
    days = [
        sum(looked_at(f"LD-{20241101 + day}-{n:04d}") for n in range(1, 101)) for day in range(28)
    ]
    assert 0.08 < sum(days) / 2800 < 0.12
    assert len(set(days)) > 3
