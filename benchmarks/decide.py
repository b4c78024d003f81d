"""Decision tables: decisions a second against SpiffWorkflow's DMN engine on the same tables.

Both read the same rules (a band of amounts and a text give a level; 10, 50 and 200 rules, UNIQUE)
from DMN XML and decide the same facts, one that hits each rule and one that hits none. The cells
say the same in each one's language: FEEL here, Python there. Every outcome is compared. ratio is
the median over the tables of our decisions a second by SpiffWorkflow's (at least 5). `--full`
decides ten times as often.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from bench import report, seconds_of

SIZES = (10, 50, 200)
SPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def write_table(rules: int, band: str) -> bytes:
    """Return a table whose bands are written like `band`, as [{}..{}]."""

    def cell(name: str, key: str, text: str) -> str:
        escaped = text.replace("<", "&lt;")
        return f'<{name} id="{key}"><text>{escaped}</text></{name}>'

    rows = "".join(
        f'<rule id="r{place}">'
        + cell("inputEntry", f"a{place}", band.format(place // 2 * 100, place // 2 * 100 + 99))
        + cell("inputEntry", f"w{place}", '"town"' if place % 2 else '"village"')
        + cell("outputEntry", f"o{place}", f'"level {place}"')
        + "</rule>"
        for place in range(rules)
    )
    columns = "".join(
        f'<input id="{name}" label="{name}">'
        f'<inputExpression id="e_{name}"><text>{name}</text></inputExpression></input>'
        for name in ("amount", "place")
    )
    return (
        f'<definitions xmlns="{SPACE}" id="d" name="d" namespace="n">'
        '<decision id="level" name="level"><decisionTable id="t" hitPolicy="UNIQUE">'
        f'{columns}<output id="o" label="level" name="level"/>{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def questions(rules: int) -> list[dict[str, Any]]:
    """Return facts that hit each rule once, and facts that hit none."""
    hits = [
        {"amount": place // 2 * 100 + 50, "place": "town" if place % 2 else "village"}
        for place in range(rules)
    ]
    return [*hits, {"amount": 10**6, "place": "town"}]


def open_spiff(raw: bytes) -> Any:
    """Return a function that decides by SpiffWorkflow."""
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
    from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

    parser = DMNParser(None, etree.fromstring(raw), {"dmn": SPACE})
    parser.parse()
    engine = DMNEngine(parser.decision.decisionTables[0])
    running = SimpleNamespace(script_engine=PythonScriptEngine())
    return lambda facts: engine.result(SimpleNamespace(workflow=running, data=facts)).get("level")


def measure(decide: Callable[[dict[str, Any]], Any], asked: list[dict[str, Any]]) -> float:
    """Return the seconds that it takes to decide over all facts, the best of three."""

    def run() -> None:
        for facts in asked:
            decide(facts)

    return min(seconds_of(run) for _ in range(3))


def main() -> None:
    """Decide with both, compare every outcome, and report."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    rounds = 10 if arguments.parse_args().full else 1
    from qianshou.kernel.procedures.dmn import load_dmn

    figures: dict[str, int] = {}
    ratios, differing = [], 0
    for size in SIZES:
        asked = questions(size)
        model = load_dmn(write_table(size, "[{}..{}]"), "level.dmn")
        spiff = open_spiff(write_table(size, "{} <= ? <= {}"))
        differing += sum(model.decide("level", facts) != spiff(facts) for facts in asked)

        ours = measure(partial(model.decide, "level"), asked * rounds)
        theirs = measure(spiff, asked * rounds)
        ratios.append(theirs / ours)
        figures[f"ours_{size}_per_s"] = round(len(asked) * rounds / ours)
        figures[f"spiff_{size}_per_s"] = round(len(asked) * rounds / theirs)
    report(**figures, differing=differing, ratio=median(ratios))


if __name__ == "__main__":
    main()
