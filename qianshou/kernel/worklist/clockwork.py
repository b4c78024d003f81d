"""What the clock has to look at: timers that have come, deadlines that draw near or are past."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from qianshou.kernel.clock import CHINA
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.worklist.models import OPEN, Task, Timer

BATCH = 200
ENDED = """
SELECT t.matter_id, p.officer_id, v.digest, t.node
FROM registry_posting p
JOIN worklist_task t ON t.{held} = p.officer_id AND t.organisation_id = p.organisation_id
JOIN worklist_matter m ON m.id = t.matter_id JOIN procedures_version v ON v.id = m.version_id
WHERE p.to_date < %s AND t.state = 0 AND t.claimed_at IS NOT NULL AND {mine}
  AND (t.retry_at IS NULL OR t.retry_at <= %s) AND NOT EXISTS (
    SELECT 1 FROM registry_posting q WHERE q.officer_id = p.officer_id
      AND q.organisation_id = t.organisation_id AND q.from_date <= %s
      AND (q.to_date IS NULL OR q.to_date >= %s) AND {holds})"""
AT_POST = "',' || t.posts || ',' LIKE '%%,' || q.post_id || ',%%'"
STOPPED = """
SELECT t.matter_id, f.id, v.digest, t.node
FROM registry_officer f JOIN worklist_task t ON t.{held} = f.id
JOIN worklist_matter m ON m.id = t.matter_id JOIN procedures_version v ON v.id = m.version_id
WHERE NOT f.is_active AND t.state = 0 AND t.claimed_at IS NOT NULL
  AND (t.retry_at IS NULL OR t.retry_at <= %s)"""
VACATED = " UNION ".join(
    [
        ENDED.format(held=held, mine=mine, holds=holds)
        for held, mine, holds in (
            ("assignee_id", "t.delegated_from_id IS NULL", AT_POST),
            ("delegated_from_id", "1 = 1", AT_POST),
            ("assignee_id", "t.delegated_from_id IS NOT NULL", "1 = 1"),
        )
    ]
    + [STOPPED.format(held=held) for held in ("assignee_id", "delegated_from_id")]
)
LATE = timedelta(minutes=1)


def due_timers(at: datetime) -> list[tuple[int, int]]:
    """Return (matter, token) of timers due at `at` and not put off, earliest first, at most 200."""
    return list(
        Timer.objects.filter(_not_put_off(at), due_at__lte=at)
        .order_by("due_at", "id")
        .values_list("matter", "token")[:BATCH]
    )


def next_timer(matter: int, at: datetime) -> tuple[int, datetime] | None:
    """Return the token and instant of a matter's next timer that is due by `at`."""
    return (
        Timer.objects.filter(matter=matter, due_at__lte=at)
        .order_by("due_at")
        .values_list("token", "due_at")
        .first()
    )


def due_warnings(at: datetime) -> list[int]:
    """Return open tasks that turned amber or late since they were last warned of, 200 of each."""
    waiting = Task.objects.filter(_not_put_off(at), state=OPEN)
    amber = waiting.filter(warned=0, amber_at__lte=at)
    late = waiting.filter(warned=1, due_at__lte=at)
    return [
        *amber.order_by("amber_at").values_list("pk", flat=True)[:BATCH],
        *late.order_by("due_at").values_list("pk", flat=True)[:BATCH],
    ]


def vacated_tasks(at: datetime) -> list[tuple[int, int]]:
    """Return (matter, officer) where tasks are claimed by, or delegated to or from, somebody whose
    postings for them have ended or whose account was stopped; at most 200.

    A task whose step names an officer is not its post's to give: its pack hands it on, or whoever
    transfers tasks there, who has it in the list "left".
    """
    today, moment = at.astimezone(CHINA).date(), connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(VACATED, [*[today, moment, today, today] * 3, moment, moment])
        rows = cursor.fetchall()
    found = {
        (matter, officer)
        for matter, officer, digest, node in rows
        if compiled(digest).node(node).assignee is None
    }
    return sorted(found)[:BATCH]


def _not_put_off(at: datetime) -> Q:
    return Q(retry_at=None) | Q(retry_at__lte=at)


def count_waiting(at: datetime) -> dict[str, int]:
    """Return how many tasks are open, how many of them overdue at `at`, and how many timers are
    late: due for over a minute and not put off.
    """
    return {
        "open": Task.objects.filter(state=OPEN).count(),
        "overdue": Task.objects.filter(state=OPEN, due_at__lt=at).count(),
        "timers": Timer.objects.filter(_not_put_off(at), due_at__lt=at - LATE).count(),
    }
