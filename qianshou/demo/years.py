"""The calls of the synthetic years, each played through the real door at its own time.

Quotas first: 2024 holds more than the 850 joint calls that the district reported; 2023 is an
invented base; the last days leave calls open at every stage.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from qianshou.demo.names import CALLS, GIVEN, LEADS, SPOTS, SURNAMES
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, RESIDENT, Actor, actor_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import acts
from qianshou.kernel.registry.models import Division, Officer, Organisation
from qianshou.kernel.registry.places import shipped_divisions
from qianshou.kernel.simulations.fitting import LOOK_BACK
from qianshou.kernel.worklist.clockwork import next_timer
from qianshou.kernel.worklist.lists import next_task

YEARS = ((2023, 120), (2024, 980), (2025, 40))
RECENT, OPEN_NOW = 40, 70
WAITED = 0.2  # of the time that a step takes, before somebody claims it
Facts = dict[str, Any]


class Player:
    """Plays calls through the door with the officers of the district."""

    def __init__(self, rng: Random, at: datetime) -> None:
        self.rng = rng
        self.now = at
        self.actors: dict[tuple[int, str], list[Actor]] = {}
        for officer in Officer.objects.filter(role="officer").prefetch_related("postings"):
            actor = actor_of(officer, at)
            for seat in actor.seats:
                self.actors.setdefault((seat.organisation, seat.post), []).append(actor)
        self.codes = dict(Organisation.objects.values_list("code", "pk"))
        towns = list(Division.objects.filter(kind__in=("street", "town")).order_by("pk"))
        people = {row["name"]: int(row["population"] or 0) for row in shipped_divisions()}
        self.towns = towns
        self.weights = [people[town.name] for town in towns]
        self.villages: dict[int, list[Division]] = {}
        for village in Division.objects.filter(kind__in=("village", "community")).order_by("pk"):
            assert village.parent_id
            self.villages.setdefault(village.parent_id, []).append(village)
        self.centres = {
            one.division_id: one for one in Organisation.objects.filter(kind="town_centre")
        }

    def actor(self, organisation: int, posts: str) -> Actor:
        """Return somebody who sits at one of the posts."""
        for post in posts.split(","):
            found = self.actors.get((organisation, post))
            if found:
                return self.rng.choice(found)
        raise LookupError(f"nobody sits at {posts} of {organisation}")

    def call(self, town: Division | None = None) -> tuple[Division, str, Facts]:
        """Return a town, a category and what the caller says."""
        rng = self.rng
        town = town or rng.choices(self.towns, self.weights)[0]
        village = rng.choice(self.villages[town.pk])
        category, _, summary, text = rng.choices(CALLS, [row[1] for row in CALLS])[0]
        spot = f"{village.name.removesuffix('社区').removesuffix('村')}{rng.choice(SPOTS)}"
        facts: Facts = {
            "summary": summary.format(spot=spot),
            "text": text,
            "place": {
                "division": village.code,
                "address": spot,
                "longitude": village.longitude,
                "latitude": village.latitude,
                "approximate": True,
            },
            "at_risk": category == "safety.water",
        }
        if rng.random() < 0.7:
            name = rng.choice(SURNAMES) + rng.choice(GIVEN)
            facts["caller"] = {"name": name, "phone": f"10{rng.randrange(10**9):09d}"}
        return town, category, facts

    def play(self, at: datetime, steps: int = 99, town: Division | None = None) -> None:
        """Open a call at `at` and work on it for so many steps, each at its own time.

        In the year that simulations look back on, officers claim what they work on.
        """
        rng = self.rng
        town, category, facts = self.call(town)
        centre = self.centres[town.pk]
        matter = self.open(town, centre, facts, at)
        lead = LEADS.get(category, "")
        if not lead or rng.random() < 0.35:
            lead = centre.code.replace("-centre", "-office")
        spoiled = {"return": rng.random() < 0.05, "again": rng.random() < 0.04}
        for _ in range(steps):
            task = next_task(matter)
            if task is None:
                if not self.fire(matter):
                    return
                continue
            before, at = at, min(at + self.delay(task), max(at, self.now))
            step = task.node.rpartition("/")[2]
            silent = step == "callback" and rng.random() < 0.2
            if silent and at + timedelta(days=7) < self.now and self.fire(matter):
                continue
            done = self.facts(step, category, lead, spoiled)
            posts = "town_seat" if task.posts == RESIDENT else task.posts
            by = self.actor(task.organisation_id, posts)
            if task.posts != RESIDENT and before > self.now - LOOK_BACK:
                door.act(acts.Claim(task.pk), by=by, at=before + (at - before) * WAITED)
            door.act(acts.Complete(task.pk, done), by=by, at=at)

    def open(self, town: Division, centre: Organisation, facts: Facts, at: datetime) -> int:
        """Open the call by one of its ways in and return the matter."""
        way = self.rng.random()
        if way < 0.35:
            act = acts.Open("police.gate", facts, "report", receipt="", via="portal")
            receipt = door.act(act, by=CLOCK, at=at)
        else:
            source = self.rng.choice(["110", "110", "12345", "patrol", "grid", "visit"])
            post, code = "town_seat", centre.code
            if way > 0.8:
                post, code = "station_seat", centre.code.replace("-centre", "-station")
            act = acts.Open("police.gate", {**facts, "source": source}, "register")
            receipt = door.act(act, by=self.actor(self.codes[code], post), at=at)
        assert receipt is not None
        return receipt.matter

    def fire(self, matter: int) -> bool:
        """Let the matter's next timer pass, if it has come by now."""
        timer = next_timer(matter, self.now)
        if timer is None:
            return False
        door.act(acts.Fire(matter, timer[0]), by=CLOCK, at=timer[1])
        return True

    def delay(self, task: Any) -> timedelta:
        """Return how long somebody takes: mostly well within the time, sometimes late."""
        allowed = (task.due_at - task.opened_at).total_seconds()
        share = self.rng.betavariate(2, 5) if self.rng.random() < 0.93 else 1.1
        return timedelta(seconds=max(40.0, min(allowed, 6 * 86400) * share))

    def facts(self, step: str, category: str, lead: str, spoiled: dict[str, bool]) -> Facts:
        """Return what is filled in at a step."""
        rng = self.rng
        if step == "triage":
            return self.triage(category, lead)
        if step == "sign" and spoiled.pop("return", False):
            return {"sign": "return", "return_reason": "不属于本单位职责"}
        if step == "work":
            draw = rng.random()
            if draw < 0.05:
                return {"need": "join", "join": ["city"], "ask": "请派人一起到现场"}
            if draw < 0.1:
                return {"need": "police", "ask": "现场有人阻拦，请民警到场"}
            return {"need": "none", "result": "已到现场处理，问题当场解决，并告知来电人"}
        if step == "verify" and spoiled.pop("again", False):
            return {"verified": "again", "verify_note": "现场仍未恢复"}
        if step == "callback":
            return {"satisfied": "no" if rng.random() < 0.06 else "yes"}
        return {
            "dispatch": {"units": "交巡警一组", "dispatched": "已到场控制"},
            "hand": {"handed": "已移交派出所办理"},
            "inform": {"informed": "spoken", "told": "此事由相关单位办理，已转交，办结后回访您"},
            "sign": {"sign": "accept"},
            "resend": {"organisation": "city", "resend_note": "改由城管部门办理"},
            "ruling": {"organisation": lead, "ruling": "按职责清单由该单位承办"},
            "assist": {"joined": "已派人到场配合"},
            "reverse": {"police_done": "民警到场，秩序恢复"},
            "verify": {"verified": "ok"},
            "look": {"relapse": "no", "look_note": "未见复发"},
        }[step]

    def triage(self, category: str, lead: str) -> Facts:
        """Return the decision of a triage."""
        kind = "non_police"
        if category.startswith("police."):
            kind = "police"
        elif category == "safety.water":
            kind = "emergency"
        elif category == "people.elder":
            kind = "both"
        level = "urgent" if kind == "emergency" else "prompt" if kind != "non_police" else "normal"
        decided: Facts = {"kind": kind, "category": category, "level": level}
        if kind != "police":
            decided["lead"] = lead
            if self.rng.random() < 0.12:
                decided["assist"] = ["city" if lead != "city" else "environment"]
        return decided


