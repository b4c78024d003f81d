"""Tokens: given out by the system administrator, agreed to by the officer, ended by either."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.outbox import relay, relays, run_relays
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.kernel.tokens.keeping import (
    accept_token,
    actor_of_token,
    find_token,
    issue_token,
    revoke_token,
)
from qianshou.kernel.tokens.models import Token

pytestmark = pytest.mark.usefixtures("district")


def officer(username: str) -> Officer:
    return Officer.objects.get(username=username)


@pytest.fixture
def admin(at: datetime) -> Actor:
    return actor_of(Officer.objects.get(role="system"), at)


@pytest.fixture
def issue(admin: Actor, at: datetime) -> Callable[..., tuple[Token, str]]:
    def issued(**changed: Any) -> tuple[Token, str]:
        told = {
            "name": "镇街办公系统",
            "scopes": ["list", "act"],
            "expires_on": day_of(at) + timedelta(days=90),
            "officer": officer("zhang_min"),
            **changed,
        }
        return issue_token(**{"by": admin, "at": at, **told})

    return issued


def test_it_works_once_the_officer_agrees_and_until_it_is_taken_back(
    issue: Callable[..., tuple[Token, str]], admin: Actor, at: datetime
) -> None:
    token, none = issue()
    zhang = actor_of(officer("zhang_min"), at)
    assert (none, token.secret_digest) == ("", None)  # nobody can know it before
    with pytest.raises(Refusal, match="岗位"):
        accept_token(token, by=admin, at=at)
    secret = accept_token(token, by=zhang, at=at)
    assert accept_token(token, by=zhang, at=at) == ""  # shown once
    assert find_token(secret, at) == token
    assert find_token(secret, at + timedelta(days=91)) is None
    assert find_token(secret + "x", at) is None
    assert find_token("qs_", at) is None
    with pytest.raises(Refusal, match="岗位"):
        revoke_token(token, by=actor_of(officer("tang_li"), at), at=at)
    revoke_token(token, by=zhang, at=at)
    assert find_token(secret, at) is None
    told = history_of(token)
    assert [entry["act"] for entry in told] == ["register", "amend", "amend"]
    assert secret not in str(told)
    assert str(Token.objects.values_list("secret_digest", flat=True)[0]) not in str(told)


def test_an_account_that_is_closed_closes_its_tokens(
    issue: Callable[..., tuple[Token, str]], at: datetime
) -> None:
    token, _none = issue()
    secret = accept_token(token, by=actor_of(officer("zhang_min"), at), at=at)
    Officer.objects.filter(username="zhang_min").update(is_active=False)
    assert find_token(secret, at) is None


def test_one_that_acts_as_nobody_works_at_once(
    issue: Callable[..., tuple[Token, str]], at: datetime
) -> None:
    token, secret = issue(officer=None, scopes=["open311"])
    assert find_token(secret, at) == token


def test_it_acts_as_one_seat_where_it_is_narrowed_and_signs_with_both_names(
    issue: Callable[..., tuple[Token, str]], at: datetime
) -> None:
    seat = actor_of(officer("zhang_min"), at).seats[0]
    token, _ = issue(seat=(seat.organisation, seat.post))
    acting = actor_of_token(token, at)
    assert acting.seats == (seat,)
    assert acting.name == "张敏（镇街办公系统）"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"scopes": []}, "token.scopes"),
        ({"scopes": ["everything"]}, "token.scopes"),
        ({"scopes": ["open311", "list"]}, "token.scopes"),
        ({"officer": None}, "token.officer"),
        ({"scopes": ["open311"]}, "token.officer"),
        ({"seat": (1, "district_seat")}, "token.seat"),
    ],
)
def test_what_cannot_be_given_out_is_refused(
    issue: Callable[..., tuple[Token, str]], changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        issue(**changed)
    assert refused.value.code == code
    assert not Token.objects.exists()


def test_days_administrators_and_names_are_checked(
    issue: Callable[..., tuple[Token, str]], admin: Actor, at: datetime
) -> None:
    for days in (0, 367):
        with pytest.raises(Refusal) as refused:
            issue(expires_on=day_of(at) + timedelta(days=days))
        assert refused.value.code == "token.expires"
    with pytest.raises(Refusal) as refused:
        issue(officer=Officer.objects.get(role="audit"))
    assert refused.value.code == "token.officer"
    with pytest.raises(Refusal) as refused:
        issue(by=actor_of(officer("zhang_min"), at))
    assert refused.value.code == "access.denied"
    issue()
    with pytest.raises(Refusals):
        issue()


def test_the_table_holds_half_a_seat_for_no_seat(
    issue: Callable[..., tuple[Token, str]],
) -> None:
    token, _ = issue()
    with pytest.raises(IntegrityError, match="token_seat_is_whole"), transaction.atomic():
        Token.objects.filter(pk=token.pk).update(organisation=Organisation.objects.first())


def test_the_table_holds_no_token_that_is_agreed_to_and_has_no_secret(
    issue: Callable[..., tuple[Token, str]], at: datetime
) -> None:
    token, _ = issue()
    with pytest.raises(IntegrityError, match="token_accepted_has_secret"), transaction.atomic():
        Token.objects.filter(pk=token.pk).update(accepted_at=at)


def test_a_relay_that_fails_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch, at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relays, "_relays", [])

    @relay
    def broken(at: datetime) -> int:
        raise RuntimeError("no")

    relay(lambda at: 2)
    assert run_relays(at) == 2
    assert "broken" in caplog.text
