"""What the ledger says of a procedure's past: how many matters come, how long steps take, how they
end. Times are claimed to completed, in the post's own hours; of residents opened to completed.

Only matters that the viewer may see are counted; of facts only those that are drawn (closed
choices that the procedure reads), so that nothing of a person is among them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import fmean, pstdev
from typing import Any

from django.apps import apps

from qianshou.kernel.access import Actor
from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.clock import CHINA, day_of
from qianshou.kernel.ledger.read import moves_in
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.chance import DAY, MINUTE, DutyClock
from qianshou.kernel.procedures.forms import Field
from qianshou.kernel.procedures.scenario import (
    MOST_CHOICES,
    RESIDENT,
    USUAL_MINUTES,
    Arrivals,
    Choices,
    Scenario,
    Span,
    Staff,
    is_sampled,
    names_read,
    posts_of,
    rate_of,
    usual_choices,
)
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.procedures.wording import fields_of
from qianshou.kernel.registry.models import Posting
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.lists import see_matters

LOOK_BACK = timedelta(days=365)
FEWEST = 5
LEAST_MINUTES = 0.1


@dataclass(frozen=True)
class Fitted:
    """A scenario as the past says; `counted` says of how many acts each step's time is fitted,
    `matters` how many were opened.
    """

    scenario: Scenario
    counted: Mapping[str, int]
    matters: int


def fit_scenario(procedure: str, digest: str, *, by: Actor, at: datetime) -> Fitted:
    """Return the scenario of a version that the last year's ledger says, as `by` may see it.

    A step with fewer than five times told takes half an hour on average, and is named in
    `assumed`; its outcomes, where nobody brought them yet, are all alike. Staff are the officers
    who hold the posts now.
    """
    made, calendar = compiled(digest), work_calendar()
    fields, read = fields_of(digest), names_read(made)
    since = at - LOOK_BACK
    seen = apps.get_model("worklist", "Matter").objects.all() if sees_all(by) else see_matters(by)
    matters = seen.filter(procedure=procedure, opened_at__gte=since)
    past = _Past({one.id for one in fields.values() if is_sampled(one, read)})
    for body in moves_in(matters.values("number")):
        past.take(body)
    staff = staff_of(procedure, posts_of(made), day_of(at))
    clock = DutyClock(calendar, day_of(since), LOOK_BACK.days + 2)
    steps, counted = {}, {}
    for node in made.steps():
        times = past.stays if RESIDENT in node.posts else past.worked
        on_duty = bool(node.posts) and not any(
            post == RESIDENT or staff[post].around_the_clock for post in node.posts
        )
        minutes = [
            max(LEAST_MINUTES, _minutes(begin, end, clock if on_duty else None, since))
            for begin, end in times[node.id]
        ]
        if len(minutes) >= FEWEST:
            steps[node.id], counted[node.id] = fit_span(minutes), len(minutes)
    start = past.starts.most_common(1)[0][0] if past.starts else made.starts[0]
    facts: dict[str, Choices] = {}
    for node in made.steps():
        asked = form_of(digest, node.form).fields if node.form else ()
        facts[node.id] = past.choices(node.id) or usual_choices(_by_id(asked), read)
    facts[start] = past.choices(start)
    assumed = tuple(node.id for node in made.steps() if node.id not in steps)
    begin = date(day_of(at).year, 1, 1)
    scenario = Scenario(
        start=start,
        arrivals=past.arrivals(since, at, calendar) or rate_of("per_working_day", 4, calendar),
        staff=staff,
        steps={**dict.fromkeys(assumed, Span(USUAL_MINUTES)), **steps},
        facts={key: choices for key, choices in facts.items() if choices},
        begin=begin,
        assumed=assumed,
    )
    return Fitted(scenario, counted, sum(past.starts.values()))


def sees_all(by: Actor) -> bool:
    """Whether nothing is hidden from `by`: whoever runs the server acts as the clock."""
    return by.kind == "clock"


def staff_of(procedure: str, posts: Iterable[str], today: date) -> dict[str, Staff]:
    """Return how many officers hold each post today, at least one, and in which hours they sit."""
    declared = pack_of(procedure).posts
    held = (
        Posting.objects.filter(from_date__lte=today)
        .exclude(to_date__lt=today)
        .values_list("post", "officer")
        .distinct()
    )
    counts = Counter(post for post, _ in held)
    return {
        post: Staff(max(1, counts[post]), post in declared and declared[post].around_the_clock)
        for post in posts
    }


def fit_span(minutes: list[float]) -> Span:
    """Return the span that minutes come from: fixed where all are alike, else exponential or
    lognormal, whichever fits better by AIC (Akaike 1974). Its mean and spread are those of the
    minutes themselves, so that a simulated year has the work that the past year had.
    """
    mean = fmean(minutes)
    deviation = pstdev(minutes)
    if deviation < 0.01 * mean:
        return Span(round(mean, 2), "fixed")
    logs = [math.log(one) for one in minutes]
    spread = max(pstdev(logs), 1e-6)
    count = len(minutes)
    exponential = 2 * (count * math.log(mean) + count) + 2
    lognormal = 2 * (sum(logs) + count * (math.log(spread * math.sqrt(2 * math.pi)) + 0.5)) + 4
    if exponential <= lognormal:
        return Span(round(mean, 2))
    return Span(round(mean, 2), "lognormal", round(deviation / mean, 2))


def _minutes(begin: datetime, end: datetime, clock: DutyClock | None, since: datetime) -> float:
    if clock is None:
        return (end - begin).total_seconds() / MINUTE
    midnight = since.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    first, last = ((one - midnight).total_seconds() for one in (begin, end))
    return (clock.worked(last) - clock.worked(first)) / MINUTE


def _by_id(fields: Iterable[Field]) -> dict[str, Field]:
    return {one.id: one for one in fields}


class _Past:
    """What the entries of many matters say, taken one after the other."""

    def __init__(self, sampled: set[str]) -> None:
        self.sampled = sampled
        self.starts: Counter[str] = Counter()
        self.openings: list[datetime] = []
        self.facts: dict[str, Counter[tuple[tuple[str, Any], ...]]] = defaultdict(Counter)
        self.worked: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.stays: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.opened: dict[int, datetime] = {}
        self.claimed: dict[int, datetime] = {}

    def take(self, body: Mapping[str, Any]) -> None:
        """Take the next entry; those of one matter follow on one another."""
        at, act = datetime.fromisoformat(body["at"]), body["act"]
        if act == "open":
            self.opened, self.claimed = {}, {}
            self.starts[body["start"]] += 1
            self.openings.append(at)
            self._count(body["start"], body.get("facts", {}))
        token = body.get("token")
        if act in ("claim", "release", "transfer") and token is not None:
            self.claimed.pop(token, None)
            if body.get("assignee") is not None:
                self.claimed[token] = at
        if act == "complete" and token is not None:
            node = body["node"]
            self._count(node, body.get("facts", {}))
            if token in self.claimed:
                self.worked[node].append((self.claimed[token], at))
            if token in self.opened:
                self.stays[node].append((self.opened[token], at))
        for fresh in body.get("due", {}):
            self.opened[int(fresh)] = at

    def _count(self, node: str, facts: Mapping[str, Any]) -> None:
        kept = {name: facts[name] for name in sorted(self.sampled & facts.keys())}
        self.facts[node][
            tuple(
                (name, tuple(value) if isinstance(value, list) else value)
                for name, value in kept.items()
                if not isinstance(value, dict)
            )
        ] += 1

    def choices(self, node: str) -> Choices:
        """Return the facts that were brought together at a step, with how often."""
        return tuple(
            (
                {name: list(value) if isinstance(value, tuple) else value for name, value in told},
                float(count),
            )
            for told, count in self.facts[node].most_common(MOST_CHOICES)
        )

    def arrivals(self, since: datetime, until: datetime, calendar: WorkCalendar) -> Arrivals | None:
        """Return how many matters were opened an hour, by the hour, on working and rest days; None
        for none.
        """
        if not self.openings:
            return None
        since = max(since, min(self.openings))
        days = int((until - since).total_seconds() // DAY) + 1
        first = day_of(since)
        worked = sum(calendar.is_workday(first + timedelta(days=number)) for number in range(days))
        counts = Counter(
            (calendar.is_workday(day_of(one)), one.astimezone(CHINA).hour) for one in self.openings
        )
        rates = [
            tuple(counts[kind, hour] / max(1, share) for hour in range(24))
            for kind, share in ((True, worked), (False, days - worked))
        ]
        return Arrivals(*rates)


def with_version(fitted: Fitted, digest: str) -> Scenario:
    """Return a fitted scenario for another version: what it has too is kept, the rest assumed."""
    made, base = compiled(digest), fitted.scenario
    read = names_read(made)
    steps = [node.id for node in made.steps()]
    facts = {}
    for node in made.steps():
        asked = form_of(digest, node.form).fields if node.form else ()
        facts[node.id] = base.facts.get(node.id) or usual_choices(_by_id(asked), read)
    start = base.start if base.start in made.starts else made.starts[0]
    facts[start] = base.facts.get(start, ())
    return replace(
        base,
        start=start,
        staff={post: base.staff.get(post, Staff(1)) for post in posts_of(made)},
        steps={step: base.steps.get(step, Span(USUAL_MINUTES)) for step in steps},
        facts={key: choices for key, choices in facts.items() if choices},
        assumed=tuple(step for step in steps if step not in fitted.counted),
    )
