"""Drafts of visits: kept sealed under the child's key, gone when sent; the key of a browser's own.

On a phone a draft lies in the browser's storage, encrypted under a key that the server derives
for one officer and one task and gives to nobody else: without logging in as that officer nobody
who takes up a shared telephone can read it, and after a lost session it can still be read.
"""

import base64
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from qianshou.kernel.access import Actor
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.registry.vault import key_of, open_value, seal_value
from qianshou.packs.commission.care.models import VisitDraft


def draft_key(by: Actor, task: int) -> str:
    """Return the key (256 bits, base64) of an officer's draft of a task in a browser."""
    made = salted_hmac("qianshou.care.draft", f"{by.officer}/{task}", algorithm="sha256")
    return base64.b64encode(made.digest()).decode()


def keep_draft(
    matter: int, by: Actor, person: int, mark: str, content: Any, *, at: datetime
) -> None:
    """Keep `content` (JSON) of an officer's form, sealed under the key of the child.

    Nothing happens where the form has been sent. Raises Refusal vault.erased.
    """
    assert by.officer is not None
    sealed = seal_value(content, key_of(person)).encode()
    with write_turn():
        row = VisitDraft.objects.filter(matter=matter, officer=by.officer).first()
        if row is None:
            row = VisitDraft(matter_id=matter, officer_id=by.officer)
        if row.sent_at is None:
            row.mark, row.sealed, row.kept_at = mark, sealed, at
            row.save()


def kept_draft(matter: int, by: Actor, person: int) -> dict[str, Any] | None:
    """Return an officer's draft, {mark, at (milliseconds), content}, or None."""
    row = VisitDraft.objects.filter(matter=matter, officer=by.officer, sent_at=None).first()
    if row is None:
        return None
    content = open_value(bytes(row.sealed).decode(), key_of(person))
    return {"mark": row.mark, "at": int(row.kept_at.timestamp() * 1000), "content": content}


def mark_sent(matter: int, by: Actor, mark: str, *, at: datetime) -> None:
    """Note that the form of this mark was received, and drop every draft of the matter."""
    assert by.officer is not None
    VisitDraft.objects.filter(matter=matter).exclude(officer=by.officer).delete()
    VisitDraft.objects.update_or_create(
        matter_id=matter,
        officer_id=by.officer,
        defaults={"mark": mark, "sealed": b"", "kept_at": at, "sent_at": at},
    )


def was_sent(matter: int, by: Actor, mark: str) -> bool:
    """Whether the form of this mark has been received before."""
    sent = VisitDraft.objects.filter(matter=matter, officer=by.officer, sent_at__isnull=False)
    return bool(mark) and sent.filter(mark=mark).exists()
