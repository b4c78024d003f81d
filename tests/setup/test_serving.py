"""The server is started only where it can listen, and its children end with it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qianshou import serving
from qianshou.kernel.refusal import Refusal


def test_a_taken_port_is_refused_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal) as refused:
            serving.refuse_taken_port("127.0.0.1", port)
    assert refused.value.code == "serve.port_taken"
    assert f"QIANSHOU_PORT={port + 1}" in refused.value.zh
    assert f"QIANSHOU_PORT={port + 1}" in refused.value.en


def test_a_free_port_is_not_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving.refuse_taken_port("127.0.0.1", port)


@pytest.fixture
def signals() -> Iterator[None]:
    """Give the test's own process its signals back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, action in kept.items():
        signal.signal(number, action)


@pytest.mark.usefixtures("signals")
def test_when_one_child_ends_the_others_are_asked_to_end() -> None:
    short = serving.start([sys.executable, "-c", "raise SystemExit(3)"])
    long = serving.start([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert serving.wait_for_the_first([short, long]) == 3
    finally:
        serving.stop([short, long])
    assert long.poll() is not None


def test_figures_of_the_dead_are_swept_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = serving.start([sys.executable, "-c", ""])
    dead.wait()
    kept = tmp_path / f"counter_{os.getpid()}.db"
    for path in (kept, tmp_path / f"counter_{dead.pid}.db"):
        path.touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    serving.count_together()
    assert list(tmp_path.iterdir()) == [kept]


def test_a_command_that_counts_makes_the_folder_of_figures(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "metrics"
    surroundings = {**os.environ, "QIANSHOU_VAR": str(tmp_path), "DATABASE_URL": ""}
    surroundings["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    counting = (
        "import qianshou.settings; from prometheus_client import Counter; Counter('a', 'a').inc()"
    )
    assert (
        subprocess.run([sys.executable, "-c", counting], env=surroundings, check=False).returncode
        == 0
    )
    assert list(folder.glob("counter_*.db"))


def ask(at: Path, page: str) -> int:
    """Ask the server at a socket for a page, on a connection of its own; return the state."""
    with serving.connect(("", 0), at) as asked:
        asked.sendall(
            f"GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        told = b""
        while part := asked.recv(65536):
            told += part
    return int(told.split()[1])


@pytest.mark.slow
def test_no_request_fails_while_the_server_is_renewed(tmp_path: Path) -> None:
    at = tmp_path / "qianshou.sock"
    surroundings = {**os.environ, "QIANSHOU_VAR": str(tmp_path), "DATABASE_URL": ""}
    surroundings.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = [sys.executable, "-m", "qianshou", "serve", "--workers", "1", "--socket", str(at)]
    server = subprocess.Popen(
        command, env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        server.stdout.readline()
        first, states = pids_of(server.pid), list[int]()
        assert first
        server.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while (pids_of(server.pid) & first) and time.monotonic() < until:
            states += [ask(at, page) for page in ("/health/live", "/")]
        renewed = pids_of(server.pid)
        assert renewed
        assert not renewed & first
        assert ask(at, "/health/live") == 200
        assert set(states) == {200, 302}
        assert len(states) > 10
    finally:
        server.terminate()
        assert server.wait(20) == 0
        server.stdout.close()


def pids_of(serve: int) -> set[int]:
    """Return the numbers of the processes that answer requests for a running `serve`."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = (folder / "stat").read_text().rpartition(")")[2].split()
            if told[0] != "Z":
                parents.setdefault(int(told[1]), []).append(int(folder.name))
    (granian,) = parents.get(serve, [0])
    return set(parents.get(granian, []))


def test_a_server_that_ended_is_not_waited_for() -> None:
    ended = serving.start([sys.executable, "-c", ""])
    ended.wait()
    assert serving.wait_until_it_answers("127.0.0.1", 9, ended) is False
