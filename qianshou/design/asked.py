"""Reading what an address or a form asks for: numbers and days within bounds, text without NUL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls.converters import IntConverter
from django.utils.translation import gettext as _

from qianshou.kernel.clock import CHINA

M = TypeVar("M", bound=Model)
DIGITS = 18
YEARS = range(1900, 2201)


class Whole(IntConverter):
    """A number in an address that every database can hold."""

    regex = f"[0-9]{{1,{DIGITS}}}"


def whole(text: str) -> int | None:
    """Return the number that up to 18 ASCII digits write, else None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def day(text: str) -> date:
    """Return the day written like 2026-01-31; ValueError where it is none of 1900 to 2200."""
    found = date.fromisoformat(text)
    if found.year not in YEARS:
        raise ValueError(text)
    return found


def day_or_none(text: str) -> date | None:
    """Return the day that `day` reads, None where it is none."""
    try:
        return day(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Days:
    """From which day to which an address asks, as it was written; what is wrong stands by field."""

    first: str
    last: str
    errors: dict[str, str]

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows whose `at` lies in these days; days written wrong narrow nothing."""
        first, last = day_or_none(self.first), day_or_none(self.last)
        if first and not self.errors:
            rows = rows.filter(at__gte=datetime.combine(first, time(), CHINA))
        if last and not self.errors:
            rows = rows.filter(at__lt=datetime.combine(last, time(), CHINA) + timedelta(days=1))
        return rows


def read_days(told: Mapping[str, str]) -> Days:
    """Return the days `from` and `to` of an address; what is no day, or out of order, is told."""
    texts = {name: told.get(name, "").strip()[:20] for name in ("from", "to")}
    days = {name: day_or_none(text) for name, text in texts.items() if text}
    errors = {
        name: _("日期要写成 2026-01-31 的样子") for name, found in days.items() if found is None
    }
    first, last = days.get("from"), days.get("to")
    if first and last and first > last:
        errors["from"] = _("开始日期不能晚于结束日期")
    return Days(texts["from"], texts["to"], errors)


class NoNul:
    """Answers with the 400 page what holds a NUL: no text of a person does, no database takes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look through the address and the fields of a form; files are not looked at."""
        told = [request.path]
        for sent in (request.GET, request.POST):
            for name, values in sent.lists():
                told += [name, *values]
        if any("\0" in text for text in told):
            return render(request, "office/error.html", {"code": 400}, status=400)
        return self.get_response(request)
