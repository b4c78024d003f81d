"""Tables out to sheets and sheets into tables: export, template, preview, report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.drafts import drop_draft, keep_draft, take_draft
from qianshou.kernel.documents.store import look_through
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import CatalogueEntry
from qianshou.kernel.registry.sheets import (
    Column,
    SheetRow,
    read_sheet,
    write_template,
)
from qianshou.office.intake import sheet_response
from qianshou.office.registry.finding import find_rows, read_asked
from qianshou.office.registry.list import HERE, table_of
from qianshou.office.registry.planning import PlannedRow, columns_of, plan_rows, take_rows
from qianshou.office.registry.reading import shown_text
from qianshou.office.registry.references import options_of
from qianshou.office.registry.tables import CATALOGUES, Field, Table, may_edit

MOST_SHOWN = 500
ENTRY_COLUMNS = (
    Column("catalogue", "代码表", "Catalogue"),
    Column("version", "版本", "Version"),
    Column("code", "代码", "Code"),
    Column("name", "名称", "Name"),
    Column("name_en", "英文名称", "English name"),
    Column("parent", "上级", "Under"),
)


@dataclass(frozen=True)
class ShownPlan:
    """A planned row, ready for a template: cells are (text, whether it differs, errors)."""

    number: int
    act: str
    cells: list[tuple[str, bool, list[str]]]
    errors: list[str]


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, table: str) -> HttpResponse:
    """Return the rows that the list's address asks for as an Excel or CSV file."""
    known = table_of(table)
    rows = find_rows(known, read_asked(request, known), at=now())
    if known is CATALOGUES:
        return table_response(request, ENTRY_COLUMNS, _entry_texts(rows), _name(known))
    texts = (
        [
            shown_text(field, getattr(row, field.key), language(), full=True)
            for field in known.fields
        ]
        for row in rows.iterator(chunk_size=2000)
    )
    return table_response(request, columns_of(known), texts, _name(known))


def _entry_texts(rows: Any) -> Iterator[list[str]]:
    entries = CatalogueEntry.objects.filter(catalogue__in=rows.order_by()).order_by(
        "catalogue__code", "-catalogue__version", "position", "code"
    )
    for entry in entries.select_related("catalogue").iterator(chunk_size=2000):
        yield [
            entry.catalogue.code, str(entry.catalogue.version), entry.code, entry.name,
            entry.name_en, entry.parent,
        ]  # fmt: skip


def _name(table: Table) -> str:
    """Return the name under which a table goes out today, without an ending."""
    return f"{table.name(language())}-{now().astimezone(CHINA).date().isoformat()}"


def _sheet(table: Table, content: bytes, prefix: str = "") -> HttpResponse:
    return sheet_response(content, f"{prefix}{_name(table)}.xlsx")


@require_safe
@officer_page
def template(request: HttpRequest, actor: Actor, table: str) -> HttpResponse:
    """Return an empty sheet to fill in; refuses access.denied."""
    known = importable(table, actor)
    hints = {field.key: _hint(known, field) for field in known.fields}
    choices = {field.key: _offered(field) for field in known.fields}
    content = write_template(columns_of(known), hints, choices, language())
    return _sheet(known, content, _("模板-"))


def importable(table: str, actor: Actor) -> Table:
    """Return a table that this actor may import into; Http404 or Refusal access.denied."""
    known = table_of(table)
    if not known.importable:
        raise Http404
    require(may_edit(known, actor))
    return known


def _hint(table: Table, field: Field) -> str:
    parts = [_("必填") if field.required else _("可空"), field.help(language())]
    if field.key in table.matches:
        parts.append(_("按这一列找到已有的行"))
    if field.refers == table.key:
        zh = language().startswith("zh")
        parts.append(
            "本表新增的要写在前面的行" if zh else "One that this sheet adds: in a row above"
        )
    if field.widget == "checkboxes":
        zh = language().startswith("zh")
        names = [name if zh else en for _code, name, en in field.choices]
        parts.append(_("可写多个，用顿号隔开：%(names)s") % {"names": "、".join(names)})
    if field.widget in ("date", "datetime"):
        parts.append("2026-11-23" if field.widget == "date" else "2026-11-23 08:30")
    return "；".join(part for part in parts if part)


