"""The codes that a form's field may take: from catalogues, organisations, divisions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from qianshou.kernel.clock import day_of, now
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.registry.models import CatalogueEntry, Organisation, Posting


def manned_organisations() -> QuerySet[Organisation]:
    """Return the organisations at which somebody holds a post today; villages and schools, which
    are many and never sent an order, are left out.
    """
    today = day_of(now())
    held = Posting.objects.filter(Q(to_date=None) | Q(to_date__gte=today), from_date__lte=today)
    found = Organisation.objects.filter(pk__in=held.values("organisation"), valid_to=None)
    return found.exclude(kind__in=("village", "school"))


# The door asks these at every step; putting them together anew cost more than answering them.
MANNED = """
SELECT code FROM registry_organisation
WHERE valid_to IS NULL AND kind NOT IN ('village', 'school') AND id IN
  (SELECT organisation_id FROM registry_posting
   WHERE from_date <= %s AND (to_date IS NULL OR to_date >= %s))"""
DIVISIONS = "SELECT code FROM registry_division WHERE valid_to IS NULL"
ENTRIES = """
SELECT entry.code FROM registry_catalogueentry entry
JOIN registry_catalogue catalogue ON catalogue.id = entry.catalogue_id
WHERE catalogue.code = %s AND catalogue.is_current"""


def choices_of(source: str) -> Collection[str]:
    """Return the codes of a catalogue's current version, or of "organisation" or "division"."""
    asked: dict[str, tuple[str, list[Any]]] = {
        "organisation": (MANNED, [day_of(now())] * 2),
        "division": (DIVISIONS, []),
    }
    with prepared_cursor() as cursor:
        cursor.execute(*asked.get(source, (ENTRIES, [source])))
        return {row[0] for row in cursor.fetchall()}


TOWNS = """
SELECT code, name FROM registry_division
WHERE kind IN ('street', 'town') AND valid_to IS NULL ORDER BY id"""
OFFICERS = """
SELECT DISTINCT officer.name, officer.id FROM registry_posting posting
JOIN registry_officer officer ON officer.id = posting.officer_id
WHERE posting.from_date <= %s AND (posting.to_date IS NULL OR posting.to_date >= %s)
  AND officer.is_active AND posting.organisation_id IN ({})
ORDER BY officer.name, officer.id LIMIT %s"""


def towns() -> list[tuple[str, str]]:
    """Return code and name of the streets and towns (one query)."""
    with prepared_cursor() as cursor:
        cursor.execute(TOWNS)
        return list(cursor.fetchall())


def officers_of(organisations: Collection[int], at: datetime, most: int) -> list[tuple[int, str]]:
    """Return id and name of `most` officers at most who hold a post in these organisations on the
    day of `at`, by name (one query).
    """
    if not organisations:
        return []
    today, marks = day_of(at), ",".join(["%s"] * len(organisations))
    with prepared_cursor() as cursor:
        cursor.execute(OFFICERS.format(marks), [today, today, *organisations, most])
        return [(pk, name) for name, pk in cursor.fetchall()]


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
