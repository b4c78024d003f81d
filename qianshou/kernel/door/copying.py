"""Copies for reading (抄送): somebody else may read a matter and say that they have; no more."""

from datetime import datetime

from qianshou.kernel.access import Actor, actor_of, may_act, require
from qianshou.kernel.door.acts import Copy, Read
from qianshou.kernel.door.follow import Doing, store_entry
from qianshou.kernel.door.rules import may_copy
from qianshou.kernel.door.turn import (
    MatterRow,
    instant,
    is_hidden,
    load_seen_matter,
    not_before,
    standing_of,
)
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.lists import copies_of


def copy_matter(act: Copy, *, by: Actor, at: datetime) -> MatterRow:
    """Let officers read a matter, each told by a notice, or (`on` false) let them no longer.

    Whoever sees the matter copies it; whoever copied it, or supervises it, ends that. Refuses
    nobody (door.officers), and whoever has no post today, has it already or has not, or is
    outside the matter's circle (door.reader, naming them).
    """
    matter = load_seen_matter(act.matter, by)
    standing = standing_of(matter)
    require(may_copy(by, standing))
    sent = {copy.officer_id: copy.sender_id for copy in copies_of(matter.id)}
    found = list(Officer.objects.filter(pk__in=act.officers, is_active=True).order_by("id"))
    if not found or len(found) != len(set(act.officers)):
        raise Refusal("door.officers", "请选择抄送给谁", "Say to whom", "officers")
    at = not_before(matter, at)
    statements: list[Statement] = []
    for officer in found:
        copied = officer.pk in sent
        if act.on:
            to = actor_of(officer, at)
            fits = not copied and bool(to.seats) and not is_hidden(matter, to)
            statements += _sent(matter, officer.pk, by, at)
        else:
            fits = copied
            require(
                not copied or sent[officer.pk] == by.officer or may_act(by, "supervise", standing)
            )
            statements.append((change.END_COPY, [instant(at), matter.id, officer.pk]))
        if not fits:
            raise Refusal(
                "door.reader",
                f"不能这样抄送给{officer.name}：没有任职、已在抄送中或已不在，或不在知情范围内",
                f"{officer.name} cannot be copied so: no post, copied already or no longer, or "
                "outside the circle",
                "officers",
            )
    entry = {
        "officers": [officer.pk for officer in found],
        "names": [officer.name for officer in found],
        "text": act.text,
        "on": act.on,
    }
    store_entry(Doing("copy", by, at, matter, entry=entry), *statements)
    return matter


def _sent(matter: MatterRow, officer: int, by: Actor, at: datetime) -> list[Statement]:
    texts = [f"抄送阅办：{matter.title}"[:300], f"For you to read: {matter.title}"[:300]]
    told = [matter.id, "copy", matter.organisation, "", officer, *texts, instant(at)]
    return [
        (change.INSERT_COPY, [matter.id, officer, by.officer, instant(at)]),
        (change.INSERT_NOTICE, told),
    ]


def read_matter(act: Read, *, by: Actor, at: datetime) -> MatterRow:
    """Say that one has read what was copied to one; Refusal door.not_copied where nothing waits to
    be read.
    """
    matter = load_seen_matter(act.matter, by)
    copy = copies_of(matter.id).filter(officer=by.officer or 0, read_at=None).first()
    if copy is None:
        raise Refusal(
            "door.not_copied", "没有待您阅办的抄送", "Nothing waits for you to read", "matter"
        )
    at = not_before(matter, at)
    store_entry(
        Doing("read", by, at, matter, entry={"text": act.text}),
        (change.READ_COPY, [instant(at), matter.id, by.officer]),
    )
    return matter
