"""Counts and times each request by its route, and writes a line about it that names nobody."""

import logging
import re
import time
from collections.abc import Callable
from secrets import token_hex

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from qianshou.health.lines import route_of

log = logging.getLogger("qianshou.requests")
REQUESTS = Counter("qianshou_requests", "Requests by route and state", ["route", "state"])
SECONDS = Histogram(
    "qianshou_request_seconds",
    "Time to answer, by route",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
MARK = re.compile(r"[0-9A-Za-z-]{8,64}")


class Measure:
    """Middleware around all others: gives each request a mark, which the answer bears."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer, counted and timed."""
        begin = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        mark = given if MARK.fullmatch(given) else token_hex(8)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = mark
        seconds = time.perf_counter() - begin
        route = route_of(request)
        REQUESTS.labels(route, str(response.status_code)).inc()
        SECONDS.labels(route).observe(seconds)
        told = {
            "request": mark,
            "method": request.method,
            "route": route,
            "state": response.status_code,
            "ms": round(seconds * 1000, 1),
            "officer": officer_of(request),
        }
        log.info("request", extra={"told": told})
        return response


def officer_of(request: HttpRequest) -> int | None:
    """Return the number of the officer who asked, where the page asked who it was."""
    officer = getattr(request, "_cached_user", None)
    return None if officer is None else officer.pk
