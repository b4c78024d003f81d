"""Plans that move running matters to another version (迁移): drafted by one, approved by another.

The plan goes through the registry's door; each matter that it moves through the door of matters,
in batches by the worker. A matter that cannot be moved stays under its version and is listed.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.db import transaction
from django.db.models import Count, F

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, circles_of, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.migrating import require_stage, route_of
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.engine import MANY, State
from qianshou.kernel.procedures.migration import Hurdle, Route, resting
from qianshou.kernel.procedures.models import Migration, Version
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.revising import may_revise

PARCEL = "migrate"
BATCH = 300
log = logging.getLogger(__name__)


class Choice(NamedTuple):
    """A place of the old version, the like places of the new one, and where it goes ("" nowhere)."""

    id: str
    name: str
    name_en: str
    places: tuple[tuple[str, str, str], ...]
    chosen: str
    is_way: bool = False


class Trial(NamedTuple):
    """A running matter, where it stands, and what keeps it from being moved, if anything."""

    matter: int
    number: str
    is_hidden: bool
    steps: tuple[str, ...]
    hurdles: tuple[Hurdle, ...]


class Counted(NamedTuple):
    """How many matters move and how many stay, a page of them, and after which the next begins."""

    moves: int
    stays: int
    page: list[Trial]
    following: int | None


def begin(
    source: Version,
    target: Version,
    *,
    by: Actor,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
) -> Migration:
    """Begin a plan from one version to another of the same procedure (migration.versions)."""
    require(may_revise(by, source.procedure))
    if source.procedure != target.procedure or source.pk == target.pk:
        raise Refusal(
            "migration.versions",
            "请选同一规范的两个不同版本",
            "Choose two different versions of one procedure",
            "target",
        )
    drafted = {"drafted_by_id": by.officer, "drafted_at": at}
    versions = {"source": source, "target": target, "mapping": dict(mapping or {})}
    values = {"procedure": source.procedure, **versions, **drafted}
    return change_row(Migration(), values, by=by, at=at)


def undo(plan: Migration, *, by: Actor, at: datetime) -> Migration:
    """Begin the plan the other way."""
    back = {new: old for old, new in plan.mapping.items()}
    return begin(plan.target, plan.source, by=by, at=at, mapping=back)


def choices_of(plan: Migration) -> list[Choice]:
    """Return where each place of the old version may go and goes: by its own id where none is told."""
    route = route_of(plan)
    found: list[Choice] = []
    for node in resting(route.old):
        places = tuple(
            (one.id, one.name, one.name_en or one.name)
            for one in resting(route.new)
            if one.kind == node.kind
        )
        names = node.name, node.name_en or node.name
        found.append(Choice(node.id, *names, places, _there(route.name(node.id), places)))
        joint = route.new.nodes.get(route.name(node.id))
        if node.kind in ("and", "or") and joint is not None:
            flows = tuple((flow, *_way_words(route.new, flow)) for flow in joint.incoming)
            found += [
                Choice(
                    flow, *_way_words(route.old, flow), flows, _there(route.name(flow), flows), True
                )
                for flow in node.incoming
            ]  # fmt: skip
    return found


def _there(name: str, places: tuple[tuple[str, str, str], ...]) -> str:
    return name if any(name == one for one, _zh, _en in places) else ""


def _way_words(procedure: Procedure, flow: str) -> tuple[str, str]:
    """Return a flow named by the nodes that it joins."""
    for node in procedure.nodes.values():
        for way in node.ways:
            if way.id == flow:
                target = procedure.nodes[way.target]
                zh = f"{node.name} → {target.name}"
                return zh, f"{node.name_en or node.name} → {target.name_en or target.name}"
    return flow, flow


def keep(
    plan: Migration, chosen: Mapping[str, str], reason: str, *, by: Actor, at: datetime
) -> None:
    """Keep what the drafter chose: {old id: new id}, and why; Refusals migration.place beside
    each place that is none, in one of the two versions.
    """
    with transaction.atomic():
        _lock_draft(plan, by)
        route = route_of(plan)
        known, there = _ids(route.old), _ids(route.new)
        wrong = [
            Refusal(
                "migration.place",
                f"没有“{new if old in known else old}”",
                f"There is no “{new if old in known else old}”",
                f"to.{old}",
            )
            for old, new in chosen.items()
            if old not in known or (new and new not in there)
        ]
        if wrong:
            raise Refusals(wrong)
        mapping = {old: new for old, new in chosen.items() if new and new != old}
        values = {"mapping": mapping, "reason": reason.strip()[:300]}
        change_row(plan, values, by=by, at=at)


def _ids(procedure: Procedure) -> set[str]:
    flows = {flow for node in procedure.nodes.values() for flow in node.incoming}
    return flows | procedure.nodes.keys()


def _lock_draft(plan: Migration, by: Actor) -> None:
    lock_row(plan)
    require(may_revise(by, plan.procedure) and by.officer == plan.drafted_by_id)
    require_stage(plan, "draft")


def offer(plan: Migration, *, by: Actor, at: datetime) -> None:
    """Offer a draft for approval; Refusal migration.reason where it does not say why."""
    with transaction.atomic():
        _lock_draft(plan, by)
        if not plan.reason:
            raise Refusal(
                "migration.reason", "请写明为什么迁移", "Please say why they are moved", "reason"
            )
        change_row(plan, {"state": "offered"}, by=by, at=at)


def take_back(plan: Migration, *, by: Actor, at: datetime) -> None:
    """Take one's own offered plan back, to draft on."""
    with transaction.atomic():
        lock_row(plan)
        require(by.officer == plan.drafted_by_id)
        require_stage(plan, "offered")
        change_row(plan, {"state": "draft"}, by=by, at=at)


