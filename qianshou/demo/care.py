"""What was done for the girls in 2024, so that counting gives the totals that were reported.

Quotas first: each total is apportioned to the girls, then spread over working days. Whatever
happened since is invented. Outcomes that the report claims are not made up here.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

from django.db.models import Q

from qianshou.demo.children import BY, CHILDREN, Girl, build_children, instant
from qianshou.demo.planner import tell_planner
from qianshou.demo.rounds import insert_rounds
from qianshou.kernel.access import Actor
from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.registering import New, insert_rows
from qianshou.kernel.registry.models import Officer, Organisation, Posting
from qianshou.kernel.registry.vault import seal_value
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.packs.commission.care.models import (
    Commendation,
    Contact,
    Hazard,
    Letter,
    Vetting,
    Wish,
)

VISITS, TALKS, EXCHANGES, LETTERS, WISHES, HAZARDS = 7768, 6754, 6258, 1680, 1670, 635
BY_PROSECUTORS = 168  # of the visits: fourteen a month
SURVEYED = {"grid_worker": 2200, "social_worker": 900, "volunteer": 828}
COMMENDED = 54
YEAR = 2024
SEEN = (
    "家里收拾得干净，老人身体还好",
    "作业按时完成，说想妈妈了",
    "屋后水塘没有围栏，已提醒",
    "和奶奶一起做饭，精神不错",
    "近期咳嗽，已请村医看过",
    "电话里和爸爸聊了很久，很开心",
    "住校，周末才回家，被褥已备好",
    "说班里有新朋友了",
)
WISHED = (
    ("book", "under_100", "一套课外书"),
    ("study", "under_100", "一个新书包"),
    ("sport", "under_200", "一副羽毛球拍"),
    ("clothing", "under_200", "一件过冬的外套"),
    ("trip", "none", "去看一次石刻"),
    ("reunion", "none", "暑假见到爸爸妈妈"),
    ("study", "under_200", "一盏护眼台灯"),
)
DANGERS = (
    ("water", "serious"), ("dwelling", "ordinary"), ("guardianship", "serious"), ("mind", "ordinary"),
    ("traffic", "ordinary"), ("network", "ordinary"), ("health", "ordinary"),
)  # fmt: skip


def build_care(
    at: datetime, seed: int, say: Callable[[str, str], None], number: int = CHILDREN
) -> list[Girl]:
    """Insert `number` girls and everything done for them in 2024; return the girls."""
    girls = build_children(at, seed, number)
    say(f"  护蕾：{len(girls)} 名女童在册", f"  care: {len(girls)} girls enrolled")
    days = _working_days(work_calendar(), YEAR)
    people = _people()
    insert_rows(Contact, list(_contacts(girls, days, people, seed)))
    insert_rows(Letter, list(_letters(girls, days, seed)))
    insert_rows(Wish, list(_wishes(girls, days, seed)))
    insert_rows(Hazard, list(_hazards(girls, days, people, seed)))
    insert_rows(Commendation, list(_commendations(girls, days, seed)))
    insert_rows(Vetting, list(_vettings(people, at)))
    insert_rounds(girls, people, seed)
    tell_planner()
    _see_everybody_last_month(girls, at, seed)
    say(
        f"  {YEAR} 年走访 {VISITS}、谈心 {TALKS}、交流 {EXCHANGES}、家书 {LETTERS}、心愿 {WISHES}、隐患 {HAZARDS}",
        f"  {YEAR}: {VISITS} visits, {TALKS} talks, {EXCHANGES} exchanges, {LETTERS} letters, "
        f"{WISHES} wishes, {HAZARDS} hazards",
    )
    return girls


def _working_days(calendar: WorkCalendar, year: int) -> list[date]:
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    return [day for day in days if calendar.is_workday(day)]


def _people() -> dict[tuple[str, int], list[int]]:
    """Return who sits at each of care's posts, by post and division."""
    found: dict[tuple[str, int], list[int]] = {}
    care = Q(post__pack="commission.care")
    for post, division, officer in (
        Posting.objects.filter(care)
        .order_by("pk")
        .values_list("post", "organisation__division", "officer")
    ):
        found.setdefault((post, division), []).append(officer)
    return found


