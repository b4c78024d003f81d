"""Webhooks: other systems are told that something has happened, and come and read it.

A message has pointers only: which matter, whether it is open, when it is next due; and none is
sent of a matter in a circle. It is sent at least once; the Idempotency-Key is the same each time.
The signature is HMAC-SHA256 over "<timestamp>.<body>" (as Stripe's and Svix's webhooks do it).
"""

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Min, QuerySet
from django.utils.crypto import salted_hmac

from qianshou.exchange.models import Hook, Mark
from qianshou.exchange.outward import check_url, post_outward
from qianshou.kernel.access import CLOCK, Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.notices import tell_officer
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.ledger.read import last_seal, sealed_entries
from qianshou.kernel.outbox import carrier, relay, send
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.tokens.keeping import actor_of_token, working_tokens
from qianshou.kernel.tokens.models import Token
from qianshou.kernel.worklist.lists import open_tasks, see_matters

PARCEL = "exchange.hook"
MOST_FAILURES = 10
BATCH = 500
KINDS = (
    "open", "complete", "claim", "release", "transfer", "return", "withdraw", "urge", "supervise",
    "suspend", "resume", "comment", "attach", "link", "merge", "absorb", "fire", "deliver", "warn",
)  # fmt: skip


def make_hook(
    token: Token, url: str, kinds: Collection[str], *, by: Actor, at: datetime
) -> tuple[Hook, str]:
    """Keep a new hook and return it with the secret that signs what it is told.

    It is told nothing before the token's officer agrees to it. Refuses whoever is not the system
    administrator (access.denied), a token that may not read matters (hook.scope), no kind or
    an unknown one (hook.kinds), and what check_url refuses.
    """
    require(by.role == "system")
    if "matters" not in token.scopes or token.revoked_at is not None:
        raise Refusal(
            "hook.scope",
            "令牌要有读事项的权限，并且没有停用",
            "The token must be allowed to read matters, and not be revoked",
            "url",
        )
    if not kinds or set(kinds) - set(KINDS):
        raise Refusal("hook.kinds", "请勾选通知哪些动作", "Choose which acts are told", "kinds")
    check_url(url)
    values = {"token": token, "url": url, "kinds": [one for one in KINDS if one in kinds]}
    hook = change_row(Hook(), values, by=by, at=at)
    return hook, secret_of(hook.pk)


def accept_hook(hook: Hook, *, by: Actor, at: datetime) -> None:
    """Let a hook be told: the officer as whom its token acts agrees. Refuses all others."""
    require(by.officer is not None and by.officer == hook.token.officer_id)
    if hook.accepted_at is None and hook.disabled_at is None:
        change_row(hook, {"accepted_at": at}, by=by, at=at)


def end_hook(hook: Hook, *, by: Actor, at: datetime) -> None:
    """Tell a hook nothing more: the system administrator, or the officer of its token."""
    own = by.officer is not None and by.officer == hook.token.officer_id
    require(by.role == "system" or own)
    if hook.disabled_at is None:
        change_row(hook, {"disabled_at": at}, by=by, at=at)


def secret_of(hook: int) -> str:
    """Return the secret of a hook: drawn from the house's own secret, so that none is kept."""
    return salted_hmac("qianshou.exchange.hook", str(hook), algorithm="sha256").hexdigest()


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message sent at `timestamp` (seconds since 1970, as text)."""
    signed = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


@relay
def tell_hooks(at: datetime) -> int:
    """Send a parcel to each hook for each new sealed entry that it is to be told of.

    A sealed entry can have no neighbour with a lower id that appears later.
    """
    seal = last_seal()
    if seal is None:
        return 0
    mark, made = Mark.objects.get_or_create(name="entries", defaults={"last": seal.last_entry})
    if made or mark.last >= seal.last_entry:
        return 0
    working = list(working_hooks(at))
    entries = sealed_entries(mark.last, seal.last_entry, BATCH) if working else []
    sent = sum(_tell(hook, entries, at) for hook in working)
    Mark.objects.filter(pk="entries").update(
        last=entries[-1][0] if len(entries) == BATCH else seal.last_entry
    )
    return sent


def working_hooks(at: datetime) -> QuerySet[Hook]:
    """Return the hooks that are told at `at`: agreed to, not ended, of a token that works."""
    agreed = Hook.objects.filter(disabled_at=None, accepted_at__isnull=False)
    return agreed.filter(token__in=working_tokens(at)).select_related("token__officer")


def _tell(hook: Hook, entries: list[tuple[int, str, str, datetime]], at: datetime) -> int:
    wanted = [one for one in entries if one[2] in hook.kinds and "/" not in one[1]]
    by = actor_of_token(hook.token, at)
    matters = {
        number: (pk, closed_at)
        for number, pk, closed_at in see_matters(by)
        .filter(circle=None, number__in={subject for _id, subject, _act, _at in wanted})
        .values_list("number", "pk", "closed_at")
    }
    due = due_of({pk for pk, _closed in matters.values()})
    sent = 0
    for entry, number, act, happened in wanted:
        if number in matters:
            pk, closed_at = matters[number]
            told = {
                "id": entry,
                "kind": act,
                "number": number,
                "state": "open" if closed_at is None else "closed",
                "due": due.get(pk),
                "at": happened.astimezone(CHINA).isoformat(timespec="seconds"),
            }
            send(PARCEL, {"hook": hook.pk, "told": told}, key=f"hook/{hook.pk}/{entry}", at=at)
            sent += 1
    return sent


def due_of(matters: Collection[int]) -> dict[int, str]:
    """Return when each of these matters is next due, as text; closed ones are left out."""
    rows = open_tasks().filter(matter__in=matters).values_list("matter").annotate(Min("due_at"))
    return {pk: due.astimezone(CHINA).isoformat(timespec="seconds") for pk, due in rows}


@carrier(PARCEL, alone=True)
def carry(facts: Mapping[str, Any], at: datetime) -> None:
    """Call a hook, where it still works and its token still sees the matter; one that has failed
    ten times in a row is disabled, and its officer told.
    """
    hook = working_hooks(at).filter(pk=facts["hook"]).first()
    if hook is None:
        return
    seen = see_matters(actor_of_token(hook.token, at))
    if not seen.filter(circle=None, number=facts["told"]["number"]).exists():
        return
    body = json.dumps(facts["told"], ensure_ascii=False, sort_keys=True).encode()
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": f"{hook.pk}-{facts['told']['id']}",
        "X-Qianshou-Timestamp": timestamp,
        "X-Qianshou-Signature": sign(secret_of(hook.pk), timestamp, body),
    }
    try:
        post_outward(hook.url, body, headers)
    except Exception:
        _count_failure(hook, at)
        raise
    if hook.failures:
        Hook.objects.filter(pk=hook.pk).update(failures=0)


def _count_failure(hook: Hook, at: datetime) -> None:
    Hook.objects.filter(pk=hook.pk).update(failures=F("failures") + 1)
    hook.refresh_from_db(fields=["failures"])
    if hook.failures < MOST_FAILURES:
        return
    officer, seats = hook.token.officer_id, actor_of_token(hook.token, at).seats
    with write_turn():
        change_row(hook, {"disabled_at": at}, by=CLOCK, at=at, reason="连续失败")
        if officer is not None and seats:
            tell_officer(
                officer,
                seats[0].organisation,
                "hook",
                f"“{hook.token.name}”的回调连续失败 {MOST_FAILURES} 次，已停用",
                f"The webhook of “{hook.token.name}” failed {MOST_FAILURES} times and is disabled",
                at=at,
            )
