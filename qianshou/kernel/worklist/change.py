"""The few statements that change the list, written as SQL. Importable by the door only.

On PostgreSQL the statements of one act travel in one round trip.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from qianshou.kernel.prepared import prepared_cursor

Statement = tuple[str, Sequence[Any]]

LOAD_MATTER = """
SELECT m.id, m.number, m.procedure, v.digest, m.title, m.level, m.division_id, d.path,
       m.organisation_id, m.opened_at, m.closed_at, m.state, m.seq, m.head, m.head_at,
       m.receipt_digest, m.supervised, m.suspended_at, m.circle_id, m.person_id
FROM worklist_matter m
JOIN procedures_version v ON v.id = m.version_id
JOIN registry_division d ON d.id = m.division_id
WHERE m.id = %s"""
LOAD_TASK = """
SELECT id, matter_id, token, node, posts, organisation_id, assignee_id, state, opened_seq, due_at,
       warned, delegated_from_id, resume_node, blocks_id,
       EXISTS (SELECT 1 FROM worklist_task b WHERE b.blocks_id = worklist_task.id AND b.state = 0)
FROM worklist_task WHERE id = %s"""
LOAD_MATTER_OF_TASK = """
SELECT m.id, m.number, m.procedure, v.digest, m.title, m.level, m.division_id, d.path,
       m.organisation_id, m.opened_at, m.closed_at, m.state, m.seq, m.head, m.head_at,
       m.receipt_digest, m.supervised, m.suspended_at, m.circle_id, m.person_id,
       t.id, t.matter_id, t.token, t.node, t.posts, t.organisation_id, t.assignee_id, t.state,
       t.opened_seq, t.due_at, t.warned, t.delegated_from_id,
       t.resume_node, t.blocks_id,
       EXISTS (SELECT 1 FROM worklist_task b WHERE b.blocks_id = t.id AND b.state = 0)
FROM worklist_task t
JOIN worklist_matter m ON m.id = t.matter_id
JOIN procedures_version v ON v.id = m.version_id
JOIN registry_division d ON d.id = m.division_id
WHERE t.id = %s"""
NEXT_NUMBERS = """
INSERT INTO worklist_series (prefix, last) VALUES (%s, %s)
ON CONFLICT (prefix) DO UPDATE SET last = worklist_series.last + excluded.last RETURNING last"""
INSERT_MATTER = """
INSERT INTO worklist_matter
  (id, number, procedure, version_id, title, level, division_id, organisation_id, opened_at,
   closed_at, outcome, state, seq, head, head_at, receipt_digest, supervised, urged, tokens,
   circle_id, person_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, %s)"""
UPDATE_MATTER = """
UPDATE worklist_matter SET state = %s, seq = %s, head = %s, head_at = %s, level = %s,
  closed_at = %s, outcome = %s WHERE id = %s"""
UPDATE_HEAD = "UPDATE worklist_matter SET seq = %s, head = %s, head_at = %s WHERE id = %s"
INSERT_TASK = """
INSERT INTO worklist_task
  (matter_id, token, procedure, node, name, name_en, posts, organisation_id, division_id,
   assignee_id, level, state, opened_at, opened_seq, span, source, amber_at, due_at, provisional,
   warned)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s, %s, %s, %s, 0)"""
INSERT_BLOCKING = """
INSERT INTO worklist_task
  (matter_id, token, procedure, node, name, name_en, posts, organisation_id, division_id,
   assignee_id, level, state, opened_at, opened_seq, span, source, amber_at, due_at, provisional,
   warned, blocks_id)
SELECT matter_id, %s, procedure, node, name, name_en, posts, organisation_id, division_id, %s,
  level, 0, %s, %s, span, source, %s, %s, provisional, 0, id
FROM worklist_task WHERE id = %s"""
CANCEL_BLOCKING = """
UPDATE worklist_task SET state = 2, closed_at = %s, closed_seq = %s
WHERE state = 0 AND blocks_id IN (
  SELECT id FROM worklist_task WHERE matter_id = %s AND token = %s)"""
SET_STATE = "UPDATE worklist_matter SET state = %s WHERE id = %s"
CLOSE_TASK = """
UPDATE worklist_task SET state = %s, closed_at = %s, closed_seq = %s,
  assignee_id = COALESCE(assignee_id, %s), claimed_at = COALESCE(claimed_at, %s)
WHERE matter_id = %s AND token = %s AND state = 0"""
ASSIGN_TASK = """
UPDATE worklist_task SET assignee_id = %s, claimed_at = %s, organisation_id = %s,
  delegated_from_id = NULL
WHERE id = %s AND state = 0"""
DELEGATE_TASK = """
UPDATE worklist_task SET assignee_id = %s, delegated_from_id = %s,
  claimed_at = COALESCE(claimed_at, %s)
