"""The cross-check of a roster with the pupils' list: who is whom, what differs, whose task it is.

`comparing` is imported by whoever compares, when it does: Splink takes longer to load than all
the rest of the house.
"""

from qianshou.packs.commission.care.crosscheck.levels import LEVELS, level_words
from qianshou.packs.commission.care.crosscheck.outcome import (
    CODES,
    DECISIONS,
    FIELDS,
    Decision,
    Duplicate,
    Evidence,
    LeftOut,
    Lines,
    Outcome,
    find_left_out,
)
from qianshou.packs.commission.care.crosscheck.weights import LATEST as WEIGHTS_VERSION

__all__ = [
    "CODES",
    "DECISIONS",
    "FIELDS",
    "LEVELS",
    "WEIGHTS_VERSION",
    "Decision",
    "Duplicate",
    "Evidence",
    "LeftOut",
    "Lines",
    "Outcome",
    "find_left_out",
    "level_words",
]
