"""Acts on who holds a task, and remarks that move nothing: claim, transfer, urge, comment…"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from qianshou.kernel.access import (
    Actor,
    Standing,
    actor_of,
    may_act,
    may_read,
    may_see,
    own_circles,
    principal_at,
    require,
)
from qianshou.kernel.documents.models import Document
from qianshou.kernel.door.acts import (
    Attach,
    Claim,
    Comment,
    Disclose,
    Link,
    Release,
    Supervise,
    Transfer,
    Urge,
)
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.rules import may_claim, may_release, may_transfer, may_urge, require_text
from qianshou.kernel.door.sealing import note_openings
from qianshou.kernel.door.signing import signers_of
from qianshou.kernel.door.turn import (
    MatterRow,
    TaskRow,
    instant,
    is_hidden,
    load_open_task,
    load_seen_matter,
    not_before,
    standing_of,
)
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.engine import State
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Organisation, Person
from qianshou.kernel.registry.vault import key_of, open_person, open_value
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.models import OPEN, Task

URGE_PAUSE_SECONDS = 30 * 60
SEALED = "sealed"


def claim_task(act: Claim, *, by: Actor, at: datetime) -> MatterRow:
    """Take a free task; Refusal door.claimed when somebody was faster.

    A substitute takes it for the principal, whose it then is.
    """
    matter, task = load_open_task(act.task, by)
    if task.assignee is not None:
        raise Refusal(
            "door.claimed", "这项任务已被签收", "This task has been claimed already", "task"
        )
    require(may_claim(by, task.hold))
    principal = principal_at(by, None, task.organisation, task.posts)
    officer = by.officer if principal is None else principal.officer
    return _assign(matter, task, "claim", by, at, officer)


def release_task(act: Release, *, by: Actor, at: datetime) -> MatterRow:
    """Give back a task that one holds."""
    matter, task = load_open_task(act.task, by)
    require(may_release(by, task.hold))
    return _assign(matter, task, "release", by, at, None)


def transfer_task(act: Transfer, *, by: Actor, at: datetime) -> MatterRow:
    """Hand a task to another holder of the same post.

    Allowed to its holder and to a seat of its organisation with "transfer"; the clock hands a
    task to the same post of another organisation too. Refuses an officer who does not hold the
    post there today (door.no_holder) or signs at that step already (door.signs), and a missing
    reason.
    """
    matter, task = load_open_task(act.task, by)
    require_text(act.reason, "reason", "请写明转办理由", "Please say why you hand this over")
    pack = pack_of(matter.procedure).id
    is_clock = by.kind == "clock"
    require(is_clock or may_transfer(by, pack, task.hold))
    there = ""
    if act.organisation is not None and act.organisation != task.organisation:
        require(is_clock)
        task = replace(task, organisation=act.organisation)
        there = Organisation.objects.values_list("code", flat=True).get(pk=act.organisation)
    receiver = Officer.objects.filter(pk=act.officer, is_active=True).first()
    to = None if receiver is None else actor_of(receiver, at)
    if receiver is None or to is None or not _may_receive(to, matter, task):
        raise Refusal(
            "door.no_holder",
            "对方目前没有任职此岗位，不能转办给他",
            "That officer does not hold this post today",
            "officer",
        )
    node = compiled(matter.digest).node(task.node)
    if task.blocks is not None or (node.collection is not None and node.assignee is not None):
        state = State.from_json(json.loads(matter.state))
        if act.officer in signers_of(matter, task, node, state):
            raise Refusal(
                "door.signs",
                "对方已在会签人之列，不能再替人签一份",
                "That officer is among the signers already and cannot sign twice",
                "officer",
            )
    told = {"reason": act.reason, "to": receiver.name}
    if there:
        told["organisation"] = there
    return _assign(matter, task, "transfer", by, at, act.officer, **told)


def _may_receive(to: Actor, matter: MatterRow, task: TaskRow) -> bool:
    return to.sits_at(task.organisation, task.posts) and not is_hidden(matter, to)


def _assign(
    matter: MatterRow,
    task: TaskRow,
    name: str,
    by: Actor,
    at: datetime,
    officer: int | None,
    **entry: str,
) -> MatterRow:
    at = not_before(matter, at)
    doing = Doing(
        name,
        by,
        at,
        matter,
        task,
        task.node,
        entry={"token": task.token, "assignee": officer, **entry},
    )
    claimed = instant(at) if officer is not None else None
    statements: list[Statement] = [
        (change.ASSIGN_TASK, [officer, claimed, task.organisation, task.id])
    ]
    if "organisation" in entry:
        statements.append((change.INSERT_PARTY, [matter.id, task.organisation]))
    store_entry(doing, *statements)
    return matter


def urge_matter(act: Urge, *, by: Actor, at: datetime) -> MatterRow:
    """Nudge the holders of a matter's open tasks; at most once in half an hour by one person."""
    matter = _loaded(act.matter, by, lambda standing: may_urge(by, standing))
    at = not_before(matter, at)
    recent = change.fetch(
        "SELECT MAX(at) >= %s FROM ledger_entry WHERE subject = %s AND act = 'urge' "
        "AND COALESCE(officer_id, 0) = %s",
        [instant_before(at, URGE_PAUSE_SECONDS), matter.number, by.officer or 0],
    )
    if recent and recent[0]:
        raise Refusal(
            "door.urged",
            "半小时内已经催办过，请稍后再催",
            "You have urged this within the last half hour; please wait",
            "matter",
        )
    _require_not_closed(matter)
    doing = Doing("urge", by, at, matter, entry={"text": act.text})
    zh = f"{by.name or '来电人'}催办：{matter.title}"[:300]
    en = f"Urged by {by.name or 'the caller'}: {matter.title}"[:300]
    store_entry(
        doing, (change.URGE_MATTER, [matter.id]), *_tell_holders(matter, "urge", zh, en, at)
    )
    return matter


