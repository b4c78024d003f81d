"""The codes that a form's field may take: from catalogues, organisations, divisions."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.registry.models import CatalogueEntry, Division, Organisation, Posting


def manned_organisations() -> QuerySet[Organisation]:
    """Return the organisations at which somebody holds a post today; villages and schools, which
    are many and never sent an order, are left out.
    """
    today = now().astimezone(CHINA).date()
    held = Posting.objects.filter(Q(to_date=None) | Q(to_date__gte=today), from_date__lte=today)
    found = Organisation.objects.filter(pk__in=held.values("organisation"), valid_to=None)
    return found.exclude(kind__in=("village", "school"))


def choices_of(source: str) -> Collection[str]:
    """Return the codes of a catalogue's current version, or of "organisation" or "division"."""
    if source == "organisation":
        return set(manned_organisations().values_list("code", flat=True))
    if source == "division":
        return set(Division.objects.filter(valid_to=None).values_list("code", flat=True))
    return set(
        CatalogueEntry.objects.filter(
            catalogue__code=source, catalogue__is_current=True
        ).values_list("code", flat=True)
    )


def labelled_choices(source: str, language: str) -> list[tuple[str, str, str]]:
    """Return (code, label, parent code) of a source in its order, for a form's field."""
    zh = language.startswith("zh")
    if source == "organisation":
        return [
            (code, name if zh else name_en, "")
            for code, name, name_en in manned_organisations()
            .order_by("division__path", "id")
            .values_list("code", "name", "name_en")
        ]
    return [
        (code, name if zh else name_en, parent)
        for code, name, name_en, parent in CatalogueEntry.objects.filter(
            catalogue__code=source, catalogue__is_current=True
        )
        .order_by("position", "code")
        .values_list("code", "name", "name_en", "parent")
    ]
