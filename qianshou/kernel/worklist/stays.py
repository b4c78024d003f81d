"""How many tasks lie at each step of a procedure, how often it was visited, how long one stays."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q

from qianshou.kernel.access import Actor, not_hidden
from qianshou.kernel.worklist.lists import inside_circles
from qianshou.kernel.worklist.models import DONE, OPEN, Task

SECONDS = {
    "sqlite": "(julianday(t.closed_at) - julianday(t.opened_at)) * 86400.0",
    "postgresql": "EXTRACT(EPOCH FROM t.closed_at - t.opened_at)",
}
MEDIAN = """
SELECT node, AVG(stay) FROM (
  SELECT node, {seconds} AS stay,
         ROW_NUMBER() OVER (PARTITION BY node ORDER BY {seconds}) AS place,
         COUNT(*) OVER (PARTITION BY node) AS total
  FROM worklist_task t JOIN worklist_matter m ON m.id = t.matter_id
  WHERE t.procedure = %s AND t.state = %s AND {inside}
) AS ranked
WHERE place IN ((total + 1) / 2, (total + 2) / 2)
GROUP BY node"""


@dataclass(frozen=True, slots=True)
class Stay:
    """What is counted at one step: open and visited tasks, late ones, median stay in seconds."""

    node: str
    open: int
    late: int
    visits: int
    median: float | None


def stays_of(procedure: str, by: Actor, *, at: object) -> dict[str, Stay]:
    """Return the counts of every step of `procedure` that was ever entered (two queries), over
    the matters that no circle hides from `by`.
    """
    inside, own = inside_circles(by)
    median = MEDIAN.format(seconds=SECONDS[connection.vendor], inside=inside)
    with connection.cursor() as cursor:
        cursor.execute(median, [procedure, DONE, *own])
        medians = {node: float(stay) for node, stay in cursor.fetchall()}
    rows = (
        Task.objects.filter(not_hidden(by, "matter__"), procedure=procedure)
        .values("node")
        .annotate(
            waiting=Count("id", filter=Q(state=OPEN)),
            late=Count("id", filter=Q(state=OPEN, due_at__lt=at)),
            visits=Count("id"),
        )
        .order_by("node")
    )
    return {
        row["node"]: Stay(
            row["node"], row["waiting"], row["late"], row["visits"], medians.get(row["node"])
        )
        for row in rows
    }
