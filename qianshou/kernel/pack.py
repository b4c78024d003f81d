"""Finds the packs, reads what they declare, and keeps the registers their code fills.

A pack is a folder `packs/<authority>/<system>/` with a `pack.toml`. Adding one touches
nothing outside its folder. What a pack names is checked by `kernel.check`.
"""

import csv
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from django.conf import settings

from qianshou.kernel.procedures.engine import Step
from qianshou.kernel.procedures.forms import Form, join_sheets, load_form
from qianshou.kernel.refusal import Refusal


@dataclass(frozen=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        """Return the name in `language`; Chinese for any "zh"."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True)
class PostDeclaration:
    """What a pack says of a post: its reach, the acts and the classes of data it may use, and
    whether somebody must sit there at every minute.
    """

    code: str
    name: Name
    reach: str
    acts: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    around_the_clock: bool = False


@dataclass(frozen=True)
class RoleDeclaration:
    """A role of part (部分知情) in a circle: of each kind of sheets the fields that it opens.

    Of all else in the circle whoever belongs to it in no other role knows nothing.
    """

    code: str
    opens: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ProcedureDeclaration:
    """A procedure of a pack; `title`, `level` and `place` are FEEL or names of facts."""

    id: str
    file: str
    number: str
    title: str
    place: str = ""
    level: str = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartDeclaration:
    """A way into a procedure: a start event with its form.

    `by` says for whom: "officer" of its posts, "resident", a protected "reporter", or "page" where
    only a page of the pack's own opens it, for `posts`, which may then name "resident" too.
    """

    id: str
    procedure: str
    start: str
    form: str
    by: str
    name: Name
    icon: str
    posts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageDeclaration:
    """A page of a pack's own: the name of its address, and the posts in whose frame it stands.

    An urgent one stands there as a button of its own, on every page.
    """

    id: str
    address: str
    name: Name
    icon: str
    posts: tuple[str, ...]
    urgent: bool = False


@dataclass(frozen=True)
class DutyDeclaration:
    """What the clock opens once a period (`every` day, month, quarter or year) for each subject
    that the source `of` names: a procedure by one of the pack's ways in.
    """

    id: str
    procedure: str
    start: str
    every: str
    of: str


@dataclass(frozen=True)
class Pack:
    """One system of one authority, as its folder declares it."""

    id: str
    authority: str
    name: Name
    icon: str
    accent: str
    folder: Path
    procedures: Mapping[str, ProcedureDeclaration]
    posts: Mapping[str, PostDeclaration]
    starts: Mapping[str, StartDeclaration]
    catalogues: Mapping[str, Name] = field(default_factory=dict)
    pages: Mapping[str, PageDeclaration] = field(default_factory=dict)
    duties: Mapping[str, DutyDeclaration] = field(default_factory=dict)
    roles: Mapping[str, RoleDeclaration] = field(default_factory=dict)

    def form(self, name: str) -> Form:
        """Return the form `forms/<name>.json`; Refusal pack.form when there is none."""
        form = _read_form(self.folder / "forms" / f"{name}.json")
        return join_sheets(form, self.form)

    def sources(self, procedure: str) -> dict[str, dict[str, str]]:
        """Return the texts that make a procedure: the pack's bpmn by process id, its dmn, and
        its forms, but those with which other procedures begin.
        """

        def read(pattern: str) -> dict[str, str]:
            found = sorted(self.folder.glob(pattern))
            return {path.stem: path.read_text(encoding="utf-8") for path in found}

        declared = {table.file.removesuffix(".bpmn"): key for key, table in self.procedures.items()}
        begun = {start.form for start in self.starts.values() if start.procedure == procedure}
        others = {start.form for start in self.starts.values()} - begun
        return {
            "bpmn": {
                declared.get(stem, f"{self.id}.{stem}"): text
                for stem, text in read("*.bpmn").items()
            },
            "dmn": read("*.dmn"),
            "forms": {
                name: text for name, text in read("forms/*.json").items() if name not in others
            },
        }

    def catalogue_rows(self, code: str) -> list[dict[str, str]]:
        """Return the rows of `catalogues/<code>.csv`: code, name, name_en, parent and extras."""
        path = self.folder / "catalogues" / f"{code}.csv"
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


@cache
def _read_form(path: Path) -> Form:
    if not path.is_file():
        raise Refusal(
            "pack.form", f"没有表单文件 {path.name}", f"No form file {path.name}", path.stem
        )
    return load_form(path.read_bytes(), f"{path.parent.parent.name}/{path.name}")


KEYS = {
    "": {
        "id", "authority", "name", "icon", "accent", "procedures", "posts", "starts", "catalogues",
        "pages", "duties", "roles",
    },
    "procedures": {"file", "number", "title", "place", "level", "classes"},
    "posts": {"name", "reach", "acts", "reads", "around_the_clock"},
    "starts": {"procedure", "start", "form", "by", "name", "icon", "posts"},
    "catalogues": {"name"},
    "pages": {"address", "name", "icon", "posts", "urgent"},
    "duties": {"procedure", "start", "every", "of"},
    "roles": {"opens"},
}  # fmt: skip


def read_pack(path: Path) -> Pack:
    """Return the pack declared by the `pack.toml` at `path`.

    Refuses unknown or missing keys (pack.key) and an id that is not the folder's (pack.id).
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    folder = path.parent
    _refuse_unknown(path, "", raw)
    for part in ("procedures", "posts", "starts", "catalogues", "pages", "duties", "roles"):
        for key, table in raw.get(part, {}).items():
            _refuse_unknown(path, part, table, key)
    expected = f"{folder.parent.name}.{folder.name}"
    if raw.get("id") != expected:
        raise Refusal(
            "pack.id",
            f"{path}：id 应为 {expected}",
            f"{path}: the id must be {expected}",
            "id",
        )
    try:
        return Pack(
            id=raw["id"],
            authority=raw["authority"],
            name=Name(**raw["name"]),
            icon=raw["icon"],
            accent=raw["accent"],
            folder=folder,
            procedures=MappingProxyType(
                {
                    key: ProcedureDeclaration(
                        id=key, **{**table, "classes": tuple(table.get("classes", ()))}
                    )
                    for key, table in raw["procedures"].items()
                }
            ),
            posts=MappingProxyType(
                {
                    key: PostDeclaration(
                        code=key,
                        name=Name(**table["name"]),
                        reach=table["reach"],
                        acts=tuple(table.get("acts", ())),
                        reads=tuple(table.get("reads", ())),
                        around_the_clock=table.get("around_the_clock", False) is True,
                    )
                    for key, table in raw["posts"].items()
                }
            ),
            starts=MappingProxyType(
                {
                    key: StartDeclaration(
                        id=key,
                        **{
                            **table,
                            "name": Name(**table["name"]),
                            "posts": tuple(table.get("posts", ())),
                        },
                    )
                    for key, table in raw.get("starts", {}).items()
                }
            ),
            catalogues=MappingProxyType(
                {key: Name(**table["name"]) for key, table in raw.get("catalogues", {}).items()}
            ),
            pages=MappingProxyType(
                {
                    key: PageDeclaration(
                        id=key,
                        **{
                            **table,
                            "name": Name(**table["name"]),
                            "posts": tuple(table["posts"]),
                        },
                    )
                    for key, table in raw.get("pages", {}).items()
                }
            ),
            duties=MappingProxyType(
                {
                    key: DutyDeclaration(id=key, **table)
                    for key, table in raw.get("duties", {}).items()
                }
            ),
            roles=MappingProxyType(
                {
                    key: RoleDeclaration(
                        code=key,
                        opens={kind: tuple(names) for kind, names in table["opens"].items()},
                    )
                    for key, table in raw.get("roles", {}).items()
                }
            ),
        )
    except (KeyError, TypeError) as error:
        raise Refusal(
            "pack.key", f"{path}：缺少或多余的键 {error}", f"{path}: missing or odd key {error}"
        ) from error


def _refuse_unknown(path: Path, part: str, table: Mapping[str, Any], key: str = "") -> None:
    unknown = sorted(set(table) - KEYS[part])
    if unknown:
        where = f"{part}.{key}" if part else path.name
        raise Refusal(
            "pack.key",
            f"{path}：{where} 里有不认识的键 {'、'.join(unknown)}",
            f"{path}: unknown key in {where}: {', '.join(unknown)}",
            unknown[0],
        )


@cache
def packs() -> tuple[Pack, ...]:
    """Return every pack, in the order of their ids."""
    found = [
        read_pack(settings.ROOT / module.replace(".", "/") / "pack.toml")
        for module in settings.PACKS
    ]
    return tuple(sorted(found, key=lambda pack: pack.id))


@cache
def roles_of_part() -> dict[str, RoleDeclaration]:
    """Return the roles of part that the packs declare, by code."""
    return {code: role for pack in packs() for code, role in pack.roles.items()}


@cache
def pack_of(procedure: str) -> Pack:
    """Return the pack that declares `procedure`; Refusal pack.procedure when none does."""
    for pack in packs():
        if procedure in pack.procedures:
            return pack
    raise Refusal(
        "pack.procedure", f"没有规范 {procedure}", f"No procedure {procedure}", "procedure"
    )


def declaration_of(procedure: str) -> ProcedureDeclaration:
    """Return what its pack declares of `procedure`."""
    return pack_of(procedure).procedures[procedure]


def find_start(pack_id: str, start_id: str) -> tuple[Pack, StartDeclaration]:
    """Return a pack and one of its ways in; Refusal pack.start when there is none."""
    for pack in packs():
        if pack.id == pack_id and start_id in pack.starts:
            return pack, pack.starts[start_id]
    raise Refusal("pack.start", f"没有入口 {pack_id}/{start_id}", f"No way in {pack_id}/{start_id}")


@dataclass(frozen=True)
class Change:
    """What an act did to a matter, as an effect or projection sees it, inside the transaction.

    `late` says that the act came when its task's time was over; `circle` and `person` are the
    matter's.
    """

    matter: int
    number: str
    procedure: str
    act: str
    node: str
    task: int | None
    by: str
    officer: int | None
    at: datetime
    opened_at: datetime
    division: int
    organisation: int
    holder: int | None
    facts: Mapping[str, Any]
    submitted: Mapping[str, Any]
    step: Step | None
    closed: bool
    late: bool = False
    circle: int | None = None
    person: int | None = None


class Term(NamedTuple):
    """One period of a duty (一期), from its first day to its last."""

    first: date
    last: date


@dataclass(frozen=True)
class Due:
    """One matter that a duty opens in a term: about which subject, with which facts, where.

    `subject` is told apart within the duty (a child's number); `organisation` is the code of
    who keeps the matter; `circle` and `person` as in `door.acts.Open`.
    """

    subject: str
    facts: Mapping[str, Any]
    organisation: str = ""
    circle: int | None = None
    person: int | None = None


@dataclass(frozen=True)
class Ranked:
    """The likeliest choices of a field, the first the likeliest, and what is to be said of them."""

    codes: tuple[str, ...]
    note: Name


Effect = Callable[[Change, Mapping[str, Any]], None]
Projection = Callable[[Change], None]
DutySource = Callable[[Term, datetime], Iterable[Due]]
Sight = Callable[[Any], Any]
RecordPages = Callable[[Iterable[Any], Any], Mapping[int, str]]
Ranking = Callable[[Mapping[str, Any]], Ranked | None]
_effects: dict[str, Effect] = {}
_projections: dict[str, Projection] = {}
_duty_sources: dict[str, DutySource] = {}
_sights: dict[str, Sight] = {}
_record_pages: dict[str, RecordPages] = {}
_rankings: dict[str, Ranking] = {}
_frozen = False


def _register(register: dict[str, Any], key: str, function: Any) -> Any:
    if _frozen or key in register:
        raise RuntimeError(f"{key!r} is registered twice, or after the packs were loaded")
    register[key] = function
    return function


def effect(name: str) -> Callable[[Effect], Effect]:
    """Register a function run in the door's transaction when a service task `qs:effect` is passed.

    It gets the change and the effect's own facts.
    """
    return lambda function: _register(_effects, name, function)


def duty(name: str) -> Callable[[DutySource], DutySource]:
    """Register the function that says for whom a duty is due: it gets the term and the instant,
    and yields every `Due` of the term, those opened already too.
    """
    return lambda function: _register(_duty_sources, name, function)


def sight(name: str) -> Callable[[Sight], Sight]:
    """Register the function that says which records of an indicator an actor may see, where
    neither a matter nor a circle says so: it gets the actor and returns a filter.
    """
    return lambda function: _register(_sights, name, function)


def record_pages(pack: str, model: str) -> Callable[[RecordPages], RecordPages]:
    """Register the function that says which pages open the records of a table that a pack counts:
    it gets rows that an actor sees and the actor, and returns addresses by id, of those alone
    whose page the actor may open.
    """
    return lambda function: _register(_record_pages, f"{pack}/{model}", function)


def ranking(name: str) -> Callable[[Ranking], Ranking]:
    """Register the function that puts the likeliest choices of a form's field (x-rank) first: it
    gets the matter's facts and returns them, or None while it has nothing to say.
    """
    return lambda function: _register(_rankings, name, function)


def projection(procedure: str) -> Callable[[Projection], Projection]:
    """Register the function that keeps a pack's own tables true after each act on `procedure`."""
    return lambda function: _register(_projections, procedure, function)


def effect_named(name: str) -> Effect:
    """Return the effect registered under `name`; KeyError when a pack forgot it (see check)."""
    return _effects[name]


def has_effect(name: str) -> bool:
    """Whether an effect is registered under `name`."""
    return name in _effects


def duty_source(name: str) -> DutySource | None:
    """Return the source of duties registered under `name`, or None (see check)."""
    return _duty_sources.get(name)


def sight_named(name: str) -> Sight:
    """Return the sight registered under `name`; KeyError when a pack forgot it (see check)."""
    return _sights[name]


def has_sight(name: str) -> bool:
    """Whether a sight is registered under `name`."""
    return name in _sights


def ranked(name: str, facts: Mapping[str, Any]) -> Ranked | None:
    """Return what the ranking `name` makes of a matter's facts; KeyError when a pack forgot it."""
    return _rankings[name](facts)


def has_ranking(name: str) -> bool:
    """Whether a ranking is registered under `name`."""
    return name in _rankings


def pages_of_records(pack: str, model: str, rows: Iterable[Any], by: Any) -> Mapping[int, str]:
    """Return the addresses of the pages of rows that the actor `by` may open, by their ids."""
    function = _record_pages.get(f"{pack}/{model}")
    return {} if function is None else function(rows, by)


def project(change: Change) -> None:
    """Run the projection of the change's procedure, where its pack has one."""
    function = _projections.get(change.procedure)
    if function is not None:
        function(change)


def load_packs() -> None:
    """Import the module of each pack's own name, where it has one, and freeze the registers."""
    global _frozen
    if _frozen:
        return
    for pack in packs():
        if (pack.folder / f"{pack.folder.name}.py").is_file():
            import_module(f"qianshou.packs.{pack.id}.{pack.folder.name}")
    _frozen = True
