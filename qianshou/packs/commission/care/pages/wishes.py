"""The board of wishes: how far they are, the list of those one may see, and collecting one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.design.refused import by_field
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.models import Wish
from qianshou.packs.commission.care.pages.reach import after_opening, find_near
from qianshou.packs.commission.care.pages.wish_donors import bands, kinds
from qianshou.packs.commission.care.register import masked_names, my_children
from qianshou.packs.commission.care.wish import open_wish, published_wishes

LOOKERS = {
    "lead_office", "town_team", "cadre", "village_child", "civil_affairs", "teacher", "department",
}  # fmt: skip
PAGE, MOST = 50, 5000
SORTS = {"new": ("-collected_at", "-pk"), "old": ("collected_at", "pk")}


def state_words() -> dict[str, str]:
    """Return the states of a wish with their names, in order."""
    return {
        "collected": _("待审核"),
        "published": _("待认领"),
        "claimed": _("已认领"),
        "bought": _("已备好"),
        "delivered": _("已送达"),
        "granted": _("心愿已圆"),
        "dropped": _("未采纳"),
    }


@dataclass(frozen=True)
class Asked:
    """What the board's address asks for."""

    words: str
    mark: str
    state: str
    kind: str
    band: str
    sort: str
    page: int

    def query(self, **changed: str) -> str:
        """Return the query string of this search, changed, from its first page."""
        told = {
            "s": self.mark, "state": self.state, "kind": self.kind, "band": self.band,
            "sort": self.sort if self.sort != "new" else "", **changed,
        }  # fmt: skip
        return urlencode({name: text for name, text in told.items() if text})


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; what is odd is left out."""
    told, sought = request.GET, read_sought(request)
    state, sort = told.get("state", ""), told.get("sort", "")
    return Asked(
        sought.words[:40],
        sought.mark,
        state if state in state_words() else "",
        told.get("kind", "")[:20],
        told.get("band", "")[:12],
        sort if sort in SORTS else "new",
        max(1, min(whole(told.get("page", "")) or 1, 10_000)),
    )


def seen_wishes(actor: Actor) -> QuerySet[Wish]:
    """Return the wishes of the children in whose circles the actor is."""
    return Wish.objects.filter(child__in=my_children(actor))


def wishes_asked(actor: Actor, asked: Asked) -> QuerySet[Wish]:
    """Return the wishes that an actor sees and asks for, in order."""
    found = seen_wishes(actor)
    for column, code in (("state", asked.state), ("kind", asked.kind), ("band", asked.band)):
        if code:
            found = found.filter(**{column: code})
    if asked.words:
        words = Q(matter__number__icontains=asked.words) | Q(text__icontains=asked.words)
        found = found.filter(words | Q(child__code__iexact=asked.words) | Q(donor=asked.words))
    return found.select_related("child", "matter", "division__parent").order_by(*SORTS[asked.sort])


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show one's children's wishes and at which step they stand; departments, what can be claimed."""
    require(bool({seat.post for seat in actor.seats} & LOOKERS))
    asked = read_asked(request)
    rows = list(wishes_asked(actor, asked)[(asked.page - 1) * PAGE : asked.page * PAGE + 1])
    counted = dict(seen_wishes(actor).values_list("state").annotate(count=Count("pk")).order_by())
    context = {
        "rows": rows[:PAGE],
        "more": len(rows) > PAGE,
        "asked": asked,
        "states": state_words(),
        "kinds": kinds(),
        "bands": bands(),
        "counted": counted,
        "public": list(published_wishes()[:PAGE].values("mark", "text", "kind", "band")),
        "inside": any(seat.post != "department" for seat in actor.seats),
        "here": "care-wishes",
    }
    return show(request, actor, "care/wishes.html", context)


EXPORTED = (
    Column("number", "编号", "Number"),
    Column("kind", "类别", "Kind"),
    Column("band", "金额档", "Band"),
    Column("text", "心愿", "Wish"),
    Column("town", "镇街", "Town"),
    Column("state", "状态", "State"),
    Column("donor", "认领人", "Donor"),
    Column("collected", "征集时间", "Collected"),
    Column("granted", "回访时间", "Granted"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel file without any child, 5,000 rows at most."""
    require(bool({seat.post for seat in actor.seats} & LOOKERS))
    named, priced, states = kinds(), bands(), state_words()
    lines = [
        (
            row.matter.number if row.matter else "",
            named.get(row.kind, row.kind),
            priced.get(row.band, row.band),
            row.text,
            row.division.parent.name if row.division.parent else "",
            states[row.state],
            row.donor,
            instant(row.collected_at),
            instant(row.granted_at),
        )
        for row in wishes_asked(actor, read_asked(request))[:MOST]
    ]
    return table_response(request, EXPORTED, lines, "wishes")


@require_http_methods(["GET", "POST"])
@officer_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the form of a wish of the child in the address, and collect it."""
    child, is_pupil = find_near(actor, request.GET.get("child", ""))
    sent: Mapping[str, Any] = request.POST
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            receipt = open_wish(
                child,
                str(sent.get("wish_kind", "")),
                str(sent.get("wish_band", "")),
                str(sent.get("wish_text", ""))[:61],
                told=str(sent.get("wish_told", ""))[:201],
                by=actor,
                at=now(),
            )
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return after_opening(actor, child, receipt.matter)
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, Refusal) and refusal.code == "access.denied":
                raise
            errors = by_field(refusal)
    context = {
        "child": child,
        "is_pupil": is_pupil,
        "name": masked_names([child])[child.pk],
        "kinds": kinds(),
        "bands": bands(),
        "sent": sent,
        "errors": errors,
        "here": "care-wishes",
    }
    return show(request, actor, "care/wish.html", context, 422 if errors else 200)
