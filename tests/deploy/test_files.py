"""The examples of deploy/ are read as those who use them read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from qianshou.cli import build_parser

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


@pytest.mark.parametrize("service", ["app", "worker"])
def test_a_container_is_shut_in_and_starts_a_command_that_there_is(service: str) -> None:
    told = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8"))
    container = told["services"][service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
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
