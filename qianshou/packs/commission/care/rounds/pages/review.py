"""The review screen of the lead group's office: one pair after another, by keys or mouse."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.asked import whole as read_whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.commission.care.crosscheck import FIELDS as COMPARED
from qianshou.packs.commission.care.models import BlindCheck, Mismatch, Round
from qianshou.packs.commission.care.rounds.auditing import answer_blind
from qianshou.packs.commission.care.rounds.disclosing import note_reading, note_whole
from qianshou.packs.commission.care.rounds.explaining import (
    Answer,
    differing,
    explain,
    leave_open,
    may_do,
    review,
)
from qianshou.packs.commission.care.rounds.looking import compare_rows
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    code_name,
    find_led_round,
    require_known,
)
from qianshou.packs.commission.care.rounds.pages.mismatch import (
    asked_of,
    chosen_in,
    read_answer,
    told_of,
)
from qianshou.packs.commission.care.rounds.sight import LEAD, LEAD_POST
from qianshou.packs.commission.care.rounds.values import open_values

REVIEWED = ("A1", "C1", "C2", "M1", "N1", "D1")


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show what waits for the lead group's office, one by one; take the answer and go on."""
    row = find_led_round(pk, actor)
    blind = request.GET.get("queue") == "blind"
    queue: QuerySet[Any] = blind_queue(request, row) if blind else review_queue(request, row)
    asked = read_whole(request.GET.get("at", ""))
    ids = list(queue.values_list("pk", flat=True))
    found = asked if asked in ids else ids[0] if ids else None
    frame = Frame(request, actor, row, blind=blind, ids=ids, found=found)
    if request.method == "POST":
        try:
            return frame.take()
        except (Refusal, Refusals) as refusal:
            require_known(refusal)
            return frame.show(refusal)
    return frame.show()


def review_queue(request: HttpRequest, row: Round) -> QuerySet[Mismatch]:
    """Return the mismatches that wait for the lead group's office, as the address narrows them."""
    found = Mismatch.objects.filter(
        round=row,
        state="open",
        matter__tasks__state=0,
        matter__tasks__organisation__code=LEAD,
        matter__tasks__posts__contains=LEAD_POST,
    )
    if request.GET.get("code") in REVIEWED:
        found = found.filter(code=request.GET["code"])
    if (town := read_whole(request.GET.get("town", ""))) is not None:
        found = found.filter(division=town)
    return found.order_by("code", "pk").distinct()


def blind_queue(request: HttpRequest, row: Round) -> QuerySet[BlindCheck]:
    """Return the pairs of the sample that nobody has judged and whose lists can still be opened."""
    found = BlindCheck.objects.filter(round=row, answer="", other__wrapped_key__isnull=False)
    if (town := read_whole(request.GET.get("town", ""))) is not None:
        found = found.filter(division=town)
    return found.order_by("place")


