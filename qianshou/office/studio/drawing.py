"""The modelers of BPMN and DMN in the browser: a file drawn, explained as it is drawn, and kept."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response
from qianshou.design.headers import POLICY
from qianshou.design.refused import language
from qianshou.kernel import revising
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.linting import surroundings_among
from qianshou.kernel.procedures.lint import Finding
from qianshou.kernel.procedures.models import Revision
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Post
from qianshou.kernel.revising import sources_of
from qianshou.kernel.statutes import statutes
from qianshou.office.studio.modelers import WORDS
from qianshou.office.studio.revisions import find_revision

DRAWN = ("bpmn", "dmn")
STYLED = (
    "style-src 'self'",
    "style-src 'self' 'unsafe-inline'",
)  # what dmn-js's editor asks: ADR 0024


def file_of(revision: Revision, kind: str, name: str) -> str:
    """Return the text of a revision's file, or raise the 404."""
    text = sources_of(revision).get(kind, {}).get(name)
    if text is None:
        raise Http404
    return text


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, revision: int, kind: str, name: str) -> HttpResponse:
    """Show a file in its modeler; POST keeps what was drawn and answers with JSON."""
    found = find_revision(actor, revision)
    file_of(found, kind, name)
    if kind not in DRAWN:
        raise Http404
    if request.method == "POST":
        return _keep(request, actor, found, kind, name)
    sources = sources_of(found)
    zh = language().startswith("zh")
    context = {
        "revision": found,
        "kind": kind,
        "name": name,
        "may_draw": found.state == "draft" and actor.officer == found.drafted_by_id,
        "forms": [(one, "") for one in sorted(sources["forms"])],
        "posts": [
            (code, zh_name if zh else en_name)
            for code, zh_name, en_name in Post.objects.order_by("pk").values_list(
                "code", "name", "name_en"
            )
        ],
        "statutes": [(key, f"{one.law} {one.article}") for key, one in statutes().items()],
        "called": [(one, "") for one in sorted(sources["bpmn"])],
        "labels": _labels(),
        "words": WORDS if zh else {},
        "here": "procedures",
    }
    answer = show(request, actor, "office/modeler.html", context)
    if kind == "dmn":
        answer.headers["Content-Security-Policy"] = POLICY.replace(*STYLED)
    return answer


def _labels() -> dict[str, str]:
    """Return what the page calls the properties of an element."""
    return {
        "name": _("名称"),
        "qs:nameEn": _("英文名称"),
        "camunda:candidateGroups": _("办理岗位（多个用逗号隔开）"),
        "camunda:formKey": _("表单"),
        "camunda:dueDate": _("时限，如 7d、5wd、2h"),
        "qs:source": _("时限依据"),
        "qs:organisation": _("承办单位（FEEL）"),
        "qs:assignee": _("指定办理人（FEEL）"),
        "qs:returnTo": _("可退回到（环节编号；- 为不可退回）"),
        "qs:page": _("专用页面"),
        "qs:milestone": _("对外进度"),
        "qs:milestoneEn": _("对外进度（英文）"),
        "qs:effect": _("后果"),
        "qs:decision": _("决策"),
        "calledElement": _("调用的流程"),
        "qs:results": _("结果存为"),
        "condition": _("条件（FEEL）"),
        "timer": _("时长，如 5d、2wd"),
        "qs:collection": _("为哪些各办一份（FEEL）"),
        "qs:element": _("每份的名称"),
        "completion": _("够了就结束（FEEL）"),
    }


def _keep(
    request: HttpRequest, actor: Actor, revision: Revision, kind: str, name: str
) -> HttpResponse:
    seq = whole(request.POST.get("seq", ""))
    text = request.POST.get("text", "")
    try:
        revising.keep_file(
            revision, kind, name, text, seq=-1 if seq is None else seq, by=actor, at=now()
        )
    except (Refusal, Refusals) as refused:
        several = refused.refusals if isinstance(refused, Refusals) else [refused]
        said = [one.text(language()) for one in several]
        return JsonResponse({"refused": said}, status=422)
    return JsonResponse({"seq": revision.seq})


@require_POST
@officer_page
def explain(
    request: HttpRequest, actor: Actor, revision: int, kind: str, name: str
) -> HttpResponse:
    """Return what is wrong in a file as it is drawn now, beside the revision's other files."""
    found = find_revision(actor, revision)
    sources = sources_of(found)
    if kind not in DRAWN:
        raise Http404
    text = request.POST.get("text", "")
    if len(text.encode()) > revising.LARGEST:
        return JsonResponse({"findings": []}, status=413)
    sources[kind][name] = text
    findings = revising.findings_in(kind, name, text, surroundings_among(sources))
    return JsonResponse({"findings": [_told(one) for one in findings]})


def _told(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.severity,
        "element": finding.element,
        "name": finding.name or finding.element,
        "text": finding.text(language()),
    }


@require_safe
@officer_page
def raw(request: HttpRequest, actor: Actor, revision: int, kind: str, name: str) -> HttpResponse:
    """Give out a file of a revision, for any modeler."""
    text = file_of(find_revision(actor, revision), kind, name)
    ending, media = {
        "bpmn": ("bpmn", "application/xml"),
        "dmn": ("dmn", "application/xml"),
        "forms": ("json", "application/json"),
    }[kind]
    return file_response(text.encode(), f"{name}.{ending}", f"{media}; charset=utf-8")
