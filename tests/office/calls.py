"""Calls as officers register them through the page, for the tests of pages."""

from typing import Any

from django.test import Client

from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.models import Matter, Task

TRIAGE = {
    "kind": "non_police", "category": "noise.work", "level": "normal", "lead": "longshui-office",
}  # fmt: skip


def village_of(town: str = "龙水镇") -> str:
    """Return the code of a village of a town."""
    found = Division.objects.filter(parent__name=town).order_by("pk").values_list("code", flat=True)
    return str(found[0])


def call_form(**changed: Any) -> dict[str, Any]:
    """Return what the page of registering sends."""
    return {
        "source": "110",
        "summary": "夜间施工噪声扰民",
        "place.division": village_of(),
        "place.address": "文化广场旁",
        "text": "连续三晚",
        "caller.name": "王芳",
        "caller.phone": "10000000001",
        **changed,
    }


def register_call(client: Client, **changed: Any) -> int:
    """Register a call through the page and return its matter."""
    answer = client.post("/open/police.gate/register/", call_form(**changed))
    assert answer.status_code == 302, answer.content.decode()
    return int(answer.headers["Location"].strip("/").split("/")[-1])


def open_task(matter: int) -> Task:
    """Return the open task of a matter."""
    return Task.objects.get(matter=matter, state=0)


def send(client: Client, matter: int, act: str, **sent: Any) -> Any:
    """Send an act of the matter's page, for its open task unless `task` is False."""
    if sent.pop("task", True):
        sent["task"] = open_task(matter).pk
    return client.post(f"/m/{matter}/{act}/", sent)


def entries(matter: int) -> list[str]:
    """Return the acts of a matter in order."""
    from qianshou.kernel.ledger.read import entries_of

    return [entry["act"] for entry in entries_of(Matter.objects.get(pk=matter).number)]
