"""Lines for a machine: each a JSON object, none with a name, a number or words of a person."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.test.utils import override_settings

from qianshou.health.lines import JsonLines
from qianshou.kernel.registry.models import Officer
from tests.office.calls import open_task, register_call, send

Browse = Callable[[str], Client]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Let the loggers write JSON into a text, as QIANSHOU_LOG=json does on standard error."""
    text = io.StringIO()
    kept = logging.StreamHandler(text)
    kept.setFormatter(JsonLines())
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


def test_the_request_s_mark_comes_back(district: None) -> None:
    given = Client().get("/health/live", headers={"X-Request-ID": "0123456789abcdef"})
    assert given.headers["X-Request-ID"] == "0123456789abcdef"
    made = Client().get("/health/live", headers={"X-Request-ID": "<欧阳>"})
    assert len(made.headers["X-Request-ID"]) == 16
