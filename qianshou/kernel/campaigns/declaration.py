"""Reads what a pack declares of its campaigns: groups, measures, mechanisms, budget lines."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qianshou.kernel.pack import Name, packs
from qianshou.kernel.refusal import Refusal

CARRIERS = ("procedure", "indicator", "duty", "page")
KEYS: dict[str, dict[str, type]] = {
    "campaign": {"name": dict, "groups": list, "measures": list},
    "groups": {"id": str, "name": dict},
    "measures": {
        "no": int, "group": str, "name": dict, "owner": str, "due_days": int, "source": str,
    },
    "mechanisms": {"id": str, "name": dict},
    "budget": {"id": str, "name": dict, "fen": int},
}  # fmt: skip
OPTIONAL: dict[str, dict[str, type]] = {
    "campaign": {"mechanisms": list, "budget": list},
    "mechanisms": dict.fromkeys(CARRIERS, str),
}
LANGUAGES = {"zh", "en"}


@dataclass(frozen=True)
class DeclaredMeasure:
    """A measure before it is installed: its owner's code, its deadline in days from the start."""

    no: int
    group: str
    name: Name
    owner: str
    due_days: int
    source: str


@dataclass(frozen=True)
class Mechanism:
    """A named mechanism (机制) and what carries it: a procedure, an indicator, a duty or a page."""

    id: str
    name: Name
    kind: str
    target: str


@dataclass(frozen=True)
class DeclaredLine:
    """A budget line with its amount in 分."""

    id: str
    name: Name
    fen: int


@dataclass(frozen=True)
class DeclaredCampaign:
    """A campaign as a pack declares it."""

    code: str
    pack: str
    name: Name
    groups: tuple[tuple[str, Name], ...]
    measures: tuple[DeclaredMeasure, ...]
    mechanisms: tuple[Mechanism, ...] = ()
    budget: tuple[DeclaredLine, ...] = ()


def read_campaigns(path: Path, pack: str) -> tuple[DeclaredCampaign, ...]:
    """Return the campaigns that the `campaign.toml` at `path` declares, in its order.

    Refuses keys that are unknown, missing or not of their sort (campaign.key), and what does not
    agree (campaign.declared): a number or id that stands twice, an unknown group, a mechanism
    that nothing or more than one thing carries, amounts and days below nought.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    where = f"{path.parent.name}/{path.name}"
    return tuple(_read(f"{where} · {key}", pack, key, raw[key]) for key in raw)


def _read(where: str, pack: str, key: str, table: Any) -> DeclaredCampaign:
    told = _checked(where, "campaign", table)
    groups = [_checked(where, "groups", one) for one in told["groups"]]
    measures = [_checked(where, "measures", one) for one in told["measures"]]
    mechanisms = [_checked(where, "mechanisms", one) for one in told.get("mechanisms", ())]
    budget = [_checked(where, "budget", one) for one in told.get("budget", ())]
    for part, name, rows in (
        ("groups", "id", groups),
        ("measures", "no", measures),
        ("mechanisms", "id", mechanisms),
        ("budget", "id", budget),
    ):
        values = [row[name] for row in rows]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise _odd(where, f"{part} 里 {twice} 重复", f"{twice} stands twice in {part}")
    known = {group["id"] for group in groups}
    for one in measures:
        if one["group"] not in known:
            raise _odd(where, f"没有分组 {one['group']}", f"there is no group {one['group']}")
        if one["no"] < 1 or one["due_days"] < 0:
            raise _odd(
                where,
                f"措施 {one['no']}：编号从 1 起，天数不为负",
                f"measure {one['no']}: numbers begin at 1, days are not below nought",
            )
    if any(line["fen"] < 0 for line in budget):
        raise _odd(where, "预算不能为负", "a budget is not below nought")
    return DeclaredCampaign(
        code=f"{pack}.{key}",
        pack=pack,
        name=Name(**told["name"]),
        groups=tuple((group["id"], Name(**group["name"])) for group in groups),
        measures=tuple(DeclaredMeasure(**_named(one)) for one in measures),
        mechanisms=tuple(_mechanism(where, one) for one in mechanisms),
        budget=tuple(DeclaredLine(**_named(one)) for one in budget),
    )


def _checked(where: str, part: str, table: Any) -> Mapping[str, Any]:
    """Return a table whose keys are known, there, and of their sort."""
    told: Mapping[str, Any] = table if isinstance(table, dict) else {}
    required = KEYS[part]
    allowed = {**required, **OPTIONAL.get(part, {})}
    wrong = sorted(set(told) - set(allowed))
    wrong += [name for name in required if name not in told]
    for name in set(told) & set(allowed):
        value = told[name]
        good = isinstance(value, allowed[name]) and not isinstance(value, bool)
        if name == "name" and good:
            good = set(value) == LANGUAGES and all(isinstance(text, str) for text in value.values())
        if not good:
            wrong.append(name)
    if wrong:
        raise Refusal(
            "campaign.key",
            f"{where} · {part}：缺少、多余或写错的键 {'、'.join(wrong)}",
            f"{where} · {part}: keys missing, unknown or not of their sort: {', '.join(wrong)}",
            wrong[0],
        )
    return told


def _named(table: Mapping[str, Any]) -> dict[str, Any]:
    return {**table, "name": Name(**table["name"])}


def _mechanism(where: str, table: Mapping[str, Any]) -> Mechanism:
    carriers = [(kind, table[kind]) for kind in CARRIERS if kind in table]
    if len(carriers) != 1:
        raise _odd(
            where,
            f"机制 {table['id']} 须写且只写一个载体：{'、'.join(CARRIERS)}",
            f"the mechanism {table['id']} is carried by exactly one of {', '.join(CARRIERS)}",
        )
    [(kind, target)] = carriers
    return Mechanism(table["id"], Name(**table["name"]), kind, target)


def _odd(where: str, zh: str, en: str) -> Refusal:
    return Refusal("campaign.declared", f"{where}：{zh}", f"{where}: {en}")


@cache
def declared_campaigns() -> tuple[DeclaredCampaign, ...]:
    """Return the campaigns of every pack that declares some, pack by pack."""
    found: list[DeclaredCampaign] = []
    for pack in packs():
        path = pack.folder / "campaign.toml"
        if path.is_file():
            found.extend(read_campaigns(path, pack.id))
    return tuple(found)


def mechanisms_of(code: str) -> tuple[Mechanism, ...]:
    """Return the mechanisms of a campaign; none for one that no pack declares any more."""
    for one in declared_campaigns():
        if one.code == code:
            return one.mechanisms
    return ()
