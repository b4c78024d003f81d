"""The list of pledges by child, and one child's pledges: filled, signed on paper, read, links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import day as read_day
from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response, table_response
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import DOCX, SUFFIXES, read_document
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.guardians import give_link, new_code, revoke_link
from qianshou.packs.commission.care.models import Child, GuardianLink, Pledge
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.pages.reach import find_ward
from qianshou.packs.commission.care.pages.words import pledge_words, standing_words
from qianshou.packs.commission.care.pledges import (
    ENDING,
    ENTRUSTMENT,
    KINDS,
    Standing,
    check_entrustment,
    context_of,
    fill_document,
    sign_on_paper,
    standings_of,
    template_of,
)
from qianshou.packs.commission.care.register import masked_names, my_children

PAGE = 50
MOST = 5000
STATES = ("missing", "expired", "ending", "outdated")


@dataclass(frozen=True)
class Asked:
    """What the list's address asks for: a code, a kind, how it stands."""

    words: str
    mark: str
    kind: str
    state: str
    page: int

    def query(self, **changed: str) -> str:
        """Return the address's query, changed, without the page."""
        told = {"s": self.mark, "kind": self.kind, "state": self.state, **changed}
        return "&".join(f"{name}={value}" for name, value in told.items() if value)


@dataclass(frozen=True)
class Row:
    """A child of the list with her four pledges."""

    child: Child
    name: str
    standings: list[Standing]


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; what is odd is left out."""
    told, sought = request.GET, read_sought(request)
    kind, state = told.get("kind", ""), told.get("state", "")
    words = "".join(sign for sign in sought.words.upper() if sign.isalnum() or sign == "-")
    return Asked(
        words[:12],
        sought.mark,
        kind if kind in KINDS else "",
        state if state in STATES else "",
        max(1, whole(told.get("page", "")) or 1),
    )


def children_found(actor: Actor, asked: Asked, day: date) -> QuerySet[Child]:
    """Return the children of the actor's circles whose pledges stand as asked."""
    found = my_children(actor).filter(state__in=("candidate", "enrolled"))
    if asked.words:
        found = found.filter(code__contains=asked.words)
    if asked.state or asked.kind:
        kinds = [asked.kind] if asked.kind else list(KINDS)
        rule = Q()
        for kind in kinds:
            rule |= Q(standing_rule(kind, asked.state or "signed", day))
        found = found.filter(rule)
    return found.select_related("town", "village").order_by("town", "village", "pk")


