"""Matters: ways in, opening, reading, files, and a person's sealed fields for a stated purpose."""

import json
from typing import Annotated, Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from ninja import File, Header, Path, Router, Schema
from ninja.files import UploadedFile

from qianshou.design.download import give_file
from qianshou.design.fields import PHOTOS
from qianshou.exchange.api.calling import caller, none
from qianshou.exchange.api.reading import read_facts
from qianshou.exchange.api.tasks import OPEN, tell_done
from qianshou.exchange.api.telling import (
    Done,
    ToldDocument,
    ToldEntry,
    ToldMatter,
    ToldWay,
    Words,
    tell_facts,
    tell_form,
)
from qianshou.exchange.models import Opened
from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.documents.models import Attachment
from qianshou.kernel.documents.store import keep_file_about
from qianshou.kernel.door import acts
from qianshou.kernel.door.turn import no_matter, write_turn
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.pack import Pack, StartDeclaration, find_start, packs
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.procedures.wording import fields_of
from qianshou.kernel.worklist.lists import see_matters, tasks_of

router = Router()
Numbered = Annotated[str, Path(max_length=40)]


class Opening(Schema):
    """A matter to open: by which way in, with what facts."""

    start: str
    facts: dict[str, Any]


class Disclosing(Schema):
    """Which person's sealed fields are to be read, and what for."""

    fact: str
    purpose: str


class Disclosed(Schema):
    """A person's fields in clear."""

    number: str
    fields: dict[str, Any]


class KeptPhoto(Schema):
    """The mark under which a photo can be named in a form for twelve hours."""

    mark: str


def _may_use(by: Actor, start: StartDeclaration) -> bool:
    held = {seat.post for seat in by.seats}
    return start.by == "officer" and bool(held & set(start.posts))


def _tell_way(pack: Pack, start: StartDeclaration) -> ToldWay:
    form = form_of(current(start.procedure)[1], start.form)
    name = Words(zh=start.name.zh, en=start.name.en)
    return ToldWay(start=f"{pack.id}/{start.id}", name=name, form=tell_form(form))


@router.get("/starts", response=list[ToldWay], summary="The ways in that the seat may use")
def starts(request: HttpRequest) -> list[ToldWay]:
    """List the ways in with their forms."""
    by = caller(request, "open")
    return [
        _tell_way(pack, start)
        for pack in packs()
        for start in pack.starts.values()
        if _may_use(by, start)
    ]


@router.post("/matters", response={201: Done}, summary="Open a matter")
def open_matter(
    request: HttpRequest,
    sent: Opening,
    idempotency_key: Annotated[str, Header(max_length=80)] = "",
) -> Done:
    """Open a matter; the same Idempotency-Key gives the matter that it opened before.

    Refuses a way in that there is not (pack.start) or that is not for the seat (access.denied),
    and what the form and the door refuse.
    """
    by = caller(request, "open")
    pack, _mark, start = sent.start.partition("/")
    _found, declared = find_start(pack, start)
    require(_may_use(by, declared))
    form = form_of(current(declared.procedure)[1], declared.form)
    facts = read_facts(form, sent.facts, None)
    wanted = acts.Open(declared.procedure, facts, declared.id, via="api")
    with write_turn():
        kept = None
        if idempotency_key:
            token = request.auth  # type: ignore[attr-defined]
            kept, made = Opened.objects.get_or_create(token=token, key=idempotency_key)
            if not made:
                return tell_done(by, kept.matter_id or 0)
        opened = door.act(wanted, by=by, at=now())
        assert opened is not None
        if kept is not None:
            kept.matter_id = opened.matter
            kept.save()
    return tell_done(by, opened.matter)


@router.post("/photos", response=KeptPhoto, summary="Take in a photo for a form")
def keep_photo(request: HttpRequest, file: Annotated[UploadedFile, File()]) -> KeptPhoto:
    """Take in a photo; refuses what is none, or too large."""
    caller(request, "act" if "act" in request.auth.scopes else "open")  # type: ignore[attr-defined]
    kept = keep_file_about(None, file, at=now(), images_only=True)
    return KeptPhoto(mark=signing.dumps(kept.digest, salt=PHOTOS))


def find_matter(by: Actor, number: str) -> Any:
    """Return a matter that `by` sees; Refusal door.no_matter for all others."""
    joined = see_matters(by).select_related("version", "division", "organisation")
    found = joined.filter(number=number).first()
    if found is None:
        raise no_matter()
    return found


@router.get("/matters/{number}", response=ToldMatter, summary="A matter with its timeline")
def matter(request: HttpRequest, number: Numbered) -> ToldMatter:
    """Tell a matter: its facts, open tasks, files and every act, the oldest first."""
    by = caller(request, "matters")
    found = find_matter(by, number)
    fields = fields_of(found.version.digest)
    entries = entries_of(found.number)
    facts = json.loads(found.state).get("facts", {})
    files = Attachment.objects.filter(matter=found.pk).order_by("id")
    return ToldMatter(
        number=found.number,
        procedure=found.procedure,
        version=found.version.digest,
        title=found.title,
        level=found.level,
        division=found.division.code,
        organisation=found.organisation.code,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
        outcome=found.outcome,
        supervised=found.supervised,
        suspended=found.suspended_at is not None,
        facts=tell_facts(fields, facts),
        tasks=sorted(tasks_of(found.pk).filter(state=OPEN).values_list("pk", flat=True)),
        documents=[ToldDocument(digest=one.document_id, name=one.name) for one in files],
        timeline=[_tell_entry(fields, entry) for entry in entries],
    )


def _tell_entry(fields: Any, entry: dict[str, Any]) -> ToldEntry:
    submitted = entry.get("facts") or {}
    by = entry["by"]
    documents = entry.get("documents") or ()
    reason = submitted.get(f"{entry['act']}_reason")
    return ToldEntry(
        seq=entry["seq"],
        act=entry["act"],
        step=entry["node"],
        at=entry["at"],
        by=by.get("name", ""),
        by_kind=by["kind"],
        organisation=by.get("organisation"),
        text=str(entry.get("text") or entry.get("reason") or reason or ""),
        facts=tell_facts(fields, submitted),
        documents=[ToldDocument(digest=one["digest"], name=one["name"]) for one in documents],
        hash=entry["hash"],
    )


@router.get(
    "/matters/{number}/documents/{digest}",
    summary="A file of a matter",
    openapi_extra={
        "responses": {200: {"description": "the file", "content": {"application/octet-stream": {}}}}
    },
)
def document(
    request: HttpRequest, number: Numbered, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> HttpResponse:
    """Give out a file that hangs on a matter; refuses vault.erased."""
    found = find_matter(caller(request, "matters"), number)
    attached = Attachment.objects.filter(matter=found.pk, document=digest)
    attachment = attached.select_related("document").first()
    if attachment is None or attachment.document.person_id not in (None, found.person_id):
        raise none()
    return give_file(attachment.document, attachment.name)


@router.post(
    "/matters/{number}/disclose", response=Disclosed, summary="Read a person's sealed fields"
)
def disclose(request: HttpRequest, number: Numbered, sent: Disclosing) -> Disclosed:
    """Read a person's fields; who read them and what for is written down first."""
    by = caller(request, "disclose")
    found = find_matter(by, number)
    receipt = door.act(acts.Disclose(found.pk, sent.fact, sent.purpose), by=by, at=now())
    assert receipt is not None
    return Disclosed(number=found.number, fields=receipt.disclosed)
