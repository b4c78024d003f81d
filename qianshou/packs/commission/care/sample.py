"""The quarterly sample (督查): drawn from a seed, looked at by another town, put right, verified.

Outcomes are judged, never the effort of people: no points and no ranking (基层减负, 2024).
"""

import hashlib
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from random import Random
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.clock import CHINA, day_of
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import New, change_row, insert_rows
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, Due, Term, duty, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, CircleMember, Officer, Organisation
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worklist.lists import see_matters, tasks_of
from qianshou.packs.commission.care.enrolment import actor_in, child_of
from qianshou.packs.commission.care.limits import limit_number
from qianshou.packs.commission.care.models import Child, Sample, SampleVisit
from qianshou.packs.commission.care.models.child import IDENTITY

SAMPLING, SAMPLE = "care.sampling", "care.sample"
PERCENT, LEAST = 2, 2
ITEMS = ("knows_cadre", "visits_true", "pledges_known", "hazards_gone", "registers_true")
Line = tuple[str, str]


def population_now() -> list[Line]:
    """Return (town's code, child's code) of every enrolled child, in order."""
    rows = Child.objects.filter(state="enrolled").values_list("town__code", "code")
    return sorted(rows)


def pack_lines(lines: Sequence[Line]) -> tuple[bytes, str]:
    """Return a population packed, and its digest."""
    text = "".join(f"{town} {code}\n" for town, code in lines).encode()
    return zlib.compress(text, 9), hashlib.sha256(text).hexdigest()


def lines_of(sample: Sample) -> list[Line]:
    """Return the population of a sample as it was frozen; ValueError where it was changed since."""
    text = zlib.decompress(bytes(sample.frozen))
    if hashlib.sha256(text).hexdigest() != sample.digest:
        raise ValueError(f"the population of {sample} is not what its digest says")
    return [
        (town, code) for town, code in (line.split(" ") for line in text.decode().split("\n")[:-1])
    ]


