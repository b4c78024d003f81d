"""Who may do what: asked by the acts themselves, and before them by pages, so no button lies."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from qianshou.kernel.access import (
    Actor,
    Principal,
    Standing,
    holds_task,
    may_act,
    may_see,
    principal_at,
)
from qianshou.kernel.procedures.branches import Branches
from qianshou.kernel.procedures.migration import name_after
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.refusal import Refusal


def require_text(text: str, field: str, zh: str, en: str) -> None:
    """Raise Refusal door.`field` when `text` is empty."""
    if not text.strip():
        raise Refusal(f"door.{field}", zh, en, field)


class Hold(NamedTuple):
    """Who holds a task: its assignee, else the posts of its organisation; whose it is where the
    assignee does it for them (delegated); and the task that waits for it, if one does (`blocks`).
    """

    assignee: int | None
    organisation: int
    posts: str
    delegated_from: int | None = None
    blocks: int | None = None


def may_complete(by: Actor, hold: Hold) -> bool:
    """Whether a task is `by`'s to complete or return: held, and not delegated to somebody."""
    return hold.delegated_from is None and holds_task(by, *hold[:3])


def may_claim(by: Actor, hold: Hold) -> bool:
    """Whether `by` may take a free task, for themselves or for a principal."""
    return hold.assignee is None and holds_task(by, *hold[:3])


def may_release(by: Actor, hold: Hold) -> bool:
    """Whether `by` may give a claimed task back to its post: its assignee, who still sits there,
    or their substitute.
    """
    if hold.assignee is None or hold.delegated_from is not None or hold.blocks is not None:
        return False
    return holds_task(by, *hold[:3])


def may_transfer(by: Actor, pack: str, hold: Hold) -> bool:
    """Whether `by` may hand a task of `pack` on: its holder, or a seat of the pack at its
    organisation that transfers.
    """
    return (hold.blocks is None and may_complete(by, hold)) or any(
        seat.organisation == hold.organisation and seat.pack == pack and "transfer" in seat.acts
        for seat in by.seats
    )


def may_delegate(by: Actor, hold: Hold, node: Node) -> bool:
    """Whether `by` may ask a colleague to do a task: a claimed one of theirs, done by its form.

    A step with a page of its own keeps what is done there in the pack's tables, not in a draft.
    """
    own = hold.assignee is not None and hold.blocks is None
    return own and may_complete(by, hold) and not node.page


def may_resolve(by: Actor, hold: Hold) -> bool:
    """Whether a task was delegated to `by`, who still sits at its organisation."""
    asked = hold.delegated_from is not None and hold.assignee == by.officer
    return asked and hold.organisation in by.organisations


def may_recall(by: Actor, hold: Hold) -> bool:
    """Whether `by` may take a delegated task back: whose it is, or their substitute."""
    return hold.delegated_from is not None and holds_task(
        by, hold.delegated_from, hold.organisation, hold.posts
    )


def may_withdraw(by: Actor, hold: Hold) -> bool:
    """Whether a completion is `by`'s to pull back: their own or their principal's, at a post that
    is still held.
    """
    whose = None if hold.assignee == by.officer else hold.assignee
    done = hold.assignee is not None and hold.blocks is None
    return done and holds_task(by, whose, hold.organisation, hold.posts)


def is_taken_up(followed: Collection[tuple[bool, bool]]) -> bool:
    """Whether somebody works on what followed a completion, each (open, begun), or nothing did."""
    return not followed or any(begun or not is_open for is_open, begun in followed)


def principal_among(by: Actor, holds: Iterable[Hold]) -> Principal | None:
    """Return for whom `by` acts on a matter as a substitute: nobody, where one task is theirs."""
    found = [principal_at(by, *hold[:3]) for hold in holds if holds_task(by, *hold[:3])]
    return found[0] if found and None not in found else None


