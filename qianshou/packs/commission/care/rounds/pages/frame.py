"""What the survey's pages share: the round that is asked for, words, downloads."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.models import Mismatch, Round
from qianshou.packs.commission.care.rounds.disclosing import WORK, note_refused, noting_refusal
from qianshou.packs.commission.care.rounds.exits import NAMES, NAMES_EN
from qianshou.packs.commission.care.rounds.sight import require_lead, seen_mismatches, sight_of

HERE = {"here": "care-rounds"}
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 50
STATES_EN = {
    "collecting": "Collecting",
    "comparing": "Comparing",
    "verifying": "Verifying",
    "conferring": "In conference",
    "closed": "Closed",
    "passing": "Being passed on",
    "passed": "Passed on",
    "open": "Open",
    "explained": "Explained",
    "corrected": "Corrected",
    "confirmed": "Confirmed",
    "carried": "Carried over",
}


def find_round(pk: int) -> Round:
    """Return a round; 404 where there is none."""
    row = Round.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def find_led_round(pk: int, actor: Actor) -> Round:
    """Return a round whose lists the lead group's office looks into; access.denied for others,
    whose attempt counts as a refused opening where there is such a round.
    """
    row = Round.objects.filter(pk=pk).first()
    with noting_refusal(row, WORK, by=actor, at=now()):
        require_lead(actor)
    return find_round(pk)


def find_mismatch(pk: int, actor: Actor) -> Mismatch:
    """Return a mismatch that is shown to the officer; 404 for every other, access.denied for whoever
    has no part in the survey: both count as refused openings of one that there is.
    """
    row = Mismatch.objects.filter(pk=pk).first()
    with noting_refusal(row, WORK, by=actor, at=now()):
        sight = sight_of(actor)
    found = seen_mismatches(sight).filter(pk=pk).distinct()
    seen = found.select_related(
        "round", "division", "organisation", "partner", "roster", "other", "decided_by", "second_by"
    ).first()
    if seen is None:
        if row is not None:
            note_refused(row, by=actor, at=now())
        raise Http404
    return seen


def code_name(code: str, language: str) -> str:
    """Return what a code means, in words."""
    return NAMES[code] if language.startswith("zh") else NAMES_EN[code].capitalize()


def round_state(row: Round, language: str) -> str:
    """Return the state of a round, in words."""
    return row.get_state_display() if language.startswith("zh") else STATES_EN[row.state]


def mismatch_state(row: Mismatch, language: str) -> str:
    """Return the state of a mismatch, in words."""
    return row.get_state_display() if language.startswith("zh") else STATES_EN[row.state]


def organisation_name(one: Organisation, language: str) -> str:
    """Return an organisation's name in a language."""
    return one.name if language.startswith("zh") or not one.name_en else one.name_en


def sheet_answer(content: bytes, name: str) -> HttpResponse:
    """Return an Excel file as a download."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=SHEET, headers=headers)


def page_asked(request: HttpRequest, total: int) -> tuple[int, int]:
    """Return the page that is asked for and the last one, both from 1."""
    last = max(1, -(-total // PAGE))
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(number, 1), last), last


def require_known(error: Refusal | Refusals) -> None:
    """Raise a refusal of access again: it has a page of its own."""
    if isinstance(error, Refusal) and error.code == "access.denied":
        raise error
