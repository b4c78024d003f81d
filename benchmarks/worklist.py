"""One officer's first page: how it grows from a thousand tasks to a million.

Peer: the same page on 1,000 tasks, in the same run and database. `--full` makes 1,000,000
open and 10,000,000 closed tasks; the default a tenth of the open and a twentieth of the
closed ones. Set DATABASE_URL for PostgreSQL. ratio = p50 large / p50 small (at most 1.5).
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

from bench import boot, database, quantile, report

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICERS = 2000  # so that a million open tasks are 500 for each
FEW = 10  # so that a thousand fill a page for each
ROUNDS = 400


def fill(open_tasks: int, closed_tasks: int, first: int, officers: int) -> None:
    """Insert matters and tasks from number `first` on, spread over officers and deadlines."""
    from django.db import connection

    instant = connection.ops.adapt_datetimefield_value
    days = [instant(NOW + timedelta(hours=hours)) for hours in range(-48, 720)]
    with connection.cursor() as cursor:
        for start in range(0, open_tasks + closed_tasks, 20000):
            count = min(20000, open_tasks + closed_tasks - start)
            matters, tasks = [], []
            for place in range(start, start + count):
                pk = first + place
                closed = place >= open_tasks
                due = days[place * 7919 % len(days)]
                officer = place % officers + 1 if place % 3 or closed else None
                organisation = place % officers // 10 + 1
                matters.append((pk, f"B-{pk}", days[0], "m" * 40, days[0]))
                tasks.append(
                    (pk, officer, organisation, 1 if closed else 0, days[0], due, due,
                     days[0] if closed else None)
                )  # fmt: skip
            cursor.executemany(
                "INSERT INTO worklist_matter (id, number, procedure, version_id, title, level, "
                "division_id, organisation_id, opened_at, outcome, state, seq, head, head_at, "
                "receipt_digest, supervised, urged, tokens) VALUES (%s, %s, 'police.gate', 1, "
                "'夜间施工噪音反复投诉', '', 1, 1, %s, '', '{}', 1, %s, %s, '', false, 0, '')",
                matters,
            )
            cursor.executemany(
                "INSERT INTO worklist_task (matter_id, token, procedure, node, name, name_en, "
                "posts, organisation_id, division_id, assignee_id, level, state, opened_at, "
                "opened_seq, span, source, amber_at, due_at, provisional, warned, closed_at) "
                "VALUES (%s, 1, 'police.gate', 'work', '办理', 'Work', 'town_seat', %s, 1, %s, "
                "'', %s, %s, 1, '2d', 'local', %s, %s, false, 0, %s)",
                [(t[0], t[2], t[1], t[3], t[4], t[5], t[6], t[7]) for t in tasks],
            )


def registry() -> None:
    """Insert one division, the organisations, officers and the version that tasks refer to."""
    from qianshou.kernel.procedures.models import Version
    from qianshou.kernel.registry.models import Division, Officer, Organisation

    Division.objects.create(
        pk=1, path="1.", kind="district", name="大足区", code="1", code_system="b",
        valid_from=NOW.date(),
    )  # fmt: skip
    Organisation.objects.bulk_create(
        Organisation(
            pk=pk, code=f"o{pk}", name=f"o{pk}", name_en=f"o{pk}", kind="town", division_id=1,
            valid_from=NOW.date(),
        )
        for pk in range(1, OFFICERS // 10 + 1)
    )  # fmt: skip
    Officer.objects.bulk_create(
        Officer(pk=pk, username=f"u{pk}", name=f"u{pk}") for pk in range(1, OFFICERS + 1)
    )
    Version.objects.create(
        pk=1, procedure="b", number=1, digest="b", name="b", name_en="b", sources={},
        published_at=NOW, is_current=False,
    )  # fmt: skip


def actor(officer: int):
    """Return an actor who sits at the town seat of the officer's organisation."""
    from qianshou.kernel.access import Actor, Seat

    organisation = (officer - 1) // 10 + 1
    seat = Seat(
        "town_seat", organisation, f"o{organisation}", "1.", "organisation", "police.gate",
        frozenset(), frozenset(),
    )  # fmt: skip
    return Actor("officer", officer, f"u{officer}", seats=(seat,))


def measure(officers: int) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds of officers' first pages."""
    from qianshou.kernel.worklist.lists import list_tasks

    times = []
    for place in range(ROUNDS):
        by = actor(place * 37 % officers + 1)
        begin = time.perf_counter()
        list_tasks("mine", by, at=NOW)
        times.append((time.perf_counter() - begin) * 1000)
    warm = times[ROUNDS // 10 :]
    return quantile(warm, 0.5), quantile(warm, 0.99)


def main() -> None:
    """Fill, measure, fill more, measure again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    full = arguments.parse_args().full
    boot()
    from django.db import connection

    from qianshou.kernel.worklist import lists

    open_tasks, closed_tasks = (1_000_000, 10_000_000) if full else (100_000, 500_000)
    lists.versions_for = lambda by: []
    with database():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA foreign_keys=OFF")
        registry()
        fill(1_000, 0, 1, FEW)
        small50, small99 = measure(FEW)
        fill(open_tasks - 1_000, closed_tasks, 1_001, OFFICERS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        large50, large99 = measure(OFFICERS)
    report(
        database=connection.vendor,
        open=open_tasks,
        closed=closed_tasks,
        small_p50_ms=small50,
        small_p99_ms=small99,
        p50_ms=large50,
        p99_ms=large99,
        ratio=large50 / small50,
        ratio99=large99 / small99,
    )


if __name__ == "__main__":
    main()