def may_stand_in(by: Actor, home: int) -> bool:
    """Whether `by` may answer for a caller reached by telephone: a seat of the matter's home."""
    return any(seat.organisation == home and "stand_in" in seat.acts for seat in by.seats)


def may_urge(by: Actor, standing: Standing) -> bool:
    """Whether `by` is in the matter's chain: the caller, an organisation in it, a supervisor."""
    if by.kind == "resident":
        return by.receipt in standing.receipts
    taking_part = any(
        seat.pack == standing.pack and seat.organisation in standing.organisations
        for seat in by.seats
    )
    return (taking_part and may_see(by, standing)) or may_act(by, "supervise", standing)


def may_add_signer(by: Actor, standing: Standing, hold: Hold, node: Node) -> bool:
    """Whether `by` may let one more sign beside a task: its signer, or who supervises the matter;
    where the step names its signers.
    """
    several = node.collection is not None and node.assignee is not None and hold.blocks is None
    return several and (may_complete(by, hold) or may_act(by, "supervise", standing))


def may_ask_first(by: Actor, hold: Hold, node: Node) -> bool:
    """Whether `by` may ask somebody to sign before a task of theirs, which then waits (前加签)."""
    return hold.blocks is None and may_complete(by, hold) and not node.page


def may_remove_signer(by: Actor, standing: Standing, hold: Hold, node: Node) -> bool:
    """Whether `by` may let somebody not sign: who supervises the matter, where several sign or
    somebody was asked first.
    """
    asked = node.collection is not None or hold.blocks is not None
    return asked and may_act(by, "supervise", standing)


def may_copy(by: Actor, standing: Standing) -> bool:
    """Whether `by` may let others read the matter: an officer who sees it otherwise than by a copy."""
    return by.kind == "officer" and may_see(by, standing)


def may_suspend(by: Actor, standing: Standing, holds: Iterable[Hold]) -> bool:
    """Whether `by` may stop the matter's clock: who holds one of its open tasks, and not only was
    asked to sign first, or supervises it.
    """
    held = any(hold.blocks is None and may_complete(by, hold) for hold in holds)
    return held or may_act(by, "supervise", standing)


def may_split(by: Actor, standing: Standing, holds: Iterable[Hold]) -> bool:
    """Whether `by` may make a part of the matter one of its own: who may stop its clock may."""
    return may_suspend(by, standing, holds)


def steps_done(
    entries: Iterable[tuple[str, str, Mapping[str, Any]]], branches: Branches
) -> set[str]:
    """Return the human steps that stand as done after a matter's `entries` (act, node, body).

    What followed a step is undone when the matter is returned to it or the step is withdrawn,
    except what was done in branches beside it, and where the matter comes straight back. Of a
    matter that was moved to another version the steps have their names of today.
    """
    done: list[str] = []
    for act, node, body in _in_names_of_today(entries):
        if act == "complete":
            done.append(node)
        elif act in ("return", "withdraw") and body["target"] in done:
            target = body["target"]
            first = len(done) - 1 - done[::-1].index(target)
            if body.get("resume"):
                del done[first]
                continue
            done[first:] = [one for one in done[first:] if branches.beside(one, target)]
    return set(done)


def _in_names_of_today(
    entries: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> list[tuple[str, str, Mapping[str, Any]]]:
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    mappings: list[Mapping[str, str]] = []
    for act, node, body in reversed(list(entries)):
        if act == "migrate":
            mappings.insert(0, body["mapping"])
        elif mappings:
            target = name_after(mappings, body.get("target", ""))
            found.append((act, name_after(mappings, node), {**body, "target": target}))
        else:
            found.append((act, node, body))
    return found[::-1]


def return_targets(node: Node, done: Collection[str]) -> set[str]:
    """Return the steps to which a matter can be returned from `node`: done, and allowed there."""
    allowed = done if node.return_to is None else node.return_to
    return {step for step in done if step in allowed and step != node.id}
