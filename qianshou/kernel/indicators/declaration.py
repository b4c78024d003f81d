"""Reads what a pack declares to be counted; a definition's version is its digest."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import models

from qianshou.kernel.access import Actor
from qianshou.kernel.pack import Name, packs
from qianshou.kernel.refusal import Refusal

KEYS = {
    "name", "unit", "over", "at", "division", "matter", "measure", "of", "percent", "where",
    "when", "better", "by", "labels", "source", "suppress", "visible_only", "posts",
    "circle", "until", "titles", "sight", "due", "since", "unless", "least", "money",
}  # fmt: skip
REQUIRED = ("name", "unit", "over", "at", "division", "matter", "measure", "source")
MEASURES = ("count", "distinct", "sum", "mean", "percentile", "share")
MEASURED = ("distinct", "sum", "mean", "percentile")
NUMBERS = ("sum", "mean", "percentile")
NEVER = "never"
BETTER = ("lower", "higher", "")
DIVISION, PERIOD = "division", "period"


@dataclass(frozen=True)
class Indicator:
    """A definition (指标): which records are counted, how, by what, and where it comes from.

    `titles` says what each breakdown by a field is called, `labels` what its codes are: the name
    of a catalogue, "organisation", or a table of names. `matter` names the field that leads to the
    matter; it is "" only for records with nobody's matter behind them, such as shifts, which every
    officer may see, or with a `circle` (the field that leads to it), whose members alone do, or
    with a `sight` (the name of a function of the pack that says who sees which). `division` is ""
    for what belongs to the whole district: it is neither narrowed to towns nor broken down by them.

    With `until`, what stood at the end of the period is counted: begun by then and not ended;
    `until` "never" says that it does not end. Of what stood, `due` leaves what was overdue.
    `where` says which records are meant, `unless` which are not (what holds of one and the same
    related row), `least` how many related rows there must be.
    A "distinct" measure counts the different values of `of`; with `since`, the time from there to
    `of` is measured. `money` is kept in 分 and told in 元.

    `suppress` keeps back small counts of records that the viewer may not see (a record without
    a matter nobody may); `visible_only` counts only those that the viewer may see; `posts` of the
    pack are the only ones to whose holders it is shown at all. `table` is the declaration as it
    was read.
    """

    id: str
    pack: str
    name: Name
    unit: Name
    over: str
    at: str
    division: str
    matter: str
    measure: str
    source: str
    digest: str
    of: str = ""
    percent: int = 50
    where: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)
    better: str = ""
    by: tuple[str, ...] = ()
    labels: Mapping[str, str | Mapping[str, Name]] = field(default_factory=dict)
    suppress: bool = False
    visible_only: bool = False
    posts: tuple[str, ...] = ()
    circle: str = ""
    until: str = ""
    titles: Mapping[str, Name] = field(default_factory=dict)
    sight: str = ""
    due: str = ""
    since: str = ""
    unless: Mapping[str, Any] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    money: bool = False
    table: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def is_open_to(self, by: Actor) -> bool:
        """Whether it is shown to `by` at all."""
        return not self.posts or any(
            seat.pack == self.pack and seat.post in self.posts for seat in by.seats
        )

    @property
    def key(self) -> str:
        """Its name within its pack."""
        return self.id.removeprefix(f"{self.pack}.")

    @property
    def model(self) -> type[models.Model]:
        """The table whose records are counted."""
        return apps.get_model(self.over)

    @property
    def owner(self) -> str:
        """The field that leads to whoever the circle is around; "" for the record itself."""
        return self.circle.rpartition("__")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The breakdowns beside division and period."""
        return tuple(name for name in self.by if name not in (DIVISION, PERIOD))


