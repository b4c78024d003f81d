"""Giving an account a password to begin with; its owner must change it before anything else."""

import secrets
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.contrib.auth.hashers import make_password

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.login.sessions import end_sessions
from qianshou.kernel.registry.models import Officer

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GIVEN = "重设密码"


class Way(Protocol):
    """Ends what lets somebody in, or be told, as an officer without the officer's password."""

    def __call__(self, officer: Officer, /, *, by: Actor, at: datetime) -> None:
        """End it for one officer; nothing happens where there is none."""


Ending = TypeVar("Ending", bound=Way)
_ways: list[Way] = []


def way_in(end: Ending) -> Ending:
    """Register what ends such a way when somebody else gives the account a password."""
    _ways.append(end)
    return end


def new_password() -> str:
    """Return a password of four easily read groups."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def given(password: str) -> dict[str, Any]:
    """Return an officer's columns for a password that somebody else knows."""
    return {"password": make_password(password), "must_change_password": True}


def give_password(officer: Officer, *, by: Actor, at: datetime) -> str:
    """Unlock an account, give it a new password and return that; it is kept nowhere.

    Whoever is logged in to the account is logged out, and every other way in that was opened from
    inside ends with it: the binding to the single sign-on, and what registered as a `way_in`.
    """
    password = new_password()
    unlocked = {"failures": 0, "locked_until": None, "oidc_subject": None}
    with write_turn():
        change_row(officer, {**given(password), **unlocked}, by=by, at=at, reason=GIVEN)
        for end in _ways:
            end(officer, by=by, at=at)
        end_sessions(officer.pk)
    return password
