"""The page of one mismatch: both sides, the explanation by field, the other side, the review."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.models import Mismatch, Proof
from qianshou.packs.commission.care.roster.columns import FIELDS
from qianshou.packs.commission.care.rounds.disclosing import note_reading, note_whole
from qianshou.packs.commission.care.rounds.explaining import (
    DECISIONS,
    GIVEN,
    Answer,
    amend,
    check,
    correct,
    differing,
    explain,
    may_do,
    review,
)
from qianshou.packs.commission.care.rounds.looking import compare_rows, masked_like, single_row
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    code_name,
    find_mismatch,
    mismatch_state,
    require_known,
)
from qianshou.packs.commission.care.rounds.pages.mismatches import DECISIONS as WORDS
from qianshou.packs.commission.care.rounds.pages.mismatches import decision_words
from qianshou.packs.commission.care.rounds.proving import keep_evidence, open_evidence
from qianshou.packs.commission.care.rounds.values import Values, open_if_kept

STEPS = {
    "explain": ("逐字段说明", "Explained"),
    "check": ("对方核对", "Checked by the other side"),
    "amend": ("更正本单位名单", "The bureau's answer"),
    "rule": ("裁定", "Ruled"),
    "correct": ("按裁定更正", "Corrected as ruled"),
    "second": ("第二人复核", "Second review"),
    "confer": ("会商", "Conference"),
    "unsure": ("复核台", "Review"),
}


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a mismatch to whom it is addressed, write that down, and take what they decide."""
    row = find_mismatch(pk, actor)
    if request.method == "POST":
        try:
            return _do(request, actor, row)
        except (Refusal, Refusals) as refusal:
            require_known(refusal)
            return _show(request, actor, row, refusal)
    return _show(request, actor, row)


def _do(request: HttpRequest, actor: Actor, row: Mismatch) -> HttpResponse:
    asked, at, sent = request.POST.get("act", ""), now(), request.POST
    if asked == "open":
        note_whole(row, sent.get("purpose", ""), by=actor, at=at)
        return _show(request, actor, row, whole=True)
    if asked == "evidence":
        require(may_do(row, actor) in ("explain", "rule", "check", "amend"))
        for file in request.FILES.getlist("file"):
            keep_evidence(row, file, by=actor, at=at)
        messages.success(request, _("佐证已加密保存"))
    elif asked == "explain":
        explain(row, read_answer(sent), by=actor, at=at)
        messages.success(request, _("已提交说明"))
        return redirect("care-mismatches", row.round_id)
    elif asked == "check":
        check(row, sent.get("agree") == "yes", sent.get("remark", ""), by=actor, at=at)
        messages.success(request, _("已核对"))
    elif asked == "amend":
        amend(row, sent.get("accept") == "yes", sent.get("remark", ""), by=actor, at=at)
        messages.success(request, _("已办理"))
    elif asked == "correct":
        correct(row, sent.get("remark", ""), by=actor, at=at)
        messages.success(request, _("已办理"))
    elif asked == "review":
        review(row, sent.get("confirm") == "yes", sent.get("remark", ""), by=actor, at=at)
        messages.success(request, _("已复核"))
    else:
        raise Http404
    return redirect("care-mismatch", row.pk)


def read_answer(sent: Any) -> Answer:
    """Return what a form decides of a mismatch."""
    chosen = chosen_in(sent)
    of = prefix_of(chosen)
    return Answer(
        decision=sent.get("decision", ""),
        reason=sent.get("reason", ""),
        fields={
            key: (sent.get(f"side.{of}{key}", ""), sent.get(f"value.{of}{key}", ""))
            for key in FIELDS
        },
        chosen=chosen,
        remark=sent.get("remark", ""),
        visited=sent.get("visited", "")[:10],
    )


def chosen_in(sent: Any) -> int:
    """Return the candidate that a form is about, from 1; 0 for what is no number."""
    chosen = sent.get("chosen", "1")
    return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 3 else 0


def prefix_of(chosen: int) -> str:
    """Return what stands before a field in the names of its inputs: each candidate has its own."""
    return "" if chosen < 2 else f"{chosen}."


