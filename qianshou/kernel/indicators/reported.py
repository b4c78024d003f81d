"""Figures that somebody outside reported: shown as reported, never computed and never mixed in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qianshou.kernel.pack import Name, packs
from qianshou.kernel.refusal import Refusal

KEYS = ("name", "value", "unit", "period", "source", "quote")
NAMES = ("name", "unit")
LANGUAGES = {"zh", "en"}


@dataclass(frozen=True)
class Reported:
    """A figure as a report tells it: its value is text, with the sentence that it stands in."""

    id: str
    pack: str
    name: Name
    value: str
    unit: Name
    period: str
    source: str
    quote: str


def read_reported(path: Path, pack: str) -> tuple[Reported, ...]:
    """Return the figures that the `reported.toml` at `path` tells, in its order.

    Refuses a key that is missing, unknown, or not of its sort (reported.key): names and units
    have zh and en, all else is text.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_read(f"{path.parent.name}/{path.name}", pack, key, raw[key]) for key in raw)


def _read(where: str, pack: str, key: str, table: Any) -> Reported:
    told: Mapping[str, Any] = table if isinstance(table, dict) else {}
    wrong = sorted(set(told) - set(KEYS))
    wrong += [name for name in KEYS if not _is_good(name, told.get(name))]
    if wrong:
        raise Refusal(
            "reported.key",
            f"{where} · {key}：缺少、多余或写错的键 {'、'.join(wrong)}",
            f"{where} · {key}: keys missing, unknown or not of their sort: {', '.join(wrong)}",
            wrong[0],
        )
    names = {name: Name(**told[name]) for name in NAMES}
    return Reported(id=key, pack=pack, **{**told, **names})


def _is_good(name: str, value: Any) -> bool:
    if name not in NAMES:
        return isinstance(value, str)
    if not isinstance(value, dict) or set(value) != LANGUAGES:
        return False
    return all(isinstance(text, str) for text in value.values())


@cache
def reported() -> tuple[Reported, ...]:
    """Return the reported figures of every pack that tells some, pack by pack."""
    found: list[Reported] = []
    for pack in packs():
        path = pack.folder / "reported.toml"
        if path.is_file():
            found.extend(read_reported(path, pack.id))
    return tuple(found)


def side_by_side(figures: tuple[Reported, ...]) -> list[tuple[Reported, ...]]:
    """Return figures in groups of one name: a group with several values is a conflict."""
    groups: dict[str, list[Reported]] = {}
    for one in figures:
        groups.setdefault(one.name.zh, []).append(one)
    return [tuple(group) for group in groups.values()]
