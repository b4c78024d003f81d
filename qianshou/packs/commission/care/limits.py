"""What a district has set in the catalogue care.limit: loads, shares, whom the campaign covers."""

from qianshou.kernel.registry.models import CatalogueEntry


def limit_of(code: str) -> str:
    """Return the value set for a limit; "" where nothing is."""
    extra = (
        CatalogueEntry.objects.filter(
            catalogue__code="care.limit", catalogue__is_current=True, code=code
        )
        .values_list("extra", flat=True)
        .first()
    )
    return str((extra or {}).get("value") or "")


def limit_number(code: str, otherwise: int) -> int:
    """Return a limit as a number; `otherwise` where none is set."""
    told = limit_of(code)
    return int(told) if told.isdigit() else otherwise
