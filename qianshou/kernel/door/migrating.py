"""Moving a matter to another version of its procedure, by a plan that two persons made."""

import json
from datetime import datetime
from typing import NamedTuple

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.acts import Migrate
from qianshou.kernel.door.follow import NO_DEADLINE, NO_SOURCE, Doing, store_entry
from qianshou.kernel.door.pause import Clocks, read_clocks
from qianshou.kernel.door.turn import MatterRow, instant, load_matter, not_before
from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.procedures.engine import State
from qianshou.kernel.procedures.migration import Hurdle, Route
from qianshou.kernel.procedures.models import Migration
from qianshou.kernel.procedures.versions import route_between
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.models import OPEN, Task, Timer


def route_of(plan: Migration) -> Route:
    """Return the route of a plan between its two versions."""
    pairs = tuple(sorted(plan.mapping.items()))
    return route_between(plan.source.digest, plan.target.digest, pairs)


def require_stage(plan: Migration, stage: str) -> None:
    """Raise Refusal migration.state where a plan is at another stage."""
    if plan.state != stage:
        raise Refusal(
            "migration.state",
            f"这个迁移方案{plan.get_state_display()}，不能这样办",
            "This migration is not at the stage for this",
        )


def migrate_matter(act: Migrate, *, by: Actor, at: datetime) -> MatterRow | None:
    """Move a matter by an approved plan; None where it is closed, or not under the plan's version.

    Its tokens and open tasks get the new version's names, posts and forms; who has them stays.
    Deadlines and timers stay where their rule is the same; else they are counted from their own
    beginning. Allowed to the clock alone. Refuses what cannot be moved (migration.*), and a plan
    that is not approved (migration.state).
    """
    require(by.kind == "clock")
    plan = Migration.objects.select_related("source", "target", "drafted_by", "approved_by").get(
        pk=act.migration
    )
    require_stage(plan, "approved")
    assert plan.approved_by is not None
    matter = load_matter(act.matter)
    if matter.closed_at is not None or matter.digest != plan.source.digest:
        return None
    route, state = route_of(plan), State.from_json(json.loads(matter.state))
    tasks = list(Task.objects.filter(matter=matter.id, state=OPEN))
    straight = [(task.node, task.resume_node) for task in tasks if task.resume_node]
    at = not_before(matter, at)
    hurdles = route.hurdles_of(state, straight, at=at)
    if hurdles:
        raise _refused(hurdles[0])
    moved = json.dumps(route.move(state).to_json(), ensure_ascii=False, separators=(",", ":"))
    turn = _Turn(matter, route, route.spans(state, at), read_clocks(matter.number, at))
    statements: list[Statement] = [(change.MIGRATE_MATTER, [plan.target_id, moved, matter.id])]
    due: dict[str, str] = {}
    for task in tasks:
        statements += turn.move_task(task, due)
    for timer in Timer.objects.filter(matter=matter.id):
        statements += turn.move_timer(timer, due)
    entry = {
        "from": plan.source.digest,
        "to": plan.target.digest,
        "mapping": plan.mapping,
        "plan": plan.pk,
        "reason": plan.reason,
        "drafted_by": {"id": plan.drafted_by_id, "name": plan.drafted_by.name},
        "approved_by": {"id": plan.approved_by_id, "name": plan.approved_by.name},
        **({"due": due} if due else {}),
    }
    matter.state, matter.digest = moved, plan.target.digest
    store_entry(Doing("migrate", by, at, matter, entry=entry), *statements)
    return matter


def _refused(hurdle: Hurdle) -> Refusal:
    return Refusal(hurdle.code, hurdle.zh, hurdle.en, hurdle.id)


class _Turn(NamedTuple):
    """What the tasks and timers of one matter are moved by."""

    matter: MatterRow
    route: Route
    spans: dict[int, str | None]
    clocks: Clocks

    def move_task(self, task: Task, due: dict[str, str]) -> list[Statement]:
        """Return what gives a task the new step's words; a new deadline goes into `due`."""
        node = self.route.new.nodes[self.route.name(task.node)]
        place = [self.matter.id, task.token]
        resume = self.route.name(task.resume_node) if task.resume_node else ""
        words = [node.id, node.name, node.name_en or node.name, ",".join(node.posts)]
        source = node.due_source or NO_SOURCE
        found: list[Statement] = [(change.MIGRATE_TASK, [*words, source, resume, *place])]
        signed = task.token if task.blocks is None else task.blocks.token
        if signed in self.spans:
            span = self.spans[signed] or NO_DEADLINE
            ends, amber = self.clocks.ends(task.token, span, work_calendar())
            told = [ends.at, amber]
            if self.matter.suspended_at is not None:
                told = [task.due_at, task.amber_at]
            due[str(task.token)] = stamp(told[0])
            rule = [span, *map(instant, told), ends.provisional, *place]
            found.append((change.RULE_TASK, rule))
        return found

    def move_timer(self, timer: Timer, due: dict[str, str]) -> list[Statement]:
        """Return what gives a timer the new node; a new end goes into `due`."""
        place = [self.matter.id, timer.token]
        found: list[Statement] = [
            (change.MIGRATE_TIMER, [self.route.name(timer.node), *place]),
        ]
        span = self.spans.get(timer.token)
        if span is not None:
            ends, _amber = self.clocks.ends(timer.token, span, work_calendar())
            at = ends.at if self.matter.suspended_at is None else timer.due_at
            due[str(timer.token)] = stamp(at)
            found.append((change.RULE_TIMER, [span, instant(at), *place]))
        return found
