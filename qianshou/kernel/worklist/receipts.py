"""Finding the matter that a resident follows by the digest of a receipt number."""

from django.db import connection

from qianshou.kernel.worklist.models import Matter

RECEIPTS = """
WITH RECURSIVE joined (id, receipt_digest) AS (
    SELECT id, receipt_digest FROM worklist_matter WHERE id = %s
    UNION
    SELECT merged.id, merged.receipt_digest
    FROM worklist_matter merged JOIN joined ON merged.merged_into_id = joined.id)
SELECT receipt_digest FROM joined WHERE receipt_digest <> ''
"""


def matter_of_receipt(digest: str) -> Matter | None:
    """Return the matter opened under a receipt's digest, or None; with its version."""
    if not digest:
        return None
    found = Matter.objects.filter(receipt_digest=digest).select_related("version")
    return found.order_by("id").first()


def root_of(matter: Matter) -> Matter:
    """Return the matter into which `matter` was merged at last, or itself; with its version."""
    while matter.merged_into_id is not None:
        matter = Matter.objects.select_related("version").get(pk=matter.merged_into_id)
    return matter


def receipts_of(matter: int) -> frozenset[str]:
    """Return the receipts' digests of a matter and of all that were merged into it."""
    with connection.cursor() as cursor:
        cursor.execute(RECEIPTS, [matter])
        return frozenset(row[0] for row in cursor.fetchall())


def mark_of(receipt: str) -> str:
    """Return what an entry keeps of a receipt's digest: enough to know one's own words by."""
    return receipt[:12]
