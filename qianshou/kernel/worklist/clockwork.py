"""What the clock has to look at: timers that have come, deadlines that draw near or are past."""

from datetime import datetime, timedelta

from django.db.models import Q

from qianshou.kernel.worklist.models import OPEN, Task, Timer

BATCH = 200
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
