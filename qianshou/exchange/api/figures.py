"""Indicators, and the registry's divisions and organisations."""

from datetime import date
from typing import Annotated, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from ninja import Query, Router

from qianshou.design.asked import YEARS
from qianshou.exchange.api.calling import caller, none
from qianshou.exchange.api.telling import (
    DivisionPage,
    OrganisationPage,
    ToldDivision,
    ToldFigure,
    ToldIndicator,
    ToldOrganisation,
    Words,
)
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.indicators.declaration import indicator_named, indicators_for
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period, months_until
from qianshou.kernel.indicators.records import EVERYTHING, Narrowing
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Organisation

router = Router()
M = TypeVar("M", bound=Model)
MONTHS = 12
LONGEST_DAYS = 3 * 366
After = Annotated[int, Query(ge=0, le=10**15)]
Size = Annotated[int, Query(ge=1, le=500)]


@router.get("/indicators", response=list[ToldIndicator], summary="The indicators shown to the seat")
def indicators(request: HttpRequest) -> list[ToldIndicator]:
    """List the indicators."""
    return [
        ToldIndicator(
            pack=one.pack,
            key=one.key,
            name=Words(zh=one.name.zh, en=one.name.en),
            unit=Words(zh=one.unit.zh, en=one.unit.en),
        )
        for one in indicators_for(caller(request, "indicators"))
    ]


@router.get("/indicators/{pack}/{key}", response=ToldFigure, summary="The value of one indicator")
def figure(
    request: HttpRequest,
    pack: str,
    key: str,
    first_day: date | None = None,
    last_day: date | None = None,
    town: str = "",
) -> ToldFigure:
    """Tell a value with the number of records it looks at; small counts stay kept back.

    Without days the last twelve months. Refuses days out of order, of three years or more
    (api.days), and a town that there is not (api.town).
    """
    by = caller(request, "indicators")
    indicator = indicator_named(pack, key)
    if not indicator.is_open_to(by):
        raise none()
    usual = months_until(day_of(now()), MONTHS)
    first, last = first_day or usual.first, last_day or usual.last
    if {first.year, last.year} - set(YEARS) or not 0 <= (last - first).days < LONGEST_DAYS:
        raise Refusal(
            "api.days",
            "开始日期不能晚于结束日期，一次最多看三年",
            "The first day must not lie after the last, nor three years before it",
            "first_day",
        )
    narrowing = _narrowed(town) if town else EVERYTHING
    found = evaluate(indicator, Period(first, last), narrowing=narrowing, viewer=by)
    days = urlencode({"from": first.isoformat(), "to": last.isoformat(), "town": town})
    kept = found.hidden_value or found.hidden_count
    return ToldFigure(
        pack=pack,
        key=key,
        first_day=first,
        last_day=last,
        value=found.value,
        records=found.denominator,
        kept_back=Words(zh=kept.zh, en=kept.en) if kept else None,
        trace=request.build_absolute_uri(f"{reverse('records', args=[pack, key])}?{days}"),
    )


def _narrowed(code: str) -> Narrowing:
    town = Division.objects.filter(code=code, kind__in=("street", "town")).first()
    if town is None:
        raise Refusal("api.town", "没有这个镇街", "There is no such town", "town")
    return Narrowing(towns=(town.pk,))


def _page_of(found: QuerySet[M], after: int, size: int) -> tuple[list[M], int]:
    """Return the rows that follow `after` by id, and after which the next page begins: 0 at the
    end.
    """
    rows = list(found.filter(pk__gt=after).order_by("pk")[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else 0


@router.get("/registry/divisions", response=DivisionPage, summary="Divisions")
def divisions(request: HttpRequest, after: After = 0, size: Size = 200) -> DivisionPage:
    """List the divisions by id."""
    caller(request, "registry")
    rows, following = _page_of(Division.objects.all(), after, size)
    return DivisionPage(
        rows=[
            ToldDivision(
                id=row.pk,
                parent=row.parent_id,
                code=row.code,
                code_system=row.code_system,
                kind=row.kind,
                name=row.name,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in rows
        ],
        after=following,
    )


@router.get("/registry/organisations", response=OrganisationPage, summary="Organisations")
def organisations(request: HttpRequest, after: After = 0, size: Size = 200) -> OrganisationPage:
    """List the organisations by id."""
    caller(request, "registry")
    rows, following = _page_of(Organisation.objects.all(), after, size)
    return OrganisationPage(
        rows=[
            ToldOrganisation(
                id=row.pk,
                parent=row.parent_id,
                code=row.code,
                kind=row.kind,
                name=Words(zh=row.name, en=row.name_en),
                division=row.division_id,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in rows
        ],
        after=following,
    )
