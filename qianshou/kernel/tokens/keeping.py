"""Giving out tokens, agreeing to them, taking them back; and who it is that shows one."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.passwords import way_in
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import lookup_digest
from qianshou.kernel.tokens.models import Token

PREFIX = "qs_"
LONGEST = timedelta(days=366)
SEEN_EVERY = timedelta(minutes=5)
PUBLIC = "open311"
SCOPES = {
    "list": ("读任务清单", "Read the list of tasks"),
    "matters": ("读事项、时间线、文书", "Read matters, timelines and documents"),
    "disclose": ("说明用途后查看当事人信息", "Read persons' sealed fields for a stated purpose"),
    "open": ("登记事项", "Open matters"),
    "act": ("签收、办结、退回任务", "Claim, complete and return tasks"),
    "indicators": ("读指标", "Read indicators"),
    "registry": ("读区划和机构", "Read divisions and organisations"),
    PUBLIC: ("代居民提交 Open311 诉求", "Pass on residents' requests by Open311"),
}


def issue_token(
    name: str,
    scopes: Collection[str],
    expires_on: date,
    *,
    officer: Officer | None = None,
    seat: tuple[int, str] | None = None,
    by: Actor,
    at: datetime,
) -> tuple[Token, str]:
    """Keep a new token and return it with its secret, which is kept nowhere.

    `seat` (organisation, post) narrows it to one seat that `officer` holds today. One that acts as
    an officer has no secret before that officer agrees: "" is returned. Refuses whoever is not the
    system administrator (access.denied), token.scopes, token.officer, token.seat, token.expires and
    what the table refuses.
    """
    require(by.role == "system")
    _check(scopes, expires_on, officer, seat, at)
    secret = "" if officer else _draw_secret()
    values = {
        "name": name.strip(),
        "secret_digest": _digest(secret) if secret else None,
        "scopes": [scope for scope in SCOPES if scope in scopes],
        "officer": officer,
        "organisation_id": seat[0] if seat else None,
        "post_id": seat[1] if seat else None,
        "expires_on": expires_on,
        "accepted_at": None if officer else at,
    }
    return change_row(Token(), values, by=by, at=at), secret


def _check(
    scopes: Collection[str],
    expires_on: date,
    officer: Officer | None,
    seat: tuple[int, str] | None,
    at: datetime,
) -> None:
    if not scopes or set(scopes) - set(SCOPES) or (PUBLIC in scopes and len(set(scopes)) > 1):
        raise Refusal(
            "token.scopes",
            "请勾选权限；Open311 令牌不能同时有别的权限",
            "Choose what it may do; a token for Open311 may do nothing else",
            "scopes",
        )
    if (officer is None) != (PUBLIC in scopes) or (
        officer is not None and (officer.role != "officer" or not officer.is_active)
    ):
        raise Refusal(
            "token.officer",
            "请选择以哪位工作人员的身份办理；Open311 令牌不以任何人的身份办理",
            "Choose the officer as whom it acts; a token for Open311 acts as nobody",
            "officer",
        )
    if seat and officer is not None:
        held = {(one.organisation, one.post) for one in actor_of(officer, at).seats}
        if seat not in held:
            raise Refusal(
                "token.seat",
                "该工作人员目前没有这个任职",
                "The officer does not hold this seat today",
                "seat",
            )
    if not day_of(at) < expires_on <= day_of(at) + LONGEST:
        raise Refusal(
            "token.expires",
            "有效期至少到明天，最长一年",
            "It must last until tomorrow at least, and for a year at most",
            "expires_on",
        )


def _draw_secret() -> str:
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def _digest(secret: str) -> str:
    return lookup_digest(f"token/{secret}")


def accept_token(token: Token, *, by: Actor, at: datetime) -> str:
    """Let a token work: the officer as whom it acts agrees, and is given its secret, which nobody
    else sees; "" where it was agreed to or ended before. Refuses all others (access.denied).
    """
    require(by.officer is not None and by.officer == token.officer_id)
    with write_turn():
        lock_row(token)
        if token.accepted_at is not None or token.revoked_at is not None:
            return ""
        secret = _draw_secret()
        values = {"accepted_at": at, "secret_digest": _digest(secret)}
        change_row(token, values, by=by, at=at)
    return secret


def revoke_token(token: Token, *, by: Actor, at: datetime) -> None:
    """End a token at once: the system administrator, or the officer as whom it acts."""
    require(by.role == "system" or (by.officer is not None and by.officer == token.officer_id))
    if token.revoked_at is None:
        change_row(token, {"revoked_at": at}, by=by, at=at)


@way_in
def revoke_tokens(officer: Officer, /, *, by: Actor, at: datetime) -> None:
    """End every token that acts as an officer."""
    for token in Token.objects.filter(officer=officer, revoked_at=None):
        change_row(token, {"revoked_at": at}, by=by, at=at)


def working_tokens(at: datetime) -> QuerySet[Token]:
    """Return the tokens that work at `at`: agreed to, neither ended nor expired, and the officer
    as whom they act, if any, has an account that is open.
    """
    return Token.objects.filter(
        Q(officer=None) | Q(officer__is_active=True),
        accepted_at__isnull=False,
        revoked_at=None,
        expires_on__gte=day_of(at),
    )


def find_token(secret: str, at: datetime) -> Token | None:
    """Return the token that a secret belongs to, where it works at `at`; notes that it was used.

    The last use is noted every five minutes, on the row alone.
    """
    if not secret.startswith(PREFIX) or len(secret) > 80:
        return None
    found = working_tokens(at).filter(secret_digest=_digest(secret))
    token = found.select_related("officer").first()
    if token is not None and (token.used_at is None or at - token.used_at > SEEN_EVERY):
        Token.objects.filter(pk=token.pk).update(used_at=at)
    return token


def actor_of_token(token: Token, at: datetime) -> Actor:
    """Return as whom a token acts now: its officer, with the one seat if it is narrowed to one.

    It stands in for nobody; narrowed to a seat, only what is addressed to that seat counts. The name
    says both, so that each entry of the ledger tells that a program acted.
    """
    assert token.officer is not None
    found = actor_of(token.officer, at)
    seats = found.seats
    if token.organisation_id is not None:
        seats = tuple(
            seat
            for seat in seats
            if (seat.organisation, seat.post) == (token.organisation_id, token.post_id)
        )
    return replace(
        found,
        seats=seats,
        principals=(),
        in_person=token.organisation_id is None,
        name=f"{found.name}（{token.name}）",
    )
