"""A procedure run for a year under a virtual clock, by the pure engine: who waits, who is late.

Matters come by chance, each human step waits for a free officer of one of its posts (first come,
first served), its facts are drawn, timers fire when they are due. What is drawn for a step of a
matter depends on the seed, the run, the step and the matter's number alone, so that two staffings
or two versions meet the same matters (common random numbers; Law, Simulation Modeling and Analysis,
ch. 11.2). Not modelled: returns, transfers and suspensions, which organisation an officer is of,
and time in what a procedure computes: now() is the midnight at which the year begins.
"""

from bisect import bisect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from itertools import accumulate
from typing import Any
from zlib import crc32

import numpy as np

from qianshou.kernel.calendar import WorkCalendar, due_at, read_span
from qianshou.kernel.clock import CHINA
from qianshou.kernel.procedures.chance import (
    BLOCK,
    BLOCK_BITS,
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Draws,
    DutyClock,
    arrival_times,
    draw_evenly,
    draw_spans,
)
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.scenario import (
    RESIDENT,
    Choices,
    Scenario,
    Staff,
)
from qianshou.kernel.procedures.walk import Move, Waiting, Walk
from qianshou.kernel.refusal import Refusal

MOST_MOVES = 20_000_000
BUSY, WAITING, GONE = 1, 0, 2
DONE, TIMER, MESSAGE = 0, 1, 2
NOBODY = -1


@dataclass(slots=True)
class Post:
    """A post while it is simulated."""

    free: int
    clock: DutyClock | None
    queue: deque["Task"] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Matter:
    """A matter while it is simulated: its state and what lives at its tokens.

    `seen` has a bit for each step visited, `visits` counts those visited again.
    """

    number: int
    opened: float
    live: dict[int, "Task | Clocked"]
    state: int = 0
    seen: int = 0
    visits: dict[int, int] | None = None


class Task:
    """A human step that waits, is being done (at a post, since it was begun), or was given up."""

    __slots__ = ("begun", "draw", "due", "matter", "opened", "post", "state", "step", "token")
    post: int
    begun: float

    def __init__(
        self, matter: Matter, token: int, step: int, opened: float, due: float, draw: int
    ) -> None:
        self.matter = matter
        self.token = token
        self.step = step
        self.opened = opened
        self.due = due
        self.draw = draw
        self.state = WAITING


@dataclass(slots=True, eq=False)
class Clocked:
    """A timer or an awaited message at a token."""

    matter: Matter
    token: int
    message: str
    state: int = WAITING


@dataclass
class Record:
    """What one run did, flat: six numbers a task (step, post, opened, begun, done, due), three a
    matter (opened, closed, place of the end in `ends`), in seconds; infinite: it did not happen.
    `given_up` are cancelled tasks, until when they waited and until when they were there.
    """

    steps: list[str]
    posts: list[str]
    seats: list[tuple[int, ...]]
    clocks: list[DutyClock | None]
    tasks: list[float] = field(default_factory=list)
    given_up: list[float] = field(default_factory=list)
    matters: list[float] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    stuck: dict[str, int] = field(default_factory=dict)


