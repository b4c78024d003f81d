"""Reading the ledger: a subject's entries, and where its chain stands."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from qianshou.kernel.ledger.models import Entry, Seal


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


def opened_by(officer: int | None, subjects: Collection[str]) -> set[str]:
    """Return which of these matters an officer opened."""
    rows = Entry.objects.filter(subject__in=subjects, act="open", officer_id=officer)
    return set(rows.values_list("subject", flat=True))


def moves_of(subject: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (act, node, body) of the entries that completed a step, turned a matter back, or
    moved it to another version.
    """
    moves = ("complete", "return", "withdraw", "migrate")
    rows = Entry.objects.filter(subject=subject, act__in=moves)
    return [
        (act, node, json.loads(body))
        for act, node, body in rows.order_by("seq").values_list("act", "node", "body")
    ]


def moves_in(subjects: QuerySet[Any]) -> Iterator[dict[str, Any]]:
    """Yield the bodies of all entries of the matters whose numbers a query gives, matter by matter,
    each in its order.
    """
    rows = Entry.objects.filter(subject__in=subjects).order_by("subject", "seq")
    for body in rows.values_list("body", flat=True).iterator(chunk_size=2000):
        yield json.loads(body)


def first_written(subjects: Collection[str]) -> dict[str, datetime]:
    """Return when the first entry of each subject was written that has one."""
    found: dict[str, datetime] = {}
    names = sorted(subjects)
    for place in range(0, len(names), 500):
        rows = Entry.objects.filter(subject__in=names[place : place + 500], seq=1)
        found.update(rows.values_list("subject", "at"))
    return found


def find_entries(
    *,
    act: str = "",
    subject: str = "",
    before: int | None = None,
    size: int = 50,
    without: QuerySet[Any] | None = None,
    nor: Sequence[QuerySet[Any]] = (),
    tables: Collection[str] = (),
) -> tuple[Sequence[Entry], int | None]:
    """Return entries, the newest first, of one act or subject if named; and where the next
    page begins, if there is one. The entries of the matters `without` are left out, those of the
    subjects that the queries of `nor` give, and those of all rows of `tables`.
    """
    found = _left(without, nor, tables).order_by("-pk")
    if act:
        found = found.filter(act=act)
    if subject:
        found = found.filter(subject=subject)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def last_seal() -> Seal | None:
    """Return the newest seal, or None before the first."""
    return Seal.objects.order_by("-last_entry").first()


def sealed_entries(after: int, last: int, size: int) -> list[tuple[int, str, str, datetime]]:
    """Return id, subject, act and instant of the entries after one id up to another, by id."""
    rows = Entry.objects.filter(pk__gt=after, pk__lte=last).order_by("pk")
    return list(rows.values_list("pk", "subject", "act", "at")[:size])


def count_entries(
    *,
    without: QuerySet[Any] | None = None,
    nor: Sequence[QuerySet[Any]] = (),
    tables: Collection[str] = (),
) -> int:
    """Return how many entries the ledger holds, but those left out as by `find_entries`."""
    return _left(without, nor, tables).count()


def _left(
    without: QuerySet[Any] | None, nor: Sequence[QuerySet[Any]], tables: Collection[str]
) -> QuerySet[Entry]:
    found = Entry.objects.all()
    for table in sorted(tables):
        found = found.exclude(subject__startswith=f"{table}/")
    if without is not None:
        found = found.filter(~Exists(without.filter(number=OuterRef("subject"))))
    for subjects in nor:
        found = found.exclude(subject__in=subjects)
    return found
