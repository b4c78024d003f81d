"""The editor of a form: a row a field, and the form beside it as an officer will see it."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.fields import ShownField, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel import revising
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.procedures.forms import load_form
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.office.studio.drawing import file_of
from qianshou.office.studio.revisions import find_revision

MOST = 80
TEXTS = ("title", "x-en", "description", "x-en-description", "x-catalogue", "x-when", "x-suggest")
KINDS: dict[str, dict[str, Any]] = {  # widget: what it says of type, format and widget
    "text": {"type": "string"},
    "textarea": {"type": "string", "x-widget": "textarea"},
    "spoken": {"type": "string", "x-widget": "spoken"},
    "radio": {"type": "string", "x-widget": "radio"},
    "select": {"type": "string", "x-widget": "select"},
    "checkboxes": {"type": "array", "x-widget": "checkboxes"},
    "checkbox": {"type": "boolean"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "phone": {"type": "string", "format": "phone"},
    "place": {"type": "object", "x-widget": "place"},
    "person": {"type": "object", "x-vault": True},
    "photos": {"type": "array", "x-widget": "photos"},
    "organisation": {"type": "string", "x-widget": "organisation"},
    "organisations": {"type": "array", "x-widget": "organisations"},
}
SHAPE = ("type", "format", "x-widget", "x-vault", "items")
REWRITTEN = {*SHAPE, "oneOf", "maxLength", "maxItems", *TEXTS}
Row = dict[str, Any]


def rows_of(told: dict[str, Any]) -> list[Row]:
    """Return a row for each field of a form's JSON, as the editor shows it."""
    required = told.get("required", ())
    return [
        {
            "id": key,
            "was": key,
            "kind": _kind(field),
            "required": key in required,
            "most": str(field.get("maxLength") or field.get("maxItems") or ""),
            "choices": "\n".join(
                f"{one['const']} | {one.get('title', '')} | {one.get('x-en', '')}"
                for one in field.get("oneOf") or field.get("items", {}).get("oneOf", ())
            ),
            **{name.replace("-", "_"): field.get(name, "") for name in TEXTS},
        }
        for key, field in told.get("properties", {}).items()
    ]


def _kind(field: dict[str, Any]) -> str:
    given = field.get("x-widget")
    if given in KINDS:
        return str(given)
    if field.get("x-vault") or given == "person":
        return "person"
    if field.get("type") == "array":
        return "checkboxes"
    if field.get("oneOf") or field.get("x-catalogue"):
        return "select"
    formats = {"date": "date", "date-time": "datetime", "phone": "phone"}
    if field.get("format") in formats:
        return formats[field["format"]]
    return {"integer": "integer", "number": "number", "boolean": "checkbox"}.get(
        field.get("type", ""), "text"
    )


def rows_sent(sent: QueryDict) -> list[Row]:
    """Return the rows of the editor as they were typed."""
    count = min(whole(sent.get("count", "")) or 0, MOST)
    names = ("id", "was", "kind", "most", "choices", *(name.replace("-", "_") for name in TEXTS))
    return [
        {
            **{name: sent.get(f"{place}.{name}", "").strip() for name in names},
            "required": sent.get(f"{place}.required") == "on",
        }
        for place in range(count)
    ]


def form_text(sent: QueryDict, rows: list[Row], before: str) -> str:
    """Return the JSON of a form as typed; what the editor does not show stays as it was `before`.

    Raises Refusals studio.* for a field without an id, an id given twice, and choices that cannot
    be read.
    """
    told = json.loads(before)
    kept = told.get("properties", {})
    fields: dict[str, Any] = {}
    wrong: list[Refusal] = []
    for place, row in enumerate(rows):
        key = row["id"]
        if not key.isidentifier() or not key.isascii() or key in fields:
            wrong.append(_refused(
                "studio.field_id", f"{place}.id",
                "编号用英文字母、数字、下划线，不以数字开头，不能重复",
                "An id has letters, digits and underscores, begins with no digit, and is given once",
            ))  # fmt: skip
            continue
        before_it = kept.get(row["was"], {})
        is_same = bool(before_it) and _kind(before_it) == row["kind"]
        shape = (
            {name: before_it[name] for name in SHAPE if name in before_it}
            if is_same
            else dict(KINDS.get(row["kind"], KINDS["text"]))
        )
        rest = {name: value for name, value in before_it.items() if name not in REWRITTEN}
        texts = {name: row[name.replace("-", "_")] for name in TEXTS}
        field = {**shape, **rest, **{name: text for name, text in texts.items() if text}}
        is_list = shape.get("type") == "array"
        most = whole(row["most"])
        if most:
            field["maxItems" if is_list else "maxLength"] = most
        try:
            choices = _choices(row["choices"])
        except ValueError:
            wrong.append(
                _refused(
                    "studio.choices",
                    f"{place}.choices",
                    "每行一项：值 | 中文 | English",
                    "One a line: value | 中文 | English",
                )
            )
            continue
        items = {name: value for name, value in shape.get("items", {}).items() if name != "oneOf"}
        if choices and is_list:
            kind = {} if is_same else {"type": "string"}
            field["items"] = {**kind, **items, "oneOf": choices}
        elif choices:
            field["oneOf"] = choices
        elif "items" in field:
            field["items"] = items
        fields[key] = field
    if wrong:
        raise Refusals(wrong)
    head = {
        **told,
        "title": sent.get("title", "").strip(),
        "x-en": sent.get("x_en", "").strip(),
        "properties": fields,
        "required": [row["id"] for row in rows if row["required"]],
    }
    return json.dumps(head, ensure_ascii=False, indent=2) + "\n"


