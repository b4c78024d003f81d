"""Which rows of a table are asked for: searched, narrowed, sorted; the same for page and sheet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from qianshou.design.sought import read_sought
from qianshou.kernel.registry.bigram import search_query, search_tokens
from qianshou.office.registry.references import MODELS
from qianshou.office.registry.tables import Table

STATES = ("current", "ended", "all")
UNSORTED = ("checkboxes", "words")


@dataclass(frozen=True)
class Asked:
    """What the address of a list asks for."""

    words: str = ""
    mark: str = ""
    state: str = "current"
    sort: str = ""
    page: int = 1

    def query(self, **changed: str) -> str:
        """Return the query string of this list, changed, from its first page."""
        told = {
            "s": self.mark,
            "state": "" if self.state == "current" else self.state,
            "sort": self.sort,
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


def read_asked(request: HttpRequest, table: Table) -> Asked:
    """Return what an address asks for; what it asks in vain falls back to the whole list."""
    told, sought = request.GET, read_sought(request)
    state, sort, page = told.get("state", ""), told.get("sort", ""), told.get("page", "")
    return Asked(
        words=sought.words,
        mark=sought.mark,
        state=state if state in STATES else "current",
        sort=sort if sort.removeprefix("-") in sortable(table) else "",
        page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
    )


def sortable(table: Table) -> dict[str, str]:
    """Return the columns by which a list can be sorted, each with the database's name of it."""
    return {
        key: f"{key}__name" if table.field(key).refers in MODELS else key
        for key in table.shown
        if table.field(key).widget not in UNSORTED
    }


def find_rows(table: Table, asked: Asked, *, at: datetime) -> QuerySet[Any]:
    """Return the rows asked for, in order, with the rows that they point at."""
    rows = table.model._default_manager.select_related(*table.joins)
    if table.current is not None and asked.state != "all":
        rule = table.current(at)
        rows = rows.filter(rule if asked.state == "current" else ~rule)
    if asked.words:
        rows = rows.filter(words_rule(table, asked.words))
    order: tuple[str, ...] = table.order
    if asked.sort:
        mark = "-" if asked.sort.startswith("-") else ""
        order = (f"{mark}{sortable(table)[asked.sort.removeprefix('-')]}", "pk")
    return rows.order_by(*order)


def words_rule(table: Table, words: str) -> Q:
    """Return the filter of rows whose tokens answer `words`: Chinese, pinyin, initials, codes.

    The same answer as bigram.Query.holds, given by the database; tables without tokens are
    small and read whole.
    """
    query = search_query(words)
    if not query.phrases:
        return Q(pk__in=())
    if not table.tokens:
        found = [
            row.pk
            for row in table.model._default_manager.all()
            if query.holds(search_tokens(_own_words(table, row), name=True))
        ]
        return Q(pk__in=found)
    rule = Q()
    for phrase in query.phrases:
        anywhere = Q()
        for place in table.tokens:
            anywhere |= _phrase_rule(place, phrase)
        rule &= anywhere
    return rule


def _phrase_rule(place: str, phrase: tuple[str, ...]) -> Q:
    if phrase[0].isascii():
        return Q(**{f"{place}__startswith": phrase[0]}) | Q(
            **{f"{place}__contains": f" {phrase[0]}"}
        )
    rule = Q()
    for pair in phrase:
        rule &= Q(**{f"{place}__contains": pair})
    return rule


def _own_words(table: Table, row: Any) -> str:
    return " ".join(str(getattr(row, key)) for key in table.shown)
