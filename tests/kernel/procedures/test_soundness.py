"""Soundness: what can stick, starve or grow is found; what runs is let through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures import soundness
from qianshou.kernel.procedures.soundness import check_soundness
from tests.kernel.procedures.blocks import blocks, drawn
from tests.kernel.procedures.drafts import compiled

SOUND = {
    "line": "end e\n s > a > b > e",
    "choice": "xor x\n xor m\n end e\n s > x\n x > a: n = 1\n x > b\n a > m\n b > m > e",
    "parallel": "and i\n and o\n end e\n s > i > a > o > e\n i > b > o",
    "loop": "xor x\n xor m\n end e\n s > m > a > x\n x > m: again = true\n x > e",
    "timer": "late t a\n end e\n end f\n s > a > e\n t > b > f",
    "stop": "and i\n stop e\n end f\n s > i > a > e\n i > b > f",
}
UNSOUND = {
    "waits for one that never comes": (
        "xor x\n and o\n end e\n s > x\n x > a: n = 1\n x > b\n a > o\n b > o > e"
    ),
    "a loop back into a parallel join": (
        "and j\n xor x\n end e\n s > j > a > x\n x > j: again = true\n x > e"
    ),
    "tokens gather": "and i\n xor m\n end e\n s > m > i > a > e\n i > b > m",
    "no way to the end": (
        "and i\n and o\n xor x\n end e\n end f\n s > i > a > o > e\n i > b > x\n"
        " x > o: n = 1\n x > f"
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_runs_is_sound(name: str) -> None:
    assert not check_soundness(compiled(SOUND[name]))


@pytest.mark.parametrize("name", UNSOUND)
def test_what_can_stick_is_found_with_an_element(name: str) -> None:
    found = check_soundness(compiled(UNSOUND[name]))
    assert found
    assert all(refusal.code.startswith("sound") for refusal in found), found
    assert all(refusal.zh and refusal.en for refusal in found)


@settings(max_examples=60, deadline=None)
@given(blocks())
def test_blocks_put_together_are_always_sound(block: object) -> None:
    assert not check_soundness(compiled(drawn(block)))


@settings(max_examples=30, deadline=None)
@given(blocks(), some.sampled_from(["and", "xor"]))
def test_a_choice_closed_by_a_parallel_join_never_is(block: object, kind: str) -> None:
    text = drawn(block)
    closing = "and" if kind == "xor" else "xor"
    broken = (
        f"{kind} open\n {closing} shut\n end last\n s > open\n"
        + ("open > left: n = 1\n" if kind == "xor" else "open > left\n")
        + "open > right\n left > shut\n right > shut > after > last"
    )
    found = check_soundness(compiled(broken))
    assert bool(found) == (kind == "xor")
    assert text


def test_more_choices_than_can_be_played_are_told_as_such() -> None:
    ways = "\n".join(f"o > a{number}: n > {number}\na{number} > j" for number in range(20))
    found = check_soundness(compiled(f"or o\nor j\nend e\ns > o\nj > e\no > z > j\n{ways}"))
    assert [one.code for one in found] == ["soundness.large"]


def test_a_game_that_is_long_rather_than_wide_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "MOST_MOVES", 100)
    found = check_soundness(
        compiled(" > ".join(["s", *(f"a{one}" for one in range(120)), "e"]) + "\nend e")
    )
    assert [one.code for one in found] == ["soundness.large"]
