"""Nobody is tracked, clocked in, scored or ranked: no table, form, page or figure has a place for it.

国办函〔2026〕12号: no check-in, points, ranking or hours for those who do the work; and no map, track
or score of a child, ever.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from qianshou.kernel.pack import packs

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = re.compile(
    r"(?<![a-z])(check_?ins?|clock_?ins?|scores?|points?|rank(s|ed|ing|ings)?|leaderboards?|badges?"
    r"|track(s|ed|ing)?|trajector(y|ies)|gps|likes?|streaks?|online_time)(?![a-z])",
    re.IGNORECASE,
)
PLACES = re.compile(r"(?<![a-z])(longitude|latitude|altitude|accuracy|steps_walked)(?![a-z])")
HOURS = re.compile(r"(?<![a-z])(hours?|minutes_spent|duration|time_spent)(?![a-z])")
CHINESE = re.compile(r"签到|打卡|积分|排名|排行|得分|评分|时长|轨迹|点赞|在线时间|定位")
SAYS_NO = re.compile(r"不打分|不评分|不签到|不排名|不定位")
CARE = "commission.care"


def names_of_tables() -> Iterator[tuple[str, str]]:
    """Yield every table with each of its fields' names."""
    for model in apps.get_models():
        if model.__module__.startswith("qianshou."):
            for field in model._meta.get_fields():
                yield model._meta.label, field.name


def names_of_forms() -> Iterator[tuple[str, str]]:
    """Yield every form of a pack with each field's id and both its titles."""
    for pack in packs():
        for path in sorted((pack.folder / "forms").glob("*.json")):
            properties: dict[str, Any] = json.loads(path.read_text("utf-8"))["properties"]
            for key, told in properties.items():
                for text in (key, told["title"], told["x-en"]):
                    yield path.name, text


def names_in_pages() -> Iterator[tuple[str, str]]:
    """Yield every page of the product with each name of a field, and each piece of Chinese."""
    for path in sorted(ROOT.glob("qianshou/**/jinja2/**/*.html")):
        text = path.read_text("utf-8")
        for name in re.findall(r'(?:name|id|data-[a-z-]+)="([^"{}]+)"', text):
            yield path.name, name
        for words in re.findall(r"[一-鿿，。“”]+", text):
            yield path.name, words


def offends(name: str) -> bool:
    """Whether a name is of what we do not keep; a sentence that says so is none."""
    return bool(ENGLISH.search(name) or CHINESE.search(SAYS_NO.sub("", name)))


@pytest.mark.parametrize("names", [names_of_tables, names_of_forms, names_in_pages])
def test_there_is_no_field_for_check_in_points_ranking_hours_or_tracks(names: Any) -> None:
    found = list(names())
    assert len(found) > 20
    wrong = [f"{where}: {name}" for where, name in found if offends(name)]
    assert not wrong, "\n".join(wrong)


def test_no_table_of_care_has_coordinates_or_time_spent() -> None:
    fields = [(where, name) for where, name in names_of_tables() if where.startswith("care.")]
    assert len(fields) > 100
    wrong = [one for one in fields if PLACES.search(one[1]) or HOURS.search(one[1])]
    assert not wrong


def test_no_form_of_care_asks_where_somebody_is_or_for_how_long() -> None:
    folder = next(pack.folder for pack in packs() if pack.id == CARE)
    for path in sorted((folder / "forms").glob("*.json")):
        text = path.read_text("utf-8")
        assert not PLACES.search(text), path.name
        assert not HOURS.search(text), path.name


def test_a_page_of_care_asks_no_browser_where_it_is() -> None:
    scripts = [
        *ROOT.glob("qianshou/packs/**/static/**/*.js"),
        *ROOT.glob("qianshou/design/static/qs/*.js"),
    ]
    assert scripts
    for path in scripts:
        assert "geolocation" not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("check_in_at", True), ("score", True), ("total_points", True), ("ranking", True),
        ("走访打卡", True), ("积分", True), ("写看到的，不打分", False), ("checked_on", False),
        ("tracker", False), ("pointed", False), ("走访", False), ("number_of_rows", False),
    ],
)  # fmt: skip
def test_the_words_are_compared_whole(name: str, wrong: bool) -> None:
    assert offends(name) == wrong