def draw_codes(lines: Sequence[Line], seed: str, *, percent: int, least: int) -> list[str]:
    """Return the codes that a seed draws from a population, town by town in order.

    Of each town `percent` in a hundred, rounded up, and `least` at least, as far as there are so
    many. The same seed, population and size give the same codes, everywhere and always.
    """
    chance = Random(seed)  # noqa: S311 - to be drawn again by anybody
    towns: dict[str, list[str]] = {}
    for town, code in sorted(lines):
        towns.setdefault(town, []).append(code)
    drawn: list[str] = []
    for codes in towns.values():
        size = min(len(codes), max(-(-len(codes) * percent // 100), least))
        drawn += sorted(chance.sample(codes, size))
    return drawn


def reproduce(sample: Sample) -> bool:
    """Whether drawing again from the recorded seed gives exactly the children of the sample."""
    again = draw_codes(lines_of(sample), sample.seed, percent=sample.percent, least=sample.least)
    kept = sample.visits.values_list("child__code", flat=True)
    return sorted(again) == sorted(kept)


def offices() -> list[Organisation]:
    """Return the towns' offices at which a town's team sits, in the order of their towns."""
    near = Organisation.objects.filter(kind="town", valid_to=None)
    return list(near.select_related("division").order_by("division__code", "pk"))


def visitors_of(towns: Sequence[Organisation], shift: int) -> dict[int, Organisation]:
    """Return the office that visits each town, by the town's id: the one `shift` places on."""
    return {one.division_id: towns[(place + shift) % len(towns)] for place, one in enumerate(towns)}


@duty("care.quarter")
def owed_sample(term: Term, at: datetime) -> Iterator[Due]:
    """Yield the drawing that the lead group's office, where there is one, owes in a quarter."""
    if Organisation.objects.filter(code="commission", valid_to=None).exists():
        facts = facts_of(term.first.year, quarter_of(term.first))
        yield Due("district", facts, "commission")


def facts_of(year: int, quarter: int) -> dict[str, Any]:
    """Return the facts with which the drawing of a quarter is opened."""
    return {"year": year, "quarter": quarter, "label": f"{year} Q{quarter}"}


def quarter_of(day: date) -> int:
    """Return the quarter of the year in which a day lies, 1 to 4."""
    return (day.month - 1) // 3 + 1


@effect("care.draw_sample")
def draw_sample(change: Change, facts: Mapping[str, Any]) -> None:
    """Draw the sample of a quarter and send its visits out.

    Refuses a second one for the quarter (care.drawn) and an empty register (care.nobody).
    """
    year, quarter = int(facts["year"]), int(facts["quarter"])
    if Sample.objects.filter(year=year, quarter=quarter).exists():
        raise Refusal(
            "care.drawn", "本季度已经抽过样", "This quarter's sample has been drawn", "seed"
        )
    lines, towns = population_now(), offices()
    if not lines or len(towns) < 2:
        raise Refusal("care.nobody", "没有可以抽取的儿童", "There is nobody to draw from", "seed")
    seed = str(facts.get("seed") or "").strip() or secrets.token_hex(8)
    percent, least = limit_number("sample_percent", PERCENT), limit_number("sample_least", LEAST)
    codes = draw_codes(lines, seed, percent=percent, least=least)
    frozen, digest = pack_lines(lines)
    by, at = actor_in(change), change.at
    shift = 1 + (year * 4 + quarter) % (len(towns) - 1)
    sample = change_row(
        Sample(),
        {
            "year": year,
            "quarter": quarter,
            "seed": seed,
            "size": len(codes),
            "population": len(lines),
            "percent": percent,
            "least": least,
            "shift": shift,
            "frozen": frozen,
            "digest": digest,
            "drawn_at": at,
            "officer": Officer(pk=change.officer),
        },
        by=by,
        at=at,
        reason=change.number,
    )
    visitors = visitors_of(towns, shift)
    found = Child.objects.filter(code__in=codes).order_by("town", "code")
    rows = found.values_list("pk", "village", "town")
    insert_rows(
        SampleVisit,
        [
            New(
                {
                    "sample_id": sample.pk,
                    "child_id": pk,
                    "division_id": village,
                    "organisation_id": visitors[town].pk,
                },
                by,
                at,
            )
            for pk, village, town in rows
        ],
    )
    send(SAMPLE, {"sample": sample.pk}, key=f"{SAMPLE}/{sample.pk}", at=at)


@carrier(SAMPLE)
def send_visitors(facts: Mapping[str, Any], at: datetime) -> None:
    """Open the visits of a sample that are not open yet, each with a circle of its own."""
    sample = Sample.objects.get(pk=facts["sample"])
    visits = list(
        sample.visits.filter(matter=None)
        .select_related("child__village", "child__person", "organisation")
        .order_by("pk")
    )
    homes = {one.division_id: one.code for one in offices()}
    circles = insert_rows(
        Circle,
        [New({"about": SAMPLE, "parent_id": one.child.circle_id}, CLOCK, at) for one in visits],
    )
    day = at.astimezone(CHINA).date()
    insert_rows(
        CircleMember,
        [
            New(
                {
                    "circle_id": circle,
                    "role": "visitor",
                    "organisation_id": one.organisation_id,
                    "post_id": "town_team",
                    "from_date": day,
                },
                CLOCK,
                at,
            )
            for circle, one in zip(circles, visits, strict=True)
        ],
    )
    door.open_many(
        [
            acts.Open(
                SAMPLE,
                visit_facts(one, sample, homes[one.child.town_id]),
                "sample",
                homes[one.child.town_id],
                circle=circle,
                person=one.child.person_id,
            )
            for circle, one in zip(circles, visits, strict=True)
        ],
        by=CLOCK,
        at=at,
    )


def visit_facts(visit: SampleVisit, sample: Sample, town: str) -> dict[str, Any]:
    """Return what the visitor is told: whom to visit and what is on record, sealed both."""
    child = visit.child
    sheet = read_sheets(child.person_id, [IDENTITY], key_of(child.person_id))[IDENTITY]
    told = (sheet.get("name"), child.village.name, sheet.get("address"))
    return {
        "code": child.code,
        "place": {"division": child.village.code},
        "sample": sample.pk,
        "quarter": str(sample),
        "town": town,
        "visitor": visit.organisation.code,
        "who": "，".join(str(one) for one in told if one)[:200],
        "recorded": recorded_of(child, sample),
    }


def recorded_of(child: Child, sample: Sample) -> str:
    """Return in words what the house has on record of a child for the quarter."""
    first = date(sample.year, sample.quarter * 3 - 2, 1)
    start = datetime(first.year, first.month, first.day, tzinfo=CHINA)
    visits = child.contacts.filter(at__gte=start, kind__in=("visit", "talk"))
    days = "、".join(
        f"{day_of(at):%m-%d}" for at in visits.order_by("at").values_list("at", flat=True)
    )
    pledges = child.pledges.filter(superseded_by=None).values_list("kind", flat=True)
    hazards = list(child.hazards.values_list("state", flat=True))
    return (
        f"本季走访谈话 {visits.count()} 次（{days or '无'}）；"
        f"已签文书 {len(set(pledges))} 种；"
        f"隐患 {len(hazards)} 处，已核验 {hazards.count('verified')} 处"
    )[:500]


@projection(SAMPLE)
def keep_visit(change: Change) -> None:
    """Keep the row of a visit as the act left it."""
    row = SampleVisit.objects.get(sample=change.facts["sample"], child=child_of(change))
    values: dict[str, Any] = {}
    if change.act == "open":
        change_row(
            row, {"matter": _matter_of(change)}, by=CLOCK, at=change.at, reason=change.number
        )
        return
    if change.act == "complete" and change.node == "visit":
        told = change.submitted
        values = {
            "outcome": told["outcome"],
            "findings": sum(told[item] == "no" for item in ITEMS),
            "visited_at": change.at,
        }
    if change.act == "complete" and change.node == "verify" and change.closed:
        values = {"rectified_at": change.at}
    if values:
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)


def _matter_of(change: Change) -> Any:
    field = SampleVisit._meta.get_field("matter")
    return field.related_model(pk=change.matter)


def open_drawing(year: int, quarter: int, by: Actor) -> int | None:
    """Return the open step at which `by` draws the sample of a quarter, or None."""
    title = f"督查抽样 {year} Q{quarter}"
    found = see_matters(by).filter(procedure=SAMPLING, closed_at=None, title=title)
    for matter in found.values_list("pk", flat=True):
        task = tasks_of(matter).filter(state=0, node="draw").first()
        if task is not None:
            return int(task.pk)
    return None


def draw_for(year: int, quarter: int, seed: str, *, by: Actor, at: datetime) -> Sample:
    """Draw the sample of a quarter in the name of an officer of the lead group's office.

    The step that the quarter's duty opened is completed, or one is opened for it. Refuses
    everybody else (access.denied) and what `draw_sample` refuses.
    """
    task = open_drawing(year, quarter, by)
    if task is None:
        receipt = door.act(
            acts.Open(SAMPLING, facts_of(year, quarter), "sampling", "commission"),
            by=by,
            at=at,
        )
        assert receipt is not None
        task = open_drawing(year, quarter, by)
    assert task is not None
    door.act(acts.Complete(task, {"seed": seed[:64]} if seed.strip() else {}), by=by, at=at)
    return Sample.objects.get(year=year, quarter=quarter)
