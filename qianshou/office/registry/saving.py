"""Saving a row of the registry: what each table asks for beyond its fields, then the door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Model

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.shifts import may_schedule
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.login.sessions import end_sessions
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer, Organisation, Shift
from qianshou.kernel.registry.shifts import LONGEST
from qianshou.kernel.registry.workdays import forget_calendar
from qianshou.office.registry.tables import (
    CALENDAR,
    DIVISIONS,
    OFFICERS,
    ORGANISATIONS,
    POSTINGS,
    SHIFTS,
    YEARS,
    Table,
    may_edit,
)

DEGREES = {"longitude": 180, "latitude": 90}


def save_row(
    table: Table,
    row: Model,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Model:
    """Save the values that were read on a row, new or kept, through the door; return the row.

    Raises Refusal access.denied, account.administrator, posting.administrator,
    shift.handed_over, shift.overlap, registry.degrees, registry.circle, or Refusals of the
    table's own constraints.
    """
    adding = row._state.adding
    with write_turn():
        check_row(table, row, values, by)
        _check_neighbours(table, row, values)
        added: dict[str, Any] = {}
        if adding and table is DIVISIONS:
            added["path"] = next_path(values["parent"])
        if adding and table is OFFICERS:
            added["password"] = make_password(None)  # nobody logs in before one is given
        saved = change_row(row, {**values, **added}, by=by, at=at, reason=reason)
        if isinstance(saved, Officer) and not saved.is_active:
            end_sessions(saved.pk)
    if table in (CALENDAR, YEARS):
        forget_calendar()
    return saved


def check_row(table: Table, row: Any, values: Mapping[str, Any], by: Actor) -> None:
    """Refuse what can be told from the row and its values alone (no query of its own).

    Raises Refusal access.denied, account.administrator, posting.administrator,
    shift.handed_over or Refusals registry.degrees.
    """
    adding = row._state.adding
    require(may_edit(table, by, None if adding else row))
    if table is SHIFTS:
        require(not adding or may_schedule(by, values["organisation"].pk))
        if row.handed_over_at is not None:
            raise Refusal(
                "shift.handed_over", "这个班次已经交班", "This shift was already handed over"
            )
        if values["ends_at"] - values["starts_at"] > LONGEST:
            raise Refusal(
                "shift.long", "一个班次最长 7 天", "A shift lasts 7 days at most", "ends_at"
            )
    if table is OFFICERS and values["role"] != "officer":
        raise Refusal(
            "account.administrator",
            "管理员账号由服务器上的命令 qianshou users 设立",
            "Administrators are made on the server with the command qianshou users",
            "role",
        )
    if table is POSTINGS and _keeps_in_post(row, values):
        raise Refusal(
            "posting.administrator",
            "管理员不能任职：系统、安全、审计三员各司其职，不办理事项",
            "An administrator holds no post: the three administrators deal with no matter",
            "officer" if adding else "to_date",
        )
    if table is DIVISIONS:
        far = [
            Refusal("registry.degrees", f"应在 ±{most} 度以内", f"Within ±{most} degrees", name)
            for name, most in DEGREES.items()
            if values.get(name) is not None and not abs(values[name]) <= most
        ]
        if far:
            raise Refusals(far)


def _keeps_in_post(row: Any, values: Mapping[str, Any]) -> bool:
    """Whether a posting is given to an administrator, or one of theirs is made to last longer."""
    if row._state.adding:
        return bool(values["officer"].role != "officer")
    ends, ended = values["to_date"], row.to_date
    longer = ended is not None and (ends is None or ends > ended)
    return longer and row.officer.role != "officer"


def _check_neighbours(table: Table, row: Any, values: Mapping[str, Any]) -> None:
    if table is ORGANISATIONS and not row._state.adding:
        _check_circle(row, values["parent"])
    if table is SHIFTS:
        overlapping = Shift.objects.filter(
            officer=values["officer"],
            starts_at__lt=values["ends_at"],
            ends_at__gt=values["starts_at"],
        ).exclude(pk=row.pk)
        if overlapping.exists():
            raise Refusal(
                "shift.overlap",
                "这位工作人员在这段时间已经有班",
                "This officer is on duty elsewhere in that time",
                "officer",
            )


def _check_circle(row: Organisation, parent: Organisation | None) -> None:
    seen = set()
    while parent is not None and parent.pk not in seen:
        if parent.pk == row.pk:
            raise Refusal(
                "registry.circle",
                "上级机构不能是自己或自己的下级",
                "An organisation cannot be under itself",
                "parent",
            )
        seen.add(parent.pk)
        parent = parent.parent


def next_path(parent: Division | None) -> str:
    """Return a free path below `parent` (None: at the top): its own, and the next number."""
    above = parent.path if parent else ""
    siblings = Division.objects.filter(parent=parent).values_list("path", flat=True)
    numbers = [int(path.removeprefix(above).split(".")[0]) for path in siblings]
    return f"{above}{max(numbers, default=0) + 1}."
