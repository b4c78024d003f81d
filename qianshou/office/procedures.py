"""Procedures: what is published, drawn with what lies where and how long one stays."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.pack import packs
from qianshou.kernel.procedures.models import Revision, Version
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.registry.models import Post
from qianshou.kernel.revising import may_revise
from qianshou.kernel.statutes import statutes
from qianshou.kernel.worklist.stays import Stay, stays_of
from qianshou.office.drawn import draw_counts

REVISIONS = 20
SPAN = re.compile(r"(\d+)(min|h|wh|d|wd|mo|y)")


def span_words(span: str) -> str:
    """Return a deadline's span in words; one that a decision table sets says so."""
    if span == "now":
        return _("立即")
    found = SPAN.fullmatch(span)
    if found is None:
        return _("由判断表定")
    unit = {
        "min": _("%(n)s 分钟"),
        "h": _("%(n)s 小时"),
        "wh": _("%(n)s 工作小时"),
        "d": _("%(n)s 日"),
        "wd": _("%(n)s 个工作日"),
        "mo": _("%(n)s 个月"),
        "y": _("%(n)s 年"),
    }[found[2]]
    return unit % {"n": found[1]}


@require_safe
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the procedures in force, by pack."""
    current = {row.procedure: row for row in Version.objects.filter(is_current=True)}
    shown = [
        (
            pack,
            [
                (current[key], len(compiled(current[key].digest).steps()))
                for key in pack.procedures
                if key in current
            ],
        )
        for pack in packs()
    ]
    return show(request, actor, "office/procedures.html", {"packs": shown, "here": "procedures"})


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, procedure: str) -> HttpResponse:
    """Show one procedure: its drawing, steps with counts, versions with digests."""
    versions = list(Version.objects.filter(procedure=procedure).order_by("-number"))
    version = next((row for row in versions if row.is_current), None)
    if version is None:
        raise Http404
    made = compiled(version.digest)
    counts = stays_of(procedure, actor, at=now())
    zh = language().startswith("zh")
    posts = {
        code: name if zh else name_en
        for code, name, name_en in Post.objects.values_list("code", "name", "name_en")
    }
    steps = [
        {
            "node": node,
            "name": node.name if zh else node.name_en or node.name,
            "posts": [posts.get(code, code) for code in node.posts if code != "resident"],
            "resident": "resident" in node.posts,
            "form": form_of(version.digest, node.form).title(language()) if node.form else "",
            "span": span_words(node.due.text.strip('"')) if node.due else "",
            "statute": statutes().get(node.due_source),
            "counts": counts.get(node.id) or Stay(node.id, 0, 0, 0, None),
        }
        for node in made.steps()
    ]
    return show(
        request,
        actor,
        "office/procedure.html",
        {
            "version": version,
            "versions": versions,
            "steps": steps,
            "drawing": draw_counts(version.digest, counts, language()),
            "files": sorted(version.sources["bpmn"]),
            "may_revise": may_revise(actor, procedure),
            "revisions": Revision.objects.filter(procedure=procedure)
            .select_related("drafted_by")
            .order_by("-pk")[:REVISIONS]
            if may_revise(actor, procedure)
            else (),
            "here": "procedures",
        },
    )


@require_safe
@officer_page
def viewer(request: HttpRequest, actor: Actor, procedure: str, name: str) -> HttpResponse:
    """Show a BPMN file of the version in force as it was drawn, to move about in."""
    version, _text = find_file(procedure, name)
    context = {"version": version, "name": name, "here": "procedures"}
    return show(request, actor, "office/viewer.html", context)


@require_safe
@officer_page
def file(request: HttpRequest, actor: Actor, procedure: str, name: str) -> HttpResponse:
    """Give out a BPMN file of the version in force, for any modeler."""
    _version, text = find_file(procedure, name)
    headers = {"Content-Disposition": content_disposition_header(True, f"{name}.bpmn") or ""}
    return HttpResponse(text, content_type="application/xml; charset=utf-8", headers=headers)


def find_file(procedure: str, name: str) -> tuple[Version, str]:
    """Return the version in force with one of its BPMN files, or raise the 404."""
    version = Version.objects.filter(procedure=procedure, is_current=True).first()
    if version is None or name not in version.sources["bpmn"]:
        raise Http404
    return version, version.sources["bpmn"][name]
