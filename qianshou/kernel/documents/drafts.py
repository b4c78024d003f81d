"""What is kept between a preview and its confirmation: sealed, for one officer, to be taken once."""

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from qianshou.kernel.documents.models import Draft
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.vault import master_key, unwrap

KEPT = timedelta(hours=12)


def keep_draft(content: Any, officer: int, about: str, *, at: datetime) -> str:
    """Seal `content` (JSON) for an officer and return the key to it; old drafts are deleted."""
    drop_old_drafts(at)
    key = secrets.token_hex(16)
    sealed = cipher.wrap_key(json.dumps(content, ensure_ascii=False).encode(), master_key())
    Draft.objects.create(key=key, officer_id=officer, about=about, sealed=sealed, kept_at=at)
    return key


def take_draft(key: str, officer: int | None, about: str, *, at: datetime) -> Any:
    """Return what was kept under a key and delete it.

    Raises Refusal document.gone where it is another officer's, about something else, old, or has
    been taken: of two who take it at once one is refused.
    """
    mine = Draft.objects.filter(key=key[:32], officer=officer, about=about, kept_at__gte=at - KEPT)
    row = mine.first()
    if row is None or not mine.delete()[0]:
        raise Refusal(
            "document.gone",
            "预览已失效，请重新上传文件",
            "The preview is gone; please upload the file again",
        )
    return json.loads(unwrap(row.sealed))


def drop_old_drafts(at: datetime) -> int:
    """Delete what nobody has confirmed in twelve hours; returns how many drafts that were."""
    return Draft.objects.filter(kept_at__lt=at - KEPT).delete()[0]


def drop_draft(key: str, officer: int | None) -> None:
    """Delete what an officer does not want to confirm; nothing happens where there is nothing."""
    Draft.objects.filter(key=key[:32], officer=officer).delete()
