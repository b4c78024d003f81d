"""The sealer folds new entries into a Merkle tree every few seconds and chains the roots."""

from datetime import datetime

from django.db import connection, transaction

from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.chain import ALGORITHM, digest, merkle_root, seal_body
from qianshou.kernel.ledger.models import Entry, Seal

BATCH = 5000


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
            algorithm=ALGORITHM,
            root=root,
            prev=prev,
            hash=own,
        )
