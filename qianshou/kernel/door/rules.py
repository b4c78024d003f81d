"""Who may do what: asked by the acts themselves, and before them by pages, so no button lies."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from qianshou.kernel.access import Actor, Standing, holds_task, may_act, may_see
from qianshou.kernel.procedures.branches import Branches
from qianshou.kernel.procedures.nodes import Node
from qianshou.kernel.refusal import Refusal


def require_text(text: str, field: str, zh: str, en: str) -> None:
    """Raise Refusal door.`field` when `text` is empty."""
    if not text.strip():
        raise Refusal(f"door.{field}", zh, en, field)


def may_transfer(by: Actor, pack: str, assignee: int | None, organisation: int, posts: str) -> bool:
    """Whether `by` may hand a task of `pack` on: its holder, or a seat of the pack at its
    organisation that transfers.
    """
    return holds_task(by, assignee, organisation, posts) or any(
        seat.organisation == organisation and seat.pack == pack and "transfer" in seat.acts
        for seat in by.seats
    )


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


def may_suspend(
    by: Actor, standing: Standing, tasks: Iterable[tuple[int | None, int, str]]
) -> bool:
    """Whether `by` may stop the matter's clock: who holds one of its open tasks (assignee,
    organisation, posts), or supervises it.
    """
    return may_act(by, "supervise", standing) or any(holds_task(by, *task) for task in tasks)


def steps_done(
    entries: Iterable[tuple[str, str, Mapping[str, Any]]], branches: Branches
) -> set[str]:
    """Return the human steps that stand as done after a matter's `entries` (act, node, body).

    What followed a step is undone when the matter is returned to it or the step is withdrawn,
    except what was done in branches beside it.
    """
    done: list[str] = []
    for act, node, body in entries:
        if act == "complete":
            done.append(node)
        elif act in ("return", "withdraw") and body["target"] in done:
            target = body["target"]
            first = len(done) - 1 - done[::-1].index(target)
            done[first:] = [one for one in done[first:] if branches.beside(one, target)]
    return set(done)


def return_targets(node: Node, done: Collection[str]) -> set[str]:
    """Return the steps to which a matter can be returned from `node`: done, and allowed there."""
    allowed = done if node.return_to is None else node.return_to
    return {step for step in done if step in allowed and step != node.id}
