"""The examples of deploy/ are read as those who use them read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from qianshou.cli import build_parser
from qianshou.kernel.clock import CHINA, now

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
GUIDE = (ROOT / "docs/guide/operation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.name)
def test_a_file_of_yaml_can_be_read(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\bQIANSHOU_[A-Z_]+", text))


def test_examples_name_only_settings_that_there_are() -> None:
    known = settings_in((ROOT / "docs/guide/settings.md").read_text(encoding="utf-8"))
    named = {"QIANSHOU_CERTIFICATES"}  # a folder that compose hands to the proxy
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            named |= settings_in(path.read_text(encoding="utf-8"))
    assert named - {"QIANSHOU_CERTIFICATES"} <= known


@pytest.mark.parametrize("name", ["compose/compose.yaml", "systemd/environment.example"])
def test_whoever_names_hosts_names_the_address_of_links(name: str) -> None:
    assert {"QIANSHOU_HOSTS", "QIANSHOU_ADDRESS"} <= settings_in((DEPLOY / name).read_text())


def test_whoever_sets_containers_up_can_hand_in_all_that_they_take() -> None:
    taken = re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose/compose.yaml").read_text())
    given = re.findall(r"^([A-Z_]+)=", (DEPLOY / "compose/.env.example").read_text(), re.MULTILINE)
    assert set(taken) == set(given)
    assert {"QIANSHOU_MAIL", "QIANSHOU_OUTBOUND_HOSTS", "QIANSHOU_CLAMAV"} < set(taken)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    command = re.search(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
    assert command is not None
    program, *rest = command[1].split()
    if rest[:2] == ["-m", "qianshou"]:
        assert build_parser().parse_args(rest[2:]).run
    else:
        assert (ROOT / Path(program).relative_to("/opt/qianshou")).stat().st_mode & 0o100
    assert unit.name.removesuffix(".service") in GUIDE


@pytest.mark.parametrize("service", ["app", "worker", "backup"])
def test_a_container_is_shut_in_and_starts_a_command_that_there_is(service: str) -> None:
    told = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8"))
    container = told["services"][service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    if "entrypoint" in container:
        program = ROOT / Path(container["entrypoint"][0]).relative_to("/opt/qianshou")
        assert program.stat().st_mode & 0o100
    else:
        assert build_parser().parse_args(container["command"]).run
    assert re.search(r"^USER 10001", (DEPLOY / "compose/Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_units_are_as_systemd_wants_them(tmp_path: Path) -> None:
    for unit in [*UNITS, *(DEPLOY / "systemd").glob("*.timer")]:
        text = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
        (tmp_path / unit.name).write_text(text)
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in told.stderr.splitlines() if "qianshou" in line]
    assert ours == []


def test_every_alarm_asks_for_a_figure_that_there_is() -> None:
    rules = (DEPLOY / "prometheus/rules.yaml").read_text()
    for figure in set(re.findall(r"qianshou_[a-z_]+", rules)):
        assert re.sub("_bucket$", "", figure) in GUIDE


BACKUP = """#!/bin/sh
mkdir "$4" && echo copied >"$4/manifest.json" && exit "$(cat breaks)"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a house with the script of the nightly copy, and a `qianshou backup` that can break."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(DEPLOY / "backup.sh", tmp_path / "deploy")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text(BACKUP)
    (tmp_path / ".venv/bin/python").chmod(0o755)
    (tmp_path / "copies").mkdir()
    return tmp_path


def copy(machine: Path, code: int = 0, keep: str = "14") -> int:
    """Run the nightly copy while `qianshou backup` ends with a code; return the script's own."""
    (machine / "breaks").write_text(str(code))
    command = [machine / "deploy/backup.sh", machine / "copies"]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", "KEEP": keep}, check=False)
    return done.returncode


def copies(machine: Path) -> list[str]:
    return sorted(path.name for path in (machine / "copies").iterdir())


def test_a_copy_of_the_day_hinders_no_second_one(machine: Path) -> None:
    (machine / "copies" / f"{now().astimezone(CHINA):%Y-%m-%d}").mkdir()
    assert copy(machine) == 0
    (whole,) = [name for name in copies(machine) if len(name) == len("2026-11-25-023000")]
    assert (machine / "copies" / whole / "manifest.json").exists()


def test_a_copy_that_broke_off_bears_no_whole_ones_name_and_goes_next_time(machine: Path) -> None:
    assert copy(machine, code=2) == 2
    (broken,) = copies(machine)
    assert broken.endswith(".part")
    assert copy(machine) == 0
    (whole,) = copies(machine)
    assert not whole.endswith(".part")


def test_only_the_newest_copies_are_kept_and_nothing_else_is_touched(machine: Path) -> None:
    before = [f"2026-11-{day:02}-023000" for day in range(1, 5)]
    for name in [*before, "of the district"]:
        (machine / "copies" / name).mkdir()
    assert copy(machine, keep="3") == 0
    kept = copies(machine)
    assert len(kept) == 4
    assert {"2026-11-04-023000", "of the district"} < set(kept)
    assert not {"2026-11-01-023000", "2026-11-02-023000"} & set(kept)


def test_patroni_speaks_tls_where_it_demands_it_and_lets_its_own_accounts_in() -> None:
    told = yaml.safe_load((DEPLOY / "patroni/patroni.yaml").read_text(encoding="utf-8"))
    rules = [line.split() for line in told["postgresql"]["pg_hba"]]
    assert {rule[0] for rule in rules} == {"hostssl"}
    assert told["postgresql"]["parameters"]["ssl"] == "on"
    accounts = {one["username"] for one in told["postgresql"]["authentication"].values()}
    assert accounts <= {rule[2] for rule in rules}
    assert told["bootstrap"]["dcs"]["synchronous_mode_strict"] is True
