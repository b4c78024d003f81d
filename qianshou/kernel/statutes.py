"""The statutes that deadlines and duties rest on, each under a key; code refers to the key."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qianshou.kernel.refusal import Refusal

TABLE = Path(__file__).parent / "statutes.toml"


@dataclass(frozen=True)
class Statute:
    """One rule: what it says, where it stands, and whether its text was read (verified)."""

    key: str
    law: str
    article: str
    zh: str
    en: str
    span: str
    verified: bool


@cache
def statutes() -> Mapping[str, Statute]:
    """Return every statute by its key."""
    told = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        key: Statute(
            key, row["law"], row.get("article", ""), row["zh"], row["en"], row.get("span", ""),
            row["verified"],
        )
        for part in told.values()
        for key, row in part.items()
    }  # fmt: skip


def statute(key: str) -> Statute:
    """Return the statute of `key`; Refusal statute.unknown when there is none."""
    found = statutes().get(key)
    if found is None:
        raise Refusal("statute.unknown", f"没有依据“{key}”", f"There is no statute “{key}”", key)
    return found
