"""Lines of the log: JSON for a machine, plain ones for people; none bears what a person wrote."""

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import responses
from typing import Any

from django.http import HttpRequest


def route_of(request: HttpRequest) -> str:
    """Return the name of the page that answered, "static" or "none": never what was in a path."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or "unnamed"
    return "static" if request.path.startswith("/static/") else "none"


class JsonLines(logging.Formatter):
    """Writes the time, the level, who says it and what; of an exception its kind and its places.

    Words that were put into a message are left out but for numbers, and so is what an exception
    says: a path, a value or a constraint may name a person. The request's mark leads to the rest.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "by": record.name,
            "what": str(record.msg) if record.args or record.name.startswith("qianshou") else "",
            **getattr(record, "told", {}),
        }
        args = record.args if isinstance(record.args, tuple) else ()
        if numbers := [one for one in args if isinstance(one, int | float)]:
            told["numbers"] = numbers
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = record.exc_info[0].__name__
            told["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-12:]
            ]
        return json.dumps(told, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """Writes the time, the level, who says it and what, with the route of a request and never its
    path: a path may hold a calendar's secret or a receipt.

    Of other libraries' messages only their own words and numbers are left, of an exception the
    kind and the places.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the lines of an exception under it."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        told = [at, record.levelname, record.name, _words(record)]
        if (request := getattr(record, "request", None)) is not None:
            told.append(f"({request.method} {route_of(request)})")
        line = " ".join(one for one in told if one)
        if record.exc_info and record.exc_info[1] is not None:
            line = "\n".join([line, *reversed(list(_kinds_and_places(record.exc_info[1])))])
        return line


def _words(record: logging.LogRecord) -> str:
    """Return a message without what others put into it; "" where its own words are not known."""
    state = getattr(record, "status_code", None)
    if state is not None:
        return f"{state} {responses.get(state, '')}".strip()
    if record.name.partition(".")[0] == "qianshou":
        return record.getMessage()
    if not isinstance(record.args, tuple) or not record.args:
        return ""
    return str(record.msg) % tuple(
        one if isinstance(one, int | float) else "…" for one in record.args
    )


def _kinds_and_places(error: BaseException | None) -> Iterator[str]:
    """Yield an exception, then what it came of, each by its places and its kind."""
    while error is not None:
        kind = type(error)
        places = "".join(traceback.format_tb(error.__traceback__))
        yield f"{places}{kind.__module__}.{kind.__qualname__}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