def spread(total: int, girls: Sequence[Girl], rng: Random) -> list[Girl]:
    """Return `total` girls: everybody as often as another, the rest drawn by lot."""
    whole, rest = divmod(total, len(girls))
    return [*(girl for girl in girls for _ in range(whole)), *rng.sample(list(girls), rest)]


class Days:
    """Working days of a year, drawn after a girl's enrolment."""

    def __init__(self, days: Sequence[date], rng: Random) -> None:
        self.days, self.rng = days, rng
        self.first: dict[date, int] = {}

    def after(self, day: date, least: int = 0) -> date:
        """Return a working day of the year after `day`, at least so many working days from its end."""
        if day not in self.first:
            self.first[day] = next(place for place, one in enumerate(self.days) if one > day)
        return self.days[self.rng.randrange(self.first[day], len(self.days) - least)]

    def moment(self, day: date, least: int = 0) -> datetime:
        """Return an instant in working hours of such a day."""
        return instant(self.after(day, least), self.rng.randrange(9 * 60, 17 * 60))


def _contacts(
    girls: Sequence[Girl],
    days: Sequence[date],
    people: dict[tuple[str, int], list[int]],
    seed: int,
) -> Iterator[New]:
    rng = Random(f"{seed}/contacts")
    drawn = Days(days, rng)
    prosecutors = [
        officer for (post, _), held in people.items() if post == "prosecutor" for officer in held
    ]
    cadres: dict[int, Actor] = {
        pk: Actor("officer", pk, name) for pk, name in Officer.objects.values_list("pk", "name")
    }

    def contact(girl: Girl, kind: str, role: str, officer: int, at: datetime) -> New:
        values = {
            "child_id": girl.child,
            "kind": kind,
            "role": role,
            "officer_id": officer,
            "at": at,
            "division_id": girl.village.pk,
            "note": seal_value({"note": rng.choice(SEEN)}, girl.key).encode(),
        }
        return New(values, cadres[officer], at)

    for place, girl in enumerate(spread(VISITS, girls, rng)):
        role, officer = "cadre", girl.cadre
        if place < BY_PROSECUTORS:
            role, officer = "prosecutor", prosecutors[place % len(prosecutors)]
        yield contact(girl, "visit", role, officer, drawn.moment(girl.enrolled))
    for girl in spread(TALKS, girls, rng):
        yield contact(girl, "talk", "cadre", girl.cadre, drawn.moment(girl.enrolled))
    for place, girl in enumerate(spread(EXCHANGES, girls, rng)):
        kind = "teacher" if place % 5 < 2 else "guardian"
        yield contact(girl, kind, "cadre", girl.cadre, drawn.moment(girl.enrolled))
    surveyed = iter(girls)
    for role, number in SURVEYED.items():
        for _, girl in zip(range(number), surveyed, strict=False):
            place_of = girl.village.pk if role == "grid_worker" else girl.town.pk
            officer = people[role, place_of][0]
            yield contact(
                girl, "survey", role, officer, instant(girl.found, rng.randrange(540, 1000))
            )


def _vettings(people: dict[tuple[str, int], list[int]], at: datetime) -> Iterator[New]:
    """Yield the yearly look-up of everybody who works close to children."""
    checked = day_of(at) - timedelta(days=90)
    close = ("grid_worker", "social_worker", "volunteer", "village_child")
    for (post, _), officers in sorted(people.items()):
        for officer in officers if post in close else ():
            values = {
                "officer_id": officer,
                "checked_on": checked,
                "valid_to": checked + timedelta(days=365),
                "source": "公安机关违法犯罪记录查询（演示）",
            }
            yield New(values, BY, instant(checked, 600))