def instant_before(at: datetime, seconds: int) -> object:
    """Return the instant `seconds` before `at` as the database driver takes it."""
    return instant(datetime.fromtimestamp(at.timestamp() - seconds, at.tzinfo))


def supervise_matter(act: Supervise, *, by: Actor, at: datetime) -> MatterRow:
    """Put a matter under supervision with what is demanded, or end it."""
    require_text(act.text, "text", "请写明督办要求", "Please say what you demand")
    matter = _loaded(act.matter, by, lambda standing: may_act(by, "supervise", standing))
    _require_not_closed(matter)
    at = not_before(matter, at)
    doing = Doing("supervise", by, at, matter, entry={"text": act.text, "on": act.on})
    zh = f"督办：{matter.title}：{act.text}"[:300]
    en = f"Under supervision: {matter.title}: {act.text}"[:300]
    store_entry(
        doing,
        (change.SUPERVISE_MATTER, [act.on, matter.id]),
        *_tell_holders(matter, "supervise", zh, en, at),
    )
    return matter


def comment_on(act: Comment, *, by: Actor, at: datetime) -> MatterRow:
    """Leave a remark; Refusal door.text when it is empty."""
    require_text(act.text, "text", "请写点内容", "Please write something")
    matter = _loaded(act.matter, by, lambda standing: may_see(by, standing))
    doing = Doing("comment", by, not_before(matter, at), matter, entry={"text": act.text[:2000]})
    store_entry(doing)
    return matter


def attach_documents(act: Attach, *, by: Actor, at: datetime) -> MatterRow:
    """Hang stored documents on a matter; Refusal door.no_document for one that is not stored."""
    matter = _loaded(act.matter, by, lambda standing: may_see(by, standing))
    wanted = {digest for digest, _name in act.documents}
    if Document.objects.filter(pk__in=wanted).count() < len(wanted):
        raise Refusal(
            "door.no_document",
            "有文件没有存下来，请重新上传",
            "A file is not stored; please upload it again",
            "files",
        )
    at = not_before(matter, at)
    doing = Doing(
        "attach",
        by,
        at,
        matter,
        entry={"documents": [{"digest": digest, "name": name} for digest, name in act.documents]},
    )
    store_entry(
        doing,
        *(
            (
                "INSERT INTO documents_attachment "
                "(matter_id, document_id, name, node, officer_id, at) "
                "VALUES (%s, %s, %s, '', %s, %s) ON CONFLICT DO NOTHING",
                [matter.id, digest, name[:120], by.officer, instant(at)],
            )
            for digest, name in act.documents
        ),
    )
    return matter


