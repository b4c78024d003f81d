"""A declared form as a page shows it, and what a page sends back as raw facts.

Field names in the page: the field's id; `<id>.division`, `<id>.address` … for a place and
`<id>.name`, `<id>.phone` for a person. Photos already taken in travel as signed digests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from qianshou.kernel.documents.store import keep_file_about
from qianshou.kernel.pack import Ranked, ranked
from qianshou.kernel.procedures.forms import Field, Form
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.bigram import syllables_of
from qianshou.kernel.registry.choices import labelled_choices, manned_organisations
from qianshou.kernel.registry.models import Division

SIMPLE_WHEN = re.compile(r'\s*(\w+)\s*(!?=)\s*"([^"]*)"\s*')
PLACE_PARTS = ("division", "address", "longitude", "latitude", "approximate")
PERSON_PARTS = ("name", "phone")
TOWN_KINDS = ("street", "town")
PHOTOS, PHOTOS_KEPT = "qianshou.design.photos", 12 * 3600
Option = tuple[str, str]
Groups = tuple[tuple[str, tuple[Option, ...]], ...]


@dataclass(frozen=True)
class ShownField:
    """One field, ready for a template; `groups` are (heading, [(value, label)])."""

    id: str
    label: str
    help: str
    widget: str
    required: bool
    value: Any
    errors: tuple[str, ...]
    groups: Groups
    when: tuple[str, str, str] | None
    longest: int
    most: int

    @property
    def options(self) -> list[Option]:
        """Return the options of all groups."""
        return [option for _heading, group in self.groups for option in group]


def shown_fields(
    form: Form,
    language: str,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    near: str = "",
    town: str = "",
    facts: Mapping[str, Any] | None = None,
) -> list[ShownField]:
    """Return the fields of `form` with what was typed and what was refused.

    `near` is the path of a division whose organisations come first; `town` is the code of
    the one town whose villages are offered; `facts` are the matter's, by which the likeliest
    choices of a field come first where it has a ranking.
    """
    values = values or {}
    likely = {
        field.id: ranked(field.rank, facts) if field.rank and facts is not None else None
        for field in form.fields
    }
    return [
        ShownField(
            id=field.id,
            label=field.label(language),
            help=_help(field, likely[field.id], language),
            widget=field.widget,
            required=field.required,
            value=_shown_value(field, values),
            errors=tuple((errors or {}).get(field.id, ())),
            groups=_likely_first(_groups(field, language, near, town), likely[field.id]),
            when=_simple_when(field),
            longest=field.schema.get("maxLength", 0),
            most=field.schema.get("maxItems", 3),
        )
        for field in form.fields
    ]


def _help(field: Field, likely: Ranked | None, language: str) -> str:
    note = likely.note.text(language) if likely else ""
    return " ".join(text for text in (field.help(language), note) if text)


def _likely_first(groups: Groups, likely: Ranked | None) -> Groups:
    """Return the groups with a first one of the likeliest options, which leave their own."""
    if likely is None:
        return groups
    labels = dict(option for _heading, options in groups for option in options)
    first = tuple((code, labels[code]) for code in likely.codes if code in labels)
    others = tuple(
        (heading, tuple(option for option in options if option not in first))
        for heading, options in groups
    )
    return ((_("最像的几类"), first), *(group for group in others if group[1]))


def _shown_value(field: Field, values: Mapping[str, Any]) -> Any:
    value = values.get(field.id, field.schema.get("default", ""))
    if field.widget != "photos":
        return value
    return [signing.dumps(digest, salt=PHOTOS) for digest in value or ()]


def suggested(form: Form, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the matter's facts suggest for the form's fields."""
    return {
        field.id: facts[field.suggest]
        for field in form.fields
        if field.suggest and facts.get(field.suggest) is not None
    }


def reason_of(form: Form, facts: Mapping[str, Any], language: str) -> str:
    """Return why the form's values are suggested, or "" when nothing is said of it."""
    ending = "" if language.startswith("zh") else "_en"
    return str(facts.get(f"{form.because}{ending}") or "") if form.because else ""


def _simple_when(field: Field) -> tuple[str, str, str] | None:
    found = SIMPLE_WHEN.fullmatch(field.when.text) if field.when else None
    return (found[1], found[2], found[3]) if found else None


def _groups(field: Field, language: str, near: str, town: str) -> Groups:
    if field.widget == "place":
        return place_groups(language, town)
    if field.catalogue == "organisation":
        return organisation_groups(language, near)
    if field.choices:
        zh = language.startswith("zh")
        named = tuple((choice.value, choice.zh if zh else choice.en) for choice in field.choices)
        return (("", named),)
    if field.catalogue:
        return _catalogue_groups(labelled_choices(field.catalogue, language))
    return ()


