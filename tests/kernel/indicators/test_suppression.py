"""What is kept back cannot be worked out from what one page shows: by trying every possibility."""

from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from qianshou.kernel.indicators.suppression import (
    MOST,
    Unseen,
    hide_counts,
    hide_shares,
    is_few,
)

COUNTS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 60)), max_size=9)
SHARES = st.lists(
    st.integers(0, 25).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=7
)


def sums(choices: Iterable[Sequence[int]], most: int) -> set[int]:
    """Return every sum up to `most` of one number out of each of `choices`."""
    found = {0}
    for numbers in choices:
        found = {done + number for done in found for number in numbers if done + number <= most}
    return found


@settings(max_examples=400, deadline=None)
@given(COUNTS)
def test_a_hidden_count_may_be_any_of_one_to_four(counts: list[int]) -> None:
    unseen = {str(place): count for place, count in enumerate(counts)}
    hidden = hide_counts(unseen)
    few = {key for key, count in unseen.items() if is_few(count)}
    if hidden is None:
        assert few
        return
    assert few <= hidden
    rest = sum(counts) - sum(count for key, count in unseen.items() if key not in hidden)
    shown = [count for key, count in unseen.items() if key not in hidden and count > MOST]
    most = min(shown, default=rest)  # whoever knows the rule knows that the smallest are hidden
    for one in few:
        others = [
            range(1, MOST + 1) if key in few else range(MOST + 1, most + 1)
            for key in hidden
            if key != one
        ]
        assert {rest - number for number in range(1, MOST + 1)} <= sums(others, rest)


@given(COUNTS)
def test_nothing_is_hidden_where_nothing_is_few(counts: list[int]) -> None:
    unseen = {str(place): count for place, count in enumerate(counts) if not is_few(count)}
    assert hide_counts(unseen) == set()


def test_one_small_town_takes_the_next_smallest_with_it() -> None:
    assert hide_counts({"a": 2, "b": 40, "c": 30, "d": 90}) == {"a", "c"}
    assert hide_counts({"a": 2, "b": 30, "c": 30, "d": 90}) == {"a", "b", "c"}
    assert hide_counts({"a": 1, "b": 3, "c": 90}) == {"a", "b", "c"}
    assert hide_counts({"a": 2, "b": 3, "c": 90}) == {"a", "b"}
    assert hide_counts({"a": 1, "b": 5}) is None
    assert hide_counts({"a": 3}) is None


@settings(max_examples=400, deadline=None)
@given(SHARES)
def test_a_hidden_share_may_be_another(rows: list[tuple[int, int]]) -> None:
    unseen = {str(place): Unseen(*row) for place, row in enumerate(rows)}
    counts = hide_counts({key: cell.count for key, cell in unseen.items()})
    whole = Unseen(sum(row[0] for row in rows), sum(row[1] for row in rows))
    if counts is None or is_few(whole.counted) or is_few(whole.others):
        return
    kept = hide_shares(unseen, counts)
    counted = sum(unseen[key].counted for key in kept)
    for one, cell in unseen.items():
        if is_few(cell.counted) or is_few(cell.others):
            assert one in kept
            if cell.counted in (0, cell.count) and one in counts:
                continue  # its number of records is hidden, and with it this one
            others = [range(unseen[key].count + 1) for key in kept if key != one]
            reached = sums(others, counted)
            assert sum(counted - number in reached for number in range(cell.count + 1)) > 1


def test_a_share_is_hidden_for_what_it_counts_and_for_what_it_does_not() -> None:
    unseen = {"a": Unseen(60, 58), "b": Unseen(80, 50), "c": Unseen(70, 40), "d": Unseen(9, 0)}
    assert hide_shares(unseen, set()) == {"a", "c", "d"}
    assert hide_shares({"a": Unseen(60, 30), "b": Unseen(9, 9)}, set()) == set()
    assert hide_shares({"a": Unseen(60, 30), "b": Unseen(9, 9)}, {"b"}) == {"a", "b"} - {"a"}
