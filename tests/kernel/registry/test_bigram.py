"""Search: Chinese by any two characters or one, names by pinyin and its initials."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qianshou.kernel.registry.bigram import initials_of, search_query, search_tokens

CHINESE = some.text(some.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2)


@pytest.mark.parametrize(
    ("name", "initials"), [("王芳", "wf"), ("曾单", "zd"), ("大足", "dz"), ("重庆", "cq")]
)
def test_initials_of_names(name: str, initials: str) -> None:
    assert initials_of(name) == initials


@pytest.mark.parametrize("words", ["龙水", "水镇", "龙水镇", "lsz", "longshui", "镇"])
def test_a_town_is_found_by_its_parts_and_its_sound(words: str) -> None:
    tokens = search_tokens("龙水镇", name=True)
    assert search_query(words).holds(tokens)
    assert not search_query(words).holds(search_tokens("三驱", name=True))


@given(CHINESE, some.data())
def test_every_two_characters_in_a_row_are_found(text: str, data: some.DataObject) -> None:
    place = data.draw(some.integers(0, len(text) - 2))
    assert search_query(text[place : place + 2]).holds(search_tokens(text))


@given(some.text(max_size=40))
def test_whatever_is_typed_makes_a_query(text: str) -> None:
    query = search_query(text)
    assert isinstance(query.fts5(), str)
    assert isinstance(query.tsquery(), str)
    assert query.fts5().count('"') % 2 == 0