class Frame:
    """One view of the review screen: the queue, the pair that is looked at."""

    def __init__(
        self,
        request: HttpRequest,
        actor: Actor,
        row: Round,
        *,
        blind: bool,
        ids: list[int],
        found: int | None,
    ) -> None:
        self.request, self.actor, self.row = request, actor, row
        self.blind, self.ids, self.found = blind, ids, found

    def address(self, at: int | None) -> str:
        """Return the address of a place in the same queue."""
        kept = {
            key: text
            for key, text in self.request.GET.items()
            if key in ("queue", "code", "town") and text
        }
        if at is not None:
            kept["at"] = str(at)
        return f"{reverse('care-review', args=[self.row.pk])}?{urlencode(kept)}"

    @property
    def following(self) -> int | None:
        """The next in the queue, round about; None behind the only one."""
        if self.found is None or len(self.ids) < 2:
            return None
        return self.ids[(self.ids.index(self.found) + 1) % len(self.ids)]

    def take(self) -> HttpResponse:
        """Take an answer; "open" shows the whole numbers and stays."""
        sent, at = self.request.POST, now()
        if self.found is None:
            return redirect(self.address(None))
        if self.blind:
            pair = BlindCheck.objects.select_related("roster", "other").get(pk=self.found)
            if sent.get("act") == "open":
                note_whole(pair, sent.get("purpose", ""), by=self.actor, at=at)
                return self.show(whole=True)
            answer_blind(pair, sent.get("answer", ""), by=self.actor, at=at)
            return redirect(self.address(self.following))
        row = Mismatch.objects.select_related("round", "roster", "other").get(pk=self.found)
        asked = sent.get("act", "")
        if asked == "open":
            note_whole(row, sent.get("purpose", ""), by=self.actor, at=at)
            return self.show(whole=True, chosen=chosen_in(sent) if "chosen" in sent else 0)
        if asked == "unsure":
            leave_open(row, by=self.actor, at=at)
        elif asked in ("yes", "no"):
            review(row, asked == "yes", sent.get("remark", ""), by=self.actor, at=at)
            messages.success(self.request, _("已复核 #%(n)s") % {"n": row.pk})
        elif asked == "explain":
            explain(row, read_answer(sent), by=self.actor, at=at)
            messages.success(self.request, _("已认定 #%(n)s") % {"n": row.pk})
        elif asked == "none" or asked.isdigit():
            chosen = 1 if asked == "none" else int(asked[:2])
            if asked != "none" and differing(open_values(row), chosen):
                return self.show(chosen=chosen)
            decision = "none" if asked == "none" else "same"
            answer = Answer(decision, "same_name", {}, chosen, sent.get("remark", ""))
            explain(row, answer, by=self.actor, at=at)
            messages.success(self.request, _("已认定 #%(n)s") % {"n": row.pk})
        else:
            raise Http404
        return redirect(self.address(self.following))

    def show(
        self, error: Refusal | Refusals | None = None, *, whole: bool = False, chosen: int = 0
    ) -> HttpResponse:
        """Show the pair that is looked at; with `chosen`, what differs of that candidate is asked."""
        sent = self.request.POST
        if error and sent.get("act") == "explain":
            chosen = chosen_in(sent)
        context: dict[str, Any] = {
            **HERE,
            "row": self.row,
            "blind": self.blind,
            "left_over": len(self.ids),
            "place": self.ids.index(self.found) + 1 if self.found is not None else 0,
            "following": self.address(self.following),
            "here_address": self.address(self.found),
            "errors": by_field(error) if error else {},
            "whole": whole,
            "chosen": chosen,
            "sent": sent,
            "asked": self.request.GET,
            "codes": [(code, f"{code} {code_name(code, language())}") for code in REVIEWED],
            "towns": self._towns(),
            "step": "",
        }
        if self.found is not None:
            context |= self._blind(whole) if self.blind else self._mismatch(whole, chosen)
        status = 422 if error else 200
        return show(self.request, self.actor, "care/rounds/review.html", context, status)

    def _towns(self) -> list[tuple[str, str]]:
        table: Any = BlindCheck if self.blind else Mismatch
        rows = table.objects.filter(round=self.row).order_by("division")
        return [
            (str(pk), name)
            for pk, name in rows.values_list("division", "division__name").distinct()
        ]

    def _mismatch(self, whole: bool, chosen: int) -> dict[str, Any]:
        row = Mismatch.objects.select_related(
            "round", "division", "organisation", "partner", "roster", "other", "decided_by",
            "second_by",
        ).get(pk=self.found or 0)  # fmt: skip
        note_reading(row, by=self.actor, at=now())
        values = open_values(row)
        return {
            **told_of(row, values, whole=whole),
            "differing": asked_of(values, chosen, whole=whole) if chosen else [],
            "reasons": labelled_choices("care.reason", language()) if chosen else [],
            "step": may_do(row, self.actor),
            "mine": row.decided_by_id == self.actor.officer,
        }

    def _blind(self, whole: bool) -> dict[str, Any]:
        pair = BlindCheck.objects.select_related("roster", "other", "division").get(
            pk=self.found or 0
        )
        note_reading(pair, by=self.actor, at=now())
        values = open_values(pair)
        right = values.rights[0] if values.rights else {}
        told = [(key, "", 0.0) for key in COMPARED]  # what differs is marked, what it says is not
        fields = compare_rows(values.left, right, told, language(), whole=whole)
        return {"pair_fields": fields, "blind_pair": pair}
