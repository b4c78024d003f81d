"""What the gate's declarations cannot say: its projection, repeat calls, the town leader."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.door import acts
from qianshou.kernel.door.notices import tell
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.police.gate import suggesting  # noqa: F401  # it registers its ranking
from qianshou.packs.police.gate.models import Call, Order

GATE = "police.gate"
CAUSE = "police.gate.cause"
REPEATS = 3
REPEAT_DAYS = 30


def minutes_between(start: datetime, end: datetime) -> float:
    """Return the minutes from `start` to `end`, to a tenth."""
    return round((end - start).total_seconds() / 60, 1)


def step_of(node: str) -> str:
    """Return the last part of a node's id: "sign" for "orders/sign"."""
    return node.rpartition("/")[2]


@projection(GATE)
def project_call(change: Change) -> None:
    """Keep the call's row and its orders as the act left them."""
    calls = Call.objects
    if change.act == "open":
        calls.create(
            matter_id=change.matter,
            received_at=change.at,
            source=change.facts.get("source") or "portal",
            division_id=change.division,
        )
    values = told_by(change)
    timed = step_of(change.node) != "inform"  # due at once: how soon is `informed_at`
    if change.late and timed and change.act in ("warn", "complete"):
        values["is_on_time"] = False
    if change.closed or is_settled(change):
        calls.filter(pk=change.matter, closed_at=None).update(
            **values, closed_at=change.at, outcome=step_of(change.node) or change.act
        )
    elif values:
        calls.filter(pk=change.matter).update(**values)
    _project_orders(change)


def is_settled(change: Change) -> bool:
    """Whether the caller has been heard: satisfied, or silent for two working days."""
    if change.act == "fire":
        return change.node == "no_answer"
    satisfied = change.submitted.get("satisfied") == "yes"
    return change.act == "complete" and change.node == "callback" and satisfied


def told_by(change: Change) -> dict[str, Any]:
    """Return the columns of the call that an act settles."""
    facts, at = change.submitted, change.at
    if change.act != "complete":
        return {}
    step = step_of(change.node)
    if step == "triage":
        return {
            "kind": facts["kind"],
            "category": facts["category"],
            "level": facts["level"],
            "lead": facts.get("lead", ""),
            "is_joint": bool(facts.get("assist")),
            "triaged_at": at,
        }
    if step == "inform":
        return {"informed_at": at}
    if step == "verify" and facts["verified"] == "ok":
        return {"verified_at": at}
    if step == "callback":
        return {"satisfied": facts["satisfied"]}
    if step == "work" and facts["need"] == "join":
        return {"is_joint": True}
    if step == "work" and facts["need"] == "police":
        return {"is_reversed": True}
    return {}


def _waiting_orders(change: Change) -> QuerySet[Order]:
    return Order.objects.filter(matter_id=change.matter, state__in=("sent", "signed"))


def _project_orders(change: Change) -> None:
    orders = Order.objects
    if change.step is None:
        if change.closed:
            _waiting_orders(change).update(state="withdrawn")
        return
    cancelled = [one.token for one in change.step.closed if one.reason == "cancelled"]
    if cancelled:
        _waiting_orders(change).filter(token__in=cancelled).update(state="withdrawn")
    ways = {"sign": "out", "reverse": "police", "assist": "joint"}
    for opened in change.step.opened:
        direction = ways.get(step_of(opened.node))
        if direction is not None:
            orders.create(
                matter_id=change.matter,
                token=opened.token,
                direction=direction,
                organisation=str(opened.organisation or ""),
                division_id=change.division,
                sent_at=change.at,
                state="sent",
            )
    step = step_of(change.node)
    if change.act == "return" and step == "work":
        _signed_by_holder(change).update(state="withdrawn")
    if change.act != "complete":
        return
    if step == "work" and change.submitted["need"] == "none":
        _signed_by_holder(change).update(state="done", done_at=change.at)
    elif step in ways:
        own = orders.filter(matter_id=change.matter, token=change.task or 0)
        if step == "sign":
            accepted = change.submitted["sign"] == "accept"
            own.update(state="signed" if accepted else "returned", signed_at=change.at)
            _count_signing(change, accepted)
        else:
            own.update(state="done", signed_at=change.at, done_at=change.at)


def _signed_by_holder(change: Change) -> QuerySet[Order]:
    holder = Organisation.objects.filter(pk=change.holder or 0).values("code")
    orders = Order.objects.filter(matter_id=change.matter, direction="out")
    return orders.filter(organisation__in=holder, state="signed")


def _count_signing(change: Change, accepted: bool) -> None:
    calls = Call.objects
    if not accepted:
        calls.filter(pk=change.matter).update(returns=F("returns") + 1)
        return
    sent = Order.objects.filter(matter_id=change.matter).earliest("sent_at").sent_at
    calls.filter(pk=change.matter, signed_at=None).update(
        signed_at=change.at, signed_minutes=minutes_between(sent, change.at)
    )


@effect("gate.find_cause")
def find_cause(change: Change, facts: Mapping[str, Any]) -> None:
    """Open a root cause when a place has called three times in 30 days for one category.

    A place is a village or community. Duplicates merged away do not count, nor do calls that
    have led to a root cause already or that only a circle may know of.
    """
    if change.circle is not None or not facts.get("lead"):
        return
    same = Call.objects.filter(
        division_id=change.division,
        division__kind__in=("village", "community"),
        category=facts["category"],
        received_at__gt=change.at - timedelta(days=REPEAT_DAYS),
        cause_at=None,
        matter__circle=None,
    ).exclude(outcome="merge")
    earlier = same.exclude(pk=change.matter).order_by("received_at")
    numbers = list(earlier.values_list("matter__number", flat=True)[: REPEATS * 4])
    if len(numbers) + 1 < REPEATS:
        return
    send(
        "gate.cause",
        {
            "summary": f"{REPEAT_DAYS} 日内第 {len(numbers) + 1} 次：{facts['summary']}"[:60],
            "place": dict(facts["place"]),
            "category": facts["category"],
            "responsible": facts["lead"],
            "calls": "、".join([*numbers, change.number])[:400],
        },
        key=f"gate.cause/{change.number}",
        at=change.at,
    )
    same.update(cause_at=change.at)
    Call.objects.filter(pk=change.matter).update(cause_at=change.at)


@carrier("gate.cause")
def open_cause(facts: Mapping[str, Any], at: datetime) -> None:
    """Open the root cause that was found."""
    door.act(acts.Open(CAUSE, facts, "cause", via="repeat"), by=CLOCK, at=at)


@effect("gate.tell_leader")
def tell_leader(change: Change, facts: Mapping[str, Any]) -> None:
    """Tell the town's leader that a caller was not satisfied; count the second round."""
    Call.objects.filter(pk=change.matter).update(rounds=2)
    tell(
        change,
        "unsatisfied",
        "town_leader",
        f"来电人不满意，再办一次：{facts.get('summary', '')}",
        f"The caller is not satisfied, once more: {facts.get('summary', '')}",
    )