def _see_everybody_last_month(girls: Sequence[Girl], at: datetime, seed: int) -> None:
    """Insert a visit to each girl in the month before."""
    rng = Random(f"{seed}/last month")
    last = day_of(at).replace(day=1) - timedelta(days=1)
    days = [day for day in _working_days(work_calendar(), last.year) if day <= last][-18:]
    told = []
    for girl in girls:
        when = instant(rng.choice(days), rng.randrange(9 * 60, 17 * 60))
        values = {
            "child_id": girl.child,
            "kind": "visit",
            "role": "cadre",
            "officer_id": girl.cadre,
            "at": when,
            "division_id": girl.village.pk,
            "note": seal_value({"note": rng.choice(SEEN)}, girl.key).encode(),
        }
        told.append(New(values, BY, when))
    insert_rows(Contact, told)


def _letters(girls: Sequence[Girl], days: Sequence[date], seed: int) -> Iterator[New]:
    rng = Random(f"{seed}/letters")
    drawn = Days(days, rng)
    for girl in spread(LETTERS, girls, rng):
        written = drawn.moment(girl.enrolled, 12)
        sent = written + timedelta(days=rng.randrange(1, 8))
        values = {
            "child_id": girl.child,
            "officer_id": girl.cadre,
            "division_id": girl.village.pk,
            "written_at": written,
            "sent_at": sent,
            "answered_at": sent + timedelta(days=rng.randrange(6, 40))
            if rng.random() < 0.7
            else None,
        }
        yield New(values, BY, sent)


def _wishes(girls: Sequence[Girl], days: Sequence[date], seed: int) -> Iterator[New]:
    rng = Random(f"{seed}/wishes")
    drawn = Days(days, rng)
    donors = list(
        Organisation.objects.filter(kind="bureau").values_list("name", flat=True).order_by("pk")
    )
    for girl in spread(WISHES, girls, rng):
        kind, band, text = rng.choice(WISHED)
        granted = drawn.moment(girl.enrolled + timedelta(days=12))
        values = {
            "child_id": girl.child,
            "kind": kind,
            "band": band,
            "text": text,
            "state": "granted",
            "donor": rng.choice(donors),
            "division_id": girl.village.pk,
            "collected_at": granted - timedelta(days=11),
            "claimed_at": granted - timedelta(days=8),
            "delivered_at": granted - timedelta(days=2),
            "granted_at": granted,
        }
        yield New(values, BY, granted)


def _hazards(
    girls: Sequence[Girl],
    days: Sequence[date],
    people: dict[tuple[str, int], list[int]],
    seed: int,
) -> Iterator[New]:
    rng = Random(f"{seed}/hazards")
    drawn = Days(days, rng)
    offices = dict(Organisation.objects.filter(kind="town").values_list("division", "pk"))
    for girl in spread(HAZARDS, girls, rng):
        kind, level = rng.choice(DANGERS)
        found = drawn.moment(girl.enrolled, 15)
        rectified = found + timedelta(days=rng.randrange(1, 8))
        values = {
            "child_id": girl.child,
            "kind": kind,
            "level": level,
            "organisation_id": offices[girl.town.pk],
            "division_id": girl.village.pk,
            "state": "verified",
            "found_at": found,
            "rectified_at": rectified,
            "rectified_by_id": people["village_child", girl.village.pk][0],
            "verified_at": rectified + timedelta(days=rng.randrange(1, 6)),
            "verified_by_id": people["town_team", girl.town.pk][0],
        }
        yield New(values, BY, rectified + timedelta(days=6))


def _commendations(girls: Sequence[Girl], days: Sequence[date], seed: int) -> Iterator[New]:
    rng = Random(f"{seed}/commendations")
    office = Posting.objects.filter(post="lead_office").order_by("pk").first()
    assert office is not None
    homes = dict(Posting.objects.filter(post="cadre").values_list("officer", "organisation"))
    for girl in rng.sample(list(girls), min(COMMENDED, len(girls))):
        day = rng.choice(days[-60:])
        values = {
            "officer_id": girl.cadre,
            "organisation_id": homes[girl.cadre],
            "division_id": girl.town.pk,
            "reason": "帮助在外务工的家长与孩子每周通话，坚持半年",
            "given_on": day,
            "given_by_id": office.officer_id,
        }
        yield New(values, BY, instant(day, 600))