def link_matters(act: Link, *, by: Actor, at: datetime) -> MatterRow:
    """Say that two matters, both seen by the actor, belong together.

    Refuses one from which others could learn of a circle's matter (door.circle).
    """
    if act.matter == act.other:
        raise Refusal("door.link", "不能与自身关联", "A matter cannot be linked to itself", "other")
    matter = _loaded(act.matter, by, lambda standing: may_see(by, standing))
    other = _loaded(act.other, by, lambda standing: may_see(by, standing))
    if other.circle not in (None, matter.circle):
        raise Refusal(
            "door.circle",
            "对方事项有知情范围，不能写进这件事项；请从对方事项关联过来",
            "The other matter has a circle and must not be named in this one; link from there",
            "other",
        )
    doing = Doing(
        "link",
        by,
        not_before(matter, at),
        matter,
        entry={"other": other.number, "reason": act.reason},
    )
    store_entry(doing, (change.INSERT_LINK, [matter.id, other.id, "related"]))
    return matter


def disclose_fact(act: Disclose, *, by: Actor, at: datetime) -> dict[str, Any]:
    """Return a person's sealed fields after writing down who read them and what for.

    `fact` names the person's place in the matter's facts, or is "sealed" for every fact that
    was sealed under the key of the person whom the matter is about. Refuses a missing purpose
    (door.purpose), a class of data the actor's posts do not read (access.denied), and an
    erased person (vault.erased). The log of openings has it too, but not where the person is kept
    for this one matter: there the log would tell that there is the matter.
    """
    require_text(act.purpose, "purpose", "请写明查看用途", "Please say what you need it for")
    matter = _loaded(act.matter, by, lambda standing: may_read(by, act.fact, standing))
    facts = json.loads(matter.state)["facts"]
    found = facts.get(act.fact)
    person = found.get("person") if isinstance(found, dict) else None
    if act.fact == SEALED:
        person = matter.person
    if person is None:
        raise Refusal("door.no_person", "没有登记当事人", "No person is recorded", "fact")
    fields = _open_sealed(facts, person) if act.fact == SEALED else open_person(person)
    doing = Doing(
        "disclose",
        by,
        not_before(matter, at),
        matter,
        entry={"fact": act.fact, "person": person, "purpose": act.purpose[:200]},
    )
    store_entry(doing)
    if act.fact == SEALED and not own_circles().filter(persons=person).exists():
        row = Person.objects.get(pk=person)
        note_openings([row], [SEALED], act.purpose, by, at, allowed=True)
    return fields


def _open_sealed(facts: dict[str, Any], person: int) -> dict[str, Any]:
    key = key_of(person)
    return {
        name: open_value(value["sealed"], key)
        for name, value in facts.items()
        if isinstance(value, dict) and set(value) == {"sealed"}
    }


def _loaded(matter: int, by: Actor, allowed: Callable[[Standing], bool]) -> MatterRow:
    row = load_seen_matter(matter, by)
    require(by.kind == "clock" or allowed(standing_of(row)))
    return row


def _require_not_closed(matter: MatterRow) -> None:
    if matter.closed_at is not None:
        raise Refusal("door.closed", "此事项已经办结", "This matter is closed", "matter")


def _tell_holders(matter: MatterRow, kind: str, zh: str, en: str, at: datetime) -> list[Statement]:
    tasks = Task.objects.filter(matter=matter.id, state=OPEN)
    held = tasks.values_list("organisation", "posts", "assignee")
    whose = tasks.filter(delegated_from__isnull=False)
    holders = held.union(whose.values_list("organisation", "posts", "delegated_from"))
    return [
        (
            change.INSERT_NOTICE,
            [matter.id, kind, organisation, posts, assignee, zh, en, instant(at)],
        )
        for organisation, posts, assignee in holders
    ]