def read_indicators(path: Path, pack: str) -> tuple[Indicator, ...]:
    """Return the indicators that the `indicators.toml` at `path` declares, in its order.

    Refuses unknown or missing keys (indicator.key), words with no meaning (indicator.measure)
    and tables or fields that are not there (indicator.field); each names file and key.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_read(path, pack, key, table) for key, table in raw.items())


def declared_again(pack: str, key: str, table: Mapping[str, Any]) -> Indicator:
    """Return the indicator that a kept declaration says; Refusal indicator.field where its table or
    fields are no longer there, and indicator.key where its words are no longer known.
    """
    return _read(Path("publication") / f"{pack}.{key}", pack, key, dict(table))


def _read(path: Path, pack: str, key: str, table: Any) -> Indicator:
    where = f"{path.parent.name}/{path.name} · {key}"
    if not isinstance(table, dict):
        raise _refused("key", where, "应是一张表", "must be a table", key)
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise _refused(
            "key",
            where,
            f"不认识的键 {'、'.join(unknown)}",
            f"unknown key {', '.join(unknown)}",
            unknown[0],
        )
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise _refused(
            "key",
            where,
            f"缺少键 {'、'.join(missing)}",
            f"missing key {', '.join(missing)}",
            missing[0],
        )
    _check_words(where, table)
    try:
        made = Indicator(
            id=f"{pack}.{key}",
            pack=pack,
            digest=digest_of(table),
            table=table,
            **{
                **table,
                "name": Name(**table["name"]),
                "unit": Name(**table["unit"]),
                "by": tuple(table.get("by", ())),
                "posts": tuple(table.get("posts", ())),
                "titles": {by: Name(**name) for by, name in table.get("titles", {}).items()},
                "labels": {
                    code: labels
                    if isinstance(labels, str)
                    else {value: Name(**name) for value, name in labels.items()}
                    for code, labels in table.get("labels", {}).items()
                },
            },
        )
    except TypeError as error:
        raise _refused(
            "key", where, f"名称须有 zh 与 en：{error}", f"names have zh and en: {error}", "name"
        ) from error
    _check_fields(where, made)
    return made


def digest_of(table: Mapping[str, Any]) -> str:
    """Return the digest of a declaration: its canonical JSON, whatever the order of its keys."""
    text = json.dumps(table, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_words(where: str, table: Mapping[str, Any]) -> None:
    measure = table["measure"]
    if measure not in MEASURES:
        raise _refused(
            "measure",
            where,
            f"measure 应为 {'、'.join(MEASURES)}",
            f"measure is one of {', '.join(MEASURES)}",
            "measure",
        )
    if measure in MEASURED and not table.get("of"):
        raise _refused(
            "measure", where, f"{measure} 须写 of", f"{measure} needs the field `of`", "of"
        )
    if measure == "share" and not table.get("when"):
        raise _refused("measure", where, "share 须写 when", "share needs `when`", "when")
    if table.get("until") and PERIOD in table.get("by", ()):
        raise _refused(
            "measure",
            where,
            "按期末存量计数的指标不能按时段分组",
            "what stands at the end of a period is not broken down by period",
            "by",
        )
    percent = table.get("percent", 50)
    if not isinstance(percent, int) or not 0 < percent < 100:
        raise _refused("measure", where, "percent 应在 1 到 99", "percent is 1 to 99", "percent")
    if table.get("better", "") not in BETTER:
        raise _refused(
            "measure",
            where,
            "better 应为 lower、higher 或空",
            "better is lower, higher or empty",
            "better",
        )
    for name in ("suppress", "visible_only", "money"):
        if not isinstance(table.get(name, False), bool):
            raise _refused(
                "measure", where, f"{name} 应为 true", f"{name} is true or left out", name
            )
    posts = table.get("posts", [])
    if not isinstance(posts, list) or not all(isinstance(post, str) for post in posts):
        raise _refused(
            "measure", where, "posts 应为岗位的列表", "posts is a list of posts", "posts"
        )
    if table.get("visible_only") and not table["matter"]:
        raise _refused(
            "measure", where, "visible_only 须写 matter", "visible_only needs `matter`", "matter"
        )
    if not table["division"] and DIVISION in table.get("by", ()):
        raise _refused(
            "measure",
            where,
            "没有 division 的指标不能按镇街分组",
            "what has no division is not broken down by it",
            "by",
        )
    for name in ("money", "since"):
        if table.get(name) and measure not in NUMBERS:
            raise _refused(
                "measure",
                where,
                f"{name} 只用于 {'、'.join(NUMBERS)}",
                f"{name} goes with {', '.join(NUMBERS)}",
                name,
            )
    if table.get("due") and not table.get("until"):
        raise _refused("measure", where, "due 须写 until", "due needs `until`", "due")
    if table.get("sight") and (table["matter"] or table.get("circle")):
        raise _refused(
            "measure",
            where,
            "sight 不与 matter、circle 同用",
            "sight goes with neither matter nor circle",
            "sight",
        )
    least = table.get("least", {})
    if not isinstance(least, dict) or not all(type(n) is int and n > 1 for n in least.values()):
        raise _refused(
            "measure",
            where,
            "least 应为关联记录与至少几条（2 以上）",
            "least names related rows and how many, 2 or more",
            "least",
        )


def _check_fields(where: str, made: Indicator) -> None:
    named = "over"
    try:
        model = made.model
        for named in ("at", "division", "matter", "of", "circle", "until", "due", "since"):
            name = getattr(made, named)
            if name and (named, name) != ("until", NEVER):
                str(model._default_manager.values(name).query)
        for named in ("at", "until", "due"):
            if (name := getattr(made, named)) and name != NEVER:
                is_day(model, name)
        for named in made.fields:
            model._meta.get_field(named)
            if named not in made.titles:
                raise LookupError(named)
        manager = model._default_manager
        for named in ("where", "when", "unless"):
            str(manager.filter(**getattr(made, named)).query)
        named = "least"
        str(manager.annotate(**{f"{one}_n": models.Count(one) for one in made.least}).query)
    except (LookupError, ValueError, FieldDoesNotExist, FieldError) as error:
        raise _refused(
            "field", where, f"{named} 指的表或字段不存在：{error}", f"{named}: {error}", named
        ) from error


def is_day(model: type[models.Model], path: str) -> bool:
    """Whether a field, reached over relations, holds days; LookupError when it holds no time."""
    *relations, name = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    column = model._meta.get_field(name)
    if not isinstance(column, models.DateField):
        raise LookupError(path)
    return not isinstance(column, models.DateTimeField)


def _refused(kind: str, where: str, zh: str, en: str, name: str) -> Refusal:
    return Refusal(f"indicator.{kind}", f"{where}：{zh}", f"{where}: {en}", name)


@cache
def indicators() -> tuple[Indicator, ...]:
    """Return the indicators of every pack that declares some, pack by pack."""
    found: list[Indicator] = []
    for pack in packs():
        path = pack.folder / "indicators.toml"
        if path.is_file():
            found.extend(read_indicators(path, pack.id))
    return tuple(found)


def indicators_of(pack: str) -> tuple[Indicator, ...]:
    """Return the indicators of one pack."""
    return tuple(one for one in indicators() if one.pack == pack)


def indicators_for(by: Actor) -> tuple[Indicator, ...]:
    """Return the indicators that are shown to `by`."""
    return tuple(one for one in indicators() if one.is_open_to(by))


def indicator_named(pack: str, key: str) -> Indicator:
    """Return one indicator; Refusal indicator.unknown when its pack does not declare it."""
    for one in indicators():
        if one.id == f"{pack}.{key}":
            return one
    raise Refusal("indicator.unknown", f"没有指标 {pack}.{key}", f"No indicator {pack}.{key}")
