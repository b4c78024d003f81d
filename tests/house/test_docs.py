"""The guide names every command, every setting and every refusal, and nothing that is gone."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qianshou.cli import build_parser
from tests.house.messages import refusals

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "docs/guide/commands.md"
SETTINGS = ROOT / "docs/guide/settings.md"
VARIABLE = re.compile(r"\b(QIANSHOU_[A-Z_]+|DATABASE_URL(?:_FILE)?)\b")


def commands_of(parser: argparse.ArgumentParser, path: str = "qianshou") -> Iterator[str]:
    """Yield "qianshou serve", "qianshou users list" and so on, with the options of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield f"{path} {name}"
                yield from commands_of(below, f"{path} {name}")
        else:
            yield from (option for option in action.option_strings if option.startswith("--"))


def variables_read() -> set[str]:
    """Return every environment variable that the product's code names."""
    found: set[str] = set()
    for path in ROOT.glob("qianshou/**/*.py"):
        if "tests" not in path.parts:
            found |= set(VARIABLE.findall(path.read_text(encoding="utf-8")))
    settings = (ROOT / "qianshou/settings.py").read_text(encoding="utf-8")
    secrets = re.findall(r'read_secret\("(\w+)"\)', settings)
    given = {f"QIANSHOU_{name.upper()}" for name in secrets}
    given |= set(re.findall(r'given_secret\("(\w+)"\)', settings))
    found |= given | {f"{name}_FILE" for name in given}
    return {name for name in found if not name.endswith("_")}


def test_every_command_and_option_is_in_the_guide() -> None:
    page = COMMANDS.read_text(encoding="utf-8")
    missing = [name for name in commands_of(build_parser()) if name not in page]
    assert [name for name in missing if name != "--help"] == []


def test_every_setting_is_in_the_guide_and_the_guide_names_no_other() -> None:
    documented = set(VARIABLE.findall(SETTINGS.read_text(encoding="utf-8")))
    assert documented == variables_read()


def test_every_refusal_is_in_the_guide() -> None:
    page = (ROOT / "docs/guide/refusals.md").read_text(encoding="utf-8")
    assert [code for code in refusals() if f"`{code}`" not in page] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/adr/*.md")), ids=lambda path: path.stem)
def test_a_decision_fits_a_page_and_has_its_three_parts(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    for part in ("## Context", "## Decision", "## Consequences"):
        assert part in lines


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_link_between_our_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ours = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))]
    assert [link for link in ours if not (page.parent / link).exists()] == []
