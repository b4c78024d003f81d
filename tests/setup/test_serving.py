"""The server is started only where it can listen, and its children end with it."""

import signal
import socket
import sys
from collections.abc import Iterator

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


def test_a_server_that_ended_is_not_waited_for() -> None:
    ended = serving.start([sys.executable, "-c", ""])
    ended.wait()
    assert serving.wait_until_it_answers("127.0.0.1", 9, ended) is False
