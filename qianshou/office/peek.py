"""The side pane of the list: one task with its form and the acts on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from qianshou.design.fields import ShownField, reason_of, shown_fields, suggested
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, Standing
from qianshou.kernel.door.rules import steps_done
from qianshou.kernel.ledger.read import moves_of
from qianshou.kernel.pack import Pack, pack_of
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.procedures.wording import stages_of
from qianshou.kernel.statutes import Statute, statutes
from qianshou.kernel.worklist.lists import parties_of, see_matters, tasks_of
from qianshou.office.facts import Told, Words, facts_of
from qianshou.office.offers import TaskOffer, offer_of_task, standing_of


@dataclass(frozen=True)
class Desk:
    """One open or closed task with what may be done to it, ready for a template."""

    task: Any
    node: Node
    title: str
    because: str
    fields: list[ShownField]
    offer: TaskOffer
    statute: Statute | None


@dataclass(frozen=True)
class Peek:
    """The pane: the matter in short, and the desk of its task."""

    matter: Any
    pack: Pack
    stage: tuple[int, int]
    facts: list[Told]
    desk: Desk


def desk_of(
    actor: Actor,
    matter: Any,
    task: Any,
    tasks: list[Any],
    done: Collection[str],
    standing: Standing,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> Desk:
    """Return a task's form, with what was typed and refused if it was, and its acts.

    A step with a page of its own is done there: it has no form here.
    """
    digest = matter.version.digest
    procedure = compiled(digest)
    node = procedure.node(task.node)
    offer = offer_of_task(actor, matter, task, tasks, procedure, done, standing)
    fields: list[ShownField] = []
    title = because = ""
    if node.form and (offer.complete or offer.resolve) and not node.page:
        form = form_of(digest, node.form)
        title = form.title(language())
        facts = facts_of(matter)
        because = reason_of(form, facts, language())
        fields = shown_fields(
            form,
            language(),
            values=suggested(form, facts) if values is None else values,
            errors=errors,
            near=matter.division.path,
            facts=facts,
        )
    return Desk(task, node, title, because, fields, offer, statutes().get(task.source))


def peek_of(actor: Actor, task_id: int) -> Peek | None:
    """Return the pane of a task that the actor may see, or None."""
    matter = (
        see_matters(actor)
        .filter(tasks=task_id)
        .select_related("version", "division__parent", "organisation")
        .first()
    )
    if matter is None:
        return None
    tasks = list(tasks_of(matter.pk))
    task = next(task for task in tasks if task.pk == task_id)
    facts, standing = facts_of(matter), standing_of(matter, parties_of(matter.pk))
    done = steps_done(moves_of(matter.number), compiled(matter.version.digest).branches)
    return Peek(
        matter=matter,
        pack=pack_of(matter.procedure),
        stage=stages_of(matter.version.digest).get(task.node, (1, 1)),
        facts=Words(matter.version.digest, [facts], language()).told(facts),
        desk=desk_of(actor, matter, task, tasks, done, standing),
    )
