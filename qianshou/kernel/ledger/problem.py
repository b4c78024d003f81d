"""What verifying finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: which subject and entry, in both languages."""

    subject: str
    seq: int
    zh: str
    en: str
