"""Whether the people of this database are invented: a mark in the database itself says so.

The model is loaded when the database is asked: sheets are read without one too, by
`qianshou crosscheck`.
"""

import threading
from time import monotonic

from django.db import DatabaseError

SYNTHETIC = "synthetic"
PREFIX = "500199"  # of invented identity numbers: no place has this code
WORDS, WORDS_EN = "合成数据", "Synthetic data"
ASKED_EVERY = 60.0  # seconds: the mark is set once, when the demonstration is loaded
_asking = threading.Lock()
_answer = (False, float("-inf"))


def is_synthetic() -> bool:
    """Whether this database holds the demonstration district; asked of it once a minute.

    Where the database does not answer, as on the page that says so, the last answer holds.
    """
    from qianshou.kernel.registry.models import Mark

    answer, until = _answer
    if monotonic() < until or not _asking.acquire(blocking=False):
        return answer
    try:
        answer = Mark.objects.filter(name=SYNTHETIC).exists()
        remember(answer)
    except DatabaseError:
        return answer
    finally:
        _asking.release()
    return answer


def remember(answer: bool) -> None:
    """Take `answer` as the database's for the next minute."""
    global _answer
    _answer = (answer, monotonic() + ASKED_EVERY)


def forget() -> None:
    """Ask the database at the next occasion."""
    global _answer
    _answer = (_answer[0], float("-inf"))


def marked_words(language: str) -> str:
    """Return what a sheet or a document says at its head, or "" where people are real."""
    if not is_synthetic():
        return ""
    return WORDS if language.startswith("zh") else f"{WORDS} {WORDS_EN}"
