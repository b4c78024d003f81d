"""The one place that writes the ledger. Importable by the door only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Func, TextField

from qianshou.kernel.ledger.chain import canonical, digest

INSERT_ENTRY = """
INSERT INTO ledger_entry
  (subject, seq, act, node, officer_id, organisation_id, at, body, prev, algorithm, hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is chained. `facts` is everything that the act adds to its body."""

    subject: str
    seq: int
    act: str
    at: datetime
    by: Mapping[str, Any]
    facts: Mapping[str, Any]
    node: str = ""


def stamp(at: datetime) -> str:
    """Return an instant as the ledger writes it: UTC, microseconds, "Z"."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


class Stamped(Func):
    """An instant as `stamp` writes it, made by the database: whatever a column holds can be told."""

    output_field: ClassVar = TextField()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the SQL on PostgreSQL."""
        text = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        return self.as_sql(compiler, connection, template=text)

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, Any]:
        """Return the SQL on SQLite, which leaves microseconds out when they are nought."""
        text = "substr(replace(%(expressions)s, ' ', 'T') || '.000000', 1, 26) || 'Z'"
        return self.as_sql(compiler, connection, template=text)


def chain_entry(draft: Draft, prev: str) -> tuple[str, str]:
    """Return the canonical body of the entry that follows hash `prev`, and its own hash."""
    body = canonical(
        {
            "v": 1,
            "subject": draft.subject,
            "seq": draft.seq,
            "act": draft.act,
            "node": draft.node,
            "at": stamp(draft.at),
            "by": draft.by,
            "prev": prev,
            **draft.facts,
        }
    )
    return body, digest(body)


def append_statement(draft: Draft, prev: str, at: Any) -> tuple[str, list[Any], str]:
    """Return the SQL, its parameters and the hash that appends `draft` after hash `prev`.

    `at` is the entry's instant as the database driver takes it.
    """
    body, own = chain_entry(draft, prev)
    parameters = [
        draft.subject,
        draft.seq,
        draft.act,
        draft.node,
        draft.by.get("id"),
        draft.by.get("organisation"),
        at,
        body,
        prev,
        settings.HASH,
        own,
    ]
    return INSERT_ENTRY, parameters, own
