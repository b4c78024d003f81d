"""The published match weights: one JSON file a version, read and checked once."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LATEST = "1"


@dataclass(frozen=True)
class Weights:
    """A version of the weights; `levels` maps comparison and level to log2 weight."""

    version: str
    levels: dict[str, dict[str, float]]
    rarity_least: float
    rarity_most: float
    least_rows: int
    household: tuple[str, ...]
    household_most: float
    auto: float
    margin: float
    review: float
    candidates: int


@cache
def read_weights(version: str = LATEST) -> Weights:
    """Return the weights of `version`, as published beside this module."""
    text = (Path(__file__).parent / f"{version}.json").read_text(encoding="utf-8")
    stated = json.loads(text)
    decision = stated["decision"]
    return Weights(
        version=stated["version"],
        levels=stated["levels"],
        rarity_least=stated["rarity"]["least"],
        rarity_most=stated["rarity"]["most"],
        least_rows=stated["prior"]["least_rows"],
        household=tuple(stated["household"]["fields"]),
        household_most=stated["household"]["most"],
        auto=decision["auto"],
        margin=decision["margin"],
        review=decision["review"],
        candidates=decision["candidates"],
    )
