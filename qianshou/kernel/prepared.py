"""Statements that are asked again and again: PostgreSQL plans each once a connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import Cursor


@contextmanager
def prepared_cursor() -> Iterator[Any]:
    """Hold a cursor for plain SQL of the same wording at every request.

    On PostgreSQL its values are bound by the server, so that psycopg prepares what it has seen
    twice (`prepare_threshold` in the settings); one statement a call, and no value whose kind
    the statement leaves open. SQLite's driver keeps statements by itself. Where Django notes its
    statements it gets its own cursor, whose text it can read.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    bound: Cursor[Any] = Cursor(connection.connection)
    with connection.make_cursor(bound) as cursor:  # type: ignore[arg-type]
        yield cursor
