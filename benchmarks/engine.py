"""A durable step through the real door, against SpiffWorkflow doing the same.

Both run benchmarks/packs/bench/loop (7 human steps a round: choice, parallel branches, called
procedure, boundary timer, loop) on SQLite, WAL, synchronous=NORMAL, one transaction a step.
Spiff restores, runs and saves with its specification kept apart from the instance, and writes
one audit row. Ours is `door.act`: access, form, engine, list, and a chained ledger entry.

ratio at 12 steps (at least 4), ratio200 at 200 steps (at least 50), state_share of bytes at 200
steps (at most 0.1), pure_steps_per_s of the engine alone (at least 200,000). `--full` runs more.
On PostgreSQL (DATABASE_URL): rows_ratio, a step against the same rows by prepared statements.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench import boot, database, report

FOLDER = Path(__file__).parent / "packs/bench/loop"
ROUND = ["t1", "t2", "t3", "t4", "c1", "c2", "t5"]
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def measure_spiff(lives: int, steps: int) -> tuple[list[float], list[int]]:
    """Return, by step, the median seconds and the bytes of the stored state."""
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    for name in ("loop", "sub"):
        text = (FOLDER / f"{name}.bpmn").read_text().replace(">P5D<", '>"P5D"<')
        parser.add_bpmn_str(text.encode())
    spec = parser.get_spec("bench.loop")
    subs = parser.get_subprocess_specs("bench.loop")
    serializer = BpmnWorkflowSerializer()
    registry = serializer.registry
    restore = registry.restore
    kept = {"@spec": spec, **{f"@{name}": sub for name, sub in subs.items()}}
    registry.restore = lambda value, **more: (
        kept[value] if isinstance(value, str) and value in kept else restore(value, **more)
    )

    def save(running: BpmnWorkflow) -> str:
        plain = serializer.to_dict(running)
        plain["spec"] = "@spec"
        plain["subprocess_specs"] = {name: f"@{name}" for name in subs}
        return json.dumps(plain)

    path = Path(tempfile.mkdtemp(prefix="qianshou-bench-")) / "spiff.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE run (id INTEGER PRIMARY KEY, state TEXT)")
    connection.execute("CREATE TABLE audit (id INTEGER PRIMARY KEY, run, seq, facts TEXT)")
    times: list[list[float]] = [[] for _ in range(steps)]
    sizes = [0] * steps
    for life in range(lives):
        running = BpmnWorkflow(spec, subs)
        running.do_engine_steps()
        connection.execute("INSERT INTO run VALUES (?, ?)", (life, save(running)))
        for step in range(steps):
            name = ROUND[step % len(ROUND)]
            begin = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            (state,) = connection.execute("SELECT state FROM run WHERE id = ?", (life,)).fetchone()
            running = serializer.from_dict(json.loads(state))
            task = next(
                task
                for task in running.get_tasks(state=TaskState.READY, manual=True)
                if task.task_spec.bpmn_id == name
            )
            task.data.update({"again": 1, "note": "已到现场处置"})
            task.run()
            running.do_engine_steps()
            state = save(running)
            connection.execute("UPDATE run SET state = ? WHERE id = ?", (state, life))
            connection.execute(
                "INSERT INTO audit (run, seq, facts) VALUES (?, ?, ?)",
                (life, step, json.dumps({"again": 1, "note": "已到现场处置"})),
            )
            connection.execute("COMMIT")
            times[step].append(time.perf_counter() - begin)
            sizes[step] = len(state)
    return [median(of) for of in times], sizes


def prepare_door():
    """Insert what the door needs and return the actor who works."""
    from qianshou.kernel.access import actor_of
    from qianshou.kernel.installing import install_packs
    from qianshou.kernel.registry.models import Division, Officer, Organisation, Posting

    install_packs(NOW)
    day = NOW.date()
    division = Division.objects.create(
        path="1.", kind="district", name="大足区", code="1", code_system="b", valid_from=day
    )
    organisation = Organisation.objects.create(
        code="o", name="o", name_en="o", kind="town_centre", division=division, valid_from=day
    )
    officer = Officer.objects.create(username="u", name="王")
    Posting.objects.create(
        officer=officer, post_id="bench_seat", organisation=organisation, from_date=day
    )
    return actor_of(officer, NOW)


def measure_door(lives: int, steps: int) -> tuple[list[float], list[int]]:
    """Return, by step, the median seconds of `door.act(Complete)` and the bytes of the state."""
    from qianshou.kernel import door
    from qianshou.kernel.door import acts
    from qianshou.kernel.worklist.models import Matter, Task

    by = prepare_door()
    times: list[list[float]] = [[] for _ in range(steps)]
    sizes = [0] * steps
    for _ in range(lives):
        receipt = door.act(acts.Open("bench.loop", {"title": "测速"}, "open"), by=by, at=NOW)
        assert receipt is not None
        for step in range(steps):
            node = ROUND[step % len(ROUND)]
            task = Task.objects.get(
                matter=receipt.matter, state=0, node__in=(node, f"call/{node}")
            ).pk
            act = acts.Complete(task, {"again": 1, "note": "已到现场处置"})
            begin = time.perf_counter()
            door.act(act, by=by, at=NOW + timedelta(minutes=step))
            times[step].append(time.perf_counter() - begin)
            sizes[step] = len(Matter.objects.values_list("state", flat=True).get(pk=receipt.matter))
    return [median(of) for of in times], sizes


def measure_pure(seconds: float) -> float:
    """Return steps a second of the engine alone over the same model."""
    from qianshou.kernel.procedures import engine
    from qianshou.kernel.procedures.versions import compiled, current

    procedure = compiled(current("bench.loop")[1])
    step = engine.advance(procedure, None, engine.Open({"title": "x"}, "start"), NOW)
    waiting = {opened.node: opened.token for opened in step.opened}
    order = [node.id for name in ROUND for node in procedure.steps() if node.id.endswith(name)]
    advance, complete = engine.advance, engine.Complete
    state, done, facts = step.state, 0, {"again": 1}
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for node in order:
            step = advance(procedure, state, complete(waiting[node], facts), NOW)
            state = step.state
            for opened in step.opened:
                waiting[opened.node] = opened.token
        done += len(order)
    return done / (time.perf_counter() - begin)


def measure_rows(steps: int) -> float:
    """Return the median seconds that the rows of one step cost as prepared statements."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    raw = connection.connection
    with raw.cursor() as cursor:
        cursor.execute("SELECT id FROM worklist_matter ORDER BY id DESC LIMIT 1")
        (matter,) = cursor.fetchone()
        cursor.execute("SELECT max(token), max(opened_seq) FROM worklist_task")
        token, _ = cursor.fetchone()
    import psycopg

    own = psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        user=connection.settings_dict["USER"],
        password=connection.settings_dict["PASSWORD"],
        host=connection.settings_dict["HOST"],
        port=connection.settings_dict["PORT"],
    )
    times = []
    for step in range(steps):
        begin = time.perf_counter()
        with own.transaction(), own.cursor() as cursor:
            run = cursor.execute
            run(
                "SELECT state FROM worklist_matter WHERE id = %s FOR UPDATE", [matter], prepare=True
            )
            run("SELECT state FROM worklist_task WHERE matter_id = %s AND token = %s",
                [matter, token + step], prepare=True)  # fmt: skip
            run("INSERT INTO ledger_entry (subject, seq, act, node, at, body, prev, algorithm, hash)"
                " VALUES (%s, %s, 'x', '', now(), %s, '', 'sm3', %s)",
                [f"rows{step}", step, "x" * 600, "h" * 64], prepare=True)  # fmt: skip
            run("UPDATE worklist_task SET state = 1, closed_at = now() WHERE matter_id = %s "
                "AND token = %s AND state = 0", [matter, token + step], prepare=True)  # fmt: skip
            run("INSERT INTO worklist_task (matter_id, token, procedure, node, name, name_en, posts,"
                " organisation_id, division_id, level, state, opened_at, opened_seq, span, source,"
                " amber_at, due_at, provisional, warned) SELECT matter_id, %s, procedure, node,"
                " name, name_en, posts, organisation_id, division_id, level, 0, opened_at,"
                " opened_seq, span, source, amber_at, due_at, provisional, 0 FROM worklist_task"
                " WHERE matter_id = %s LIMIT 1", [token + step + 1, matter], prepare=True)  # fmt: skip
            run("UPDATE worklist_matter SET seq = seq + 1, head = %s, head_at = now() "
                "WHERE id = %s", ["h" * 64, matter], prepare=True)  # fmt: skip
        times.append(time.perf_counter() - begin)
    own.close()
    return median(times[steps // 10 :])


def main() -> None:
    """Measure both, print the line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    full = arguments.parse_args().full
    boot("benchmarks.packs.bench.loop")
    from django.db import connection

    lives, peers = (20, 10) if full else (6, 2)
    with database():
        ours, our_sizes = measure_door(lives, 200)
        pure = measure_pure(5 if full else 2)
        rows = measure_rows(300)
        vendor = connection.vendor
    spiff, spiff_sizes = measure_spiff(peers, 200)
    early, late = slice(8, 15), slice(190, 200)
    figures: dict[str, float | int | str] = {
        "database": vendor,
        "door_ms": median(ours[early]) * 1000,
        "door200_ms": median(ours[late]) * 1000,
        "spiff_ms": median(spiff[early]) * 1000,
        "spiff200_ms": median(spiff[late]) * 1000,
        "ratio": median(spiff[early]) / median(ours[early]),
        "ratio200": median(spiff[late]) / median(ours[late]),
        "state_bytes": our_sizes[-1],
        "state_share": our_sizes[-1] / spiff_sizes[-1],
        "pure_steps_per_s": round(pure),
    }
    if rows:
        figures["rows_ratio"] = median(ours[late]) / rows
    report(**figures)


if __name__ == "__main__":
    main()
