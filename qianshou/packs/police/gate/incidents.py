"""The page of the incidents that are counted: a sheet in, with template, preview and report."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.documents.drafts import drop_draft, keep_draft, take_draft
from qianshou.kernel.documents.store import look_through
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.delimited import read_table
from qianshou.kernel.registry.sheets import MOST_BYTES, SheetRow, write_template
from qianshou.packs.police.gate.incident_sheet import (
    CATALOGUE,
    COLUMNS,
    Planned,
    known,
    may_count,
    plan_rows,
    take_rows,
)
from qianshou.packs.police.gate.models import CountedIncident

ABOUT = "gate/incidents"
MOST_SHOWN = 500


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Take a sheet, show what it would do, and do it when that is confirmed; refuses access.denied
    to all but the district seat.
    """
    require(may_count(actor))
    act, mark = request.POST.get("act", ""), request.POST.get("mark", "")
    if act == "cancel":
        drop_draft(mark, actor.officer)
        return redirect("gate-incidents")
    try:
        if act == "confirm":
            kept = take_draft(mark, actor.officer, ABOUT, at=now())
            rows = [SheetRow(number, texts) for number, texts in kept["rows"]]
            done = take_rows(plan_rows(rows, now()), kept["file"], by=actor, at=now())
            return _show_plan(request, actor, done, kept["file"])
        if request.method == "POST":
            return _preview(request, actor)
    except Refusal as refusal:
        return _show(request, actor, {"errors": by_field(refusal)}, 422)
    return _show(request, actor, {})


def _preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        raise Refusal("document.none", "请选择文件", "Please choose a file", "file")
    rows = read_table(file.read(MOST_BYTES + 1), COLUMNS)
    look_through(file)
    if not rows:
        raise Refusal("sheet.empty", "表里没有要导入的行", "The sheet holds no rows")
    name = (file.name or "")[:100]
    kept = {"file": name, "rows": [[row.number, dict(row.texts)] for row in rows]}
    mark = keep_draft(kept, actor.officer or 0, ABOUT, at=now())
    return _show_plan(request, actor, plan_rows(rows, now()), name, mark)


def _show_plan(
    request: HttpRequest, actor: Actor, planned: Sequence[Planned], file: str, mark: str = ""
) -> HttpResponse:
    """Show rows before they are taken, under the mark to confirm them by, or as they came out."""
    counts = Counter(line.act for line in planned)
    first = sorted(planned, key=lambda line: line.act != "bad")[:MOST_SHOWN]
    lines = []
    for line in first:
        beside: dict[str, list[str]] = {}
        for refusal in line.refusals:
            beside.setdefault(refusal.field or "", []).append(refusal.text(language()))
        keys = [column.key for column in COLUMNS]
        cells = [(line.texts.get(key, ""), beside.get(key, [])) for key in keys]
        other = [text for key, texts in beside.items() if key not in keys for text in texts]
        lines.append((line.number, line.act, cells, other))
    context = {
        "file": file,
        "mark": mark,
        "counts_by_act": counts,
        "takes": counts["new"] + counts["changed"],
        "headings": [column.title(language()) for column in COLUMNS],
        "lines": lines,
        "left_out": len(planned) - len(first),
    }
    return _show(request, actor, context)


def _show(
    request: HttpRequest, actor: Actor, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    kept = CountedIncident.objects.filter(withdrawn_at=None)
    latest = kept.order_by("-received_at").values_list("received_at", flat=True).first()
    told = {"kept": kept.count(), "latest": latest, "here": "gate-incidents", **context}
    return show(request, actor, "gate/incidents.html", told, status)


@require_safe
@officer_page
def template(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return an empty sheet to fill in; refuses access.denied."""
    require(may_count(actor))
    yes = [_("是"), _("否")]
    hints = {
        "number": _("必填；按这一列找到已有的行"),
        "received_at": "2026-11-23 08:30",
        "withdrawn_at": _("登记错了的写“是”，不再计数；空着就不变"),
    }
    choices = {
        "division": list(known().towns),
        "category": [label for _code, label, _parent in labelled_choices(CATALOGUE, language())],
        "in_street": yes,
        "from_dispute": yes,
        "withdrawn_at": yes,
    }
    name = _("计数警情")
    return file_response(write_template(COLUMNS, hints, choices, language()), f"{name}.xlsx")