def moments(rng: Random, year: int, number: int, until: datetime) -> Iterator[datetime]:
    """Yield instants of a year in order, mostly by day, none after `until`."""
    start = datetime(year, 1, 1, tzinfo=CHINA)
    span = min((datetime(year + 1, 1, 1, tzinfo=CHINA) - start), until - start)
    for share in sorted(rng.random() for _ in range(number)):
        day = start + span * share
        yield day.replace(hour=min(23, max(0, int(rng.gauss(14, 5)))), minute=rng.randrange(60))


def play_years(at: datetime, seed: int, say: Callable[[str, str], None]) -> None:
    """Play every call of the past years and of the last days."""
    rng = Random(seed)
    player = Player(rng, at)
    for year, number in YEARS:
        for moment in moments(rng, year, number, at - timedelta(days=45)):
            player.play(moment)
        say(f"  {year} 年：{number} 件诉求", f"  {year}: {number} calls")
    for place in range(RECENT):
        player.play(at - timedelta(days=40 - place * 0.5))
    longshui = next(town for town in player.towns if town.name == "龙水镇")
    for place in range(OPEN_NOW):
        town = longshui if place % 4 == 0 else None
        minutes = 1400 - place * 20
        steps = rng.randrange(0, 3) if minutes < 200 else rng.randrange(3, 6)
        player.play(at - timedelta(minutes=minutes if steps > 1 else rng.randrange(3)), steps, town)
