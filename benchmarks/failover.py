"""The PostgreSQL primary is killed under load and its standby promoted: nothing acknowledged is lost.

Makes two clusters of PostgreSQL in a temporary folder (as the user postgres, when started by
root), the second a synchronous standby of the first, and serves the product with both in
DATABASE_URL (target_session_attrs=read-write). Clients register, claim and complete; after a while
the primary and all its processes get SIGKILL and the standby is promoted, as Patroni would do. The
product is not restarted.

lost is how many acknowledged acts the ledger lacks (0), problems what `verify` finds (0),
promote_s how long promoting took, gap_s the longest time without a good answer, failed the requests
that failed meanwhile, after how many acts were acknowledged by the new primary (at least 1). It ends
with an error where one of these is not so.
"""

import argparse
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from acting import Office, build_town, count_lost, demand, open_session, start_clients
from bench import boot, report
from web import served

CLIENTS = 3


def free_port():
    """Return a port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Clusters:
    """A primary and its synchronous standby in one folder."""

    def __init__(self, folder):
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user, self.user)
        self.ports = free_port(), free_port()

    def run(self, *command):
        """Run one of PostgreSQL's programs as the clusters' owner."""
        subprocess.run(
            [str(self.bin / command[0]), *map(str, command[1:])],
            check=True, stdout=subprocess.DEVNULL, cwd="/", env={"LANG": "C.UTF-8"}, user=self.user, group=self.user,
        )  # fmt: skip

    def start(self, name, port, *settings):
        """Start a cluster and wait until it answers."""
        given = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1"]
        given += ["-c", f"unix_socket_directories={self.folder}"]
        for setting in settings:
            given += ["-c", setting]
        self.run(
            "pg_ctl", "start", "-w", "-D", self.folder / name, "-l", self.folder / f"{name}.text",
            "-o", " ".join(given),
        )  # fmt: skip

    def make(self):
        """Make both clusters; every commit waits for the standby."""
        first, second = self.ports
        self.run("initdb", "-D", self.folder / "one", "-U", "qianshou", "-A", "trust", "-E", "UTF8")
        self.start("one", first)
        self.run(
            "pg_basebackup", "-h", "127.0.0.1", "-p", first, "-U", "qianshou",
            "-D", self.folder / "two", "-R", "-C", "-S", "two",
        )  # fmt: skip
        self.run("createdb", "-h", "127.0.0.1", "-p", first, "-U", "qianshou", "qianshou")
        self.run("pg_ctl", "stop", "-w", "-D", self.folder / "one", "-m", "fast")
        self.start("one", first, "synchronous_standby_names=*")
        self.start("two", second)

    def kill_primary(self):
        """Send SIGKILL to the primary and all its processes."""
        pid = int((self.folder / "one/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            os.kill(one, signal.SIGKILL)

    def promote(self):
        """Promote the standby; returns how long that took."""
        begin = time.perf_counter()
        self.run("pg_ctl", "promote", "-w", "-D", self.folder / "two")
        return time.perf_counter() - begin

    def stop(self):
        """Stop what still runs."""
        for name in ("one", "two"):
            if (self.folder / name / "postmaster.pid").exists():
                subprocess.run(
                    [self.bin / "pg_ctl", "stop", "-D", self.folder / name, "-m", "immediate"],
                    check=False, capture_output=True, cwd="/", user=self.user, group=self.user,
                )  # fmt: skip


def work(office, until, seed):
    """Register calls and comment on them until the time is over, whatever fails."""
    rng = Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", office.port, timeout=30)
    while time.perf_counter() < until:
        matter = office.register(connection, rng)
        if matter is None:
            time.sleep(0.2)
            continue
        office.act(connection, matter, "comment", text="已电话联系来电人")
    connection.close()


def main() -> None:
    """Make the clusters, serve, load, kill, promote, count."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=12, help="before and after each")
    arguments.add_argument("--short", action="store_true")
    seconds = 6 if (asked := arguments.parse_args()).short else asked.seconds
    if not os.environ.get("DATABASE_URL"):
        report(left_out="on SQLite there is nothing to fail over to; set DATABASE_URL")
        return
    folder = Path(tempfile.mkdtemp(prefix="qianshou-failover-"))
    folder.chmod(0o755)
    clusters = Clusters(folder)
    try:
        clusters.make()
        first, second = clusters.ports
        os.environ["DATABASE_URL"] = (
            f"postgresql://qianshou@/qianshou?host=127.0.0.1,127.0.0.1&port={first},{second}"
            "&target_session_attrs=read-write&connect_timeout=3"
        )
        boot()
        from django.core.management import call_command
        from django.db import connection

        from qianshou.kernel.clock import now
        from qianshou.kernel.ledger.replay import verify
        from qianshou.kernel.registry.models import Division

        call_command("migrate", verbosity=0)
        _player, town, _by, officer = build_town(now())
        session = open_session(officer, now())
        village = Division.objects.filter(parent=town).order_by("pk")[0].code
        connection.close()
        serving = [sys.executable, "-m", "qianshou", "serve", "--workers", "2", "--with-worker"]
        with served(serving) as (port, server):
            office = Office(port, session, village)
            begin = time.perf_counter()
            clients = start_clients(CLIENTS, work, office, begin + 2 * seconds)
            time.sleep(seconds)
            before = len(office.acknowledged)
            clusters.kill_primary()
            promote = clusters.promote()
            for client in clients:
                client.join()
            alive = server.poll() is None
        lost, problems = count_lost(office.acknowledged), len(list(verify(at=now())))
        connection.close()
    finally:
        clusters.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report(
        acts=len(office.acknowledged),
        after=len(office.acknowledged) - before,
        failed=office.failed,
        lost=lost,
        problems=problems,
        promote_s=promote,
        gap_s=office.longest_gap,
        restarted=int(not alive),
    )
    demand(office, len(office.acknowledged) - before, lost, problems)
    if not alive:
        raise SystemExit("the product ended")


if __name__ == "__main__":
    main()
