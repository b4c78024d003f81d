"""Simulate a queue: matters a second against SimPy with the same model (M/M/3, a year).

Matters come ten an hour and take a quarter of an hour of one of three officers; both note every
wait. ratio = matters/s of `qianshou simulate` / matters/s of SimPy (at least 3). `--full` takes
ten times as many. Both means are printed beside Erlang's.
"""

import argparse
import math
import random
from pathlib import Path

from bench import boot, report, seconds_of

RATE, MEAN, STAFF, DAYS = 10.0, 15.0, 3, 365
MODEL = Path(__file__).parent / "packs" / "bench" / "queue.bpmn"


def simulate_here(days: int) -> tuple[int, float]:
    """Return how many matters came and how long they waited on average, in minutes."""
    from qianshou.kernel.calendar import WorkCalendar
    from qianshou.kernel.procedures.bpmn import load_bpmn
    from qianshou.kernel.procedures.compiled import compile_procedure
    from qianshou.kernel.procedures.scenario import Scenario, Span, Staff, rate_of
    from qianshou.kernel.procedures.simulate import Simulation

    procedure = compile_procedure(load_bpmn(MODEL.read_bytes(), MODEL.name))
    calendar = WorkCalendar()
    scenario = Scenario(
        "s", rate_of("per_hour", RATE, calendar), {"clerk": Staff(STAFF, True)},
        {"t": Span(MEAN)}, {}, days=days, runs=1,
    )  # fmt: skip
    record = Simulation(procedure, scenario, calendar).run(0)
    waits = [
        begun - opened
        for opened, begun in zip(record.tasks[2::6], record.tasks[3::6], strict=True)
        if begun < math.inf
    ]
    return len(record.matters) // 3, sum(waits) / len(waits) / 60


def simulate_there(days: int) -> tuple[int, float]:
    """Return the same of SimPy."""
    import simpy

    environment = simpy.Environment()
    officers = simpy.Resource(environment, STAFF)
    chance = random.Random(1)
    waits: list[float] = []
    count = 0

    def matter():
        came = environment.now
        with officers.request() as turn:
            yield turn
            waits.append(environment.now - came)
            yield environment.timeout(chance.expovariate(1 / MEAN))

    def come():
        nonlocal count
        while True:
            yield environment.timeout(chance.expovariate(RATE / 60))
            count += 1
            environment.process(matter())

    environment.process(come())
    environment.run(until=days * 24 * 60)
    return count, sum(waits) / len(waits)


def main() -> None:
    """Simulate here and there, three times each in turn, and compare the best."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    days = DAYS * (10 if arguments.parse_args().full else 1)
    boot()
    load = RATE * MEAN / 60
    full = load**STAFF / math.factorial(STAFF) / (1 - load / STAFF)
    waiting = full / (sum(load**n / math.factorial(n) for n in range(STAFF)) + full)
    here, there = simulate_here(days), simulate_there(days)
    seconds = [
        (seconds_of(lambda: simulate_here(days)), seconds_of(lambda: simulate_there(days)))
        for _ in range(3)
    ]
    own, other = min(one for one, _ in seconds), min(one for _, one in seconds)
    report(
        matters=here[0],
        waited_minutes=round(here[1], 2),
        simpy_waited_minutes=round(there[1], 2),
        erlang_minutes=round(waiting * MEAN / (STAFF - load), 2),
        matters_per_s=round(here[0] / own),
        simpy_per_s=round(there[0] / other),
        ratio=(here[0] / own) / (there[0] / other),
    )


if __name__ == "__main__":
    main()