class Simulation:
    """A procedure and a scenario, made ready; `run` may be called for run after run."""

    def __init__(self, procedure: Procedure, scenario: Scenario, calendar: WorkCalendar) -> None:
        self.procedure = procedure
        self.scenario = scenario
        self.calendar = calendar
        choices = {key: [facts for facts, _ in told] for key, told in scenario.facts.items()}
        self.midnight = datetime.combine(scenario.begin, time(), CHINA)
        self.walk = Walk(procedure, choices, self.midnight)
        nodes = procedure.steps()
        self.steps = [node.id for node in nodes]
        self.place = {step: number for number, step in enumerate(self.steps)}
        self.posts = list(scenario.staff)
        seats = {post: number for number, post in enumerate(self.posts)}
        self.seats = [
            tuple(seats[post] for post in node.posts if post != RESIDENT) for node in nodes
        ]
        self.weights = [_cumulated(scenario.facts.get(step, ())) for step in self.steps]
        self.clock = DutyClock(calendar, scenario.begin, scenario.days)
        self.spans: dict[str, tuple[int, str]] = {}
        self.dues: dict[tuple[str, int], float] = {}

    def run(self, number: int) -> Record:
        """Return what the run of this number did; the same number gives the same again.

        Raises Refusal simulate.too_long where a procedure moves on and on without end.
        """
        return _Run(self, number).go()

    def due(self, at: float, span: str | None) -> float:
        """Return when a span that begins at `at` ends, in seconds; never without a span."""
        if span is None:
            return NEVER
        read = self.spans.get(span)
        if read is None:
            read = self.spans[span] = read_span(span)
        count, unit = read
        if unit == "h":
            return at + count * HOUR
        if unit == "min":
            return at + count * MINUTE
        if unit == "wh":
            return self.ends(at, span)
        key = span, int(at // DAY)
        found = self.dues.get(key)
        if found is None:
            found = self.dues[key] = self.ends(at, span)
        return found

    def ends(self, at: float, span: str) -> float:
        """Return when a span ends by the calendar."""
        start = self.midnight + timedelta(seconds=at)
        return (due_at(start, span, self.calendar).at - self.midnight).total_seconds()


def _cumulated(choices: Choices) -> list[float]:
    """Return the running sums of the weights, up to 1; nothing where there is nothing to draw."""
    if len(choices) < 2:
        return []
    total = sum(weight for _, weight in choices)
    return [one / total for one in accumulate(weight for _, weight in choices)][:-1]


class _Run:
    """One run."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        told = simulation.scenario
        self.made = simulation
        self.walk = simulation.walk
        self.moves = simulation.walk.moves
        self.end = told.days * DAY
        self.number = number
        self.arrivals = arrival_times(told, simulation.calendar, number)
        self.posts = [self.seated(told.staff[post]) for post in simulation.posts]
        self.seed = [told.seed, number]
        self.services: list[list[Draws]] = [[] for _ in simulation.steps]
        self.chances: list[list[Draws]] = [[] for _ in simulation.steps]
        self.opening = Draws([*self.seed, 1, crc32(told.start.encode())], draw_evenly)
        self.heap: list[tuple[float, int, int, Task | Clocked]] = []
        self.serial = 0
        self.ends: dict[str, int] = {}
        clocks = [post.clock for post in self.posts]
        self.record = Record(simulation.steps, simulation.posts, simulation.seats, clocks)
        self.tasks = self.record.tasks
        self.place, self.seats = simulation.place, simulation.seats
        self.weights = simulation.weights

    def seated(self, staff: Staff) -> Post:
        return Post(staff.count, None if staff.around_the_clock else self.made.clock)

    def go(self) -> Record:
        """Let the time pass until the last day is over."""
        heap, end, moves = self.heap, self.end, 0
        opened = self.open_all()
        coming = next(opened, NEVER)
        while True:
            if heap and heap[0][0] <= coming:
                if heap[0][0] >= end:
                    break
                at, _, kind, thing = heappop(heap)
                if thing.state == GONE:
                    continue
                moves += 1
                if kind == DONE:
                    self.finish(thing, at)  # type: ignore[arg-type]
                else:
                    self.strike(thing, kind, at)  # type: ignore[arg-type]
            elif coming < end:
                coming = opened.send(coming)
            else:
                break
            if moves > MOST_MOVES:
                raise Refusal(
                    "simulate.too_long",
                    "流程走个没完；请检查环节的结果概率",
                    "The procedure goes on without end; look at the probabilities of its outcomes",
                    "outcomes",
                )
        return self.close_books()

    def open_all(self) -> Any:
        """Open matter after matter; yields when the next one comes."""
        told, walk = self.made.scenario, self.walk
        weights = _cumulated(told.facts.get(told.start, ()))
        single = None if weights else walk.open(told.start, 0)
        draws = self.opening
        times = self.arrivals
        if not times:
            return
        yield times[0]
        following = [*times[1:], NEVER]
        for number, at in enumerate(times):
            matter = Matter(number, at, {})
            if single is not None:
                move = single
            else:
                block = draws.blocks.get(number >> BLOCK_BITS) or draws.fill(number >> BLOCK_BITS)
                move = walk.open(told.start, bisect(weights, block[number & (BLOCK - 1)]))
            self.follow(matter, move, at)
            yield following[number]

    def follow(self, matter: Matter, move: Move, at: float) -> None:
        """Let what follows from an act happen to a matter."""
        matter.state, gone, kept, opened, timers, messages, outcome = move
        live = matter.live
        if live:
            for token in gone:
                thing = live.pop(token, None)
                if thing is not None:
                    self.give_up(thing, at)
            if live:
                matter.live = live = {fresh: live[token] for token, fresh in kept if token in live}
                for fresh, thing in live.items():
                    thing.token = fresh
        for waiting in opened:
            self.open_task(matter, waiting, at)
        for waiting in timers:
            self.await_hour(matter, waiting, self.made.due(at, waiting.told), TIMER)
        for waiting in messages:
            self.await_message(matter, waiting, at)
        if outcome is not None:
            place = self.ends.setdefault(outcome, len(self.ends))
            self.record.matters.extend((matter.opened, at, place))
            matter.live = {}

    def open_task(self, matter: Matter, waiting: Waiting, at: float) -> None:
        """Open a human step: somebody free begins it, or it waits in the queues of its posts."""
        token, node, told = waiting
        step = self.place[node]
        bit = 1 << step
        draw = self.visited_again(matter, step) if matter.seen & bit else 0
        matter.seen |= bit
        due = NEVER if told is None else self.made.due(at, told)
        matter.live[token] = task = Task(matter, token, step, at, due, draw)
        seats = self.seats[step]
        if not seats:
            self.begin(task, NOBODY, at)
            return
        posts = self.posts
        later = NOBODY
        for seat in seats:
            if posts[seat].free:
                clock = posts[seat].clock
                if clock is None or len(seats) == 1 or clock.is_duty(at):
                    self.begin(task, seat, at)
                    return
                later = seat if later == NOBODY else later
        if later != NOBODY:
            self.begin(task, later, at)
            return
        for seat in seats:
            posts[seat].queue.append(task)

    def visited_again(self, matter: Matter, step: int) -> int:
        """Return how often a matter was at a step before, which it was."""
        visits = matter.visits
        if visits is None:
            visits = matter.visits = {}
        visits[step] = count = visits.get(step, 0) + 1
        return count

    def begin(self, task: Task, seat: int, at: float) -> None:
        """Let an officer begin, in duty hours; a resident at once."""
        step, number, draw = task.step, task.matter.number, task.draw
        services = self.services[step]
        draws = services[draw] if draw < len(services) else self.more(services, step, draw, 2)
        place = number >> BLOCK_BITS
        block = draws.blocks.get(place) or draws.fill(place)
        span = block[number & (BLOCK - 1)]
        task.state = BUSY
        task.post = seat
        clock = None
        if seat != NOBODY:
            post = self.posts[seat]
            post.free -= 1
            clock = post.clock
        if clock is None:
            task.begun = at
            at += span
        else:
            worked = clock.worked(at)
            task.begun = clock.reached(worked)
            at = clock.reached(worked + span)
        self.serial = serial = self.serial + 1
        heappush(self.heap, (at, serial, DONE, task))

    def more(self, kept: list[Draws], step: int, draw: int, purpose: int) -> Draws:
        """Return the numbers for a step's visit of this count, for the first time."""
        told = self.made.scenario
        name = self.made.steps[step]
        make = draw_spans(told.steps[name]) if purpose == 2 else draw_evenly
        while len(kept) <= draw:
            kept.append(Draws([*self.seed, purpose, crc32(name.encode()), len(kept)], make))
        return kept[draw]

    def finish(self, task: Task, at: float) -> None:
        """Complete a step: its officer takes the next, its facts are drawn, the matter moves."""
        matter, step, token = task.matter, task.step, task.token
        task.state = GONE
        self.tasks.extend((step, task.post, task.opened, task.begun, at, task.due))
        del matter.live[token]
        if task.post != NOBODY:
            self.take_next(task.post, at)
        weights = self.weights[step]
        choice = 0
        if weights:
            chances, draw = self.chances[step], task.draw
            draws = chances[draw] if draw < len(chances) else self.more(chances, step, draw, 3)
            number = matter.number
            place = number >> BLOCK_BITS
            block = draws.blocks.get(place) or draws.fill(place)
            choice = bisect(weights, block[number & (BLOCK - 1)])
        move = self.moves[matter.state].get((token, choice))
        self.follow(matter, move or self.walk.complete(matter.state, token, choice), at)

    def take_next(self, seat: int, at: float) -> None:
        """Let an officer who has become free take what has waited longest."""
        post = self.posts[seat]
        post.free += 1
        queue = post.queue
        while queue:
            task = queue.popleft()
            if task.state == WAITING:
                self.begin(task, seat, at)
                return

    def give_up(self, thing: Task | Clocked, at: float) -> None:
        """Take a step or a timer away that is cancelled; an officer at it becomes free."""
        was, thing.state = thing.state, GONE
        if isinstance(thing, Task):
            post, begun = (thing.post, min(thing.begun, at)) if was == BUSY else (NOBODY, at)
            row = (thing.step, post, thing.opened, begun, at, thing.due)
            self.record.given_up.extend(row)
            if was == BUSY and thing.post != NOBODY:
                self.take_next(thing.post, at)

    def await_hour(self, matter: Matter, waiting: Waiting, at: float, kind: int) -> None:
        """Let a timer or a message come at an instant."""
        thing = Clocked(matter, waiting.token, waiting.told if kind == MESSAGE else "")  # type: ignore[arg-type]
        matter.live[waiting.token] = thing
        self.serial += 1
        heappush(self.heap, (at, self.serial, kind, thing))

    def await_message(self, matter: Matter, waiting: Waiting, at: float) -> None:
        """Let a message come after its span; one of which nothing is told never comes."""
        message = waiting.told or ""
        span = self.made.scenario.messages.get(message)
        if span is not None:
            seed = [*self.seed, 4, crc32(waiting.node.encode()), matter.number]
            drawn: float = draw_spans(span)(np.random.default_rng(seed))[0]
            self.await_hour(matter, waiting, at + drawn, MESSAGE)
        elif self.made.procedure.nodes[waiting.node].kind == "catch":
            stuck = self.record.stuck
            stuck[message] = stuck.get(message, 0) + 1

    def strike(self, thing: Clocked, kind: int, at: float) -> None:
        """Let a timer fire, or a message arrive."""
        matter = thing.matter
        thing.state = GONE
        del matter.live[thing.token]
        if kind == TIMER:
            move = self.walk.fire(matter.state, thing.token)
        else:
            move = self.walk.deliver(matter.state, thing.token, thing.message)
        self.follow(matter, move, at)

    def close_books(self) -> Record:
        """Write down what is under way at the end."""
        record = self.record
        under_way: dict[int, Matter] = {}
        for *_, thing in self.heap:
            if thing.state != GONE:
                under_way[thing.matter.number] = thing.matter
        for seat in self.posts:
            under_way.update({task.matter.number: task.matter for task in seat.queue})
        for matter in under_way.values():
            record.matters.extend((matter.opened, NEVER, NOBODY))
            for thing in matter.live.values():
                if isinstance(thing, Task):
                    busy = thing.state == BUSY
                    post, begun = (thing.post, thing.begun) if busy else (NOBODY, NEVER)
                    row = (thing.step, post, thing.opened, begun, NEVER, thing.due)
                    record.tasks.extend(row)
        record.ends = list(self.ends)
        return record


def simulate(
    procedure: Procedure,
    scenario: Scenario,
    calendar: WorkCalendar,
    progress: Callable[[int, int], None] | None = None,
) -> list[Record]:
    """Return the record of every run of `scenario`; `progress` is told how many are over."""
    made = Simulation(procedure, scenario, calendar)
    records = []
    for number in range(scenario.runs):
        records.append(made.run(number))
        if progress is not None:
            progress(number + 1, scenario.runs)
    return records
