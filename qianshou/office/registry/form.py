"""One row of the registry: its form or, for who may only read, its values; and its past."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import officer_page, show
from qianshou.design.fields import ShownField
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.factors import take_off_factor
from qianshou.kernel.door.passwords import give_password
from qianshou.kernel.door.registering import history_of, lock_row
from qianshou.kernel.door.sessions import end_all_sessions
from qianshou.kernel.door.shifts import acknowledge, hand_over, may_schedule
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.login.models import Session
from qianshou.kernel.login.records import device_words
from qianshou.kernel.login.sessions import sessions_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Shift
from qianshou.kernel.registry.shifts import following_shifts
from qianshou.office.registry import catalogues
from qianshou.office.registry.history import past_of
from qianshou.office.registry.list import HERE, table_of, title_of
from qianshou.office.registry.reading import form_text, read_values, shown_text
from qianshou.office.registry.references import find_by_key, options_of
from qianshou.office.registry.saving import save_row
from qianshou.office.registry.tables import CATALOGUES, OFFICERS, SHIFTS, Field, Table, may_edit


@require_http_methods(["GET", "POST"])
@officer_page
def new(request: HttpRequest, actor: Actor, table: str) -> HttpResponse:
    """Show an empty form, or make the row; refuses access.denied."""
    known = table_of(table)
    require(may_edit(known, actor))
    if known is CATALOGUES:
        return catalogues.edit(request, actor, None)
    row = known.model()
    if request.method == "POST":
        return _save(request, actor, known, row)
    return _page(request, actor, known, row)


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, table: str, pk: str) -> HttpResponse:
    """Show a row with its past; change it, or do one of its acts; refuses access.denied."""
    known = table_of(table)
    row = row_of(known, pk)
    if request.method == "GET":
        if known is CATALOGUES:
            return catalogues.edit(request, actor, row)
        return _page(request, actor, known, row)
    act = ACTS.get((known.key, request.POST.get("act", "")))
    if act is not None:
        return act(request, actor, row)
    require(may_edit(known, actor, row))
    if known is CATALOGUES:
        return catalogues.edit(request, actor, row)
    return _save(request, actor, known, row)


def row_of(table: Table, pk: str) -> Any:
    """Return a row by its key in the address; raises Http404."""
    rows = table.model._default_manager.select_related(*table.joins)
    try:
        row = rows.filter(pk=pk).first()
    except (ValueError, ValidationError, OverflowError):
        row = None
    if row is None:
        raise Http404
    return row


def _save(request: HttpRequest, actor: Actor, table: Table, row: Model) -> HttpResponse:
    adding = row._state.adding
    try:
        with write_turn():
            if not adding:
                lock_row(row)
                check_seen(row, request.POST.get("seq", ""))
            values = read_values(table, sent_texts(table, request.POST), find_by_key, adding=adding)
            saved = save_row(
                table, row, values, by=actor, at=now(), reason=request.POST.get("reason", "")[:200]
            )
    except (Refusal, Refusals) as error:
        if isinstance(error, Refusal) and error.code == "access.denied":
            raise
        kept = table.model() if adding else row_of(table, str(row.pk))
        return _page(request, actor, table, kept, errors=by_field(error), sent=request.POST)
    messages.success(request, _("已保存"))
    return redirect("registry-row", table.key, str(saved.pk))


def check_seen(row: Model, seq: str) -> None:
    """Refuse registry.stale where somebody changed the row after the form was shown."""
    past = history_of(row)
    if seq != str(past[-1]["seq"] if past else 0):
        raise Refusal(
            "registry.stale",
            "您填写时，别人已经改了这一行；请核对最新内容后再保存",
            "Somebody changed this row meanwhile; look at it as it is now, then save again",
        )


def sent_texts(table: Table, sent: QueryDict) -> dict[str, Any]:
    """Return what a form sent, by field."""
    return {
        field.key: sent.getlist(field.key)
        if field.widget == "checkboxes"
        else sent.get(field.key, "")
        for field in table.fields
    }


def _page(
    request: HttpRequest,
    actor: Actor,
    table: Table,
    row: Any,
    *,
    errors: Mapping[str, list[str]] | None = None,
    sent: QueryDict | None = None,
    password: str = "",
) -> HttpResponse:
    adding = row._state.adding
    editable = may_edit(table, actor, None if adding else row) and not _is_closed(table, row)
    asked = [field for field in table.fields if editable and (adding or not field.fixed)]
    texts = sent_texts(table, sent) if sent is not None else {}
    known = {field.key for field in asked}
    other = [text for key, found in (errors or {}).items() if key not in known for text in found]
    context = {
        **HERE,
        "table": table,
        "row": None if adding else row,
        "title": "" if adding else title_of(table, row),
        "fields_shown": [
            shown_field(field, row, actor, texts=texts, errors=errors or {}) for field in asked
        ],
        "told": [
            (field.label(language()), shown_text(field, getattr(row, field.key), language()))
            for field in table.fields
            if not adding and field not in asked
        ],
        "errors": {**(errors or {}), "": other},
        "editable": editable,
        "past": [] if adding else past_of(table, row),
        "password": password,
        "duty": duty_of(actor, row) if table is SHIFTS and not adding else None,
        "sessions": None if adding else _sessions(table, actor, row),
        "device_words": device_words,
        "may_take_off": not adding and _may_take_off(table, actor, row),
        "may_reset": table is OFFICERS and editable and not adding and row.pk != actor.officer,
    }  # fmt: skip
    response = show(request, actor, "office/registry/row.html", context, 422 if errors else 200)
    if password:
        response["Cache-Control"] = "no-store"
    return response


def _may_take_off(table: Table, actor: Actor, row: Any) -> bool:
    """Whether an officer's or an administrator's second factor may be taken off by `actor`."""
    return (
        table is OFFICERS
        and actor.role == OFFICERS.editor
        and row.pk != actor.officer
        and row.totp_since is not None
    )


def _sessions(table: Table, actor: Actor, row: Any) -> list[Session] | None:
    """Return where somebody else is logged in, for the security administrator; None for others."""
    if table is not OFFICERS or actor.role != OFFICERS.editor or row.pk == actor.officer:
        return None
    return list(sessions_of(row.pk, now()))


def _is_closed(table: Table, row: Any) -> bool:
    return table is SHIFTS and row.handed_over_at is not None


def shown_field(
    field: Field,
    row: Any,
    actor: Actor,
    *,
    texts: Mapping[str, Any],
    errors: Mapping[str, list[str]],
) -> ShownField:
    """Return one field ready for the form's macros, with what was typed and what was refused."""
    adding = row._state.adding
    zh = language().startswith("zh")
    options = [(code, name if zh else en) for code, name, en in field.choices]
    if isinstance(row, Officer) and field.key == "role":
        options = [one for one in options if one[0] == "officer"]
    if field.refers:
        kept = None if adding else getattr(row, f"{field.key}_id")
        options = options_of(field.refers, language(), kept)
        if isinstance(row, Shift) and field.key == "organisation":
            options = [one for one in options if may_schedule(actor, int(one[0]))]
    value = texts.get(field.key, field.preset if adding else form_text(field, row))
    return ShownField(
        id=field.key,
        label=field.label(language()),
        help=field.help(language()),
        widget="text" if field.widget in ("words", "number") else field.widget,
        required=field.required,
        value=value,
        errors=tuple(errors.get(field.key, ())),
        groups=(("", tuple(options)),),
        when=None,
        longest=0,
        most=0,
    )


