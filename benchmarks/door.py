"""What one completed step costs the processor beyond the database's own time.

Plays calls of the joint-handling procedure (police.gate, with its projection, forms and decision
tables) through `door.act` by the officers of the synthetic district, on SQLite (WAL, NORMAL).
The thread's processor time of each Complete, less what passes inside calls of the driver.

door_cpu_ms is the mean (at most 1.5), database_ms what the driver took, acts how many were
measured. `--profile` prints where the time goes.
"""

import argparse
import cProfile
import pstats
import sqlite3
import time
from contextlib import nullcontext
from datetime import timedelta
from random import Random

from bench import boot, database, report

WARM, CALLS = 40, 150
inside = 0.0


def timed(method):
    """Return a method of the driver that adds the processor time it takes to `inside`."""

    def call(*arguments, **more):
        global inside
        begin = time.thread_time()
        try:
            return method(*arguments, **more)
        finally:
            inside += time.thread_time() - begin

    return call


class TimedCursor(sqlite3.Cursor):
    execute = timed(sqlite3.Cursor.execute)
    executemany = timed(sqlite3.Cursor.executemany)
    fetchone = timed(sqlite3.Cursor.fetchone)
    fetchmany = timed(sqlite3.Cursor.fetchmany)
    fetchall = timed(sqlite3.Cursor.fetchall)


class TimedConnection(sqlite3.Connection):
    commit = timed(sqlite3.Connection.commit)
    rollback = timed(sqlite3.Connection.rollback)
    execute = timed(sqlite3.Connection.execute)


def measure(profile):
    """Return how many steps were completed, their seconds of processor, and the driver's."""
    from qianshou.demo.district import build_district
    from qianshou.demo.years import Player
    from qianshou.kernel import door
    from qianshou.kernel.clock import now
    from qianshou.kernel.door import acts
    from qianshou.kernel.installing import install_packs

    at = now()
    install_packs(at)
    build_district(at, 1)
    player = Player(Random(1), at)
    for place in range(WARM):
        player.play(at - timedelta(days=40, minutes=-place))
    really, times, drivers = door.act, [], []

    def measured(what, *, by, at):
        if not isinstance(what, acts.Complete):
            return really(what, by=by, at=at)
        before, begin = inside, time.thread_time()
        with profile:
            receipt = really(what, by=by, at=at)
        times.append(time.thread_time() - begin)
        drivers.append(inside - before)
        return receipt

    door.act = measured
    for place in range(CALLS):
        player.play(at - timedelta(days=30, minutes=-place))
    return len(times), sum(times), sum(drivers)


def main() -> None:
    """Play the calls and print the line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profile", action="store_true")
    profile = cProfile.Profile() if arguments.parse_args().profile else None
    boot()
    from django.db import connections
    from django.db.backends.sqlite3 import base

    if connections["default"].vendor != "sqlite":
        report(database="postgresql", left_out="its driver's time is not told from waiting")
        return
    timed_wrapper = type("Timed", (base.SQLiteCursorWrapper, TimedCursor), {})
    setattr(base, "SQLiteCursorWrapper", timed_wrapper)  # noqa: B010 - what create_cursor names
    connections["default"].settings_dict["OPTIONS"]["factory"] = TimedConnection
    with database():
        number, all_seconds, driver = measure(profile or nullcontext())
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    report(
        acts=number,
        door_cpu_ms=(all_seconds - driver) / number * 1000,
        database_ms=driver / number * 1000,
    )


if __name__ == "__main__":
    main()
