"""Giving an account a password to begin with; its owner must change it before anything else."""

import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.login.sessions import end_sessions
from qianshou.kernel.registry.models import Officer

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GIVEN = "重设密码"


def new_password() -> str:
    """Return a password of four easily read groups."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def given(password: str) -> dict[str, Any]:
    """Return an officer's columns for a password that somebody else knows."""
    return {"password": make_password(password), "must_change_password": True}


def give_password(officer: Officer, *, by: Actor, at: datetime) -> str:
    """Unlock an account, give it a new password and return that; it is kept nowhere.

    Whoever is logged in to the account is logged out.
    """
    password = new_password()
    values = {**given(password), "failures": 0, "locked_until": None}
    change_row(officer, values, by=by, at=at, reason=GIVEN)
    end_sessions(officer.pk)
    return password
