"""Runs the production server, and the worker beside it, as children of one process.

On SIGHUP, but from a terminal that closes, the processes that answer are replaced one by one, each
new one before its old one is asked to finish what it has begun, and the worker is started again.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from qianshou.kernel.refusal import Refusal

Say = Callable[[str, str], None]
WORKER = [sys.executable, "-m", "qianshou", "worker"]
PATIENCE_SECONDS = 60
RENEW_SECONDS = 3.0  # how long a new process has to come up before its old one is asked to end
GRACE_SECONDS = 5


def serve(
    *, host: str, port: int, workers: int, with_worker: bool, say: Say, at: Path | None = None
) -> int:
    """Serve the pages at `host`:`port`, or at the socket `at`, until interrupted; return the first
    child's exit code.

    Refuses with serve.port_taken when something else listens there.
    """
    from qianshou.settings import STATIC_ROOT

    if at is None:
        refuse_taken_port(host, port)
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    count_together()
    signal.signal(signal.SIGTERM, interrupt)
    renewed = threading.Event()
    at_terminal = sys.stdin is not None and sys.stdin.isatty()  # SIGHUP there: it was closed
    signal.signal(signal.SIGHUP, interrupt if at_terminal else lambda *_: renewed.set())
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(start(granian_command(host, port, workers, at)))
        if not wait_until_it_answers(host, port, children[0], at):
            say(
                "服务没有启动成功，原因见上面的输出。",
                "The server did not start; see above for why.",
            )
            return 1
        greet(host, port, say)
        if with_worker:  # only now, so that it does not delay the first page
            children.append(start(WORKER))
        return wait_for_the_first(children, renewed)
    except KeyboardInterrupt:
        say("正在停止……", "Stopping ...")
        return 0
    finally:
        stop(children)


def count_together() -> None:
    """Let the processes to come keep their counters in one folder, without those of the dead."""
    from qianshou.settings import VAR

    folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR / "metrics")))
    folder.mkdir(parents=True, exist_ok=True)
    for kept in folder.glob("*.db"):
        pid = kept.stem.rpartition("_")[2]
        if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            kept.unlink(missing_ok=True)


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches it once, through `stop`."""
    return subprocess.Popen(command, start_new_session=True)


def granian_command(host: str, port: int, workers: int, at: Path | None = None) -> list[str]:
    """Return the command that serves: WSGI, one thread a process, as many processes as cores."""
    where = ["--host", host, "--port", str(port)] if at is None else ["--uds", str(at)]
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *(*where, "--workers", str(workers), "--respawn-interval", str(RENEW_SECONDS)),
        *("--blocking-threads", "1", "--log-level", "warning", "--no-ws"),
        "qianshou.wsgi:application",
    ]


def refuse_taken_port(host: str, port: int) -> None:
    """Refuse with serve.port_taken when the port cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refusal(
                "serve.port_taken",
                f"端口 {port} 用不了（{error.strerror}）。换一个端口：QIANSHOU_PORT={port + 1} ./run",
                f"Port {port} cannot be used ({error.strerror}). "
                f"Choose another: QIANSHOU_PORT={port + 1} ./run",
                field="port",
            ) from None


def wait_until_it_answers(
    host: str, port: int, server: subprocess.Popen[bytes], at: Path | None = None
) -> bool:
    """Return whether the server answered without an error before it ended or patience did."""
    address = ("127.0.0.1" if host == "0.0.0.0" else host, port)  # noqa: S104 comparison only
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with connect(address, at) as asked:
                asked.sendall(b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n")
                if re.match(rb"HTTP/1\.[01] [234]", asked.recv(64)):
                    return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def connect(address: tuple[str, int], at: Path | None) -> socket.socket:
    """Return a connection to an address, or to a socket in the file system."""
    if at is None:
        return socket.create_connection(address, timeout=10)
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(10)
    try:
        made.connect(str(at))
    except OSError:
        made.close()
        raise
    return made


def greet(host: str, port: int, say: Say) -> None:
    """Print the address, and the demonstration accounts when the demonstration is loaded."""
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 comparison only
    say(
        f"千手已启动：http://{shown}:{port}/  （按 Ctrl-C 停止）",
        f"Qianshou is ready: http://{shown}:{port}/  (Ctrl-C stops it)",
    )
    kept = demonstration_note()
    if kept:
        print(kept, flush=True)


def demonstration_note() -> str:
    """Return the text about the demonstration accounts that `demo` left under var/, or nothing."""
    from qianshou.settings import VAR

    note = VAR / "demo.txt"
    return note.read_text(encoding="utf-8").rstrip() if note.exists() else ""


def wait_for_the_first(
    children: list[subprocess.Popen[bytes]], renewed: threading.Event | None = None
) -> int:
    """Wait until any child ends and return its exit code; when `renewed` is set, renew them all."""
    while True:
        if renewed is not None and renewed.is_set():
            renewed.clear()
            renew(children)
        for child in children:
            code = child.poll()
            if code is not None:
                return code
        time.sleep(0.2)


def renew(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask the server to replace its processes one by one, and put new workers for the old."""
    children[0].send_signal(signal.SIGHUP)
    for place in range(1, len(children)):
        stop_one(children[place])
        children[place] = start(WORKER)


def stop_one(child: subprocess.Popen[bytes]) -> None:
    """Ask one child to end, and end it if it does not."""
    child.terminate()
    try:
        child.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask every child to end, and end those that do not; a second Ctrl-C changes nothing."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Treat a request to end like Ctrl-C."""
    raise KeyboardInterrupt
