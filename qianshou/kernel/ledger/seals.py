"""The sealer folds new entries into a Merkle tree every few seconds and chains the roots."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.chain import digest, merkle_root, seal_body
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.problem import Problem

BATCH = 5000
SEALED_WITHIN = timedelta(hours=1)


def seal_entries(at: datetime) -> Seal | None:
    """Seal the oldest entries not yet sealed (at most 5,000) and return the seal, or None.

    On PostgreSQL the ledger's table is share-locked while the identifiers are read, so that
    no entry with a lower identifier can still appear from a running transaction.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE ledger_entry IN SHARE MODE")
        previous = Seal.objects.order_by("-last_entry").first()
        rows = list(
            Entry.objects.filter(pk__gt=previous.last_entry if previous else 0)
            .order_by("pk")
            .values_list("pk", "hash")[:BATCH]
        )
        if not rows:
            return None
        first, last, prev = rows[0][0], rows[-1][0], previous.hash if previous else ""
        root = merkle_root([leaf for _, leaf in rows])
        own = digest(seal_body(first, last, len(rows), stamp(at), root, prev))
        return Seal.objects.create(
            first_entry=first,
            last_entry=last,
            count=len(rows),
            at=at,
            algorithm=settings.HASH,
            root=root,
            prev=prev,
            hash=own,
        )


def check_seals(at: datetime | None = None) -> Iterator[Problem]:
    """Yield every seal that does not follow the one before or does not fit its entries.

    Then what the seals no longer cover: entries and seals lost at the end, and, with `at`
    (now), entries that have waited for a seal for more than an hour.
    """
    prev, last = "", 0
    for seal in Seal.objects.order_by("first_entry").iterator():
        leaves = list(
            Entry.objects.filter(pk__gt=last, pk__lte=seal.last_entry)
            .order_by("pk")
            .values_list("hash", flat=True)
        )
        if len(leaves) != seal.count or seal.prev != prev or not _is_whole(seal, leaves):
            yield Problem(
                f"seal/{seal.pk}",
                0,
                f"封存 {seal.pk}（记录 {seal.first_entry}–{seal.last_entry}）被破坏："
                f"应有 {seal.count} 条，实有 {len(leaves)} 条或内容不符",
                f"seal {seal.pk} (entries {seal.first_entry}-{seal.last_entry}) is broken: "
                f"{seal.count} entries expected, {len(leaves)} found, or other hashes",
            )
        prev, last = seal.hash, seal.last_entry
    yield from _check_unsealed(last, at)


def _is_whole(seal: Seal, leaves: list[str]) -> bool:
    body = seal_body(
        seal.first_entry, seal.last_entry, seal.count, stamp(seal.at), seal.root, seal.prev
    )
    try:
        root, own = merkle_root(leaves, seal.algorithm), digest(body, seal.algorithm)
    except ValueError:  # a hash that is none, an algorithm that nobody knows
        return False
    return (root, own) == (seal.root, seal.hash)


def _check_unsealed(last: int, at: datetime | None) -> Iterator[Problem]:
    if lost := _lost("ledger_seal", 0):
        yield Problem("seal", 0, f"封存记录缺少 {lost} 条", f"{lost} seals are missing")
    if lost := _lost("ledger_entry", last):
        yield Problem(
            "ledger",
            0,
            f"尚未封存的台账记录（编号 {last} 之后）缺少 {lost} 条",
            f"{lost} entries that were not sealed yet (after id {last}) are missing",
        )
    waiting = Entry.objects.filter(pk__gt=last).order_by("pk")
    oldest = waiting.values_list("pk", "at").first()
    if at is not None and oldest is not None and at - oldest[1] > SEALED_WITHIN:
        yield Problem(
            "seal",
            0,
            f"编号 {oldest[0]} 起的台账记录超过一小时没有封存：后台没有运行，或封存记录被删",
            f"entries from id {oldest[0]} on have not been sealed for over an hour: "
            "the worker does not run, or their seals were deleted",
        )


def _lost(table: str, after: int) -> int:
    """Return how many rows after an id are gone from a table.

    SQLite gives ids without gaps; PostgreSQL leaves gaps of its own, and there the answer is 0.
    """
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0) - %s - COUNT(*) "
            f"FROM {table} WHERE id > %s",
            [table, after, after],
        )
        (lost,) = cursor.fetchone()
        return int(lost)


def oldest_unsealed() -> datetime | None:
    """Return the instant of the oldest entry that no seal covers, or None."""
    last = Seal.objects.order_by("-last_entry").values_list("last_entry", flat=True).first()
    waiting = Entry.objects.filter(pk__gt=last or 0).order_by("pk")
    return waiting.values_list("at", flat=True).first()
