"""The page of one matter: deadlines, the drawn procedure, what to do, every act, the seal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.download import give_file
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.documents.models import Attachment, Document
from qianshou.kernel.door.rules import steps_done
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.procedures.wording import fields_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.lists import (
    copies_of,
    linked_matters,
    matters_with,
    parties_of,
    sees_matter,
    tasks_of,
)
from qianshou.office.drawn import draw_matter
from qianshou.office.facts import Words, facts_of
from qianshou.office.offers import OPEN, offer_of_matter, standing_of
from qianshou.office.peek import desk_of
from qianshou.office.signed import signings_of
from qianshou.office.timeline import timeline_of
from qianshou.office.worklist import level_label, place_words, receivers_of


@dataclass(frozen=True)
class Tried:
    """An act that was refused: its name, what was typed, the sentences by field."""

    act: str = ""
    task: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)

    def refused(self, act: str, task: int = 0) -> Mapping[str, list[str]]:
        """Return the sentences for one form of the page."""
        return self.errors if (act, task) == (self.act, self.task) else {}

    def typed(self, act: str, name: str, task: int = 0) -> Any:
        """Return what was typed into one field of one form of the page."""
        return self.values.get(name, "") if (act, task) == (self.act, self.task) else ""


def find_matter(actor: Actor, matter: int) -> Any:
    """Return a matter that the actor may see, or raise the 404 that all others get too."""
    if not sees_matter(actor, matter):
        raise Http404
    return matters_with("version", "division__parent", "organisation", "merged_into").get(pk=matter)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, matter: int) -> HttpResponse:
    """Show a matter; with ?verify=1 its entries are really hashed and replayed."""
    found = find_matter(actor, matter)
    problems = list(verify(found.number)) if request.GET.get("verify") else None
    return show_matter(request, actor, found, problems=problems)


def show_matter(
    request: HttpRequest,
    actor: Actor,
    matter: Any,
    *,
    tried: Tried | None = None,
    problems: list[Any] | None = None,
    disclosed: Mapping[str, Mapping[str, str]] | None = None,
) -> HttpResponse:
    """Return the page of a matter, with what was refused, verified or disclosed if anything."""
    tried = tried or Tried()
    digest = matter.version.digest
    tasks, parties = list(tasks_of(matter.pk)), list(parties_of(matter.pk))
    entries = entries_of(matter.number)
    moves = ((entry["act"], entry["node"], entry) for entry in entries)
    done = steps_done(moves, compiled(digest).branches)
    facts = facts_of(matter)
    told = [entry.get(name) or {} for entry in entries for name in ("facts", "draft")]
    words = Words(digest, [facts, *told], language())
    standing = standing_of(matter, parties)
    desks = [
        desk_of(
            actor,
            matter,
            task,
            tasks,
            done,
            standing,
            values=tried.values if (tried.act, tried.task) in written(task.pk) else draft,
            errors=tried.refused("complete", task.pk) or tried.refused("resolve", task.pk),
        )
        for task in tasks
        for draft in [draft_of(entries, task.token)]
    ]
    open_desks = [desk for desk in desks if desk.task.state == OPEN]
    copies = list(copies_of(matter.pk))
    offer = offer_of_matter(actor, matter, tasks, standing, facts, copies)
    at = now()
    context = {
        "matter": matter,
        "pack": pack_of(matter.procedure),
        "place": place_words(matter.division),
        "level": level_label(matter.procedure, digest, matter.level),
        "outcome": outcome_words(matter),
        "waiting": sorted(open_desks, key=lambda desk: desk.task.due_at),
        "withdrawable": [desk for desk in desks if desk.offer.withdraw],
        "done_steps": sum(task.state == 1 for task in tasks),
        "offer": offer,
        "parties": parties,
        "doing": {desk.task.organisation_id for desk in open_desks},
        "facts": words.told(facts),
        "timeline": timeline_of(entries, words, language()),
        "entries": entries,
        "attachments": list(
            Attachment.objects.filter(matter=matter.pk)
            .select_related("document", "officer")
            .order_by("id")
        ),
        "copies": copies,
        "signings": signings_of(matter, tasks, compiled(digest)),
        "links": list(linked_matters(matter.pk, actor)),
        "receivers": receivers_of(actor, at),
        "drawing": draw_matter(matter, tasks, entries, at, language()),
        "tried": tried,
        "stray": tried.errors
        if tried.task and tried.task not in {desk.task.pk for desk in open_desks}
        else {},
        "problems": problems,
        "disclosed": disclosed or {},
        "here": "matters",
    }
    return show(request, actor, "office/matter.html", context, 422 if tried.errors else 200)


def written(task: int) -> tuple[tuple[str, int], ...]:
    """Return the acts, by name and task, that send a task's own form."""
    return ("complete", task), ("resolve", task)


def draft_of(entries: list[dict[str, Any]], token: int) -> dict[str, Any] | None:
    """Return what the last delegate of a task filled in that is not sealed, or None."""
    drafts = [
        entry["draft"]
        for entry in entries
        if entry["act"] == "resolve" and entry["token"] == token and entry["draft"]
    ]
    return (
        {name: value for name, value in drafts[-1].items() if not isinstance(value, dict)}
        if (drafts)
        else None
    )


def outcome_words(matter: Any) -> str:
    """Return how a closed matter ended; "" while it is open."""
    if not matter.closed_at:
        return ""
    zh = language().startswith("zh")
    if matter.outcome == "merged":
        return "已并案" if zh else "Merged"
    node = compiled(matter.version.digest).nodes.get(matter.outcome)
    if node is None:
        return str(matter.outcome)
    return node.name if zh else (node.name_en or node.name)


@require_safe
@officer_page
def file(request: HttpRequest, actor: Actor, matter: int, digest: str) -> HttpResponse:
    """Give out a file of a matter that the actor may see, as a download that can do nothing."""
    found = find_matter(actor, matter)
    attachment = Attachment.objects.filter(matter=found.pk, document=digest).first()
    known = attachment is not None or digest in photos_of(found)
    document = Document.objects.filter(pk=digest).first() if known else None
    if document is None or document.person_id not in (None, found.person_id):
        raise Http404
    name = attachment.name if attachment else f"{found.number}-{digest[:8]}"
    try:
        return give_file(document, name)
    except Refusal as refusal:
        if refusal.code == "document.none":
            raise Http404 from refusal
        return show(request, actor, "office/refused.html", {"refusal": refusal}, 410)


def photos_of(matter: Any) -> set[str]:
    """Return the digests of the photos that were filled in at some step of a matter."""
    fields = fields_of(matter.version.digest).values()
    names = [field.id for field in fields if field.widget == "photos"]
    submitted = [entry.get("facts") or {} for entry in entries_of(matter.number)]
    return {photo for facts in submitted for name in names for photo in facts.get(name) or ()}
