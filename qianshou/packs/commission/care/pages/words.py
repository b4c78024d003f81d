"""Words of care's own codes for its pages: pledges, sheets, stages, contacts, roles, hazards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qianshou.design.refused import language
from qianshou.kernel.procedures.forms import Field, Form
from qianshou.kernel.procedures.wording import choice_label
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.commission.care.enrolment import care
from qianshou.packs.commission.care.models import Hazard, Wish
from qianshou.packs.commission.care.pledges import KINDS


def pledge_words(kind: str) -> str:
    """Return the name of a kind of signed document."""
    named = KINDS[kind]
    return named[0] if language().startswith("zh") else named[1]


def standing_words() -> dict[str, tuple[str, str]]:
    """Return the words and the tone of how a pledge stands, by its state."""
    return {
        "missing": (_("未签"), "r"),
        "expired": (_("已到期"), "r"),
        "ending": (_("将到期"), "y"),
        "outdated": (_("待换新版"), "y"),
        "valid": (_("已签"), "g"),
    }


def stage_words() -> list[tuple[str, str]]:
    """Return the stages of school with their names."""
    return [
        ("none", _("未入学")),
        ("kindergarten", _("幼儿园")),
        ("primary", _("小学")),
        ("junior", _("初中")),
        ("senior", _("高中（中职）")),
        ("out", _("失学辍学")),
    ]


@dataclass(frozen=True)
class Told:
    """One field of a sheet in words."""

    label: str
    words: str


def tell_sheet(form: Form, values: Mapping[str, Any]) -> list[Told]:
    """Return the fields of a sheet that are filled, in words and in the form's order."""
    return [
        Told(field.label(language()), tell_value(field, values[field.id]))
        for field in form.fields
        if values.get(field.id) not in (None, "", [])
    ]


def tell_value(field: Field, value: Any) -> str:
    """Return a field's value in words."""
    if isinstance(value, list):
        parts = [choice_label(field, part, language()) for part in value]
        return ("；" if language().startswith("zh") else "; ").join(parts)
    return choice_label(field, value, language())


def note_words(seen: Mapping[str, Any]) -> list[Told]:
    """Return what was seen at a contact in words, in the order of the visit's form."""
    return tell_sheet(care().form("month"), seen)


def sheet_words(kinds: Iterable[str]) -> str:
    """Return the names of kinds of sheets in one line."""
    named = {
        "care.identity": _("身份信息"),
        "care.household": _("家庭台账"),
        "care.health": _("健康台账"),
        "care.guardianship": _("监护台账"),
    }
    between = "、" if language().startswith("zh") else ", "
    return between.join(named.get(kind) or _field_words(kind) for kind in kinds)


def _field_words(part: str) -> str:
    """Return the name of one field of a sheet ("care.identity.school"); what is none as it is."""
    sheet, _dot, name = part.partition(".")[2].partition(".")
    found = care().form(sheet).fields if name else ()
    return next((one.label(language()) for one in found if one.id == name), part)


def contact_words() -> list[tuple[str, str]]:
    """Return the kinds of contacts with their names in the page's language."""
    return [
        ("visit", _("走访")),
        ("talk", _("谈心谈话")),
        ("teacher", _("与班主任交流")),
        ("guardian", _("与监护人交流")),
        ("survey", _("摸排")),
    ]


def column_words() -> dict[str, str]:
    """Return the columns of a sheet with names, in their order."""
    return {
        "masked": _("身份号码后四位"),
        "whole": _("公民身份号码"),
        "birth_date": _("出生日期"),
        "address": _("家庭住址"),
        "phone": _("联系电话"),
        "school": _("就读学校"),
        "guardian": _("监护人"),
        "guardian_phone": _("监护人电话"),
    }


def role_words(role: str) -> str:
    """Return the name of a role in a circle or at a contact."""
    named = {
        "cadre": _("帮扶干部"),
        "leader": _("市管领导"),
        "prosecutor": _("“莎姐”检察官"),
        "village": _("村（社区）儿童主任"),
        "grid_worker": _("网格员"),
        "social_worker": _("儿童社工"),
        "volunteer": _("志愿者"),
        "town": _("镇街专班"),
        "civil": _("民政"),
        "lead": _("区领导小组办公室"),
        "teacher": _("班主任"),
        "asker": _("申请人"),
    }
    return named.get(role, role)


def hazard_words(hazards: Iterable[Hazard]) -> list[tuple[Hazard, str, str]]:
    """Return hazards with their kind and state in words (one query)."""
    kinds = catalogue_words("care.hazard")
    states = {
        "found": _("已发现"),
        "rectifying": _("整改中"),
        "rectified": _("已整改待核验"),
        "verified": _("已核验"),
    }
    return [(one, kinds.get(one.kind, one.kind), states[one.state]) for one in hazards]


def wish_words(wishes: Iterable[Wish]) -> list[tuple[Wish, str, str]]:
    """Return wishes with their kind and state in words (one query)."""
    kinds = catalogue_words("care.wish")
    states = {
        "collected": _("征集"),
        "published": _("公布"),
        "claimed": _("认领"),
        "bought": _("采购"),
        "delivered": _("送达"),
        "granted": _("已回访"),
        "dropped": _("未采纳"),
    }
    return [(one, kinds.get(one.kind, one.kind), states[one.state]) for one in wishes]


def catalogue_words(code: str) -> dict[str, str]:
    """Return the names of a catalogue's codes in the page's language."""
    return {row: label for row, label, _parent in labelled_choices(code, language())}
