"""The pages for what is not there, not allowed, or went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Show that something is not allowed."""
    return render(request, "office/error.html", {"code": 403}, status=403)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Show that something is not there, or not for this person: the page does not tell which."""
    return render(request, "office/error.html", {"code": 404}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Show that something went wrong here."""
    return render(request, "office/error.html", {"code": 500}, status=500)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show that a page was open too long or was sent from elsewhere."""
    return render(request, "office/error.html", {"code": 419}, status=403)
