"""Contacts with a child: who may record one in which role, and how what was seen is kept."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import key_of, open_value, seal_value
from qianshou.packs.commission.care.models import Child, Contact, Vetting

ROLE_OF_POST = {
    "cadre": "cadre",
    "leader": "leader",
    "prosecutor": "prosecutor",
    "village_child": "village",
    "grid_worker": "grid_worker",
    "social_worker": "social_worker",
    "volunteer": "volunteer",
    "town_team": "town",
}
VETTED = {"grid_worker", "social_worker", "volunteer"}
OLDEST = timedelta(days=92)


def role_of(by: Actor) -> str:
    """Return the role in which an officer meets a child, by the first post that has one.

    Refuses care.no_role for an officer whose posts meet no children.
    """
    for seat in by.seats:
        if seat.post in ROLE_OF_POST:
            return ROLE_OF_POST[seat.post]
    raise Refusal(
        "care.no_role",
        "您的岗位不登记走访谈话；请由帮扶干部、儿童主任或镇街专班登记",
        "Your post does not record contacts; the cadre, the village or the town team does",
    )


def require_vetting(officer: int | None, role: str, day: date) -> None:
    """Refuse care.vetting for a role close to children without a valid check on `day` (H11)."""
    valid = Vetting.objects.filter(officer=officer, checked_on__lte=day, valid_to__gte=day)
    if role in VETTED and not valid.exists():
        raise Refusal(
            "care.vetting",
            "没有在有效期内的违法犯罪记录查询，暂不能接触儿童；请联系镇街专班办理",
            "No valid check of your record: you may not meet children; ask the town team",
        )


def instant_of(day: date, at: datetime) -> datetime:
    """Return the instant at which a contact of `day` counts: now for today, else that noon.

    Refuses care.day for a day to come, or one more than three months ago.
    """
    today = at.astimezone(CHINA).date()
    if not today - OLDEST <= day <= today:
        raise Refusal(
            "care.day",
            "日期应在最近三个月内，不能晚于今天",
            "The day lies within the last three months and not in the future",
            "on",
        )
    return at if day == today else datetime.combine(day, time(12), CHINA)


def record_contact(
    child: Child,
    kind: str,
    day: date,
    seen: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    matter: int | None = None,
) -> Contact:
    """Record one contact of an officer with a child; what was seen is sealed under her key.

    The caller has asked whether `by` is in her circle. Refuses care.no_role, care.vetting,
    care.day and vault.erased.
    """
    role = role_of(by)
    require_vetting(by.officer, role, day)
    values = {
        "child": child,
        "kind": kind,
        "role": role,
        "officer": Officer(pk=by.officer),
        "at": instant_of(day, at),
        "division": child.village,
        "matter_id": matter,
        "note": seal_value(dict(seen), key_of(child.person_id)).encode(),
    }
    return change_row(Contact(), values, by=by, at=at)


def read_note(note: bytes | memoryview, key: bytes) -> dict[str, Any]:
    """Return what was seen at a contact, in clear, by the ids of the form's fields."""
    if not note:
        return {}
    told = open_value(bytes(note).decode(), key)
    return dict(told) if isinstance(told, dict) else {"note": str(told)}


def record_vetting(
    officer: Officer, checked: date, valid_to: date, source: str, *, by: Actor, at: datetime
) -> Vetting:
    """Write down that an officer's record was looked up; valid for a year at most (H11).

    Refuses care.vetting_days for a day to come or a validity beyond a year, and a missing source.
    """
    today = at.astimezone(CHINA).date()
    if checked > today or not checked <= valid_to <= checked + timedelta(days=366):
        raise Refusal(
            "care.vetting_days",
            "查询日不能晚于今天，有效期不超过一年",
            "The check is of today or earlier and holds for a year at most",
            "valid_to",
        )
    if not source.strip():
        raise Refusal(
            "care.source", "请写明查询来源", "Please say where it was looked up", "source"
        )
    values = {
        "officer": officer,
        "checked_on": checked,
        "valid_to": valid_to,
        "source": source.strip()[:120],
    }
    return change_row(Vetting(), values, by=by, at=at)