def standing_rule(kind: str, state: str, day: date) -> Any:
    """Return the condition on children whose pledge of a kind stands so on a day."""
    rows = Pledge.objects.filter(child=OuterRef("pk"), kind=kind, valid_to=None)
    if state == "missing":
        return ~Exists(rows)
    if state == "expired":
        return Exists(rows.filter(ends_on__lt=day))
    if state == "ending":
        return Exists(rows.filter(ends_on__gte=day, ends_on__lt=day + ENDING))
    if state == "outdated":
        return Exists(rows.exclude(template=template_of(kind).version))
    return Exists(rows)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the pledges of the children of the actor's circles."""
    asked, day = read_asked(request), now().astimezone(CHINA).date()
    found = children_found(actor, asked, day)
    total = found.order_by().count()
    last = max(1, -(-total // PAGE))
    number = min(asked.page, last)
    children = list(found[(number - 1) * PAGE : number * PAGE])
    names, standings = masked_names(children), standings_of(children, day)
    words = standing_words()
    context = {
        "rows": [Row(one, names[one.pk], standings[one.pk]) for one in children],
        "asked": asked,
        "total": total,
        "number": number,
        "last": last,
        "kinds": [(kind, pledge_words(kind)) for kind in KINDS],
        "states": [(state, words[state][0]) for state in STATES],
        "words": words,
        "here": "care-pledges",
    }
    return show(request, actor, "care/pledges.html", context)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the list as an Excel file without names, 5,000 children at most."""
    day = now().astimezone(CHINA).date()
    children = list(children_found(actor, read_asked(request), day)[:MOST])
    standings, words = standings_of(children, day), standing_words()
    columns = (
        Column("code", "儿童编号", "Code"),
        Column("town", "镇街", "Town"),
        Column("village", "村（社区）", "Village"),
        *(Column(kind, zh, en) for kind, (zh, en) in KINDS.items()),
    )
    lines = [
        (
            child.code,
            child.town.name,
            child.village.name,
            *(_cell(one, words[one.state][0]) for one in standings[child.pk]),
        )
        for child in children
    ]
    return table_response(request, columns, lines, "pledges")


def _cell(standing: Standing, words: str) -> str:
    if standing.pledge is None:
        return words
    return f"{words} {standing.pledge.valid_from.isoformat()}"


@require_safe
@officer_page
def child_page(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Show one child's pledges and the links of her guardian and carer."""
    return show_child(request, actor, find_ward(actor, code))


def show_child(
    request: HttpRequest,
    actor: Actor,
    child: Child,
    *,
    tried: str = "",
    errors: Mapping[str, list[str]] | None = None,
    given: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return the page of a child's pledges; `given` is a link and code, shown this once."""
    day = now().astimezone(CHINA).date()
    kept = Pledge.objects.filter(child=child).exclude(valid_to=None).order_by("-valid_from", "-pk")
    links = GuardianLink.objects.filter(child=child, revoked_at=None).select_related("given_by")
    context = {
        "child": child,
        "name": masked_names([child])[child.pk],
        "standings": standings_of([child], day)[child.pk],
        "words": standing_words(),
        "kept": list(kept),
        "kinds": {kind: pledge_words(kind) for kind in KINDS},
        "links": {link.signer: link for link in links},
        "signers": [("guardian", _("监护人")), ("carer", _("受委托人"))],
        "today": day,
        "tried": tried,
        "typed": request.POST,
        "errors": errors or {},
        "given": given or {},
        "here": "care-pledges",
    }
    return show(request, actor, "care/child_pledges.html", context, 422 if errors else 200)


@require_POST
@officer_page
def blank(request: HttpRequest, actor: Actor, code: str, kind: str) -> HttpResponse:
    """Return a document filled for signing on paper, written down as opened to be printed."""
    child = find_ward(actor, code)
    if kind not in KINDS:
        raise Http404
    kinds, purpose = [IDENTITY, GUARDIANSHIP], f"打印{KINDS[kind][0]}"
    sheets = open_sheets(child.person_id, kinds, by=actor, at=now(), purpose=purpose)
    try:
        if kind == ENTRUSTMENT:
            check_entrustment(sheets)
        day = now().astimezone(CHINA).date()
        content = fill_document(kind, context_of(child, sheets, day, actor.name))
    except (Refusal, Refusals) as refusal:
        return show_child(request, actor, child, tried=kind, errors=in_one(refusal))
    return file_response(content, f"{KINDS[kind][0]} {child.code}.docx", DOCX)


def in_one(error: Refusal | Refusals) -> dict[str, list[str]]:
    """Return what was refused by field, with what concerns the registers in one place."""
    found = by_field(error)
    known = {"signed_on", "photo", "document", "signer"}
    told = {name: texts for name, texts in found.items() if name in known}
    rest = [text for name, texts in found.items() if name not in known for text in texts]
    return {**told, "": rest} if rest else told


@require_POST
@officer_page
def sign(request: HttpRequest, actor: Actor, code: str, kind: str) -> HttpResponse:
    """Take in the photograph of a signed paper; refusals stand beside their fields."""
    child = find_ward(actor, code)
    if kind not in KINDS:
        raise Http404
    photo = request.FILES.get("photo")
    try:
        if photo is None:
            raise Refusal("care.photo", "请选择照片", "Please choose the photo", "document")
        try:
            signed_on = read_day(request.POST.get("signed_on", ""))
        except ValueError:
            raise Refusal(
                "care.signed", "请填写签署日期", "Please say when it was signed", "signed_on"
            ) from None
        sign_on_paper(
            child,
            kind,
            photo.read(),
            signer=request.POST.get("signer", "guardian"),
            signed_on=signed_on,
            by=actor,
            at=now(),
        )
    except (Refusal, Refusals) as refusal:
        return show_child(request, actor, child, tried=kind, errors=in_one(refusal))
    messages.success(request, _("已登记“%(kind)s”") % {"kind": pledge_words(kind)})
    return redirect("care-child-pledges", code)


@require_POST
@officer_page
def read(request: HttpRequest, actor: Actor, code: str, pledge: int, part: str) -> HttpResponse:
    """Return a signed document or its signature, after writing down who reads it and what for."""
    child = find_ward(actor, code)
    row = get_object_or_404(Pledge, pk=pledge, child=child)
    document = {"document": row.document, "signature": row.signature}.get(part)
    if document is None:
        raise Http404
    kinds = [IDENTITY, GUARDIANSHIP]
    try:
        purpose = request.POST.get("purpose", "").strip()
        open_sheets(child.person_id, kinds, by=actor, at=now(), purpose=purpose)
        content = read_document(document)
    except Refusal as refusal:
        require(refusal.code != "access.denied")
        messages.error(request, refusal.text(language()))
        return redirect("care-child-pledges", code)
    suffix = SUFFIXES[document.media_type]
    name = f"{pledge_words(row.kind)} {child.code}{suffix}"
    return file_response(content, name, document.media_type)


@require_POST
@officer_page
def link(request: HttpRequest, actor: Actor, code: str, signer: str) -> HttpResponse:
    """Give a guardian or carer a link with a code, a new code, or end the link."""
    child = find_ward(actor, code)
    if signer not in dict(Pledge.SIGNERS):
        raise Http404
    wanted = request.POST.get("do", "")
    kept = GuardianLink.objects.filter(child=child, signer=signer, revoked_at=None).first()
    given: dict[str, str] = {}
    if wanted == "give":
        kept, token = give_link(child, signer, by=actor, at=now())
        given["link"] = request.build_absolute_uri(reverse("care-guardian", args=[token]))
    elif kept is None:
        messages.error(request, _("链接已经停用，请重新发一个"))
        return redirect("care-child-pledges", code)
    elif wanted == "revoke":
        revoke_link(kept, by=actor, at=now())
        messages.success(request, _("链接已停用"))
        return redirect("care-child-pledges", code)
    given |= {"code": new_code(kept, by=actor, at=now()), "signer": signer}
    return show_child(request, actor, child, given=given)