def drop(plan: Migration, *, by: Actor, at: datetime) -> None:
    """Drop one's own draft; it stays to be read."""
    with transaction.atomic():
        _lock_draft(plan, by)
        change_row(plan, {"state": "dropped"}, by=by, at=at)


def give_back(plan: Migration, reason: str, *, by: Actor, at: datetime) -> None:
    """Give an offered plan back to its drafter; Refusal migration.back without a reason."""
    with transaction.atomic():
        _lock_offered(plan, by)
        if not reason.strip():
            raise Refusal(
                "migration.back", "请写明退回原因", "Please say why you give it back", "back"
            )
        change_row(plan, {"state": "draft"}, by=by, at=at, reason=reason.strip())


def approve(plan: Migration, *, by: Actor, at: datetime) -> None:
    """Approve an offered plan and let the worker begin.

    Refusals: migration.own_draft for whoever drafted it, migration.running while another plan
    moves matters away from the same version.
    """
    with transaction.atomic():
        _lock_offered(plan, by)
        if Migration.objects.filter(source=plan.source, state="approved").exists():
            raise Refusal(
                "migration.running",
                "这一版的事项正在按另一个方案迁移，等它完成",
                "Matters of this version are being moved by another plan; wait until it is done",
            )
        values = {
            "state": "approved",
            "approved_by_id": by.officer,
            "approved_at": at,
            "total": _running(plan).count(),
        }
        change_row(plan, values, by=by, at=at)
        _send(plan, at)


def _lock_offered(plan: Migration, by: Actor) -> None:
    """Lock an offered plan for an officer who may revise and did not draft it."""
    lock_row(plan)
    require(may_revise(by, plan.procedure))
    require_stage(plan, "offered")
    if by.officer == plan.drafted_by_id:
        raise Refusal(
            "migration.own_draft",
            "自己起草的由另一人批准",
            "Somebody else approves what you drafted",
        )


def count_running(procedure: str) -> dict[int, int]:
    """Return how many matters run under each version of a procedure, by the version's key."""
    matters = apps.get_model("worklist", "Matter").objects
    rows = matters.filter(procedure=procedure, closed_at=None).values("version")
    return dict(rows.annotate(n=Count("pk")).order_by().values_list("version", "n"))


