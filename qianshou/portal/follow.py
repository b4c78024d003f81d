"""Following a matter by its receipt number: where it stands, what was done, a word in return."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.fields import ShownField, read_form, shown_fields
from qianshou.design.headers import address_of
from qianshou.design.phone import resident_page, show
from qianshou.design.receipt import digest_of, plain, spoken
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import RESIDENT, Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.limits.counting import refuse_if_spent, spend
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.procedures.wording import choice_label, fields_of, milestones_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.kernel.worklist.receipts import mark_of, matter_of_receipt, root_of
from qianshou.portal.limits import GUESSES, REMARKS

OPEN = 0


@dataclass(frozen=True)
class Milestone:
    """One station on the way of a matter: passed, here, or to come."""

    name: str
    state: str
    at: datetime | None


@require_http_methods(["GET", "POST"])
@resident_page
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a receipt number and go to its page; wrong numbers are counted by address."""
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        code = plain(request.POST.get("code", ""))
        refuse_if_spent(GUESSES, address_of(request), now())
        if matter_of_receipt(digest_of(code)) is not None:
            return redirect("follow", code)
        spend(GUESSES, address_of(request), now())
        errors = by_field(unknown())
    context = {"errors": errors, "code": request.POST.get("code", "")[:20], "here": "follow"}
    return show(request, "portal/ask.html", context, 422 if errors else 200)


def unknown() -> Refusal:
    """Return the answer to a number that nothing was opened under."""
    return Refusal(
        "portal.unknown",
        "没有这个回执号，请核对后再输入",
        "There is no such receipt number; please check it",
        "code",
    )


def find_matter(request: HttpRequest, code: str) -> tuple[Any, Actor]:
    """Return the matter of a receipt with the resident who holds it; counts wrong numbers."""
    digest = digest_of(code)
    refuse_if_spent(GUESSES, address_of(request), now())
    matter = matter_of_receipt(digest)
    if matter is None:
        spend(GUESSES, address_of(request), now())
        raise Http404
    return matter, Actor("resident", receipt=digest)


@require_safe
@resident_page
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Show where a matter stands."""
    matter, _by = find_matter(request, code)
    return show_matter(request, matter, code)


@require_POST
@resident_page
def say(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Add a remark, urge, or answer how it went; refusals stand beside their fields."""
    own, by = find_matter(request, code)
    matter = root_of(own)
    spend(REMARKS, by.receipt, now())
    values: Mapping[str, Any] = request.POST.dict()
    try:
        if name == "remark":
            wanted: acts.Act = acts.Comment(matter.pk, request.POST.get("text", "")[:500])
        elif name == "urge":
            wanted = acts.Urge(matter.pk)
        elif name == "answer":
            task, form = question_of(matter)
            if task is None or form is None:
                raise Http404
            values, refused = read_form(
                form, request.POST, request.FILES, at=now(), person=matter.person_id
            )
            if refused:
                raise Refusals(refused)
            wanted = acts.Complete(task.pk, values)
        else:
            raise Http404
        door.act(wanted, by=by, at=now())
    except (Refusal, Refusals) as refusal:
        return show_matter(request, own, code, name, values, by_field(refusal))
    return redirect(f"{request.path.rpartition(name)[0]}?done={name}")


def question_of(matter: Any) -> tuple[Any, Form | None]:
    """Return the open task that the resident is asked to do, with its form, or (None, None)."""
    task = tasks_of(matter.pk).filter(state=OPEN, posts=RESIDENT).first()
    if task is None:
        return None, None
    digest = matter.version.digest
    return task, form_of(digest, compiled(digest).node(task.node).form)


def milestones_passed(matter: Any, entries: list[dict[str, Any]]) -> list[Milestone]:
    """Return the milestones of a matter's procedure and where the matter stands among them."""
    digest = matter.version.digest
    procedure = compiled(digest)
    zh = language().startswith("zh")
    named = milestones_of(digest)
    reached: dict[tuple[str, str], datetime] = {}
    waiting: set[tuple[str, str]] = set()
    for task in tasks_of(matter.pk):
        here = procedure.node(task.node).milestone
        if here[0]:
            reached.setdefault(here, task.opened_at)
            if task.state == OPEN:
                waiting.add(here)
    last = max((named.index(one) for one in reached), default=-1)
    now_at = max((named.index(one) for one in waiting), default=last)
    closed = matter.closed_at is not None
    found = []
    for place, one in enumerate(named):
        passed = place < now_at or (closed and one in reached)
        state = "d" if passed else "c" if place == now_at and not closed else ""
        if closed and one not in reached:
            continue
        found.append(Milestone(one[0] if zh else one[1] or one[0], state, reached.get(one)))
    end = "办结" if zh else "Closed"
    return [*found, Milestone(end, "d" if closed else "", matter.closed_at)]


def told_to_caller(matter: Any, entries: list[dict[str, Any]], mark: str) -> list[dict[str, Any]]:
    """Return what the caller is told: public fields of completed steps, own remarks, urging.

    `mark` tells the caller's own words from those of others whose matters were merged.
    """
    fields = fields_of(matter.version.digest)
    lines = []
    for entry in entries:
        submitted = entry.get("facts") or {}
        at = datetime.fromisoformat(entry["at"])
        public = [
            (field.label(language()), choice_label(field, submitted[field.id], language()))
            for field in fields.values()
            if field.schema.get("x-public") and submitted.get(field.id)
        ]
        mine = entry["by"].get("receipt") == mark
        if entry["act"] == "complete" and public:
            if mine or entry["by"]["kind"] != RESIDENT:
                lines.append({"at": at, "facts": public, "mine": mine, "text": ""})
        elif entry["act"] == "comment" and mine:
            lines.append({"at": at, "facts": [], "mine": True, "text": entry["text"]})
        elif entry["act"] == "urge" and mine:
            lines.append({"at": at, "facts": [], "mine": True, "text": "", "urged": True})
    return lines[::-1]


def show_matter(
    request: HttpRequest,
    matter: Any,
    code: str,
    tried: str = "",
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> HttpResponse:
    """Return the page of a followed matter; a merged one shows how the other stands."""
    shown = root_of(matter)
    entries = entries_of(shown.number)
    own = entries if shown is matter else [*entries_of(matter.number), *entries]
    task, form = question_of(shown)
    question: list[ShownField] = []
    if form is not None:
        answering = tried == "answer"
        question = shown_fields(
            form,
            language(),
            values=values if answering else None,
            errors=errors if answering else None,
        )
    context = {
        "matter": matter,
        "shown": shown,
        "merged": shown is not matter,
        "code": plain(code),
        "spoken": spoken(plain(code)),
        "milestones": milestones_passed(shown, entries),
        "lines": told_to_caller(shown, own, mark_of(digest_of(code))),
        "question": question,
        "question_title": form.title(language()) if form else "",
        "question_due": task.due_at if task else None,
        "tried": tried,
        "typed": values or {},
        "errors": errors or {},
        "done": request.GET.get("done", "") if not errors else "",
        "here": "follow",
    }
    return show(request, "portal/follow.html", context, 422 if errors else 200)
