"""Reading what an address or a form asks for: numbers and days within bounds, text without NUL."""

from collections.abc import Callable
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls.converters import IntConverter

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