def _catalogue_groups(
    rows: list[tuple[str, str, str]],
) -> Groups:
    names = {code: label for code, label, _parent in rows}
    parents = {parent for _code, _label, parent in rows if parent}
    groups: dict[str, list[Option]] = {}
    for code, label, parent in rows:
        if code not in parents:
            groups.setdefault(names.get(parent, ""), []).append((code, label))
    return tuple((heading, tuple(options)) for heading, options in groups.items())


def organisation_groups(language: str, near: str = "") -> Groups:
    """Return the organisations at which somebody holds a post: those near first, then the
    district's, then the towns'.
    """
    zh = language.startswith("zh")
    groups: dict[str, list[Option]] = {_("本镇街"): [], _("区级部门"): []} if near else {}
    rows = (
        manned_organisations()
        .order_by("id")
        .values_list("code", "name", "name_en", "kind", "division__path", "division__name")
    )
    town = ".".join(near.split(".")[:2]) + "."
    for code, name, name_en, kind, path, division in rows:
        if near.count(".") > 1 and path.startswith(town):
            heading = _("本镇街")
        elif kind in ("bureau", "district_centre"):
            heading = _("区级部门")
        else:
            heading = division_label(division, language)
        groups.setdefault(heading, []).append((code, name if zh else name_en))
    return tuple((heading, tuple(options)) for heading, options in groups.items() if options)


def place_groups(language: str, town: str = "") -> Groups:
    """Return towns as headings with themselves and their villages, of one town if named."""
    rows = list(
        Division.objects.filter(valid_to=None)
        .exclude(kind="district")
        .order_by("id")
        .values_list("id", "parent_id", "code", "name", "kind")
    )
    towns = {pk: (code, name) for pk, _parent, code, name, kind in rows if kind in TOWN_KINDS}
    groups: dict[int, list[Option]] = {
        pk: [
            (code, _("%(town)s（说不清是哪个村、社区）") % {"town": division_label(name, language)})
        ]
        for pk, (code, name) in towns.items()
        if town in ("", code)
    }
    for _pk, parent, code, name, kind in rows:
        if kind not in TOWN_KINDS and parent in groups:
            groups[parent].append((code, division_label(name, language)))
    return tuple(
        (division_label(towns[pk][1], language), tuple(options)) for pk, options in groups.items()
    )


@lru_cache(maxsize=1024)
def division_label(name: str, language: str) -> str:
    """Return a division's name; in English with its sound before it."""
    if language.startswith("zh"):
        return name
    bare = re.sub(r"(街道|镇|村|社区)$", "", name)
    return f"{''.join(syllables_of(bare)).capitalize()} {name}"


def read_form(
    form: Form,
    sent: QueryDict,
    files: "MultiValueDict[str, UploadedFile[Any]]",
    *,
    at: datetime,
    person: int | None = None,
) -> tuple[dict[str, Any], list[Refusal]]:
    """Return the raw facts of what a page sent, and the refusals of files.

    Photos are taken in at once, so that they need not be chosen again after a refusal; sealed
    where the matter is about a `person`.
    """
    raw: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for field in form.fields:
        if field.widget == "place":
            raw[field.id] = _parts(sent, field.id, PLACE_PARTS)
        elif field.vault or field.widget == "person":
            raw[field.id] = _parts(sent, field.id, PERSON_PARTS)
        elif field.widget == "photos":
            raw[field.id] = photos_kept(sent.getlist(field.id))
            for file in files.getlist(field.id):
                try:
                    kept = keep_file_about(person, file, at=at, images_only=True)
                except Refusal as refusal:
                    refusals.append(Refusal(refusal.code, refusal.zh, refusal.en, field.id))
                else:
                    raw[field.id].append(kept.digest)
        elif field.kind == "array":
            raw[field.id] = sent.getlist(field.id)
        else:
            raw[field.id] = sent.get(field.id, "")
    return raw, refusals


def photos_kept(marks: list[str]) -> list[str]:
    """Return the digests of photos taken in before; what this server has not signed is left out."""
    kept = []
    for mark in marks:
        try:
            kept.append(signing.loads(mark, salt=PHOTOS, max_age=PHOTOS_KEPT))
        except signing.BadSignature:
            continue
    return kept


def _parts(sent: QueryDict, name: str, parts: tuple[str, ...]) -> dict[str, str]:
    told = {part: sent.get(f"{name}.{part}", "").strip() for part in parts}
    return {part: text for part, text in told.items() if text}
