"""The page on security has every requirement of ASVS 5.0 level 2 once, and names tests that exist."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/security.md"
# Requirements of levels 1 and 2 by chapter, counted from OWASP's own list of 5.0.0.
CHAPTERS = {
    "V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
    "V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}  # fmt: skip
STATES = {"met", "partly", "missing", "n/a", "deployment", "see"}
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| (L[12]) \| (.+?) \| ([a-z/]+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, ...]]:
    return [match.groups() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


def test_every_requirement_of_levels_one_and_two_has_one_row() -> None:
    ids = [row[0] for row in rows()]
    assert len(ids) == len(set(ids)) == 253
    assert Counter(one.partition(".")[0] for one in ids) == CHAPTERS
    assert Counter(row[1] for row in rows()) == {"L1": 70, "L2": 183}


def test_every_row_has_a_state_and_tests_or_a_reason() -> None:
    for number, _level, _text, state, shown in rows():
        assert state in STATES, number
        assert len(NAMED.sub("", shown).strip(" ,;.")) > 3 or NAMED.search(shown), number


def test_the_counts_of_states_are_those_of_the_table() -> None:
    told = Counter(row[3] for row in rows())
    sentence = re.search(r"At present: (.+)\.", PAGE.read_text(encoding="utf-8"))
    assert sentence
    assert dict(one.split(" ", 1)[::-1] for one in sentence[1].split(", ")) == {
        state: str(count) for state, count in told.items()
    }


def test_every_test_that_is_named_exists() -> None:
    named = {pair for row in rows() for pair in NAMED.findall(row[4])}
    assert len(named) > 80
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path, _name in named}
    assert [pair for pair in named if f"def {pair[1]}(" not in texts[pair[0]]] == []
