"""Audit: every entry of the ledger as it was written, and the check of all of it while one waits."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import frame, officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import either, instant
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, hidden_rows, require
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.ocel import export_ocel
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.ledger.read import count_entries, find_entries, last_seal
from qianshou.kernel.ledger.replay import check_entries
from qianshou.kernel.ledger.tables import tables_in_circles
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import hidden_matters
from qianshou.office.timeline import ICONS, act_words

HERE = "<!--progress-->"
TENTHS = 10
MOST = 5000


class Hidden(TypedDict):
    """What a list of entries leaves out for somebody."""

    without: QuerySet[Any]
    nor: Sequence[QuerySet[Any]]
    tables: Collection[str]


def _hidden(actor: Actor) -> Hidden:
    return {
        "without": hidden_matters(actor),
        "nor": hidden_rows(actor),
        "tables": tables_in_circles(),
    }


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the ledger's entries, the newest first, of all acts or of one, of all subjects or one."""
    require(actor.role == "audit")
    act, subject = request.GET.get("act", ""), request.GET.get("subject", "").strip()[:60]
    before = whole(request.GET.get("before", ""))
    hidden = _hidden(actor)
    rows, following = find_entries(act=act, subject=subject, before=before, **hidden)
    names = Officer.objects.in_bulk({row.officer_id for row in rows if row.officer_id})
    places = Organisation.objects.in_bulk({row.organisation_id for row in rows})
    context = {
        "rows": [
            (
                row,
                act_words(row.act),
                names.get(row.officer_id or 0),
                places.get(row.organisation_id or 0),
            )
            for row in rows
        ],
        "following": following,
        "act": act,
        "subject": subject,
        "acts": [(name, act_words(name)) for name in (*ICONS, "register", "amend")],
        "total": count_entries(**hidden),
        "seal": last_seal(),
        "here": "audit",
    }
    return show(request, actor, "office/audit.html", context)


COLUMNS = (
    Column("id", "序号", "No."),
    Column("at", "时间", "Time"),
    Column("subject", "编号", "Subject"),
    Column("seq", "第几条", "Entry"),
    Column("act", "动作", "Act"),
    Column("officer", "谁", "Who"),
    Column("organisation", "单位", "Organisation"),
    Column("hash", "摘要", "Hash"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the entries that the filters leave as an Excel or CSV file, the newest 5,000."""
    require(actor.role == "audit")
    act, subject = request.GET.get("act", ""), request.GET.get("subject", "").strip()[:60]
    rows, _following = find_entries(act=act, subject=subject, size=MOST + 1, **_hidden(actor))
    names = Officer.objects.in_bulk({row.officer_id for row in rows if row.officer_id})
    places = Organisation.objects.in_bulk({row.organisation_id for row in rows})
    lines = []
    for row in rows:
        officer = names.get(row.officer_id or 0)
        place = places.get(row.organisation_id or 0)
        lines.append(
            (
                str(row.pk),
                instant(row.at),
                row.subject,
                str(row.seq),
                act_words(row.act),
                officer.name if officer else "",
                either(place.name, place.name_en) if place else "",
                row.hash,
            )
        )
    return table_response(request, COLUMNS, lines, "ledger", MOST)


@require_safe
@officer_page
def ocel(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Return the ledger as an OCEL 2.0 file for process mining, without names or hidden matters."""
    require(actor.role == "audit")
    with TemporaryDirectory(prefix="qianshou-ocel-") as folder:
        path = Path(folder) / "ledger.json"
        export_ocel(path)
        file = path.open("rb")  # it stays readable when its folder is gone
    return FileResponse(file, as_attachment=True, filename="ledger.ocel.json")


@require_POST
@officer_page
def check(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Verify the whole ledger and say how far it is while it goes on."""
    require(actor.role == "audit")
    context = {**frame(actor), "here": "audit", "marker": HERE}
    before, _mark, after = render_to_string("office/audit_check.html", context, request).partition(
        HERE
    )
    return StreamingHttpResponse(_lines(before, after, language(), actor))


def _lines(before: str, after: str, code: str, actor: Actor) -> Iterator[str]:
    """Yield the page: every problem, how many tenths are checked, and what was found.

    How many entries there are is not told: some are of matters that the auditor must not know of.
    """
    problems = told = 0
    yield before
    with override(code):
        for found in check_entries(at=now()):
            if isinstance(found, Problem):
                problems += 1
                text = found.zh if code.startswith("zh") else found.en
                if is_hidden(found.subject, actor):
                    text = _("有一处记录核验不符，请系统管理员在服务器上运行 qianshou verify 查看")
                yield format_html('<li class="err">{}</li>', text)
                continue
            done, total = found
            while told < (TENTHS * done // total if total else TENTHS):
                told += 1
                said = _("已核验 %(n)s%%") % {"n": 100 * told // TENTHS}
                yield format_html('<li class="num">{}</li>', said)
        if problems:
            tone, said = "r", _("发现 %(n)s 处问题") % {"n": problems}
        else:
            tone, said = "g", _("台账记录全部核验一致")
        yield format_html('<li><span class="tag {}" id="result">{}</span></li>', tone, said)
    yield after


def is_hidden(subject: str, actor: Actor) -> bool:
    """Whether a subject of the ledger tells of a matter, or of a row, that a circle hides from an
    officer; who audits holds no post, and belongs to no circle.
    """
    return (
        subject.partition("/")[0] in tables_in_circles()
        or hidden_matters(actor).filter(number=subject).exists()
        or any(subjects.filter(subject=subject).exists() for subjects in hidden_rows(actor))
    )
