"""Which acts a page offers to whom: the door's own rules asked beforehand, so that no button lies."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from qianshou.kernel.access import (
    RESIDENT,
    Actor,
    Standing,
    may_act,
    may_read,
    may_see,
    members_of,
)
from qianshou.kernel.door.rules import (
    Hold,
    is_taken_up,
    may_add_signer,
    may_ask_first,
    may_claim,
    may_complete,
    may_copy,
    may_delegate,
    may_recall,
    may_release,
    may_remove_signer,
    may_resolve,
    may_split,
    may_stand_in,
    may_suspend,
    may_transfer,
    may_urge,
    may_withdraw,
    return_targets,
)
from qianshou.kernel.pack import StartDeclaration, declaration_of, pack_of
from qianshou.kernel.procedures.compiled import Procedure

OPEN, DONE = 0, 1
SEALED = "sealed"


@dataclass(frozen=True)
class TaskOffer:
    """What the actor may do with one task."""

    claim: bool = False
    release: bool = False
    complete: bool = False
    transfer: bool = False
    delegate: bool = False
    resolve: bool = False
    recall: bool = False
    add_signer: bool = False
    ask_first: bool = False
    sign: bool = False
    remove_signer: bool = False
    withdraw: bool = False
    targets: tuple[tuple[str, str, str], ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything at all is offered."""
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class MatterOffer:
    """What the actor may do with a matter as a whole."""

    urge: bool = False
    supervise: bool = False
    suspend: bool = False
    merge: bool = False
    remark: bool = False
    split: bool = False
    copy: bool = False
    read: bool = False
    uncopy: tuple[int, ...] = ()
    persons: tuple[str, ...] = field(default=())


def standing_of(matter: Any, parties: Iterable[Any]) -> Standing:
    """Return what the rule of access needs to know of a matter already read."""
    return Standing(
        pack=pack_of(matter.procedure).id,
        division_path=matter.division.path,
        organisations=frozenset(party.organisation_id for party in parties),
        circle=None if matter.circle_id is None else members_of(matter.circle_id),
    )


def offer_of_task(
    actor: Actor,
    matter: Any,
    task: Any,
    tasks: Iterable[Any],
    procedure: Procedure,
    done: Collection[str],
    standing: Standing,
) -> TaskOffer:
    """Return what `actor` may do with `task` of `matter` now; `done` are the steps done."""
    if task.state == DONE:
        return TaskOffer(withdraw=offers_withdrawal(actor, matter, task, tasks, procedure))
    if task.state != OPEN or matter.suspended_at is not None:
        return TaskOffer()
    if task.posts == RESIDENT:
        return TaskOffer(complete=may_stand_in(actor, matter.organisation_id))
    hold, node = hold_of(task), procedure.node(task.node)
    holds = may_complete(actor, hold)
    blocked = any(one.blocks_id == task.pk and one.state == OPEN for one in tasks)
    targets = return_targets(node, done) if holds and hold.blocks is None else set()
    return TaskOffer(
        claim=may_claim(actor, hold),
        release=may_release(actor, hold),
        complete=holds and hold.blocks is None and not blocked,
        sign=holds and hold.blocks is not None,
        ask_first=may_ask_first(actor, hold, node),
        transfer=may_transfer(actor, pack_of(matter.procedure).id, hold),
        delegate=may_delegate(actor, hold, node),
        resolve=may_resolve(actor, hold),
        recall=may_recall(actor, hold),
        add_signer=may_add_signer(actor, standing, hold, node),
        remove_signer=may_remove_signer(actor, standing, hold, node),
        targets=tuple(
            (step.id, step.name, step.name_en) for step in procedure.steps() if step.id in targets
        ),
    )


def starts_of(actor: Actor, matter: Any) -> list[StartDeclaration]:
    """Return the ways in by which `actor` may begin a matter of the same procedure."""
    held = {seat.post for seat in actor.seats}
    return [
        start
        for start in pack_of(matter.procedure).starts.values()
        if start.procedure == matter.procedure and start.by == "officer" and held & set(start.posts)
    ]


def hold_of(task: Any) -> Hold:
    """Return who holds a task already read, as the rules ask."""
    return Hold(
        task.assignee_id, task.organisation_id, task.posts, task.delegated_from_id, task.blocks_id
    )


def offers_withdrawal(
    actor: Actor, matter: Any, task: Any, tasks: Iterable[Any], procedure: Procedure
) -> bool:
    """Whether a completion may still be pulled back: nobody has taken up what followed, and it is
    not one of several.
    """
    node = procedure.nodes.get(task.node)
    several = node is not None and node.collection is not None
    asking = {other.blocks_id for other in tasks if other.state in (OPEN, DONE)}
    followed = [
        (other.state == OPEN, other.claimed_at is not None or other.pk in asking)
        for other in tasks
        if other.opened_seq == task.closed_seq
    ]
    own = may_withdraw(actor, hold_of(task)) and not several
    return own and not matter.closed_at and not is_taken_up(followed)


def offer_of_matter(
    actor: Actor,
    matter: Any,
    tasks: Iterable[Any],
    standing: Standing,
    facts: Any,
    copies: Iterable[Any],
) -> MatterOffer:
    """Return what `actor`, who may see `matter`, may do with it as a whole."""
    supervises = may_act(actor, "supervise", standing)
    is_open = matter.closed_at is None
    held = [hold_of(task) for task in tasks if task.state == OPEN]
    return MatterOffer(
        urge=is_open and may_urge(actor, standing),
        supervise=is_open and supervises,
        suspend=is_open and may_suspend(actor, standing, held),
        merge=is_open and may_act(actor, "merge", standing),
        remark=may_see(actor, standing),
        split=is_open and may_split(actor, standing, held) and bool(starts_of(actor, matter)),
        copy=may_copy(actor, standing),
        read=any(one.officer_id == actor.officer and one.read_at is None for one in copies),
        uncopy=tuple(
            one.officer_id for one in copies if supervises or one.sender_id == actor.officer
        ),
        persons=tuple(
            name
            for name in declaration_of(matter.procedure).classes
            if (isinstance(facts.get(name), dict) or name == SEALED)
            and may_read(actor, name, standing)
        ),
    )
