"""Generated procedures made of blocks: sequences, choices, parallels and loops, one in another."""

from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as some

Block = Any


KINDS = ("seq", "xor", "and", "loop")


def blocks(kinds: tuple[str, ...] = KINDS) -> some.SearchStrategy[Block]:
    """Return a strategy of blocks: "step", or (kind, [blocks])."""
    return some.recursive(
        some.just("step"),
        lambda inner: some.tuples(
            some.sampled_from(kinds),
            some.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=7,
    )


def drawn(block: Block) -> str:
    """Return a block as a draft: choices ask `g<n> = k` (inclusive ones `>=`), loops `g<n> = true`."""
    numbers, lines = count(1), []

    def draw(part: Block) -> tuple[str, str]:
        if part == "step":
            name = f"t{next(numbers)}"
            return name, name
        kind, parts = part
        ends = [draw(one) for one in parts]
        if kind == "seq" or (len(ends) == 1 and kind in ("xor", "or", "and")):
            for (_, out), (into, _) in pairwise(ends):
                lines.append(f"{out} > {into}")
            return ends[0][0], ends[-1][1]
        number = next(numbers)
        first, last = f"g{number}", f"j{number}"
        if kind == "loop":
            lines.extend([f"xor {last}", f"xor {first}"])
            for (_, out), (into, _) in pairwise(ends):
                lines.append(f"{out} > {into}")
            lines.append(f"{last} > {ends[0][0]}")
            lines.append(f"{ends[-1][1]} > {first}")
            lines.append(f"{first} > {last}: {first} = true")
            step = f"t{next(numbers)}"
            lines.append(f"{first} > {step}")
            return last, step
        lines.extend([f"{kind} {first}", f"{kind} {last}"])
        for place, (into, out) in enumerate(ends):
            sign = {"xor": "=", "or": ">="}.get(kind)
            asked = f": {first} {sign} {place}" if sign and place else ""
            lines.append(f"{first} > {into}{asked}")
            lines.append(f"{out} > {last}")
        return first, last

    into, out = draw(block)
    return "\n".join(["end e", *lines, f"s > {into}", f"{out} > tail > e"])
