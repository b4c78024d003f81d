"""The one door: `act` is the only way in which a matter changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import Counter

from qianshou.kernel.access import Actor
from qianshou.kernel.door import (
    acts,
    copying,
    delegating,
    hands,
    migrating,
    opening,
    pause,
    signals,
    signing,
    splitting,
    steps,
    vacating,
)
from qianshou.kernel.door.turn import MatterRow, write_turn

__all__ = ["Receipt", "act", "acts", "open_many", "put_off", "signals"]


@dataclass(frozen=True)
class Receipt:
    """What an act gave: the matter it concerned, and what was disclosed, if anything."""

    matter: int
    number: str
    disclosed: dict[str, Any] = field(default_factory=dict)


ACTS = Counter("qianshou_acts", "Acts done through the door, by kind", ["act"])
MOVES: dict[type, Callable[..., MatterRow | None]] = {
    acts.Complete: steps.complete_task,
    acts.Return: steps.return_task,
    acts.Withdraw: steps.withdraw_task,
    acts.Merge: steps.merge_matter,
    acts.Fire: steps.fire_timer,
    acts.Warn: steps.warn_task,
    acts.Deliver: steps.deliver_message,
    acts.Claim: hands.claim_task,
    acts.Release: hands.release_task,
    acts.Transfer: hands.transfer_task,
    acts.Delegate: delegating.delegate_task,
    acts.Resolve: delegating.resolve_task,
    acts.Recall: delegating.recall_task,
    acts.Reassign: vacating.reassign_tasks,
    acts.Urge: hands.urge_matter,
    acts.Supervise: hands.supervise_matter,
    acts.Suspend: pause.suspend_matter,
    acts.Resume: pause.resume_matter,
    acts.AddSigner: signing.add_signer,
    acts.Split: splitting.split_matter,
    acts.Sign: signing.sign_task,
    acts.RemoveSigner: signing.remove_signer,
    acts.Copy: copying.copy_matter,
    acts.Read: copying.read_matter,
    acts.Comment: hands.comment_on,
    acts.Attach: hands.attach_documents,
    acts.Link: hands.link_matters,
    acts.Migrate: migrating.migrate_matter,
}


def act(what: acts.Act, *, by: Actor, at: datetime) -> Receipt | None:
    """Do `what` in one transaction, or refuse it whole.

    `by` acts at the instant `at` (aware). Returns a Receipt, or None where the clock found
    nothing left to do. Raises Refusal or Refusals with a code, both languages and the field.
    """
    receipt = _act(what, by=by, at=at)
    ACTS.labels(type(what).__name__.lower()).inc()
    return receipt


def _act(what: acts.Act, *, by: Actor, at: datetime) -> Receipt | None:
    with write_turn():
        if isinstance(what, acts.Open):
            ((matter, number),) = opening.open_matters([what], by=by, at=at)
            return Receipt(matter, number)
        if isinstance(what, acts.Disclose):
            fields: dict[str, Any] = hands.disclose_fact(what, by=by, at=at)
            return Receipt(what.matter, "", fields)
        row = MOVES[type(what)](what, by=by, at=at)
        return None if row is None else Receipt(row.id, row.number)


def open_many(opens: Iterable[acts.Open], *, by: Actor, at: datetime) -> list[Receipt]:
    """Open many matters by one way into one procedure, in one transaction, or refuse them all.

    The same as `act` on one after the other: receipts in the order of `opens`. Raises what the
    first that is refused raises, and ValueError where procedure or start are not all the same.
    """
    with write_turn():
        receipts = [Receipt(*one) for one in opening.open_matters(list(opens), by=by, at=at)]
    ACTS.labels("open").inc(len(receipts))
    return receipts


def put_off(what: acts.Fire | acts.Warn | acts.Reassign, until: datetime) -> None:
    """Let the clock try an act that failed no sooner than `until`; deadlines stay as they are."""
    with write_turn():
        steps.put_off(what, until)
