"""Verify a ledger: entries a second against hashing the same bytes alone.

Opens matters of benchmarks/packs/bench/loop through the engine, stores their entries, tasks
and states, and verifies them whole (chains, seals, replay of every matter). ratio = entries/s
of verify / entries/s of hashing alone (at least 0.1). `--full` makes ten times as many.
"""

import argparse
from datetime import timedelta

from bench import boot, database, report, seconds_of
from engine import NOW, ROUND, prepare_door


def fill(matters: int, steps: int) -> None:
    """Open matters and complete steps through the door."""
    from qianshou.kernel import door
    from qianshou.kernel.door import acts
    from qianshou.kernel.worklist.models import Task

    by = prepare_door()
    for _ in range(matters):
        receipt = door.act(acts.Open("bench.loop", {"title": "测速"}, "open"), by=by, at=NOW)
        assert receipt is not None
        for step in range(steps):
            node = ROUND[step % len(ROUND)]
            task = Task.objects.get(matter=receipt.matter, state=0, node__in=(node, f"call/{node}"))
            what = acts.Complete(task.pk, {"again": 1, "note": "已到现场处置"})
            door.act(what, by=by, at=NOW + timedelta(minutes=step))


def main() -> None:
    """Fill, seal, hash, verify."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    matters = 1000 if arguments.parse_args().full else 100
    boot("benchmarks.packs.bench.loop")
    from qianshou.kernel.ledger.chain import digest
    from qianshou.kernel.ledger.models import Entry
    from qianshou.kernel.ledger.replay import verify
    from qianshou.kernel.ledger.seals import seal_entries

    with database():
        fill(matters, 50)
        while seal_entries(NOW):
            pass
        bodies = list(Entry.objects.values_list("body", flat=True))
        problems = list(verify())
        hashing = min(seconds_of(lambda: [digest(body) for body in bodies]) for _ in range(3))
        verifying = min(seconds_of(lambda: list(verify())) for _ in range(3))
    report(
        entries=len(bodies),
        problems=len(problems),
        hash_per_s=round(len(bodies) / hashing),
        verify_per_s=round(len(bodies) / verifying),
        ratio=hashing / verifying,
    )


if __name__ == "__main__":
    main()
