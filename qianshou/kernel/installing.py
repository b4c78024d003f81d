"""Brings what the packs declare into the tables: posts, catalogues, the calendar, procedures,
campaigns.
"""

from datetime import date, datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.calendar import shipped
from qianshou.kernel.campaigns.declaration import declared_campaigns
from qianshou.kernel.campaigns.install import install_campaigns
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.pack import Name, Pack, packs
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.registry.models import (
    CalendarDay,
    CalendarYear,
    Catalogue,
    CatalogueEntry,
    Post,
)
from qianshou.kernel.registry.workdays import forget_calendar

INSTALLER = Actor("installer", name="安装")


def install_packs(at: datetime) -> None:
    """Install every pack; doing it again changes nothing that has not changed in a pack.

    Posts that a district has changed on a screen keep what the district set.
    """
    install_calendar()
    for pack in packs():
        for declared in pack.posts.values():
            if not Post.objects.filter(pk=declared.code).exists():
                change_row(
                    Post(),
                    {
                        "code": declared.code,
                        "name": declared.name.zh,
                        "name_en": declared.name.en,
                        "pack": pack.id,
                        "reach": declared.reach,
                        "acts": list(declared.acts),
                        "reads": list(declared.reads),
                    },
                    by=INSTALLER,
                    at=at,
                )
        for code, name in pack.catalogues.items():
            _install_catalogue(pack, code, name, at)
        for procedure in pack.procedures:
            publish(procedure, pack.sources(procedure), at=at)
    install_campaigns(declared_campaigns(), by=INSTALLER, at=at)


def install_calendar() -> None:
    """Load the shipped holiday table where it is not loaded yet."""
    if CalendarYear.objects.exists():
        return
    calendar = shipped()
    CalendarYear.objects.bulk_create(
        CalendarYear(year=year, is_published=True, source="国务院办公厅节假日安排通知")
        for year in sorted(calendar.published)
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(day=day, is_workday=is_workday, name=calendar.name(day))
        for day, is_workday in sorted(calendar.days.items())
    )
    forget_calendar()


def _install_catalogue(pack: Pack, code: str, name: Name, at: datetime) -> None:
    full = f"{pack.folder.name}.{code}"
    rows = pack.catalogue_rows(code)
    latest = Catalogue.objects.filter(code=full).order_by("-version").first()
    if latest is not None:
        kept = latest.entries.order_by("position").values_list("code", "name", "name_en", "parent")
        told = [(row["code"], row["name"], row["name_en"], row.get("parent", "")) for row in rows]
        if list(kept) == told or not latest.pack:
            return
        change_row(latest, {"is_current": False}, by=INSTALLER, at=at)
    catalogue = change_row(
        Catalogue(),
        {
            "code": full,
            "version": latest.version + 1 if latest else 1,
            "name": name.zh,
            "name_en": name.en,
            "pack": pack.id,
            "valid_from": at.astimezone(CHINA).date() if latest else date(2024, 1, 1),
        },
        by=INSTALLER,
        at=at,
    )
    CatalogueEntry.objects.bulk_create(
        CatalogueEntry(
            catalogue=catalogue,
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            parent=row.get("parent") or "",
            position=position,
            extra={
                key: value
                for key, value in row.items()
                if key not in ("code", "name", "name_en", "parent") and value
            },
        )
        for position, row in enumerate(rows)
    )
