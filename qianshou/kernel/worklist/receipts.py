"""Finding the matter that a resident follows by the digest of a receipt number."""

from qianshou.kernel.worklist.models import Matter


def matter_of_receipt(digest: str) -> Matter | None:
    """Return the matter opened under a receipt's digest, or None; with its version."""
    if not digest:
        return None
    return (
        Matter.objects.filter(receipt_digest=digest)
        .select_related("version", "merged_into__version", "division__parent")
        .order_by("id")
        .first()
    )
