"""The cast around one child and its acts, for the tests of reports and hazards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.door import acts
from qianshou.kernel.registry.models import Circle, Division, Officer
from qianshou.kernel.worklist.models import Task
from qianshou.packs.commission.care.circle import CADRE, TEACHER, add_officer
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.register import register_child

IDENTITY = {
    "name": "李小雨",
    "identity_number": "500199201503070024",
    "birth_date": "2015-03-07",
    "address": "龙水镇朝阳社区三组",
    "phone": "10000000002",
}


@dataclass
class Cast:
    """Officers by account name, the child of Longshui, and the instant at which they act."""

    at: datetime

    def actor(self, username: str) -> Actor:
        return actor_of(Officer.objects.get(username=username), self.at)

    def register(self, **changed: Any) -> Child:
        village = Division.objects.get(code="500111100001")
        child = register_child(
            {**IDENTITY, **changed}, village, sex="F", stage="primary", by=CLOCK, at=self.at
        )
        circle = Circle.objects.get(pk=child.circle_id)
        for role, username in ((CADRE, "lin_yue"), (TEACHER, "xu_min")):
            officer = Officer.objects.get(username=username)
            add_officer(circle, role, officer, by=CLOCK, at=self.at)
        return child

    def waiting(self, matter: int) -> list[str]:
        return [step_of(task) for task in open_tasks(matter)]

    def task(self, matter: int, step: str, at: str = "") -> Task:
        """Return the open task of a step, at the organisation of code `at` if named."""
        return next(
            task
            for task in open_tasks(matter)
            if step_of(task) == step and at in ("", task.organisation.code)
        )

    def do(self, matter: int, step: str, by: str, org: str = "", **facts: Any) -> None:
        act = acts.Complete(self.task(matter, step, org).pk, facts)
        door.act(act, by=self.actor(by), at=self.at)


def open_tasks(matter: int) -> list[Task]:
    found = Task.objects.filter(matter=matter, state=0).select_related("organisation")
    return list(found.order_by("pk"))


def step_of(task: Task) -> str:
    return task.node.rpartition("/")[2]
