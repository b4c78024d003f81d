"""Signers of a step that several do (会签): one more (加签), or one less (减签)."""

from datetime import datetime

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.door.acts import AddSigner, RemoveSigner
from qianshou.kernel.door.follow import Doing, follow
from qianshou.kernel.door.rules import may_add_signer, may_remove_signer, require_text
from qianshou.kernel.door.turn import (
    MatterRow,
    is_hidden,
    load_open_task,
    not_before,
    standing_of,
)
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.models import OPEN, Task


def add_signer(act: AddSigner, *, by: Actor, at: datetime) -> MatterRow:
    """Let one more officer sign; how many there are changes with it, in the same transaction.

    Allowed to a signer and to a supervisor. Refuses a missing reason (door.reason), a step that
    does not name its signers (door.no_signing), and whoever signs already, does not hold the post
    there today or may not see the matter (door.signer).
    """
    matter, task = load_open_task(act.task, by)
    node = compiled(matter.digest).node(task.node)
    if node.collection is None or node.assignee is None:
        raise Refusal(
            "door.no_signing",
            "这一步没有会签人名单，不能加签",
            "This step has no list of signers to add to",
            "task",
        )
    require(may_add_signer(by, standing_of(matter), task.hold, node))
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    beside = Task.objects.filter(matter=matter.id, node=task.node, state=OPEN)
    found = Officer.objects.filter(pk=act.officer, is_active=True).first()
    to = None if found is None else actor_of(found, at)
    fits = to is not None and to.sits_at(task.organisation, task.posts)
    signs = beside.filter(assignee=act.officer).exists()
    if found is None or to is None or not fits or signs or is_hidden(matter, to):
        raise Refusal(
            "door.signer",
            "只能加一位目前任此岗位、能看到此事项、还没有在签的人",
            "Only somebody who holds this post, sees the matter and is not signing can be added",
            "officer",
        )
    entry = {
        "token": task.token,
        "element": found.pk,
        "to": found.name,
        "reason": act.reason,
    }
    doing = Doing("add_signer", by, not_before(matter, at), matter, task, task.node, entry=entry)
    follow(doing, engine.Widen(task.token, found.pk))
    return matter


def remove_signer(act: RemoveSigner, *, by: Actor, at: datetime) -> MatterRow:
    """Let the officer of a signing task not sign. Allowed to a supervisor.

    Refuses a missing reason (door.reason) and the last signer left (engine.last_signer).
    """
    matter, task = load_open_task(act.task, by)
    node = compiled(matter.digest).node(task.node)
    require(may_remove_signer(by, standing_of(matter), node))
    require_text(act.reason, "reason", "请写明理由", "Please give a reason")
    name = Officer.objects.filter(pk=task.assignee or 0).values_list("name", flat=True).first()
    entry = {"token": task.token, "to": name or "", "reason": act.reason}
    doing = Doing("remove_signer", by, not_before(matter, at), matter, task, task.node, entry=entry)
    follow(doing, engine.Narrow(task.token))
    return matter
