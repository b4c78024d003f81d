"""Which small counts are kept back, and what else so that they cannot be had by subtraction.

A viewer knows the records that they may see; what is guarded is how many others there are. A
cell with 1 to 4 of them is hidden, and then the next smallest, until from the rows and their
total each hidden number can still be any of 1 to 4: also for somebody who knows that it is
always the smallest that is hidden. A table for which that cannot be had is withheld whole.

Protected is what one page shows. Not protected is what somebody works out who compares pages of
periods that differ by little, or of today and tomorrow, or who knows that two breakdowns hang
together.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qianshou.kernel.pack import Name

MOST = 4
FEW = Name("1～4", "1–4")
KEPT = Name("不显示", "not shown")


@dataclass(frozen=True)
class Unseen:
    """How many records of a cell the viewer may not see, and how many of them a share counts."""

    count: int = 0
    counted: int = 0

    @property
    def others(self) -> int:
        """How many of them a share does not count."""
        return self.count - self.counted


def is_few(count: int) -> bool:
    """Whether a number of records is so small that it may point at somebody."""
    return 1 <= count <= MOST


def hide_counts(unseen: Mapping[str, int]) -> set[str] | None:
    """Return the cells whose numbers are hidden beside a total that is shown; None: all of them.

    `unseen` says of every cell how many of its records the viewer may not see.
    """
    few = {key for key, count in unseen.items() if is_few(count)}
    rest = sorted((count, key) for key, count in unseen.items() if count > MOST)
    hidden = set(few)
    for place in range(len(rest) + 1):
        largest = rest[place][0] if place < len(rest) else None
        if all(_may_be_any(key, hidden, unseen, largest) for key in few):
            return hidden
        if largest is not None:
            hidden.add(rest[place][1])
    return None


def _may_be_any(
    key: str, hidden: Collection[str], unseen: Mapping[str, int], largest: int | None
) -> bool:
    """Whether the other hidden cells leave open that this one is 1, or is 4."""
    less, more = 0, 0
    for other in hidden:
        if other == key:
            continue
        count = unseen[other]
        if is_few(count):
            less += count - 1
            more += MOST - count
        else:
            less += count - MOST - 1
            more += MOST if largest is None else largest - count
    return less >= MOST - unseen[key] and more >= unseen[key] - 1


def hide_shares(unseen: Mapping[str, Unseen], hidden: Collection[str]) -> set[str]:
    """Return the rows whose share is hidden, though their number of records may be shown.

    A share with its number of records tells what it counts and what it does not; either may be
    1 to 4. `hidden` are the rows whose number of records is hidden: their share is too.
    """
    few = {key for key, cell in unseen.items() if is_few(cell.counted)}
    few_others = {key for key, cell in unseen.items() if is_few(cell.others)}
    kept = few | few_others | set(hidden)
    rest = sorted(
        (cell.count, key) for key, cell in unseen.items() if cell.count and key not in kept
    )
    while few or few_others:
        whole = sum(unseen[key].count for key in kept)
        counted = sum(unseen[key].counted for key in kept)
        if _spread(few, unseen, counted, whole) and _spread(
            few_others, unseen, whole - counted, whole
        ):
            break
        if not rest:
            break
        kept.add(rest.pop(0)[1])
    return kept


def _spread(few: Collection[str], unseen: Mapping[str, Unseen], part: int, whole: int) -> bool:
    """Whether what the kept rows count together may lie wholly outside each of the small ones."""
    return not few or (part > MOST and all(part <= whole - unseen[key].count for key in few))
