"""The record of disclosures: who opened which person's sealed sheets, and what for.

A person is told by number only, and so is a row of a sealed list, here as in the exported file.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import Days, read_days, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.kernel.access import Actor, require
from qianshou.kernel.registry.models import Disclosure, Officer
from qianshou.kernel.registry.sheets import Column

PAGE = 50
MOST = 5000


@dataclass(frozen=True)
class Asked:
    """What the address asks for: whose openings, from which day to which, only the refused."""

    officer: str
    days: Days
    refused: bool

    def query(self, **changed: str) -> str:
        """Return the query string of this choice, changed."""
        told = {
            "officer": self.officer,
            "from": self.days.first,
            "to": self.days.last,
            "refused": "1" if self.refused else "",
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; a day that is none is told beside its field."""
    told = request.GET
    return Asked(
        officer=told.get("officer", "").strip()[:40],
        days=read_days(told),
        refused=told.get("refused") == "1",
    )


def find_disclosures(asked: Asked) -> QuerySet[Disclosure]:
    """Return the disclosures asked for, the newest first; what was written wrong narrows nothing."""
    found = Disclosure.objects.select_related("officer").order_by("-pk")
    if asked.officer:
        found = found.filter(officer=whole(asked.officer) or 0)
    if asked.refused:
        found = found.filter(allowed=False)
    return asked.days.narrow(found)


def _require_role(actor: Actor) -> None:
    require(actor.role in ("security", "audit"))


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the disclosures, the newest first; `before` is under which the next page begins."""
    _require_role(actor)
    asked = read_asked(request)
    found = find_disclosures(asked)
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "asked": asked,
        "rows": rows[:PAGE],
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "officers": Officer.objects.filter(disclosures__isnull=False)
        .distinct()
        .order_by("name", "pk")
        .values_list("pk", "name", "username"),
        "number_words": number_words,
        "here": "disclosures",
    }
    status = 422 if asked.days.errors else 200
    return show(request, actor, "office/disclosures.html", context, status)


COLUMNS = (
    Column("at", "时间", "Time"),
    Column("officer", "谁", "Who"),
    Column("person", "当事人或名单编号", "Person or list no."),
    Column("kinds", "表", "Sheets"),
    Column("purpose", "用途", "Purpose"),
    Column("allowed", "结果", "Result"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel or CSV file, 5,000 rows at most."""
    _require_role(actor)
    rows = find_disclosures(read_asked(request))[: MOST + 1]
    lines = [
        (
            instant(row.at),
            officer_words(row.officer),
            number_words(row),
            row.kinds,
            row.purpose,
            _("已打开") if row.allowed else _("被拒绝"),
        )
        for row in rows
    ]
    return table_response(request, COLUMNS, lines, "disclosures", MOST)


def number_words(row: Disclosure) -> str:
    """Return the number of the person whose sheets were opened, or of a sealed row its name in the
    ledger.
    """
    return row.subject or str(row.person_id)


def officer_words(officer: Any) -> str:
    """Return an officer's name with the account's; the clock where nobody was asked for."""
    return f"{officer.name}（{officer.username}）" if officer else _("时钟")
