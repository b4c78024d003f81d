"""The guardian's phone: what is kept of the child, who saw it, signing, asking for changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.download import file_response
from qianshou.design.headers import address_of
from qianshou.design.phone import resident_page, show
from qianshou.design.refused import by_field
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import SUFFIXES, read_document
from qianshou.kernel.documents.templates import read_lines
from qianshou.kernel.door.sealing import open_own_sheets
from qianshou.kernel.limits.counting import Limit, refuse_if_spent, spend
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.packs.commission.care.enrolment import care
from qianshou.packs.commission.care.guardians import (
    ask,
    find_link,
    guardian,
    read_own,
    readings_of,
    use_code,
)
from qianshou.packs.commission.care.models import Child, GuardianLink, GuardianRequest, Pledge
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY, SHEETS
from qianshou.packs.commission.care.pages.words import (
    Told,
    pledge_words,
    sheet_words,
    standing_words,
    tell_sheet,
)
from qianshou.packs.commission.care.pledges import (
    ENTRUSTMENT,
    KINDS,
    Standing,
    check_entrustment,
    context_of,
    fill_document,
    sheets_of,
    sign_on_phone,
    standings_of,
)

GUESSES = Limit("care.token", 20, timedelta(hours=1))
INSIDE = timedelta(minutes=30)
ENTERED = "care_guardian"
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Answered:
    """A request of the guardian's with its answer, "" where there is none to read."""

    row: GuardianRequest
    number: str
    answer: str


def link_of(request: HttpRequest, token: str) -> GuardianLink:
    """Return the link of a token; 404 for a wrong one, counted by the visitor's address."""
    refuse_if_spent(GUESSES, address_of(request), now())
    found = find_link(token, now())
    if found is None:
        spend(GUESSES, address_of(request), now())
        raise Http404
    return found


def inside(view: View) -> View:
    """Let a view be seen by whoever has come in by link and code within half an hour.

    Others are asked for a code. The view gets the link in the place of its token.
    """

    @resident_page
    @wraps(view)
    def page(request: HttpRequest, /, **asked: Any) -> HttpResponse:
        token = asked.pop("token")
        link = link_of(request, token)
        told = request.session.get(ENTERED, {})
        if told.get("link") != link.pk or told.get("until", 0) < now().timestamp():
            if request.method == "POST":
                return redirect("care-guardian", token)
            return show(request, "care/guardian_code.html", {"token": token, "errors": {}})
        return view(request, link, **asked)

    return page


@require_POST
@resident_page
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Take a one-time code; what is refused stands beside it."""
    link = link_of(request, token)
    try:
        if isinstance(request.user, Officer):
            raise Refusal(
                "care.officer",
                "工作人员登录时不能以监护人身份查看；请监护人用自己的手机打开",
                "Not while an officer is logged in; let the guardian open it on their own phone",
                "code",
            )
        use_code(link, request.POST.get("code", ""), at=now())
    except Refusal as refusal:
        if refusal.code == "limit.spent":
            raise
        context = {"token": token, "errors": by_field(refusal)}
        return show(request, "care/guardian_code.html", context, 422)
    request.session.cycle_key()
    until = (now() + INSIDE).timestamp()
    request.session[ENTERED] = {"link": link.pk, "until": until}
    return redirect("care-guardian", token)


@require_safe
@inside
def page(request: HttpRequest, link: GuardianLink) -> HttpResponse:
    """Show a guardian everything that is kept of the child; a carer, what is to be signed."""
    return show_page(request, link)


def show_page(
    request: HttpRequest,
    link: GuardianLink,
    *,
    tried: str = "",
    errors: Mapping[str, list[str]] | None = None,
) -> HttpResponse:
    """Return the guardian's page; of an erased child only that she was erased."""
    child, token = link.child, token_in(request)
    if child.person.wrapped_key is None:
        return show(request, "care/guardian_erased.html", {"child": child, "token": token})
    day = now().astimezone(CHINA).date()
    standings = [
        one
        for one in standings_of([child], day)[child.pk]
        if link.signer == "guardian" or one.kind == ENTRUSTMENT
    ]
    sheets: Mapping[str, Mapping[str, Any]] = {}
    if link.signer == "guardian":
        sheets = read_own(link, at=now())
    context = {
        "child": child,
        "link": link,
        "token": token,
        "name": sheets.get("care.identity", {}).get("name", ""),
        "sheets": told_sheets(sheets),
        "readings": readings_of(child) if sheets else [],
        "sheet_words": sheet_words,
        "standings": standings,
        "is_open": can_sign(child, standings),
        "words": standing_words(),
        "pledge_words": pledge_words,
        "requests": requests_of(child) if sheets else [],
        "counts": {
            "contacts": child.contacts.count(),
            "letters": child.letters.count(),
            "wishes": child.wishes.count(),
        },
        "choices": [(kind, sheet_words([kind])) for kind in SHEETS] + [("other", _("其他"))],
        "tried": tried,
        "typed": request.POST,
        "errors": errors or {},
        "done": request.GET.get("done", "") if not errors else "",
    }
    return show(request, "care/guardian.html", context, 422 if errors else 200)


