"""The product as a newcomer starts it: filled once, ready in seconds the second time."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
READY_SECONDS = 20  # a sixth of it on a machine that does nothing else


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with a data folder that the demonstration has filled."""
    given = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    given |= {"QIANSHOU_VAR": str(tmp_path_factory.mktemp("var")), "LANG": "zh_CN.UTF-8"}
    subprocess.run(command("demo", "--if-empty"), cwd=ROOT, env=given, check=True, timeout=300)
    return given


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "qianshou", *words]


def test_a_second_start_is_ready_in_seconds_and_ctrl_c_stops_both(
    environment: dict[str, str],
) -> None:
    port = free_port()
    begun = time.monotonic()
    subprocess.run(command("demo", "--if-empty"), cwd=ROOT, env=environment, check=True)
    with subprocess.Popen(
        command("serve", "--with-worker", "--port", str(port)),
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c,
    ) as served:  # fmt: skip
        try:
            assert served.stdout is not None
            line = served.stdout.readline()
            taken = time.monotonic() - begun
            assert f"http://127.0.0.1:{port}/" in line
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                assert answer.status == 200
            children = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(served.pid)],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            served.send_signal(signal.SIGINT)
            assert served.wait(timeout=30) == 0
        finally:
            served.terminate()
    assert len(children) == 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert taken < READY_SECONDS


def hear_ctrl_c() -> None:
    """Undo what a shell does to what it starts in the background: that is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_the_demonstration_district_verifies(environment: dict[str, str]) -> None:
    done = subprocess.run(
        command("verify"), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "全部一致" in done.stdout


def test_the_doctor_misses_nothing_needed(environment: dict[str, str]) -> None:
    done = subprocess.run(
        command("doctor"), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert "数据库结构为最新" in done.stdout
    assert "✗" not in done.stdout.replace("✗ 依赖与锁文件一致", ""), done.stdout
