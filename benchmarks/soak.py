"""The product under mixed load for a while: nothing lost, the ledger whole, memory flat.

Clients list, open a matter, look at it, claim, comment on and complete its first step, all over
HTTP, while the worker fires timers, warns and seals. `--minutes` (2; `--short` a third of one).

lost is how many acknowledged acts the ledger lacks (0), problems what `verify` finds (0),
failed how many requests failed (0); slope_kb_per_min is the steepest growth of any process over
the second half (flat: at most 1,024; of some minutes only, so that it is told and not judged). It
ends with an error where one of the first three is not 0. SQLite, or PostgreSQL (DATABASE_URL).
"""

import argparse
import http.client
import os
import re
import sys
import time
from pathlib import Path
from random import Random

from acting import FORM, Office, build_town, count_lost, demand, open_session, start_clients
from bench import boot, database, quantile, report
from web import served

CLIENTS = 4


def memory_of(root):
    """Return the resident kilobytes of a process and all below it, by number, without files that
    are mapped (SQLite's grows with what it holds).
    """
    parents, sizes = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(told[1])
            own = re.search(r"RssAnon:\s+(\d+)", (folder / "status").read_text())
            sizes[int(folder.name)] = int(own[1]) if own else 0
        except OSError:
            continue

    def below(pid):
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    return {pid: sizes[pid] for pid in parents if below(pid)}


def slope(points):
    """Return the least-squares slope of (minutes, kilobytes)."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def work(office, until, seed):
    """Do one officer's round over and over: list, open, look, claim, comment, complete."""
    from django.db import connection as database_connection

    from qianshou.kernel.worklist.models import Task

    rng = Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", office.port, timeout=60)
    while time.perf_counter() < until:
        office.ask(connection, "GET", "/")
        matter = office.register(connection, rng)
        if matter is None:
            continue
        office.ask(connection, "GET", f"/m/{matter}/")
        task = Task.objects.filter(matter=matter, state=0).values_list("pk", flat=True).get()
        office.act(connection, matter, "claim", task=task)
        office.act(connection, matter, "comment", text="已电话联系来电人")
        office.act(connection, matter, "complete", task=task, **FORM)
    connection.close()
    database_connection.close()


def main() -> None:
    """Build, serve, load, count."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=2)
    arguments.add_argument("--short", action="store_true")
    asked = arguments.parse_args()
    seconds = 20 if asked.short else asked.minutes * 60
    boot()
    from django.db import connection

    from qianshou.kernel.clock import now
    from qianshou.kernel.ledger.replay import verify
    from qianshou.kernel.registry.models import Division

    with database():
        _player, town, _by, officer = build_town(now())
        session = open_session(officer, now())
        village = Division.objects.filter(parent=town).order_by("pk")[0].code
        vendor, name = connection.vendor, connection.settings_dict["NAME"]
        if vendor == "postgresql":
            url = os.environ["DATABASE_URL"]
            os.environ["DATABASE_URL"] = re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", url)
        serving = [sys.executable, "-m", "qianshou", "serve", "--workers", "2", "--with-worker"]
        sizes: dict[int, list[tuple[float, int]]] = {}
        with served(serving) as (port, server):
            office = Office(port, session, village)
            begin = time.perf_counter()
            clients = start_clients(CLIENTS, work, office, begin + seconds)
            while any(client.is_alive() for client in clients):
                for pid, kilobytes in memory_of(server.pid).items():
                    minutes = (time.perf_counter() - begin) / 60
                    sizes.setdefault(pid, []).append((minutes, kilobytes))
                time.sleep(min(5, seconds / 20))
            took = time.perf_counter() - begin
        late = {pid: points[len(points) // 2 :] for pid, points in sizes.items()}
        grown = {pid: slope(points) for pid, points in late.items() if len(points) > 3}
        lost, problems = count_lost(office.acknowledged), len(list(verify(at=now())))
        if vendor == "sqlite":
            connection.close()
    report(
        database=vendor,
        minutes=took / 60,
        acts=len(office.acknowledged),
        acts_per_s=len(office.acknowledged) / took,
        p50_ms=quantile(office.times, 0.5) * 1000,
        p99_ms=quantile(office.times, 0.99) * 1000,
        failed=office.failed,
        lost=lost,
        problems=problems,
        slope_kb_per_min=max(grown.values(), default=0.0),
        slopes=",".join(f"{value:.0f}" for value in grown.values()),
        largest_mb=max(size for points in sizes.values() for _, size in points) / 1024,
    )
    demand(office, len(office.acknowledged), lost, problems)
    if office.failed:
        raise SystemExit(f"{office.failed} requests failed")


if __name__ == "__main__":
    main()