def token_in(request: HttpRequest) -> str:
    """Return the token in the address of a request."""
    assert request.resolver_match is not None
    return str(request.resolver_match.kwargs["token"])


def told_sheets(sheets: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[Told]]]:
    """Return sheets by their names, each in words."""
    return [
        (sheet_words([kind]), tell_sheet(care().form(kind.partition(".")[2]), values))
        for kind, values in sheets.items()
    ]


def can_sign(child: Child, standings: list[Standing]) -> set[str]:
    """Return the kinds that are open and whose text can be filled."""
    sheets = sheets_of(child)
    context = context_of(child, sheets, now().astimezone(CHINA).date())
    found = set()
    for one in standings:
        if one.is_open:
            try:
                if one.kind == ENTRUSTMENT:
                    check_entrustment(sheets)
                fill_document(one.kind, context)
            except (Refusal, Refusals):
                continue
            found.add(one.kind)
    return found


def requests_of(child: Child) -> list[Answered]:
    """Return what was asked for a child, the latest first, with its answers."""
    rows = GuardianRequest.objects.filter(child=child).select_related("matter")
    key = key_of(child.person_id)
    return [
        Answered(row, row.matter.number, str(open_value(row.answer, key)) if row.answer else "")
        for row in rows.order_by("-asked_at", "-pk")[:20]
    ]


@require_http_methods(["GET", "POST"])
@inside
def sign(request: HttpRequest, link: GuardianLink, kind: str) -> HttpResponse:
    """Show the text of a document, and take in a signature: drawn, or typed and confirmed."""
    child, token = link.child, token_in(request)
    allowed = kind in KINDS and (link.signer == "guardian" or kind == ENTRUSTMENT)
    if not allowed or child.person.wrapped_key is None:
        raise Http404
    day = now().astimezone(CHINA).date()
    standing = next(one for one in standings_of([child], day)[child.pk] if one.kind == kind)
    if not standing.is_open:
        return redirect("care-guardian", token)
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            sign_on_phone(
                child,
                kind,
                signer=link.signer,
                drawn=request.POST.get("drawn", ""),
                typed=request.POST.get("typed", ""),
                confirmed=request.POST.get("confirmed") == "yes",
                by=guardian(link),
                at=now(),
            )
            return redirect_with(token, "signed")
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    try:
        told = open_own_sheets(
            child.person_id,
            [IDENTITY, GUARDIANSHIP],
            by=guardian(link),
            at=now(),
            purpose=_("签署前阅读：%(name)s") % {"name": pledge_words(kind)},
        )
        lines = read_lines(fill_document(kind, context_of(child, told, day)))
    except Refusal:
        return redirect("care-guardian", token)
    context = {
        "title": pledge_words(kind),
        "lines": lines,
        "token": token,
        "typed": request.POST,
        "errors": errors,
        "signer": link.signer,
    }
    return show(request, "care/guardian_sign.html", context, 422 if errors else 200)


def redirect_with(token: str, done: str) -> HttpResponse:
    """Return the way back to the guardian's page, which says what was done."""
    response = redirect("care-guardian", token)
    response["Location"] += f"?done={done}"
    return response


@require_POST
@inside
def request_change(request: HttpRequest, link: GuardianLink) -> HttpResponse:
    """Take in a request for correction or deletion; refusals stand beside their fields."""
    kind = request.POST.get("kind", "")
    sheet = request.POST.get("sheet", "") if kind == "correct" else ""
    try:
        ask(link, kind, request.POST.get("wanted", ""), sheet, at=now())
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "limit.spent":
            raise
        return show_page(request, link, tried=kind, errors=by_field(refusal))
    return redirect_with(token_in(request), "asked")


@require_safe
@inside
def file(request: HttpRequest, link: GuardianLink, pledge: int, part: str) -> HttpResponse:
    """Return a document that was signed for the child, or its signature."""
    row = get_object_or_404(Pledge, pk=pledge, child=link.child)
    document = {"document": row.document, "signature": row.signature}.get(part)
    if document is None or (link.signer != "guardian" and row.kind != ENTRUSTMENT):
        raise Http404
    open_own_sheets(
        link.child.person_id,
        ["sealed"],
        by=guardian(link),
        at=now(),
        purpose=_("查看签署的文书：%(name)s") % {"name": pledge_words(row.kind)},
    )
    content = read_document(document)
    suffix = SUFFIXES[document.media_type]
    return file_response(content, f"{pledge_words(row.kind)}{suffix}", document.media_type)


@require_POST
@inside
def leave(request: HttpRequest, link: GuardianLink) -> HttpResponse:
    """Close the guardian's page on this phone."""
    request.session.pop(ENTERED, None)
    return redirect("care-guardian", token_in(request))
