"""Running matters moved to another version, from the page: drafted, tried, approved, carried out."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from qianshou.kernel import migrating
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.procedures.models import Migration, Version
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.worklist.models import Matter, Task
from tests.office.calls import register_call

Browse = Callable[[str], Client]
GATE = "police.gate"
DRAFTER = "jiang_yue"


@pytest.fixture
def other(district: None) -> str:
    """Return the other account of the district seat, which whoever tries it out has."""
    return "feng_yi"


@pytest.fixture
def matter(browse: Browse) -> Matter:
    register_call(browse("zhang_min"))
    return Matter.objects.get()


def newer(matter: Matter, at: datetime, name: str = "") -> Version:
    """Publish the matter's procedure with the step it stands at renamed, and given another id."""
    old = matter.version
    task = Task.objects.get(matter=matter, state=0)
    text = old.sources["bpmn"][GATE]
    text = text.replace(f'name="{task.name}"', 'name="改过的环节"')
    if name:
        told = rf'\b(id|sourceRef|targetRef|attachedToRef|bpmnElement)="{task.node}"'
        text = re.sub(told, rf'\1="{name}"', text)
    sources = {**old.sources, "bpmn": {**old.sources["bpmn"], GATE: text}}
    return publish(GATE, sources, at=at, own=True)


def begin(client: Client, source: Version, target: Version) -> Migration:
    sent = {"source": source.pk, "target": target.pk}
    assert client.post(f"/procedures/{GATE}/migrations/", sent).status_code == 302
    return Migration.objects.latest("pk")


def act(client: Client, plan: Migration, what: str, **sent: str):
    return client.post(f"/migrations/{plan.pk}/act/{what}/", sent)


def test_a_matter_is_moved_from_the_page_by_two_persons(
    browse: Browse, matter: Matter, other: str, at: datetime
) -> None:
    drafter, second = browse(DRAFTER), browse(other)
    task = Task.objects.get(matter=matter, state=0)
    new = newer(matter, at, "checked_anew")
    assert "迁移在办事项" in drafter.get(f"/procedures/{GATE}/").content.decode()
    shown = drafter.get(f"/procedures/{GATE}/migrations/").content.decode()
    assert "在办 1 件" in shown
    plan = begin(drafter, matter.version, new)
    assert "新版没有" in drafter.get(f"/migrations/{plan.pk}/").content.decode()
    trial = drafter.get(f"/migrations/{plan.pk}/trial/?only=stays").content.decode()
    assert matter.number in trial
    assert "新版没有" in trial
    chosen = {f"to.{task.node}": "checked_anew"}
    assert act(drafter, plan, "keep", **chosen, reason="").status_code == 302
    answer = act(drafter, plan, "offer", **chosen, reason=" ")
    assert answer.status_code == 422
    assert "请写明为什么迁移" in answer.content.decode()
    page = drafter.get(f"/migrations/{plan.pk}/").content.decode()
    assert "每个停留处在新版都有对应" in page
    assert act(drafter, plan, "offer", **chosen, reason="环节改名").status_code == 302
    own = act(drafter, plan, "approve")
    assert (own.status_code, "由另一人批准" in own.content.decode()) == (422, True)
    assert "请写明退回原因" in act(second, plan, "give-back", back=" ").content.decode()
    assert act(second, plan, "approve").status_code == 302
    assert "正在迁移" in drafter.get(f"/migrations/{plan.pk}/").content.decode()
    assert "正在迁移" in drafter.get(f"/migrations/{plan.pk}/progress/").content.decode()
    assert carry_out(now()) > 0
    assert drafter.get(f"/migrations/{plan.pk}/progress/").headers["HX-Refresh"] == "true"
    done = drafter.get(f"/migrations/{plan.pk}/").content.decode()
    assert "已迁移" in done
    matter.refresh_from_db()
    assert matter.version == new
    told = browse("zhang_min").get(f"/m/{matter.pk}/").content.decode()
    assert "迁移到新版规范" in told
    assert "改过的环节" in told
    assert list(verify(matter.number)) == []
    assert act(drafter, plan, "undo").status_code == 302
    assert Migration.objects.latest("pk").mapping == {"checked_anew": task.node}


def test_what_is_chosen_wrong_is_told_beside_its_field_and_kept(
    browse: Browse, matter: Matter, at: datetime
) -> None:
    drafter, new = browse(DRAFTER), newer(matter, at)
    same = {"source": new.pk, "target": new.pk}
    answer = drafter.post(f"/procedures/{GATE}/migrations/", same)
    assert (answer.status_code, "两个不同版本" in answer.content.decode()) == (422, True)
    none = {"source": "x", "target": new.pk}
    answer = drafter.post(f"/procedures/{GATE}/migrations/", none)
    assert (answer.status_code, "请选一个版本" in answer.content.decode()) == (422, True)
    plan = begin(drafter, matter.version, new)
    node = Task.objects.get(matter=matter, state=0).node
    answer = act(drafter, plan, "keep", **{f"to.{node}": "nowhere", "reason": "我写的原因"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "没有“nowhere”" in text
    assert "我写的原因" in text
    assert act(drafter, plan, "none").status_code == 404


def test_a_trial_goes_out_and_hides_what_a_circle_hides(
    browse: Browse, matter: Matter, at: datetime
) -> None:
    from qianshou.kernel.access import actor_of
    from qianshou.kernel.registry.models import Circle, Officer

    drafter = browse(DRAFTER)
    plan = begin(drafter, matter.version, newer(matter, at))
    sheet = f"/migrations/{plan.pk}/sheet/"
    assert drafter.get(sheet).content[:2] == b"PK"
    assert matter.number in drafter.get(f"{sheet}?as=csv").content.decode()
    Matter.objects.filter(pk=matter.pk).update(circle=Circle.objects.create(about="child"))
    by = actor_of(Officer.objects.get(username=DRAFTER), at)
    (one,) = migrating.try_plan(plan, by=by, at=at)
    assert (one.number, one.is_hidden) == ("", True)
    trial = drafter.get(f"/migrations/{plan.pk}/trial/").content.decode()
    assert matter.number not in trial
    assert f"/m/{matter.pk}/" not in trial
    assert "知情范围内" in trial


def test_nobody_else_sees_a_plan(browse: Browse, matter: Matter, at: datetime) -> None:
    plan = begin(browse(DRAFTER), matter.version, newer(matter, at))
    client = browse("zhang_min")
    for path in ("", "trial/", "sheet/", "progress/"):
        assert client.get(f"/migrations/{plan.pk}/{path}").status_code == 403
    assert client.get(f"/procedures/{GATE}/migrations/").status_code == 403
    assert act(client, plan, "keep").status_code == 403
