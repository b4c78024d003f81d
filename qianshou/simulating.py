"""`qianshou simulate`: parameters from a file and flags, what comes out as tables or JSON."""

import argparse
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.versions import current
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.simulations.fitting import fit_scenario
from qianshou.kernel.simulations.results import simulate_sides, warnings_of
from qianshou.kernel.simulations.running import make_side

RATES = {"h": "per_hour", "d": "per_day", "wd": "per_working_day"}
COUNTS = ("days", "warm_up_days", "runs", "seed")
Told = dict[str, Any]
POST_ROWS = ("load", "utilisation", "queue", "waited_mean", "waited_p50", "waited_p90", "left")
STEP_ROWS = ("done", "late", "waited_mean", "took_mean")
ALL_ROWS = (
    "arrived", "closed", "per_day", "open", "time_mean", "time_p50", "time_p90",
)  # fmt: skip
WORDS = {
    "load": ("负荷（工作量÷能力）", "load (work ÷ capacity)"),
    "utilisation": ("利用率", "utilisation"),
    "queue": ("平均排队件数", "mean queue"),
    "waited_mean": ("等待 平均（分）", "waited, mean (min)"),
    "waited_p50": ("等待 中位（分）", "waited, median (min)"),
    "waited_p90": ("等待 九成（分）", "waited, 90 % (min)"),
    "left": ("期末还在排队", "still waiting at the end"),
    "done": ("办结次数", "completed"),
    "late": ("超时占比", "share late"),
    "took_mean": ("用时 平均（分）", "took, mean (min)"),
    "arrived": ("来件", "arrived"),
    "closed": ("办结", "closed"),
    "per_day": ("每天办结", "closed a day"),
    "open": ("期末未结", "open at the end"),
    "time_mean": ("全程 平均（小时）", "time in all, mean (h)"),
    "time_p50": ("全程 中位（小时）", "time in all, median (h)"),
    "time_p90": ("全程 九成（小时）", "time in all, 90 % (h)"),
    "share": ("占比", "share"),
}


def run(
    arguments: argparse.Namespace, language: str, progress: Callable[[int, int], None] | None
) -> int:
    """Simulate and print; return 0. Raises Refusal cli.params for a file that cannot be read,
    cli.pairs for a flag that is no list of pairs, and simulate.* for what it says.
    """
    told = _told(arguments)
    sides = [(current(arguments.procedure)[1], told)]
    other = _other(arguments, told)
    if other is not None:
        sides.append((_version(arguments.procedure, arguments.against_version), other))
    fitted = fit_scenario(arguments.procedure, sides[0][0], by=CLOCK, at=now())
    found = simulate_sides(
        [make_side(fitted, digest, one) for digest, one in sides],
        work_calendar(),
        (lambda percent: progress(percent, 100)) if progress else None,
    )
    if arguments.json:
        print(json.dumps({"procedure": arguments.procedure, **found}, ensure_ascii=False))
    else:
        print("\n".join(table_lines(found, chinese=language.startswith("zh"))))
    return 0


def _told(arguments: argparse.Namespace) -> Told:
    told = read_file(arguments.params) if arguments.params else {}
    told.pop("procedure", None)
    if arguments.arrivals:
        number, _, unit = arguments.arrivals.partition("/")
        told["arrivals"] = {RATES.get(unit, "per_day"): number}
        if unit not in RATES:
            raise _refused(
                "arrivals", "cli.pairs", "请写成 12/d、3/h 或 20/wd", "write 12/d, 3/h or 20/wd"
            )
    for flag, key in (("staff", "staff"), ("service", "steps")):
        if getattr(arguments, flag):
            told[key] = {**told.get(key, {}), **read_pairs(flag, getattr(arguments, flag))}
    for name in COUNTS:
        if getattr(arguments, name) is not None:
            told[name] = getattr(arguments, name)
    return told


def _other(arguments: argparse.Namespace, told: Told) -> Told | None:
    """Return what the other side is told: all that the first is, but for what is said of it."""
    if not (arguments.against or arguments.against_staff or arguments.against_version):
        return None
    other = {**told, **(read_file(arguments.against) if arguments.against else {})}
    other.pop("procedure", None)
    if arguments.against_staff:
        pairs = read_pairs("against_staff", arguments.against_staff)
        other["staff"] = {**other.get("staff", {}), **pairs}
    return other


def _version(procedure: str, number: int | None) -> str:
    if number is None:
        return current(procedure)[1]
    found = Version.objects.filter(procedure=procedure, number=number).values_list("digest")
    if not found:
        raise _refused(
            "against_version", "cli.pairs", f"没有第 {number} 版", f"there is no version {number}"
        )
    return str(found[0][0])


def read_file(path: Path) -> Told:
    """Return the parameters of a TOML or JSON file; Refusal cli.params where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise Refusal(
            "cli.params",
            f"读不了参数文件 {path}：{error}",
            f"Cannot read {path}: {error}",
            "params",
        ) from None
    if not isinstance(found, dict):
        raise Refusal("cli.params", f"{path}：应是一张表", f"{path}: not a table", "params")
    return found


def read_pairs(flag: str, text: str) -> Told:
    """Return "a=1,b=2" as a table; Refusal cli.pairs for anything else."""
    pairs = [pair.partition("=") for pair in re.split(r"[,，]", text)]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise _refused(flag, "cli.pairs", "请写成 a=1,b=2", "write a=1,b=2")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _refused(flag: str, code: str, zh: str, en: str) -> Refusal:
    name = f"--{flag.replace('_', '-')}"
    return Refusal(code, f"{name}：{zh}", f"{name}: {en}", flag)


def table_lines(found: Mapping[str, Any], *, chinese: bool) -> list[str]:
    """Return what a simulation says as lines: for each side a value with its interval, then the
    difference.
    """
    sides, differences = found["sides"], found.get("differences", {})
    lines = []
    for number, side in enumerate(sides):
        mark = f"{'AB'[number]}: " if len(sides) > 1 else ""
        lines.append(f"{mark}{side['digest'][:12]} · {side['days']} d × {side['runs']}")
        lines += [f"{mark}! {zh if chinese else en}" for zh, en in warnings_of(side)]
    groups = (("all", ALL_ROWS), ("end", ("share",)), ("post", POST_ROWS), ("step", STEP_ROWS))
    for kind, rows in groups:
        names = dict.fromkeys(name for side in sides for name in side["estimates"].get(kind, {}))
        for name in names:
            lines += ["", name] if name else [""]
            for row in rows:
                told = [side["estimates"].get(kind, {}).get(name, {}).get(row) for side in sides]
                if not any(one and one[0] is not None for one in told):
                    continue
                difference = differences.get(kind, {}).get(name, {}).get(row)
                cells = [shown(one) for one in told] + ([shown(difference)] if differences else [])
                lines.append(f"  {WORDS[row][not chinese]:<24} " + " │ ".join(cells))
    return lines


def shown(values: list[float | None] | None) -> str:
    """Return a mean with its interval as text."""
    if not values or values[0] is None:
        return f"{'—':^30}"
    if values[1] is None or values[2] is None:
        return f"{values[0]:>10.3f}{'':20}"
    return f"{values[0]:>z10.3f} [{values[1]:z.3f}, {values[2]:z.3f}]".ljust(30)
