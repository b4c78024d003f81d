"""What makes a password good enough here, and that it counts exactly as it was typed."""

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from qianshou.kernel.registry.models import Officer
from tests.office.town import Town, make

OLD = "a-long-one-of-its-own-7"


@pytest.fixture
def town(db: None) -> Town:
    town = Town()
    make(town.zhang, password=make_password(OLD))
    return town


def change(officer: Officer, fresh: str) -> int:
    client = Client()
    client.force_login(officer)
    sent = {"old": OLD, "new": fresh, "again": fresh}
    return int(client.post("/me/", sent).status_code)


def may_enter(password: str) -> bool:
    sent = {"username": "zhang_min", "password": password}
    return Client().post("/login/", sent).status_code == 302


@pytest.mark.parametrize(
    "weak",
    [
        "short-7",
        "1234567890",
        "qwertyuiop",
        "zhang_min1",
        "dazu-2026",
        "Qianshou-Dazu-1",
        "大足公安局密码2026!",
    ],
)
def test_what_others_would_guess_is_refused(town: Town, weak: str) -> None:
    assert change(town.zhang, weak) == 422
    assert may_enter(OLD)


@pytest.mark.parametrize(
    "good",
    [
        "all small letters",
        "乡村振兴的路越走越宽广",
        "  spaces count  ",
        "x7" * 125,
        "a dazu of its own kind",
    ],
)
def test_any_other_signs_and_any_length_count_as_typed(town: Town, good: str) -> None:
    assert change(town.zhang, good) == 200
    assert may_enter(good)
    assert not may_enter(good[:-1])
    assert not may_enter(good.swapcase()) or good.swapcase() == good
    assert not may_enter(good.strip()) or good.strip() == good
