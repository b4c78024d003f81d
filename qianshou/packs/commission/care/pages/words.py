"""Words of care's own codes for its pages: kinds of contacts, roles, hazards, wishes."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from qianshou.design.refused import language
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.commission.care.models import Hazard, Wish


def pledge_words(kind: str) -> str:
    """Return the name of a kind of signed document."""
    named = {
        "duties": _("监护人责任清单"),
        "prohibitions": _("监护人负面清单"),
        "commitment": _("监护人承诺书"),
        "entrustment": _("委托监护责任书"),
    }
    return named.get(kind, kind)


def contact_words() -> list[tuple[str, str]]:
    """Return the kinds of contacts with their names in the page's language."""
    return [
        ("visit", _("走访")),
        ("talk", _("谈心谈话")),
        ("teacher", _("与班主任交流")),
        ("guardian", _("与监护人交流")),
        ("survey", _("摸排")),
    ]


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