def _offered(field: Field) -> Sequence[str]:
    if field.widget == "checkbox":
        return (_("是"), _("否"))
    if field.widget == "checkboxes":
        return ()
    if field.refers:
        return [name for _key, name in options_of(field.refers, language())]
    zh = language().startswith("zh")
    return [name if zh else en for _code, name, en in field.choices]


@require_http_methods(["GET", "POST"])
@officer_page
def bring_in(request: HttpRequest, actor: Actor, table: str) -> HttpResponse:
    """Take a sheet, show what it would do, and do it when that is confirmed."""
    known = importable(table, actor)
    act = request.POST.get("act", "")
    if request.method == "POST" and act == "confirm":
        return _confirm(request, actor, known)
    if request.method == "POST" and act == "cancel":
        drop_draft(request.POST.get("mark", ""), actor.officer)
        return redirect("registry-list", known.key)
    if request.method == "POST":
        return _preview(request, actor, known)
    return _upload_page(request, actor, known)


def _upload_page(
    request: HttpRequest, actor: Actor, table: Table, refusal: Refusal | None = None
) -> HttpResponse:
    errors = by_field(refusal) if refusal else {}
    context = {**HERE, "table": table, "errors": errors}
    return show(request, actor, "office/registry/import.html", context, 422 if refusal else 200)


def _preview(request: HttpRequest, actor: Actor, table: Table) -> HttpResponse:
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Refusal("registry.required", "请选择文件", "Choose a file")
        rows = read_sheet(file, columns_of(table))
        look_through(file)
        if not rows:
            raise Refusal("sheet.empty", "表里没有要导入的行", "The sheet holds no rows")
    except Refusal as refusal:
        return _upload_page(request, actor, table, refusal)
    name = (file.name or "")[:100]
    kept = {
        "file": name,
        "rows": [[row.number, dict(row.texts)] for row in rows],
    }
    mark = keep_draft(kept, actor.officer or 0, f"registry/{table.key}", at=now())
    return _plan_page(request, actor, table, plan_rows(table, rows, actor), name, mark=mark)


def _confirm(request: HttpRequest, actor: Actor, table: Table) -> HttpResponse:
    try:
        mark = request.POST.get("mark", "")
        kept = take_draft(mark, actor.officer, f"registry/{table.key}", at=now())
    except Refusal as refusal:
        return _upload_page(request, actor, table, refusal)
    rows = [SheetRow(number, texts) for number, texts in kept["rows"]]
    planned = plan_rows(table, rows, actor)
    came = take_rows(table, planned, kept["file"], by=actor, at=now())
    return _plan_page(request, actor, table, came, kept["file"])


def _plan_page(
    request: HttpRequest,
    actor: Actor,
    table: Table,
    planned: Sequence[PlannedRow],
    file: str,
    *,
    mark: str = "",
) -> HttpResponse:
    """Show rows before they are taken, under the mark to confirm them by, or as they were."""
    counts = Counter(line.act for line in planned)
    first = sorted(planned, key=lambda line: line.act != "bad")[:MOST_SHOWN]
    context = {
        **HERE,
        "table": table,
        "file": file,
        "done": not mark,
        "mark": mark,
        "counts_by_act": counts,
        "takes": counts["new"] + counts["changed"],
        "headings": [field.label(language()) for field in table.fields],
        "lines": [_shown_plan(table, line) for line in first],
        "left_out": len(planned) - len(first),
    }
    return show(request, actor, "office/registry/preview.html", context)


def _shown_plan(table: Table, line: PlannedRow) -> ShownPlan:
    beside: dict[str, list[str]] = {}
    keys = {field.key for field in table.fields}
    for refusal in line.refusals:
        field = refusal.field or ""
        beside.setdefault(field if field in keys else "", []).append(refusal.text(language()))
    return ShownPlan(
        line.number,
        line.act,
        [
            (line.texts.get(field.key, ""), field.key in line.differs, beside.get(field.key, []))
            for field in table.fields
        ],
        beside.get("", []),
    )
