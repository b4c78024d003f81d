"""The list and its tasks: read, claim, complete, return."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from qianshou.design.asked import YEARS, whole
from qianshou.exchange.api.calling import caller
from qianshou.exchange.api.reading import read_facts
from qianshou.exchange.api.telling import (
    Caller,
    Done,
    OneTask,
    TaskPage,
    ToldTarget,
    ToldTask,
    Words,
    tell_form,
)
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.door.rules import return_targets, steps_done
from qianshou.kernel.door.turn import no_task
from qianshou.kernel.ledger.read import moves_of
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.lists import (
    LISTS,
    Filters,
    ListedTask,
    list_tasks,
    see_matters,
    tasks_of,
)

router = Router()
OPEN = 0
LARGEST = 10**15
Number = Annotated[int, Path(ge=1, le=LARGEST)]


class Completing(Schema):
    """What completes a task."""

    facts: dict[str, Any] = {}


class Returning(Schema):
    """To which step a task goes back, and why."""

    target: str
    reason: str


class Asked(Schema):
    """Which part of the list is asked for."""

    list: str = "mine"
    procedure: str = ""
    level: str = ""
    town: str = ""
    q: Annotated[str, Query(max_length=60)] = ""
    after: str = ""
    size: Annotated[int, Query(ge=1, le=200)] = 50


@router.get("/me", response=Caller, summary="Whose token this is and what it may do")
def me(request: HttpRequest) -> Caller:
    """Tell whose token this is."""
    token = request.auth  # type: ignore[attr-defined]
    actor = caller(request, token.scopes[0]) if token.officer_id else Actor("resident")
    return Caller(
        name=token.name,
        scopes=token.scopes,
        officer=token.officer.username if token.officer else "",
        expires_on=token.expires_on,
        seats=[f"{seat.organisation_code}/{seat.post}" for seat in actor.seats],
    )


@router.get("/tasks", response=TaskPage, summary="Open tasks, earliest deadline first")
def tasks(request: HttpRequest, asked: Annotated[Asked, Query()]) -> TaskPage:
    """List open tasks: mine, my posts', my organisation's, or mine that are late.

    Refuses an unknown list or `after` (api.list, api.after).
    """
    by = caller(request, "list")
    if asked.list not in LISTS:
        raise Refusal(
            "api.list",
            "list 只能是 mine、post、organisation、late",
            "list is mine, post, organisation or late",
            "list",
        )
    page = list_tasks(
        asked.list,
        by,
        at=now(),
        filters=Filters(asked.procedure, asked.level, _divisions(asked.town), asked.q.strip()),
        after=_read_key(asked.after),
        size=asked.size,
    )
    after = f"{page.after[0].isoformat()}_{page.after[1]}" if page.after else ""
    return TaskPage(rows=[_tell(row, by) for row in page.rows], after=after)


def _divisions(town: str) -> tuple[int, ...]:
    if not town:
        return ()
    path = Division.objects.filter(code=town).values_list("path", flat=True).first()
    below = Division.objects.filter(path__startswith=path) if path else Division.objects.none()
    return tuple(below.values_list("pk", flat=True)) or (0,)


def _read_key(text: str) -> tuple[datetime, int] | None:
    if not text:
        return None
    at, _mark, pk = text.partition("_")
    number, due = whole(pk), _instant(at)
    if number is None or due is None:
        raise Refusal(
            "api.after", "after 要照上一页给的写", "after must be what a page gave", "after"
        )
    return due, number


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and at.year in YEARS else None


def _tell(row: ListedTask, by: Actor) -> ToldTask:
    return ToldTask(
        id=row.id,
        number=row.number,
        title=row.title,
        procedure=row.procedure,
        step=row.node,
        name=Words(zh=row.name, en=row.name_en),
        posts=row.posts.split(","),
        organisation=row.organisation,
        is_mine=row.assignee == by.officer,
        level=row.level,
        opened_at=row.opened_at,
        amber_at=row.amber_at,
        due_at=row.due_at,
        supervised=row.supervised,
        urged=row.urged,
    )


def find_task(by: Actor, task: int) -> tuple[Any, Any]:
    """Return a task with its matter, as far as `by` sees it; Refusal door.no_task otherwise."""
    matter = see_matters(by).filter(tasks=task).select_related("version").first()
    row = matter and tasks_of(matter.pk).filter(pk=task).first()
    if matter is None or row is None:
        raise no_task()
    return matter, row


@router.get("/tasks/{task}", response=OneTask, summary="One task with its form")
def one_task(request: HttpRequest, task: Number) -> OneTask:
    """Tell a task: its form, and to which steps it can be returned."""
    matter, row = find_task(caller(request, "list"), task)
    digest = matter.version.digest
    procedure = compiled(digest)
    node = procedure.node(row.node)
    done = steps_done(moves_of(matter.number), procedure.branches)
    targets = return_targets(node, done)
    return OneTask(
        id=row.pk,
        number=matter.number,
        step=row.node,
        name=Words(zh=row.name, en=row.name_en),
        is_open=row.state == OPEN,
        due_at=row.due_at,
        form=tell_form(form_of(digest, node.form)) if node.form and not node.page else None,
        targets=[
            ToldTarget(step=step.id, name=Words(zh=step.name, en=step.name_en or step.name))
            for step in procedure.steps()
            if step.id in targets
        ],
    )


@router.post("/tasks/{task}/claim", response=Done, summary="Claim a free task")
def claim(request: HttpRequest, task: Number) -> Done:
    """Take a free task of a post one holds."""
    by = caller(request, "act")
    matter, _row = find_task(by, task)
    door.act(acts.Claim(task), by=by, at=now())
    return tell_done(by, matter.pk)


@router.post(
    "/tasks/{task}/complete", response=Done, summary="Complete a task with its form's facts"
)
def complete(request: HttpRequest, task: Number, sent: Completing) -> Done:
    """Complete a task; refuses what the form and the door refuse, and a step that has a page of
    its own (api.page).
    """
    by = caller(request, "act")
    matter, row = find_task(by, task)
    node = compiled(matter.version.digest).node(row.node)
    if node.page:
        raise Refusal(
            "api.page",
            "这一步有专门的页面，只能在页面上办",
            "This step has a page of its own and is done there",
            "task",
        )
    facts: Mapping[str, Any] = {}
    if node.form:
        form = form_of(matter.version.digest, node.form)
        facts = read_facts(form, sent.facts, matter.person_id)
    door.act(acts.Complete(task, facts), by=by, at=now())
    return tell_done(by, matter.pk)


@router.post("/tasks/{task}/return", response=Done, summary="Send a matter back to an earlier step")
def give_back(request: HttpRequest, task: Number, sent: Returning) -> Done:
    """Send a matter back from a task to an earlier step."""
    by = caller(request, "act")
    matter, _row = find_task(by, task)
    door.act(acts.Return(task, sent.target, sent.reason[:500]), by=by, at=now())
    return tell_done(by, matter.pk)


def tell_done(by: Actor, matter: int) -> Done:
    """Return what stands after an act; of a matter that `by` sees no more, only its number."""
    found = see_matters(by).filter(pk=matter).first()
    if found is None:
        return Done(number="", closed=False, tasks=[])
    open_tasks = tasks_of(matter).filter(state=OPEN).values_list("pk", flat=True)
    return Done(number=found.number, closed=found.closed_at is not None, tasks=sorted(open_tasks))
