"""The facts of a matter in words: field names, choices, catalogues, places, files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qianshou.kernel.procedures.forms import Field
from qianshou.kernel.procedures.wording import choice_label, fields_of
from qianshou.kernel.registry.models import CatalogueEntry, Division, Organisation


@dataclass(frozen=True)
class Told:
    """One fact as a page shows it."""

    id: str
    label: str
    text: str
    photos: tuple[str, ...] = ()
    person: bool = False


class Words:
    """Turns facts of one version into words; reads every name it needs in three queries."""

    def __init__(self, digest: str, facts: Iterable[Mapping[str, Any]], language: str) -> None:
        """Read the names of the codes that `facts` hold."""
        self.fields = fields_of(digest)
        self.language = language
        zh = language.startswith("zh")
        codes = sorted({code for told in facts for code in _strings(told)})
        name = "name" if zh else "name_en"
        self.organisations = dict(
            Organisation.objects.filter(code__in=codes).values_list("code", name)
        )
        self.divisions = {
            row.code: f"{row.parent.name} · {row.name}"
            if row.parent and row.parent.kind != "district"
            else row.name
            for row in Division.objects.filter(code__in=codes).select_related("parent")
        }
        self.entries = {
            (catalogue, code): label
            for catalogue, code, label in CatalogueEntry.objects.filter(
                catalogue__is_current=True, code__in=codes
            ).values_list("catalogue__code", "code", name)
        }

    def told(self, facts: Mapping[str, Any]) -> list[Told]:
        """Return the facts that some form asks for, in the forms' order, empty ones left out."""
        return [
            self.tell(field, facts[field.id])
            for field in self.fields.values()
            if facts.get(field.id) not in (None, "", [], {})
        ]

    def tell(self, field: Field, value: Any) -> Told:
        """Return one fact in words."""
        label = field.label(self.language)
        if field.widget == "photos":
            photos = tuple(value) if isinstance(value, list) else ()
            return Told(field.id, label, _("%(n)s 张") % {"n": len(photos)}, photos)
        if field.sealed and isinstance(value, Mapping) and "sealed" in value:
            return Told(field.id, label, _("已加密保存"))
        if field.vault:
            return Told(field.id, label, _("已加密保存"), person=True)
        return Told(field.id, label, self.text(field, value))

    def text(self, field: Field, value: Any) -> str:
        """Return a value in words."""
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, list):
            return "、".join(self.text(field, part) for part in value)
        if isinstance(value, Mapping):
            code = str(value.get("division", ""))
            place = self.divisions.get(code, code)
            return " ".join(part for part in (place, str(value.get("address", ""))) if part)
        if field.catalogue == "organisation":
            return str(self.organisations.get(value, value))
        if field.catalogue:
            return str(self.entries.get((field.catalogue, value), value))
        return choice_label(field, value, self.language)


def _strings(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value} if 0 < len(value) <= 60 else set()
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return set()
    return {text for part in value for text in _strings(part)}


def facts_of(matter: Any) -> dict[str, Any]:
    """Return the facts of a matter's stored state."""
    found: dict[str, Any] = json.loads(matter.state).get("facts", {}) if matter.state else {}
    return found
