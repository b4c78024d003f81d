"""Programs with tokens, given out as in the product."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.tokens.keeping import SCOPES, accept_token, issue_token

ALL = tuple(scope for scope in SCOPES if scope != "open311")


def actor(username: str) -> Actor:
    return actor_of(Officer.objects.get(username=username), now())


class Program:
    """Another system that shows a token."""

    def __init__(self, secret: str, client: Client) -> None:
        self.secret, self.client = secret, client
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str, **asked: Any) -> Any:
        return self.client.get(f"/api/v1{path}", asked, headers=self.headers)

    def post(self, path: str, **sent: Any) -> Any:
        return self.client.post(
            f"/api/v1{path}", json.dumps(sent), "application/json", headers=self.headers
        )


@pytest.fixture
def program(district: None) -> Callable[..., Program]:
    """Return what gives a program a token to act as an officer who has agreed."""

    def given(username: str, scopes: Sequence[str] = ALL, **changed: Any) -> Program:
        officer = Officer.objects.get(username=username)
        token, _none = issue_token(
            f"系统{Officer.objects.count()}{username}{len(scopes)}",
            scopes,
            day_of(now()) + timedelta(days=30),
            officer=officer,
            by=actor_of(Officer.objects.get(role="system"), now()),
            at=now(),
            **changed,
        )
        secret = accept_token(token, by=actor(username), at=now())
        return Program(secret, Client())

    return given