WHERE id = %s AND state = 0"""
VACATE_TASK = """
UPDATE worklist_task SET assignee_id = %s, claimed_at = %s, delegated_from_id = NULL
WHERE matter_id = %s AND token = %s AND state = 0"""
SUSPEND_MATTER = "UPDATE worklist_matter SET suspended_at = %s WHERE id = %s"
MOVE_TASK = """
UPDATE worklist_task SET due_at = %s, amber_at = %s
WHERE matter_id = %s AND token = %s AND state = 0"""
MOVE_TIMER = "UPDATE worklist_timer SET due_at = %s WHERE matter_id = %s AND token = %s"
MIGRATE_MATTER = "UPDATE worklist_matter SET version_id = %s, state = %s WHERE id = %s"
MIGRATE_TASK = """
UPDATE worklist_task SET node = %s, name = %s, name_en = %s, posts = %s, source = %s,
  resume_node = %s
WHERE matter_id = %s AND token = %s AND state = 0"""
MIGRATE_TIMER = "UPDATE worklist_timer SET node = %s WHERE matter_id = %s AND token = %s"
RULE_TASK = """
UPDATE worklist_task SET span = %s, due_at = %s, amber_at = %s, provisional = %s, warned = 0
WHERE matter_id = %s AND token = %s AND state = 0"""
RULE_TIMER = "UPDATE worklist_timer SET span = %s, due_at = %s WHERE matter_id = %s AND token = %s"
WARN_TASK = "UPDATE worklist_task SET warned = %s WHERE id = %s"
PUT_OFF_WARNING = "UPDATE worklist_task SET retry_at = %s WHERE id = %s"
PUT_OFF_MATTER = "UPDATE worklist_task SET retry_at = %s WHERE matter_id = %s AND state = 0"
INSERT_TIMER = """
INSERT INTO worklist_timer (matter_id, token, node, span, due_at) VALUES (%s, %s, %s, %s, %s)"""
DELETE_TIMER = "DELETE FROM worklist_timer WHERE matter_id = %s AND token = %s"
PUT_OFF_TIMER = "UPDATE worklist_timer SET retry_at = %s WHERE matter_id = %s AND token = %s"
INSERT_SUBSCRIPTION = (
    "INSERT INTO worklist_subscription (matter_id, token, message) VALUES (%s, %s, %s)"
)
DELETE_SUBSCRIPTION = "DELETE FROM worklist_subscription WHERE matter_id = %s AND token = %s"
INSERT_PARTY = """
INSERT INTO worklist_party (matter_id, organisation_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"""
INSERT_NOTICE = """
INSERT INTO worklist_notice
  (matter_id, kind, organisation_id, posts, officer_id, text, text_en, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
INSERT_LINK = """
INSERT INTO worklist_link (matter_id, other_id, kind) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"""
MERGE_MATTER = (
    "UPDATE worklist_matter SET state = %s, closed_at = %s, outcome = 'merged', "
    "merged_into_id = %s WHERE id = %s"
)
RESUME_AT = "UPDATE worklist_task SET resume_node = %s WHERE matter_id = %s AND token = %s"
INSERT_COPY = """
INSERT INTO worklist_copy (matter_id, officer_id, sender_id, at) VALUES (%s, %s, %s, %s)"""
END_COPY = """
UPDATE worklist_copy SET ended_at = %s
WHERE matter_id = %s AND officer_id = %s AND ended_at IS NULL"""
READ_COPY = """
UPDATE worklist_copy SET read_at = %s
WHERE matter_id = %s AND officer_id = %s AND ended_at IS NULL"""
URGE_MATTER = "UPDATE worklist_matter SET urged = urged + 1 WHERE id = %s"
SUPERVISE_MATTER = "UPDATE worklist_matter SET supervised = %s WHERE id = %s"

INDEX_WORDS = "INSERT INTO worklist_search (rowid, tokens) VALUES (%s, %s)"


def index_words(matter: int, tokens: str) -> list[Statement]:
    """Return what puts a matter into the full-text index (PostgreSQL indexes the column)."""
    return [] if connection.vendor == "postgresql" else [(INDEX_WORDS, [matter, tokens])]


def run(statements: Sequence[Statement]) -> None:
    """Carry out statements in order; on PostgreSQL all of them in one round trip."""
    if not statements:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                ";".join(sql for sql, _ in statements),
                [parameter for _, parameters in statements for parameter in parameters],
            )
            return
        for sql, parameters in statements:
            cursor.execute(sql, parameters)


def run_together(statements: Sequence[Statement]) -> None:
    """Carry out statements of many acts, those of one wording together, as they first come."""
    alike: dict[str, list[Sequence[Any]]] = {}
    for sql, parameters in statements:
        alike.setdefault(sql, []).append(parameters)
    with connection.cursor() as cursor:
        for sql, several in alike.items():
            cursor.executemany(sql, several)


def reserve_ids(table: str, number: int) -> list[int]:
    """Return `number` ids that no other row of a table will get, inside the caller's turn."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, number],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()[0]
        return list(range(last + 1, last + number + 1))


def fetch(sql: str, parameters: Sequence[Any], *, lock: str = "") -> tuple[Any, ...] | None:
    """Return the first row of a query; with `lock` (a table alias) lock that row."""
    if lock and connection.vendor == "postgresql":
        sql = f"{sql} FOR UPDATE OF {lock}"
    with prepared_cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
