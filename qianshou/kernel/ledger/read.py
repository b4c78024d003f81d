"""Reading the ledger: a subject's entries, and where its chain stands."""

import json
from collections.abc import Collection
from typing import Any

from qianshou.kernel.ledger.models import Entry


def entries_of(subject: str) -> list[dict[str, Any]]:
    """Return the entries of a matter or registry row in order, bodies parsed.

    Each has id, seq, hash and algorithm beside the keys of its body.
    """
    rows = Entry.objects.filter(subject=subject).order_by("seq")
    return [
        {**json.loads(row.body), "id": row.pk, "hash": row.hash, "algorithm": row.algorithm}
        for row in rows
    ]


def head_of(subject: str) -> tuple[int, str]:
    """Return the last sequence number and hash of a subject; (0, "") before its first entry."""
    row = Entry.objects.filter(subject=subject).order_by("-seq").values_list("seq", "hash").first()
    return row or (0, "")


def nodes_completed(subject: str) -> Collection[str]:
    """Return the human steps that somebody has completed in a matter."""
    return set(Entry.objects.filter(subject=subject, act="complete").values_list("node", flat=True))
