"""Lines for a machine: each a JSON object, none with a name, a number or words of a person."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.test import Client
from django.test.utils import override_settings
from django.utils.module_loading import import_string

from qianshou.kernel.registry.models import Officer
from tests.office.calls import open_task, register_call, send

Browse = Callable[[str], Client]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Let the loggers write JSON into a text, as QIANSHOU_LOG=json does on standard error."""
    with written_as("json") as text:
        yield text


@pytest.fixture
def plain() -> Iterator[io.StringIO]:
    """Let the loggers write the lines of the default format."""
    with written_as("line") as text:
        yield text


@contextmanager
def written_as(name: str) -> Iterator[io.StringIO]:
    text = io.StringIO()
    kept = logging.StreamHandler(text)
    formatters: Any = settings.LOGGING["formatters"]
    kept.setFormatter(import_string(formatters[name]["()"])())
    root, requests = logging.getLogger(), logging.getLogger("qianshou.requests")
    root.addHandler(kept)
    requests.setLevel(logging.INFO)
    yield text
    root.removeHandler(kept)
    requests.setLevel(logging.WARNING)


def test_a_walk_through_pages_leaves_no_person_behind(browse: Browse, written: io.StringIO) -> None:
    client = browse("zhang_min")
    told = {"caller.name": "欧阳测试", "caller.phone": "10655550123"}
    matter = register_call(client, **told)
    for page in (
        "/",
        f"/m/{matter}/",
        "/m/?q=欧阳测试",
        "/m/10655550123/",
        "/欧阳测试/",
        "/notices/",
    ):
        client.get(page)
    send(client, matter, "comment", task=False, text="欧阳测试 10655550123")
    send(client, matter, "complete", category="欧阳测试")
    text = written.getvalue()
    officer = Officer.objects.get(username="zhang_min")
    for word in ("欧阳", "10655550123", officer.name, officer.username):
        assert word not in text
    lines = [json.loads(line) for line in text.splitlines()]
    asked = [line for line in lines if line["by"] == "qianshou.requests"]
    assert {line["officer"] for line in asked if line["route"] == "worklist"} == {officer.pk}
    assert {line["route"] for line in asked} >= {"worklist", "matter", "matters", "none", "act"}
    assert all(line["ms"] >= 0 and len(line["request"]) >= 8 for line in asked)
    assert open_task(matter).node == "triage"


@override_settings(DEBUG=False)
def test_what_breaks_is_told_by_kind_and_place_alone(
    browse: Browse, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("欧阳测试")

    monkeypatch.setattr("qianshou.office.worklist.list_tasks", fail)
    client = browse("zhang_min")
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    text = written.getvalue()
    broken = next(json.loads(line) for line in text.splitlines() if "exception" in line)
    assert broken["exception"] == "ValueError"
    assert any("worklist.py" in place for place in broken["places"])
    assert "欧阳" not in text


def test_plain_lines_tell_routes_and_no_path(browse: Browse, plain: io.StringIO) -> None:
    client = browse("zhang_min")
    client.get("/x/feed/a-secret.ics")
    client.get("/m/10655550123/")
    client.get("/欧阳测试/")
    client.get("/", headers={"Host": "欧阳 evil".encode().decode("latin-1")})
    logging.getLogger("library").warning("%s took %d s", "欧阳测试", 3)
    logging.getLogger("library").warning("欧阳测试 fell asleep")
    logging.getLogger("qianshou.worker").warning("parcel %s failed", "mail/7")
    text = plain.getvalue()
    for word in ("a-secret", "10655550123", "欧阳", "evil", "%e6", "%E6"):
        assert word not in text
    lines = re.sub(r"(?m)^\S+ \S+\+\d\d:\d\d ", "", text).splitlines()
    assert "WARNING django.request 404 Not Found (GET feed)" in lines
    assert "WARNING django.request 404 Not Found (GET matter)" in lines
    assert "WARNING django.request 404 Not Found (GET none)" in lines
    assert "ERROR django.security.DisallowedHost 400 Bad Request (GET none)" in lines
    assert lines[-3:] == [
        "WARNING library … took 3 s",
        "WARNING library",
        "WARNING qianshou.worker parcel mail/7 failed",
    ]


@override_settings(DEBUG=False)
def test_plain_lines_tell_what_broke_by_kind_and_place(
    browse: Browse, plain: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = "欧阳" + "测试"

    def fail(*_: object, **__: object) -> None:
        try:
            raise ValueError(person)
        except ValueError as error:
            raise IntegrityError(person) from error

    monkeypatch.setattr("qianshou.office.worklist.list_tasks", fail)
    client = browse("zhang_min")
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    text = plain.getvalue()
    assert "ERROR django.request 500 Internal Server Error (GET worklist)" in text
    assert "worklist.py" in text
    assert text.index("builtins.ValueError\n") < text.index("django.db.utils.IntegrityError\n")
    assert person not in text


def test_the_request_s_mark_comes_back(district: None) -> None:
    given = Client().get("/health/live", headers={"X-Request-ID": "0123456789abcdef"})
    assert given.headers["X-Request-ID"] == "0123456789abcdef"
    made = Client().get("/health/live", headers={"X-Request-ID": "<欧阳>"})
    assert len(made.headers["X-Request-ID"]) == 16
