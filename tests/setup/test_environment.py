"""The scripts make their own environment once, and say what a machine lacks."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL = "/bin/sh"


def run_shell(words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELL, "-c", f". {ROOT}/deploy/environment.sh; {words}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a folder whose environment was made from its lock."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    lock = tmp_path / "requirements.lock"
    lock.write_text("django==5.2\n")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    (tmp_path / ".venv/locks").write_text(f"{digest}\n")
    return tmp_path


@pytest.mark.parametrize(("lang", "told"), [("zh_CN.UTF-8", "需要 Python"), ("C", "is needed")])
def test_a_machine_without_python_is_told_how_to_get_it(
    lang: str, told: str, tmp_path: Path
) -> None:
    done = run_shell("find_python", tmp_path, PATH="/nonexistent", LANG=lang)
    assert done.returncode == 1
    assert told in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_second_start_installs_nothing(made: Path) -> None:
    done = run_shell("make_environment requirements.lock", made, PATH=os.environ["PATH"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_changed_lock_is_installed_again(made: Path) -> None:
    (made / "requirements.lock").write_text("django==5.3\n")
    words = 'install_locked() { echo "installing $2"; }; make_environment requirements.lock'
    done = run_shell(words, made, PATH=os.environ["PATH"])
    assert "installing requirements.lock" in done.stdout
    again = run_shell(words, made, PATH=os.environ["PATH"])
    assert again.stdout == ""


def test_a_broken_environment_is_made_anew(made: Path) -> None:
    (made / ".venv/bin/python").unlink()
    words = (
        "install_locked() { mkdir -p .venv; echo installing; }; make_environment requirements.lock"
    )
    done = run_shell(words, made, PATH=os.environ["PATH"])
    assert "installing" in done.stdout


def test_a_failed_install_says_so_and_leaves_no_stamp(made: Path) -> None:
    (made / "requirements.lock").write_text("django==5.3\n")
    words = "install_locked() { return 1; }; make_environment requirements.lock"
    done = run_shell(words, made, PATH=os.environ["PATH"], LANG="C")
    assert done.returncode == 1
    assert "Installing failed" in done.stderr
    assert hashlib.sha256(b"django==5.3\n").hexdigest() not in (made / ".venv/locks").read_text()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_digests_and_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash to read the script")
@pytest.mark.parametrize("script", ["run", "test", "check", "messages", ".ci/run"])
def test_every_script_can_be_read_and_run(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
