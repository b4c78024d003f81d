"""Rows that the tests of many modules share: built once by each process, then put back as they were.

Building the district takes seconds, putting its rows back a fraction of one.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection

Kept = dict[str, Any]
KEPT: dict[object, Kept] = {}


def built_once(key: object, build: Callable[[], None]) -> None:
    """Put back what `build` made when it was called for `key` before, else call it and keep that.

    Only for rows of tables that are empty before, and inside a transaction that is rolled back.
    """
    if key in KEPT:
        put_back(KEPT[key])
        return
    before = read_rows()
    build()
    after = read_rows()
    assert all(after[table] == rows for table, rows in before.items() if rows)
    KEPT[key] = {table: rows for table, rows in after.items() if rows and not before[table]}


def read_rows() -> Kept:
    """Return all rows of every table, as the database itself writes them."""
    kept: Kept = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.django_table_names(only_existing=True)):
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                    kept[table] = b"".join(copy)
                continue
            described = connection.introspection.get_table_description(cursor, table)
            plain = ", ".join(f'+"{column.name}"' for column in described)  # as stored, no dates
            kept[table] = cursor.execute(f'SELECT {plain} FROM "{table}"').fetchall()
    return kept


def put_back(kept: Kept) -> None:
    """Insert rows that `read_rows` returned."""
    with connection.cursor() as cursor:
        for table, rows in kept.items():
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)
                continue
            marks = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
