"""Requests a second of the list page and of completing a task, under the production server.

Peer: FastAPI with SQLAlchemy and Jinja2 (benchmarks/peer), under granian with as many workers:
the same rows (copied by SQL), a list page of the same 50 rows, filters, counts and texts in two
languages, behind circles, and the same completion in one transaction (session that has not ended,
seats held today, sight of the matter, form, task, next task, matter, call, chained entry).
Eight clients with connections kept alive; the two servers are asked in turns in one run.

list_ratio (at least 0.8) and complete_ratio (at least 0.7) are ours over the peer's; list_spread
and complete_spread are p99 over p50 of ours (at most 4). SQLite, or PostgreSQL (DATABASE_URL).
"""

import argparse
import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from acting import FORM, build_town, open_session
from bench import boot, database, quantile, report

CLIENTS = 8
WORKERS = 2
WARM = 3  # seconds; a worker compiles every procedure when it first lists tasks
ROUNDS = 4
LEFT = 60  # rows of the list that nobody completes


def fill(count):
    """Open calls in one town and return its officer, their session and the open tasks."""
    from qianshou.demo.planner import tell_planner
    from qianshou.kernel import door
    from qianshou.kernel.access import CLOCK
    from qianshou.kernel.clock import now
    from qianshou.kernel.door import acts
    from qianshou.kernel.worklist.models import Task

    at = now()
    player, town, by, officer = build_town(at)
    for start in range(0, count, 500):
        door.open_many(
            [
                acts.Open("police.gate", player.call(town)[2], "report", via="portal")
                for _ in range(min(500, count - start))
            ],
            by=CLOCK,
            at=at - timedelta(minutes=1),
        )
    tell_planner()
    tasks = Task.objects.filter(state=0, node="triage", organisation__in=by.organisations)
    named = tasks.order_by("-due_at", "-id").values_list("id", "matter_id")
    return officer.pk, open_session(officer, at), list(named)[:-LEFT]


@contextmanager
def served(command):
    """Hold a server at a free port of this machine, answering; yields the port and the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([*command, "--port", str(port)], start_new_session=True)
    try:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/login/")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield port, server
    finally:
        server.terminate()
        server.wait(20)


def load(port, seconds, cookie, next_request):
    """Let the clients ask for some seconds; returns how many answers a second, and their times.

    `next_request` returns method, path and body, or None when there is nothing left.
    """
    times, wrong = [], []
    until = time.perf_counter() + seconds

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() < until and (wanted := next_request()) is not None:
            method, path, body, status = wanted
            headers = {"Cookie": cookie, "Accept-Language": "zh-CN"}
            if body:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            begin = time.perf_counter()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            told = answer.read()
            times.append(time.perf_counter() - begin)
            if answer.status != status or (body == "" and told.count(b'<tr class="it">') != 50):
                wrong.append((answer.status, path, told[:2000].decode()))
        connection.close()

    begin = time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{len(wrong)} wrong answers, the first: {wrong[0]}")
    return len(times) / (time.perf_counter() - begin), times


def measure(commands, session, tasks, seconds):
    """Return, for each server, list pages and completions a second, with the times of each.

    Both are up all the time and asked in turns, so that what else the machine does hits both.
    """
    token = secrets.token_hex(16)
    cookie = f"sessionid={session}; csrftoken={token}"
    page = ("GET", "/", "", 200)
    lock = threading.Lock()

    def completing():
        left = iter(tasks)

        def one():
            with lock:
                task = next(left, None)
            if task is None:
                return None
            told = {**FORM, "task": task[0], "csrfmiddlewaretoken": token, "back": "list"}
            return "POST", f"/m/{task[1]}/complete/", urlencode(told), 302

        return one

    rates = [[0.0, 0.0] for _ in commands]
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in commands]
    with ExitStack() as up:
        ports = [up.enter_context(served(command))[0] for command in commands]
        acts = [completing() for _ in commands]
        for port, act in zip(ports, acts, strict=True):
            load(port, WARM, cookie, lambda: page)
            load(port, 1, cookie, act)
        for _ in range(ROUNDS):
            for place, (port, act) in enumerate(zip(ports, acts, strict=True)):
                for kind, asked in enumerate((lambda: page, act)):
                    rate, took = load(port, seconds / ROUNDS, cookie, asked)
                    rates[place][kind] += rate / ROUNDS
                    times[place][kind].extend(took)
    return [list(zip(*one, strict=True)) for one in zip(rates, times, strict=True)]


def main() -> None:
    """Fill, copy, serve both, print the line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=6)
    arguments.add_argument("--tasks", type=int, default=3000)
    asked = arguments.parse_args()
    boot()
    from django.db import connection

    with database():
        officer, session, tasks = fill(asked.tasks)
        name = connection.settings_dict["NAME"]
        if connection.vendor == "postgresql":
            os.environ["DATABASE_URL"] = re.sub(
                r"/[^/?]*(\?|$)", rf"/{name}\1", os.environ["DATABASE_URL"]
            )
        from peer.copying import copy_rows

        copy_rows(officer)
        connection.close()
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
        )
        peer = [
            *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"),
            *("--workers", str(WORKERS), "--log-level", "warning", "--no-ws", "peer.app:app"),
        ]
        ours = [sys.executable, "-m", "qianshou", "serve", "--workers", str(WORKERS)]
        theirs, mine = measure([peer, ours], session, tasks, asked.seconds)
    figures: dict[str, float] = {}
    for place, name in enumerate(("list", "complete")):
        rate, times = mine[place]
        figures |= {
            f"{name}_per_s": rate,
            f"{name}_p50_ms": quantile(times, 0.5) * 1000,
            f"{name}_p99_ms": quantile(times, 0.99) * 1000,
            f"{name}_spread": quantile(times, 0.99) / quantile(times, 0.5),
            f"peer_{name}_per_s": theirs[place][0],
            f"{name}_ratio": rate / theirs[place][0],
        }
    report(database=connection.vendor, **figures)


if __name__ == "__main__":
    main()