def _running(plan: Migration) -> Any:
    matters = apps.get_model("worklist", "Matter").objects
    return matters.filter(version=plan.source_id, closed_at=None)


def _send(plan: Migration, at: datetime) -> None:
    send(PARCEL, {"migration": plan.pk}, key=f"{PARCEL}/{plan.pk}/{plan.reached}", at=at)


@carrier(PARCEL, alone=True)
def move_batch(facts: Mapping[str, Any], at: datetime) -> None:
    """Move the next matters of an approved plan, each in its own transaction with the plan's
    count, and send the parcel of those that follow; the last one closes the plan.
    """
    plan = Migration.objects.select_related("source", "target").get(pk=facts["migration"])
    if plan.state != "approved":
        return
    following = _running(plan).filter(pk__gt=plan.reached).order_by("pk")
    batch = list(following.values_list("pk", flat=True)[:BATCH])
    for matter in batch:
        _move_one(plan.pk, matter, at)
    plan.refresh_from_db()
    if len(batch) == BATCH:
        _send(plan, at)
        return
    told = f"迁移 {plan.moved} 件，留下 {plan.stayed} 件"
    change_row(plan, {"state": "done"}, by=CLOCK, at=at, reason=told)


def _move_one(plan: int, matter: int, at: datetime) -> None:
    rows = Migration.objects.filter(pk=plan, reached__lt=matter)
    try:
        with write_turn():
            moved = door.act(acts.Migrate(matter, plan), by=CLOCK, at=at) is not None
            rows.update(moved=F("moved") + int(moved), reached=matter)
    except Refusal:
        rows.update(stayed=F("stayed") + 1, reached=matter)
    except Exception:
        log.exception("matter %s could not be moved by plan %s; it stays", matter, plan)
        rows.update(stayed=F("stayed") + 1, reached=matter)


def try_plan(plan: Migration, *, by: Actor, at: datetime) -> Iterator[Trial]:
    """Yield every running matter of the old version, by its number's age, with what keeps it
    from being moved; nothing is changed. One that a circle hides from `by` is told without number.
    """
    route = route_of(plan)
    own = set(circles_of(by).values_list("pk", flat=True))
    straight = _straight(plan)
    rows = _running(plan).order_by("pk").values_list("pk", "number", "circle", "state")
    for pk, number, circle, kept in rows.iterator(chunk_size=2000):
        state = State.from_json(json.loads(kept))
        hidden = circle is not None and circle not in own
        found = route.hurdles_of(state, straight.get(pk, ()), at=at)
        yield Trial(pk, "" if hidden else number, hidden, _steps(route, state), tuple(found))


def _straight(plan: Migration) -> dict[int, list[tuple[str, str]]]:
    """Return the steps that are to go straight to another, (from, to), by matter."""
    tasks = apps.get_model("worklist", "Task").objects.filter(state=0).exclude(resume_node="")
    found: dict[int, list[tuple[str, str]]] = {}
    for matter, node, then in tasks.filter(
        matter__version=plan.source_id, matter__closed_at=None
    ).values_list("matter", "node", "resume_node"):
        found.setdefault(matter, []).append((node, then))
    return found


def _steps(route: Route, state: State) -> tuple[str, ...]:
    """Return the human steps and events at which a matter waits."""
    waits = (one.node for one in state.tokens.values() if one.via != MANY)
    return tuple(
        dict.fromkeys(name for name in waits if route.old.nodes[name].kind in ("user", "catch"))
    )


def count_trials(trials: Iterator[Trial], after: int, size: int, only: str) -> Counted:
    """Return how many move and stay, and a page of those after a matter: "moves", "stays" or all."""
    moves, stays = 0, 0
    page: list[Trial] = []
    for one in trials:
        moves, stays = moves + (not one.hurdles), stays + bool(one.hurdles)
        wanted = only not in ("moves", "stays") or (only == "stays") == bool(one.hurdles)
        if wanted and one.matter > after and len(page) <= size:
            page.append(one)
    return Counted(moves, stays, page[:size], page[size - 1].matter if len(page) > size else None)
