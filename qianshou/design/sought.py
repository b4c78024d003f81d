"""Words that somebody looks for, kept out of addresses: a search is sent by POST, its words go on
sealed.

Addresses stand in the history of browsers and in the logs of servers between; a name or number in
one tells whom somebody looked for. The words are sealed for the officer who looks: in anybody
else's hands the address looks for nothing.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Officer

LONGEST = 60
UNSENT = {"csrfmiddlewaretoken", "seek"}


@dataclass(frozen=True)
class Sought:
    """What an address looks for: the words, and how it carries them (`mark`); "" for nothing."""

    words: str = ""
    mark: str = ""


def seal_words(words: str, officer: int) -> str:
    """Return words as an address of this officer's carries them; "" for none."""
    if not words.strip():
        return ""
    sealed = cipher.encrypt(words.strip()[:LONGEST].encode(), _key_of(officer))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _key_of(officer: int) -> bytes:
    return salted_hmac("qianshou.design.sought", str(officer), algorithm="sha256").digest()


def read_sought(request: HttpRequest) -> Sought:
    """Return what the address looks for; nothing where it was sealed for somebody else."""
    mark, officer = request.GET.get("s", ""), request.user
    if not mark or not isinstance(officer, Officer):
        return Sought()
    try:
        sealed = base64.urlsafe_b64decode(mark.encode() + b"=" * (-len(mark) % 4))
        return Sought(cipher.decrypt(sealed, _key_of(officer.pk)).decode(), mark)
    except (binascii.Error, ValueError, Refusal):
        return Sought()


class Seek:
    """Answers a search that a page sent by POST (the field "seek") with the way to what it finds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect a search to its own page, what else was chosen in the open; pass on all else."""
        if request.method != "POST" or "seek" not in request.POST:
            return self.get_response(request)
        if not isinstance(request.user, Officer):
            return self.get_response(request)
        told = [(name, value) for name, value in request.POST.items() if name not in UNSENT]
        told.append(("s", seal_words(request.POST["seek"], request.user.pk)))
        query = urlencode([(name, value) for name, value in told if value])
        return redirect(f"{request.path}?{query}" if query else request.path)
