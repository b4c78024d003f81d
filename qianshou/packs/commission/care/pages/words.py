"""Words of care's own codes for its pages: kinds of pledges and how they stand, sheets, stages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qianshou.design.refused import language
from qianshou.kernel.procedures.forms import Field, Form
from qianshou.kernel.procedures.wording import choice_label
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
        return "；".join(choice_label(field, part, language()) for part in value)
    return choice_label(field, value, language())


def sheet_words(kinds: Iterable[str]) -> str:
    """Return the names of kinds of sheets in one line."""
    named = {
        "care.identity": _("身份信息"),
        "care.household": _("家庭台账"),
        "care.health": _("健康台账"),
        "care.guardianship": _("监护台账"),
    }
    return "、".join(named.get(kind, kind) for kind in kinds)
