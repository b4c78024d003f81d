"""A row's past in words: who changed what, from what, to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from qianshou.design.refused import language
from qianshou.kernel.door.registering import history_of
from qianshou.office.registry.reading import shown_text
from qianshou.office.registry.references import MODELS, full_name
from qianshou.office.registry.tables import Field, Table

MOST_LINES = 100
# Of a second factor the reason tells enough.
UNTOLD = {"totp_sealed", "totp_since", "totp_step"}


@dataclass(frozen=True)
class Change:
    """What one entry changed of one field, as texts."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One entry of a row's chain in the ledger, ready for a template."""

    seq: int
    at: str
    title: str
    who: str
    reason: str
    changes: list[Change]
    hash: str
    is_first: bool


def past_of(table: Table, row: Model) -> list[Line]:
    """Return what the ledger tells of a row, newest first (one query a table pointed at)."""
    entries = history_of(row)[-MOST_LINES:]
    named = _named(table, entries)
    return [
        Line(
            seq=entry["seq"],
            at=entry["at"],
            title=_("登记") if entry["act"] == "register" else _("更改"),
            who=entry["by"].get("name", ""),
            reason=entry.get("reason", ""),
            changes=[
                Change(
                    _label(table, key),
                    _text(table, key, entry.get("before", {}).get(key), named),
                    _text(table, key, after, named),
                )
                for key, after in entry.get("after", {}).items()
                if key not in UNTOLD
            ],
            hash=entry["hash"],
            is_first=entry["act"] == "register",
        )
        for entry in reversed(entries)
    ]


def _fields(table: Table) -> dict[str, Field]:
    return {field.key: field for field in table.fields}


def _refers(table: Table, key: str) -> str:
    if key == "acknowledged_by":
        return "officers"
    field = _fields(table).get(key)
    return field.refers if field else ""


def _named(table: Table, entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, Any], str]:
    wanted: dict[str, set[Any]] = {}
    for entry in entries:
        for side in ("before", "after"):
            for key, value in entry.get(side, {}).items():
                if _refers(table, key) and value is not None:
                    wanted.setdefault(_refers(table, key), set()).add(value)
    return {
        (refers, key): full_name(row, language())
        for refers, keys in wanted.items()
        for key, row in MODELS[refers]._default_manager.in_bulk(list(keys)).items()
    }


def _label(table: Table, key: str) -> str:
    field = _fields(table).get(key)
    if field is not None:
        return field.label(language())
    known = {
        "path": _("层级"),
        "language": _("语言"),
        "failures": _("登录失败次数"),
        "locked_until": _("锁定到"),
        "oidc_subject": _("统一登录账号"),
        "hand_over_note": _("交接事项"),
        "handed_over_at": _("交班时间"),
        "acknowledged_at": _("接班时间"),
        "acknowledged_by": _("接班人"),
        "is_current": _("现行"),
    }
    return known.get(key, key)


def _text(table: Table, key: str, value: Any, named: Mapping[tuple[str, Any], str]) -> str:
    refers = _refers(table, key)
    if refers:
        return "" if value is None else named.get((refers, value), str(value))
    return shown_text(_fields(table).get(key, Field(key, key, key)), value, language())
