"""What can be asked for: the ways in that packs declare for residents, in the standard's words.

The standard's own parameters fill the form's fields by what those are: a place, a person, a long
text, photos, the matter's title. All other fields are attributes.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from qianshou.design.fields import read_form
from qianshou.design.refused import language
from qianshou.kernel.pack import Pack, StartDeclaration, declaration_of, packs
from qianshou.kernel.procedures.forms import Field, Form
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.places import nearest_town
from qianshou.portal.open311.answers import Fault

ATTRIBUTE = re.compile(r"attribute\[([^\]]*)\](\[\])?")
CHINESE = re.compile(r"[一-鿿]")
KINDS = {"number": "number", "date": "datetime", "datetime": "datetime", "textarea": "text"}
Told = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """One way in for residents, as the standard's "service"."""

    pack: Pack
    start: StartDeclaration

    @property
    def code(self) -> str:
        """The code by which programs name it."""
        return f"{self.pack.id}.{self.start.id}"

    @property
    def name(self) -> str:
        """Its name in the caller's language."""
        return self.start.name.text(language())

    @property
    def form(self) -> Form:
        """The form that it asks for."""
        return form_of(current(self.start.procedure)[1], self.start.form)

    @property
    def title(self) -> str:
        """The field that becomes the matter's title; "" where none does."""
        title = declaration_of(self.start.procedure).title
        return title if any(field.id == title for field in self.form.fields) else ""


def ways() -> list[Way]:
    """Return the ways in for residents, in the order of the packs."""
    return [
        Way(pack, start)
        for pack in packs()
        for start in pack.starts.values()
        if start.by == "resident"
    ]


def find_way(code: str) -> Way:
    """Return the way in of a code; Fault 400 without one, 404 for an unknown one."""
    if not code:
        raise Fault(400, "缺少 service_code", "service_code was not provided")
    for way in ways():
        if way.code == code:
            return way
    raise Fault(404, f"没有 service_code {code}", f"There is no service_code {code}")


def tell_way(way: Way) -> Told:
    """Return a way in as the list of services tells it."""
    return {
        "service_code": way.code,
        "service_name": way.name,
        "description": way.form.title(language()),
        "metadata": True,
        "type": "realtime",
        "keywords": "",
        "group": way.pack.name.text(language()),
    }


def tell_definition(way: Way) -> Told:
    """Return the attributes of a way in as a service definition."""
    told = [_attribute(way, field) for field in way.form.fields if _is_attribute(field)]
    ordered = [{**one, "order": place} for place, one in enumerate(told, start=1)]
    return {"service_code": way.code, "attributes": ordered}


def _is_attribute(field: Field) -> bool:
    return not field.vault and field.widget not in ("person", "photos")


def _attribute(way: Way, field: Field) -> Told:
    values = _values(field)
    several = field.kind == "array"
    plain = KINDS.get(field.widget, "string")
    derived = field.id == way.title or field.widget in ("place", "textarea")
    return {
        "variable": True,
        "code": field.id,
        "datatype": ("multivaluelist" if several else "singlevaluelist") if values else plain,
        "required": field.required and not derived,
        "datatype_description": field.help(language()),
        "description": field.label(language()),
        "values": [{"key": key, "name": name} for key, name in values],
    }


def _values(field: Field) -> list[tuple[str, str]]:
    zh = language().startswith("zh")
    if field.widget == "place":
        towns = Division.objects.filter(kind__in=("street", "town"), valid_to=None).order_by("id")
        return list(towns.values_list("code", "name"))
    if field.kind == "boolean":
        return [("true", "是" if zh else "Yes"), ("false", "否" if zh else "No")]
    if field.choices:
        return [(one.value, one.zh if zh else one.en) for one in field.choices]
    if field.catalogue and field.catalogue != "organisation":
        return [(code, label) for code, label, _ in labelled_choices(field.catalogue, language())]
    return []


def read_request(way: Way, request: HttpRequest, at: datetime) -> Told:
    """Return the raw facts of what a program sent, read as if the form's page had sent them.

    Fault 400 for an attribute that there is not, so that nothing said is lost; Refusals of files.
    """
    sent, form = request.POST, way.form
    given = _attributes(sent)
    known = {field.id for field in form.fields if _is_attribute(field)}
    if odd := sorted(set(given) - known):
        raise Fault(400, f"没有属性 {'、'.join(odd)}", f"There is no attribute {', '.join(odd)}")
    typed = QueryDict(mutable=True)
    files: MultiValueDict[str, Any] = MultiValueDict()
    words = "\n".join(filter(None, (sent.get("description", "").strip(), sent.get("media_url"))))
    for field in form.fields:
        if field.widget == "place":
            _put_place(typed, field, sent, given.get(field.id, []))
        elif field.vault or field.widget == "person":
            typed[f"{field.id}.name"] = _name(sent)
            typed[f"{field.id}.phone"] = sent.get("phone", "")
        elif field.widget == "photos":
            files.setlist(field.id, request.FILES.getlist("media"))
        elif field.id in given:
            typed.setlist(field.id, given[field.id])
        elif field.widget == "textarea":
            typed[field.id] = words
        elif field.id == way.title:
            typed[field.id] = words.partition("\n")[0][: field.schema.get("maxLength", 60)]
    raw, refused = read_form(form, typed, files, at=at)
    if refused:
        raise Refusals(refused)
    return raw


def _attributes(sent: QueryDict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, values in sent.lists():
        if matched := ATTRIBUTE.fullmatch(name):
            found.setdefault(matched[1], []).extend(values)
    return found


def _put_place(typed: QueryDict, field: Field, sent: QueryDict, given: list[str]) -> None:
    longitude, latitude = sent.get("long", ""), sent.get("lat", "")
    code = (given or [""])[-1] or sent.get("address_id", "")
    typed[f"{field.id}.address"] = sent.get("address_string", "")
    if longitude or latitude:
        typed[f"{field.id}.longitude"], typed[f"{field.id}.latitude"] = longitude, latitude
        code = code or _town_at(longitude, latitude)
    typed[f"{field.id}.division"] = code


def _town_at(longitude: str, latitude: str) -> str:
    """Return the code of the town nearest to coordinates; "" where they are no numbers.

    Fault 400 for a place that lies far from every town.
    """
    try:
        x, y = float(longitude), float(latitude)
    except ValueError:
        return ""
    if not (isfinite(x) and isfinite(y)):
        return ""
    town = nearest_town(x, y)
    if town is None:
        raise Fault(400, "这个地点不在本区", "This place does not lie in the district")
    return town


def _name(sent: QueryDict) -> str:
    first, last = sent.get("first_name", "").strip(), sent.get("last_name", "").strip()
    if CHINESE.search(first + last):
        return f"{last}{first}"
    return " ".join(filter(None, (first, last)))