def _choices(text: str) -> list[dict[str, str]]:
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        value, title, english = (part.strip() for part in line.split("|"))
        if not value or not title:
            raise ValueError(line)
        found.append({"const": value, "title": title, "x-en": english})
    return found


def _refused(code: str, field: str, zh: str, en: str) -> Refusal:
    return Refusal(code, zh, en, field)


def rearranged(rows: list[Row], do: str) -> list[Row]:
    """Return the rows after "add", "up:N", "down:N" or "remove:N"."""
    what, _colon, at = do.partition(":")
    place = whole(at)
    if what == "add" and len(rows) < MOST:
        blank = dict.fromkeys((name.replace("-", "_") for name in TEXTS), "")
        new = f"field_{len(rows) + 1}"
        return [*rows, {"id": new, "was": "", "kind": "text", "required": False, "most": "",
                        "choices": "", **blank, "title": _("新字段"), "x_en": "New field"}]  # fmt: skip
    if place is None or place >= len(rows):
        return rows
    rest = [row for index, row in enumerate(rows) if index != place]
    if what == "remove":
        return rest
    to = place - 1 if what == "up" else place + 1
    return [*rest[: max(to, 0)], rows[place], *rest[max(to, 0) :]]


def preview_of(text: str) -> tuple[list[ShownField], dict[str, list[str]]]:
    """Return the fields that a form's JSON shows, or why it shows none."""
    try:
        return shown_fields(load_form(text.encode(), "form"), language()), {}
    except (Refusal, Refusals) as refused:
        return [], by_field(refused)


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, revision: int, name: str) -> HttpResponse:
    """Show a form with its fields as rows; rearrange them, or keep the form."""
    found = find_revision(actor, revision)
    before = file_of(found, "forms", name)
    told = json.loads(before)
    rows, text, errors = rows_of(told), before, {}
    title, x_en = told.get("title", ""), told.get("x-en", "")
    if request.method == "POST":
        title, x_en = request.POST.get("title", ""), request.POST.get("x_en", "")
        do = request.POST.get("do", "save")
        rows = rearranged(rows_sent(request.POST), do)
        try:
            text = form_text(request.POST, rows, before)
            if do == "save":
                seq = whole(request.POST.get("seq", ""))
                revising.keep_file(
                    found, "forms", name, text, seq=-1 if seq is None else seq, by=actor, at=now()
                )
                messages.success(request, _("已保存"))
                return redirect("studio-form", found.pk, name)
        except (Refusal, Refusals) as refused:
            if isinstance(refused, Refusal) and refused.code == "access.denied":
                raise
            errors = by_field(refused)
    shown, unshown = preview_of(text)
    context = {
        "revision": found,
        "name": name,
        "title": title,
        "x_en": x_en,
        "rows": rows,
        "kinds": list(KINDS),
        "errors": errors,
        "fields_shown": shown,
        "unshown": unshown,
        "may_draw": found.state == "draft" and actor.officer == found.drafted_by_id,
        "seq": request.POST.get("seq") or found.seq,
        "here": "procedures",
    }
    return show(request, actor, "office/form_editor.html", context, 422 if errors else 200)


@require_POST
@officer_page
def preview(request: HttpRequest, actor: Actor, revision: int, name: str) -> HttpResponse:
    """Return the form as an officer will see it, from what is typed now."""
    before = file_of(find_revision(actor, revision), "forms", name)
    try:
        text = form_text(request.POST, rows_sent(request.POST), before)
    except Refusals as refused:
        context: dict[str, Any] = {"fields_shown": [], "unshown": by_field(refused)}
    else:
        shown, unshown = preview_of(text)
        context = {"fields_shown": shown, "unshown": unshown}
    return render(
        request, "office/form_preview.html", {**context, "title": request.POST.get("title")}
    )