def asked_of(values: Values, chosen: int, *, whole: bool) -> list[dict[str, str]]:
    """Return the fields of a candidate that have to be explained, with both values as shown."""
    right = values.rights[chosen - 1] if values.rights else {}
    return [
        {
            "key": key,
            "name": f"{prefix_of(chosen)}{key}",
            "label": FIELDS[key].title(language()),
            "left": masked_like(key, values.left.get(key, ""), whole=whole),
            "right": masked_like(key, right.get(key, ""), whole=whole),
        }
        for key in differing(values, chosen)
    ]


def _show(
    request: HttpRequest,
    actor: Actor,
    row: Mismatch,
    error: Refusal | Refusals | None = None,
    *,
    whole: bool = False,
) -> HttpResponse:
    values = open_if_kept(row)
    note_reading(row, by=actor, at=now())
    step = may_do(row, actor)
    task = next_task(row.matter_id) if row.matter_id else None
    sent = request.POST if error is not None else {}
    context = {
        **HERE,
        **told_of(row, values, whole=whole),
        "step": step,
        "task": task,
        "sent": sent,
        "decisions": [(key, _either(WORDS[key])) for key in DECISIONS[row.code]],
        "reasons": labelled_choices("care.reason", language()),
        "chosen": chosen_in(sent),
        "differing": [
            asked_of(values, place, whole=whole)
            for place in range(1, len(values.told.candidates) + 1)
        ],
        "given": [(key, FIELDS[key].title(language())) for key in GIVEN.get(row.code, ())],
        "evidence": Proof.objects.filter(mismatch=row).defer("sealed").order_by("pk"),
        "whole": whole,
        "errors": by_field(error) if error else {},
    }
    return show(request, actor, "care/rounds/mismatch.html", context, 422 if error else 200)


def _either(told: tuple[str, str]) -> str:
    return told[0 if language().startswith("zh") else 1]


def told_of(row: Mismatch, values: Values, *, whole: bool) -> dict[str, Any]:
    """Return what every page about a mismatch shows of it."""
    told, code = values.told, language()
    candidates = []
    pairs = values.rights if values.left else ()  # with one side only, nothing is compared
    for place, right in enumerate(pairs or ()):
        evidence = told.candidates[place]["evidence"] if place < len(told.candidates) else []
        candidates.append(compare_rows(values.left, right, evidence, code, whole=whole))
    return {
        "mismatch": row,
        "row": row.round,
        "name": code_name(row.code, code),
        "state": mismatch_state(row, code),
        "decision": decision_words(row, code),
        "reason": _reason(row.reason),
        "left": single_row(values.left or (values.rights or [{}])[0], code, whole=whole),
        "is_pair": bool(values.left),
        "candidates": candidates,
        "is_destroyed": values.rights is None,
        "against": told.against,
        "doubt": _either((told.doubt[1], told.doubt[2])) if told.doubt else "",
        "answers": _answers(told.answer, whole=whole),
        "visited": told.answer.get("visited", ""),
        "remarks": [{**one, "step": _either(STEPS[one["step"]])} for one in told.remarks],
    }


def _reason(code: str) -> str:
    labels = {key: label for key, label, _parent in labelled_choices("care.reason", language())}
    return labels.get(code, "")


def _answers(answer: Mapping[str, Any], *, whole: bool) -> list[tuple[str, str, str]]:
    sides = {
        "roster": ("以花名册为准", "As the roster has it"),
        "other": ("以对方名单为准", "As the other list has it"),
        "neither": ("两方都不对", "Neither was right"),
    }
    return [
        (
            FIELDS[key].title(language()),
            _either(sides[one["right"]]),
            masked_like(key, one["value"], whole=whole),
        )
        for key, one in answer.get("fields", {}).items()
        if one
    ]


@require_safe
@officer_page
def evidence(request: HttpRequest, actor: Actor, pk: int, number: int) -> HttpResponse:
    """Return a photograph or file of a mismatch to whoever sees it; that is written down."""
    row = find_mismatch(pk, actor)
    kept = Proof.objects.filter(mismatch=row, pk=number).first()
    if kept is None:
        raise Http404
    note_whole(row, _("查看佐证"), by=actor, at=now())
    answer = HttpResponse(open_evidence(row, kept), content_type=kept.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{kept.pk}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
