"""Carries a cross-check of two lists out: compare them, write the decisions and a report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.synthetic import SYNTHETIC
from qianshou.packs.commission.care.crosscheck import FIELDS, Outcome
from qianshou.packs.commission.care.crosscheck.comparing import compare
from qianshou.packs.commission.care.lists.columns import is_synthetic
from qianshou.packs.commission.care.lists.reading import ChildList
from qianshou.packs.commission.care.lists.report import write_report

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Checked:
    """A cross-check that was carried out: both lists, the outcome, the files written."""

    roster: ChildList
    pupils: ChildList
    outcome: Outcome
    digest: str
    synthetic: bool
    files: tuple[Path, ...]


def check_lists(
    roster: ChildList, pupils: ChildList, out: Path, engine: str, progress: Progress | None = None
) -> Checked:
    """Compare both lists and write decisions.csv, duplicates.csv and report.html into `out`.

    Refuses lists.out (the folder cannot be made or written) and what comparing refuses.
    """
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        outcome = compare(roster.table, pupils.table, engine=engine, progress=progress)
    except Refusal:
        if is_new:
            out.rmdir()
        raise
    digest = outcome.digest()
    synthetic = is_synthetic(roster.table, pupils.table)
    try:
        files = write_files(out, roster, pupils, outcome, digest, synthetic)
    except OSError as error:
        raise unwritable(out, error) from error
    return Checked(roster, pupils, outcome, digest, synthetic, files)


def unwritable(out: Path, error: OSError) -> Refusal:
    """Return the refusal of a folder that takes no files."""
    return Refusal(
        "lists.out",
        f"写不进目录 {out}（{error.strerror}）；请换一个目录",
        f"The folder {out} cannot be written ({error.strerror}); choose another",
        "--out",
    )


def write_files(
    out: Path,
    roster: ChildList,
    pupils: ChildList,
    outcome: Outcome,
    digest: str,
    synthetic: bool,
) -> tuple[Path, ...]:
    """Write the three files, each whole or not at all, and return where they are.

    Of invented children each line says so in a last column, and the report at its head.
    """
    options = csv.WriteOptions(quoting_style="none", quoting_header="none")
    made = {}
    for name, table in (
        ("decisions.csv", decisions_of(outcome)),
        ("duplicates.csv", duplicates_of(outcome)),
    ):
        if synthetic:
            marks = pa.array(["yes"] * len(table), pa.string())
            table = table.append_column(SYNTHETIC, marks)
        sink = pa.BufferOutputStream()
        csv.write_csv(table, sink, options)
        made[name] = memoryview(sink.getvalue())
    made["report.html"] = memoryview(
        write_report(roster, pupils, outcome, digest, made["decisions.csv"], synthetic)
    )
    files = []
    for name, content in made.items():
        path = out / name
        draft = path.with_name(f".{name}.part")
        draft.write_bytes(content)
        draft.replace(path)
        files.append(path)
    return tuple(files)


def decisions_of(outcome: Outcome) -> pa.Table:
    """Return the decisions with the level and weight of each field, and no child's own words."""
    lines = outcome.decisions.table
    columns = {name: lines[name] for name in ("roster_row", "pupil_row", "decision", "code")}
    columns["weight"] = rounded(lines["weight"])
    for name in FIELDS:
        columns[f"{name}_level"] = lines[f"{name}_level"]
        columns[f"{name}_weight"] = rounded(lines[f"{name}_weight"])
    columns["household_weight"] = rounded(lines["capped"])
    return pa.table(columns)


def rounded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return weights with two decimals, as many as the published file states."""
    return pc.round(pc.cast(column, pa.float64()), 2)


def duplicates_of(outcome: Outcome) -> pa.Table:
    """Return the pairs of rows that are one child, by list."""
    rows = [
        (side, one.first, one.second, round(one.weight, 2))
        for side, pairs in (
            ("roster", outcome.roster_duplicates),
            ("pupils", outcome.pupil_duplicates),
        )
        for one in pairs
    ]
    sides, firsts, seconds, weights = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "list": pa.array(sides, pa.string()),
            "first_row": pa.array(firsts, pa.int64()),
            "second_row": pa.array(seconds, pa.int64()),
            "weight": pa.array(weights, pa.float64()),
        }
    )