def duty_of(actor: Actor, shift: Shift) -> dict[str, Any]:
    """Return what a shift's page offers of handing over, and who follows (one query)."""
    following = list(following_shifts(shift).select_related("officer").order_by("officer__name"))
    mine = actor.officer in {other.officer_id for other in following}
    return {
        "following": following,
        "may_hand_over": actor.officer == shift.officer_id
        and shift.handed_over_at is None
        and shift.starts_at <= now(),
        "may_acknowledge": mine
        and shift.handed_over_at is not None
        and shift.acknowledged_at is None,
    }


def _act_hand_over(request: HttpRequest, actor: Actor, row: Any) -> HttpResponse:
    note = request.POST.get("hand_over_note", "")[:2000]
    return _act(request, actor, row, lambda: hand_over(row, note, by=actor, at=now()), _("已交班"))


def _act_acknowledge(request: HttpRequest, actor: Actor, row: Any) -> HttpResponse:
    return _act(request, actor, row, lambda: acknowledge(row, by=actor, at=now()), _("已接班"))


def _act(
    request: HttpRequest, actor: Actor, row: Shift, act: Callable[[], Shift], done: str
) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        if refusal.code == "access.denied":
            raise
        return _page(request, actor, SHIFTS, row_of(SHIFTS, str(row.pk)), errors=by_field(refusal))
    messages.success(request, done)
    return redirect("registry-row", SHIFTS.key, str(row.pk))


def _act_password(request: HttpRequest, actor: Actor, row: Any) -> HttpResponse:
    require(may_edit(OFFICERS, actor, row) and row.pk != actor.officer)
    password = give_password(row, by=actor, at=now())
    return _page(request, actor, OFFICERS, row_of(OFFICERS, str(row.pk)), password=password)


def _act_factor(request: HttpRequest, actor: Actor, row: Any) -> HttpResponse:
    require(_may_take_off(OFFICERS, actor, row))
    take_off_factor(row, by=actor, at=now())
    messages.success(request, _("第二因素已重设"))
    return redirect("registry-row", OFFICERS.key, str(row.pk))


def _act_sessions(request: HttpRequest, actor: Actor, row: Any) -> HttpResponse:
    require(_sessions(OFFICERS, actor, row) is not None)
    ended = end_all_sessions(row, by=actor, at=now())
    messages.success(request, _("已结束 %(n)s 处登录") % {"n": ended})
    return redirect("registry-row", OFFICERS.key, str(row.pk))


ACTS: Mapping[tuple[str, str], Callable[[HttpRequest, Actor, Any], HttpResponse]] = {
    ("shifts", "hand_over"): _act_hand_over,
    ("shifts", "acknowledge"): _act_acknowledge,
    ("officers", "password"): _act_password,
    ("officers", "factor"): _act_factor,
    ("officers", "sessions"): _act_sessions,
}
