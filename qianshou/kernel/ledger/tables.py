"""What the tables say now, of matters and of rows of the registry, to compare with the ledger."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from qianshou.kernel.ledger.append import Stamped, stamp
from qianshou.kernel.ledger.chain import ALGORITHMS, digest_of_bytes
from qianshou.kernel.refusal import Refusal

# Counted at the door of the house, without an entry.
UNWRITTEN = {"failures", "locked_until", "totp_step"}
Waiting = tuple[str, str, str, str, int | None, int | None, str, int | None]


@dataclass(slots=True)
class Picture:
    """A matter beside its state: as its row and what hangs on it say, or as its acts say.

    Organisations and the division are codes; tasks and timers are those that wait, by token:
    a task's node, deadline, posts, organisation, assignee and whose it is where it is delegated,
    to which step it then goes and which task waits for it, a timer's deadline; what is awaited are
    messages and signals by token; readers are whom it is copied to, and whether they have read it.
    """

    title: str
    organisation: str
    division: str
    receipt: str
    circle: int | None = None
    person: int | None = None
    supervised: bool = False
    suspended: bool = False
    outcome: str = ""
    parties: set[str] = field(default_factory=set)
    tasks: dict[int, Waiting] = field(default_factory=dict)
    timers: dict[int, str] = field(default_factory=dict)
    awaited: dict[int, str] = field(default_factory=dict)
    readers: dict[int, bool] = field(default_factory=dict)
    version: str = ""


@dataclass(slots=True)
class StoredMatter:
    """What the tables say of a matter, to be compared with its replay."""

    state: str
    seq: int
    head: str
    picture: Picture


def stored_matters(subject: str = "") -> dict[str, StoredMatter]:
    """Return every matter, or the one of this number, by number (six queries)."""
    matters = apps.get_model("worklist", "Matter").objects.order_by("pk")
    tasks = apps.get_model("worklist", "Task").objects.filter(state=0)
    timers = apps.get_model("worklist", "Timer").objects.all()
    parties = apps.get_model("worklist", "Party").objects.all()
    awaited = apps.get_model("worklist", "Subscription").objects.all()
    copies = apps.get_model("worklist", "Copy").objects.filter(ended_at=None)
    if subject:
        matters = matters.filter(number=subject)
        tasks = tasks.filter(matter__number=subject)
        timers = timers.filter(matter__number=subject)
        parties = parties.filter(matter__number=subject)
        awaited = awaited.filter(matter__number=subject)
        copies = copies.filter(matter__number=subject)
    stored: dict[str, StoredMatter] = {}
    pictures: dict[int, Picture] = {}
    for (
        pk, number, digest, state, seq, head, title, organisation, division, receipt, supervised,
        suspended_at, outcome, circle, person,
    ) in matters.values_list(
        "pk", "number", "version__digest", "state", "seq", "head", "title", "organisation__code",
        "division__code", "receipt_digest", "supervised", "suspended_at", "outcome",
        "circle", "person",
    ).iterator(chunk_size=5000):  # fmt: skip
        picture = Picture(
            title, organisation, division, receipt, circle, person, supervised,
            suspended_at is not None, outcome, version=digest,
        )  # fmt: skip
        pictures[pk] = picture
        stored[number] = StoredMatter(state, seq, head, picture)
    for matter, token, *waiting in tasks.values_list(
        "matter", "token", "node", Stamped("due_at"), "posts", "organisation__code", "assignee",
        "delegated_from", "resume_node", "blocks__token",
    ):  # fmt: skip
        if matter in pictures:
            node, due_at, posts, organisation, assignee, whose, resume, blocks = waiting
            pictures[matter].tasks[token] = (
                node, due_at, posts, organisation, assignee, whose, resume, blocks,
            )  # fmt: skip
    for matter, token, due_at in timers.values_list("matter", "token", Stamped("due_at")):
        if matter in pictures:
            pictures[matter].timers[token] = due_at
    for matter, token, message in awaited.values_list("matter", "token", "message"):
        if matter in pictures:
            pictures[matter].awaited[token] = message
    for matter, organisation in parties.values_list("matter", "organisation__code"):
        if matter in pictures:
            pictures[matter].parties.add(organisation)
    for matter, officer, read_at in copies.values_list("matter", "officer", "read_at"):
        if matter in pictures:
            pictures[matter].readers[officer] = read_at is not None
    return stored


def registry_rows(kind: str) -> dict[str, dict[str, Any]] | None:
    """Return the rows of a table whose changes are written down, by key, each by field; None for
    no such table. Tables of the registry are, and those that declare `ledgered`.
    """
    model = ledgered_models().get(kind)
    if model is None:
        return None
    fields = [one for one in model._meta.concrete_fields if one.name not in UNWRITTEN]
    names = [one.name for one in fields]
    rows = model._base_manager.values_list("pk", *(one.attname for one in fields))
    return {
        str(key): dict(zip(names, row, strict=True)) for key, *row in rows.iterator(chunk_size=5000)
    }


def ledgered_models() -> dict[str, type[models.Model]]:
    """Return the tables whose changes are written down, by the name that their subjects begin
    with; two of one name could not be told apart and are refused (ledger.two_tables).
    """
    found: dict[str, type[models.Model]] = {}
    for model in apps.get_models():
        told = model._meta.app_label == "registry" or getattr(model, "ledgered", False)
        if not told or model._meta.proxy:
            continue
        name = str(model._meta.model_name)
        if name in found:
            labels = f"{found[name]._meta.label}, {model._meta.label}"
            raise Refusal(
                "ledger.two_tables",
                f"两张表同名，台账无法区分：{labels}",
                f"Two tables have one name; the ledger cannot tell them apart: {labels}",
                name,
            )
        found[name] = model
    return found


@cache
def tables_in_circles() -> frozenset[str]:
    """Return the names of the packs' tables whose every row lies in a circle: those that must point
    at a circle, or at a row that must (a hazard at a child, a child at her circle).
    """
    return frozenset(
        name
        for name, model in ledgered_models().items()
        if model._meta.app_label != "registry" and _lies_in_circle(model)
    )


def _lies_in_circle(model: type[models.Model]) -> bool:
    targets = [
        field.remote_field.model
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and not field.null
        and field.remote_field.model is not model
    ]
    return any(
        target._meta.label == "registry.Circle" or _lies_in_circle(target) for target in targets
    )


def is_written(value: Any, told: Any) -> bool:
    """Whether a value of a registry row is what its entry wrote down; of bytes, their digest."""
    if isinstance(value, bytes | memoryview):
        name = str(told).partition(":")[0]
        return name in ALGORITHMS and bool(told == digest_of_bytes(bytes(value), name))
    if isinstance(value, datetime):
        return isinstance(told, str) and stamp(value) == stamp(datetime.fromisoformat(told))
    return bool((value.isoformat() if isinstance(value, date) else value) == told)
