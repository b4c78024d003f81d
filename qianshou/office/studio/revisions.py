"""A revision of a procedure: its files, what is wrong, what differs, and the acts on it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from markupsafe import Markup

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.design.tried import Tried
from qianshou.kernel import revising
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.documents.clamav import ask_scanner
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.procedures.bpmn import read_bpmn
from qianshou.kernel.procedures.difference import Difference, differences
from qianshou.kernel.procedures.drawing import Standing, draw
from qianshou.kernel.procedures.models import Revision, Version
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.revising import KINDS, Sources, may_revise, sources_of

NEW_FORM = '{"type": "object", "title": "新表单", "x-en": "New form", "properties": {}}'


def find_revision(actor: Actor, revision: int) -> Revision:
    """Return a revision for whoever may revise its procedure; raises the 404, or access.denied."""
    found = get_object_or_404(
        Revision.objects.select_related("origin", "drafted_by", "decided_by", "version"),
        pk=revision,
    )
    require(may_revise(actor, found.procedure))
    return found


@require_POST
@officer_page
def begin(request: HttpRequest, actor: Actor, procedure: str) -> HttpResponse:
    """Begin a revision of a procedure from the version in force, or from another of its own."""
    wanted = whole(request.POST.get("version", ""))
    versions = Version.objects.filter(procedure=procedure)
    found = versions.filter(pk=wanted) if wanted else versions.filter(is_current=True)
    version = get_object_or_404(found)
    revision = revising.begin(version, by=actor, at=now())
    return redirect("revision", revision.pk)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, revision: int) -> HttpResponse:
    """Show a revision."""
    return show_revision(request, actor, find_revision(actor, revision), Tried())


def show_revision(
    request: HttpRequest, actor: Actor, revision: Revision, tried: Tried
) -> HttpResponse:
    """Return the page of a revision, with a form of it that was refused."""
    sources = sources_of(revision)
    found, unread = _differences(revision.origin, sources)
    context = {
        "revision": revision,
        "kinds": [
            (kind, [(name, _title(kind, text)) for name, text in sorted(sources[kind].items())])
            for kind in KINDS
        ],
        "changed": {
            f"{kind}/{name}"
            for kind in KINDS
            for name, text in revision.origin.sources[kind].items()
            if sources[kind].get(name) != text
        },
        "findings": revising.findings_of(revision.procedure, sources),
        "differences": found,
        "unread": unread,
        "drawing": _drawing(revision.procedure, sources, found),
        "is_mine": actor.officer == revision.drafted_by_id,
        "history": history_of(revision),
        "tried": tried,
        "here": "procedures",
    }
    return show(request, actor, "office/revision.html", context, 422 if tried.errors else 200)


def _title(kind: str, text: str) -> str:
    """Return what a form calls itself in the page's language; drawings go by their file's name."""
    if kind != "forms":
        return ""
    told = json.loads(text)
    return str(told.get("title" if language().startswith("zh") else "x-en", ""))


def _differences(origin: Version, sources: Sources) -> tuple[list[Difference], str]:
    try:
        return differences(origin.sources, sources), ""
    except Refusal as refusal:
        return [], refusal.text(language())


def _drawing(procedure: str, sources: Sources, found: list[Difference]) -> Markup:
    """Return the drawing with what is new or changed marked; empty where it cannot be read."""
    try:
        model, _flaws = read_bpmn(sources["bpmn"][procedure].encode(), procedure)
    except (Refusal, Refusals):
        return Markup()
    changed = {one.id for one in found if one.kind == "bpmn" and one.change != "removed"}
    return Markup(draw(model, Standing(now=changed), language()))  # noqa: S704 - draw escapes texts


Sent = Mapping[str, str]


def _offer(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    revising.offer(revision, sent.get("note", ""), by=by, at=now())
    messages.success(request, _("已送审，由另一人发布"))


def _take_back(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    revising.take_back(revision, by=by, at=now())


def _publish(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    version = revising.publish_revision(revision, by=by, at=now())
    messages.success(
        request, _("已发布为 v%(number)s，新开的事项用它") % {"number": version.number}
    )


def _give_back(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    revising.give_back(revision, sent.get("reason", ""), by=by, at=now())


def _drop(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    revising.drop(revision, by=by, at=now())


def _upload(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    file = request.FILES.get("file")
    if file is None or not file.name:
        raise Refusal("document.none", "请选择文件", "Please choose a file", "file")
    stem, _dot, ending = file.name.rpartition(".")
    kind = {"bpmn": "bpmn", "xml": "bpmn", "dmn": "dmn", "json": "forms"}.get(ending.lower())
    if kind is None or (file.size or 0) > revising.LARGEST:
        raise Refusal(
            "revising.file",
            "只收 1 MB 以内的 .bpmn、.dmn、.json 文件",
            "Only .bpmn, .dmn and .json files up to 1 MB are taken",
            "file",
        )
    raw = file.read()
    try:
        ask_scanner(raw)
        text = raw.decode("utf-8-sig")
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.zh, refusal.en, "file") from None
    except UnicodeDecodeError:
        raise Refusal(
            "revising.encoding", "文件不是 UTF-8 编码", "The file is not UTF-8", "file"
        ) from None
    name = sent.get("name", "") or stem
    revising.keep_file(revision, kind, name, text, seq=revision.seq, by=by, at=now())
    messages.success(request, _("已收下 %(name)s") % {"name": f"{name}.{ending}"})


def _add_form(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    name = sent.get("name", "")
    if name in sources_of(revision)["forms"]:
        raise Refusal("revising.there", "已有这份表单", "There is this form already", "name")
    revising.keep_file(revision, "forms", name, NEW_FORM, seq=revision.seq, by=by, at=now())


def _remove(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    kind, _slash, name = sent.get("file", "").partition("/")
    if kind not in KINDS:
        raise Http404
    revising.remove_file(revision, kind, name, seq=revision.seq, by=by, at=now())


def _restore(request: HttpRequest, revision: Revision, sent: Sent, by: Actor) -> None:
    kind, _slash, name = sent.get("file", "").partition("/")
    text = revision.origin.sources.get(kind, {}).get(name)
    if text is None:
        raise Http404
    revising.keep_file(revision, kind, name, text, seq=revision.seq, by=by, at=now())


ACTS: Mapping[str, Callable[[HttpRequest, Revision, Sent, Actor], Any]] = {
    "offer": _offer,
    "take-back": _take_back,
    "publish": _publish,
    "give-back": _give_back,
    "drop": _drop,
    "upload": _upload,
    "add-form": _add_form,
    "remove": _remove,
    "restore": _restore,
}


@require_POST
@officer_page
def act(request: HttpRequest, actor: Actor, revision: int, name: str) -> HttpResponse:
    """Do one act on a revision; what is refused stands beside its form, and nothing typed is lost."""
    found = find_revision(actor, revision)
    if name not in ACTS:
        raise Http404
    try:
        ACTS[name](request, found, request.POST, actor)
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "access.denied":
            raise
        return show_revision(request, actor, found, Tried(name, request.POST, by_field(refusal)))
    return redirect("revision", found.pk)
