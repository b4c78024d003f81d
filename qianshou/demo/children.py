"""The girls of the synthetic district, with their circles, sheets and pledges: quotas first.

3,928 girls are enrolled; 97 departments with 205 cadres and 36 leaders stand by 27 towns. Every
name and number is invented: identity numbers begin with 500199, which is nobody's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from qianshou.demo.names import GIRLS, GIVEN, SURNAMES
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import New, insert_rows
from qianshou.kernel.door.sealing import WHOLE
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Division,
    Officer,
    Organisation,
    Pairing,
    Person,
    Posting,
    Sheet,
)
from qianshou.kernel.registry.places import shipped_divisions
from qianshou.kernel.registry.synthetic import PREFIX
from qianshou.kernel.registry.vault import lookup_digest, master_key, seal_value
from qianshou.packs.commission.care.circle import (
    CADRE,
    CIVIL,
    LEAD,
    SEATS,
    TEACHER,
    TOWN,
    VILLAGE,
    VILLAGE_CIRCLE,
)
from qianshou.packs.commission.care.eligibility import table
from qianshou.packs.commission.care.models import Child, Eligibility, Pledge
from qianshou.packs.commission.care.models.child import (
    GUARDIANSHIP,
    HEALTH,
    HOUSEHOLD,
    IDENTITY,
)
from qianshou.packs.commission.care.pledges import template_of
from qianshou.packs.commission.care.register import ALPHABET

CHILDREN = 3928
SINCE = date(2024, 1, 2)
FOUND_WITHIN, SIGNED_WITHIN = 50, 30
OLDEST, YOUNGEST = 15.9, 5.5
PLACES = (
    "广东省",
    "浙江省",
    "江苏省",
    "福建省",
    "重庆市主城区",
    "四川省成都市",
    "上海市",
    "北京市",
)
CARERS = (
    ("秀英", "grandparent", 58), ("桂芳", "grandparent", 60), ("德明", "grandparent", 61),
    ("玉珍", "grandparent", 59), ("淑兰", "relative", 39), ("国华", "relative", 44),
)  # fmt: skip
BY = Actor("installer", name="演示数据")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(slots=True)
class Girl:
    """A girl of the demonstration while her rows are made: who, where, in whose care."""

    place: int
    code: str
    town: Division
    village: Division
    key: bytes
    born: date
    serial: int
    stage: str
    grade: str
    found: date
    enrolled: date
    cadre: int
    teacher: Officer
    school: str
    circle: int = 0
    person: int = 0
    child: int = 0


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Return `total` split by `weights` in whole numbers (Hamilton: largest remainders)."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda place: parts[place] - exact[place])
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def instant(day: date, minutes: int) -> datetime:
    """Return an instant of a day in China, so many minutes after midnight."""
    return datetime.combine(day, time(), CHINA) + timedelta(minutes=minutes)


def identity_number(born: date, serial: int) -> str:
    """Return an identity number that nobody has, with its check digit (GB 11643)."""
    body = f"{PREFIX}{born:%Y%m%d}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def pair_with_towns(towns: Sequence[Division], girls: Sequence[int], at: datetime) -> None:
    """Stand every department by one town, the most burdened first, and every leader by one."""
    cadres: dict[int, int] = {}
    for organisation in Posting.objects.filter(post="cadre").values_list("organisation", flat=True):
        cadres[organisation] = cadres.get(organisation, 0) + 1
    departments = list(Organisation.objects.filter(pk__in=cadres).order_by("pk"))
    helped = [0] * len(towns)
    rows = []
    first = next(one for one in departments if one.code == "justice")
    longshui = next(place for place, town in enumerate(towns) if town.name == "龙水镇")
    for department in [first, *(one for one in departments if one is not first)]:
        bare = [place for place in range(len(towns)) if not helped[place]]
        if department is first:
            place = longshui
        else:
            place = max(bare or range(len(towns)), key=lambda one: girls[one] / (helped[one] or 1))
        helped[place] += cadres[department.pk]
        rows.append({"organisation_id": department.pk, "division_id": towns[place].pk})
    leaders = Officer.objects.filter(postings__post="leader").order_by("pk")
    for place, leader in enumerate(leaders):
        rows.append({"officer_id": leader.pk, "division_id": towns[place % len(towns)].pk})
    kinds = {True: "department_town", False: "leader_town"}
    insert_rows(
        Pairing,
        [
            New({**row, "kind": kinds["organisation_id" in row], "from_date": SINCE}, BY, at)
            for row in rows
        ],
    )


def build_children(at: datetime, seed: int, number: int = CHILDREN) -> list[Girl]:
    """Insert the pairings and `number` girls with circles, sheets and pledges; return them."""
    towns, quotas = _towns(number)
    pair_with_towns(towns, quotas, instant(SINCE, 540))
    girls = drawn_girls(at, seed, number)
    _insert_persons(girls, seed)
    _insert_promises(girls, seed)
    return girls


def drawn_girls(at: datetime, seed: int, number: int = CHILDREN) -> list[Girl]:
    """Return the girls of a seed, the same each time, as long as the district is the same."""
    return list(_girls(*_towns(number), at, seed))


def _towns(number: int) -> tuple[list[Division], list[int]]:
    people = {row["name"]: int(row["population"] or 0) for row in shipped_divisions()}
    towns = list(Division.objects.filter(kind__in=("street", "town")).order_by("pk"))
    return towns, apportion(number, [people[town.name] for town in towns])


def _girls(
    towns: Sequence[Division], quotas: Sequence[int], at: datetime, seed: int
) -> Iterator[Girl]:
    rng = Random(f"{seed}/girls")
    villages: dict[int, list[Division]] = {}
    for village in Division.objects.filter(kind__in=("village", "community")).order_by("pk"):
        assert village.parent_id is not None
        villages.setdefault(village.parent_id, []).append(village)
    cadres, schools = _cadres(), _schools()
    today = at.astimezone(CHINA).date()
    place = 0
    born_on: dict[date, int] = {}
    for town, quota in zip(towns, quotas, strict=True):
        for turn in range(quota):
            born = today - timedelta(days=int(365.25 * rng.uniform(YOUNGEST, OLDEST)))
            found = SINCE + timedelta(days=rng.randrange(FOUND_WITHIN))
            age = (today - born).days / 365.25
            stage = "kindergarten" if age < 6.5 else "primary" if age < 12.5 else "junior"
            school, teachers = schools[town.pk, "junior" if stage == "junior" else "primary"]
            yield Girl(
                place=place,
                code="H-" + "".join(rng.choices(ALPHABET, k=7)),
                town=town,
                village=rng.choice(villages[town.pk]),
                key=rng.randbytes(cipher.KEY),
                born=born,
                serial=2 * born_on.setdefault(born, 0),
                stage=stage,
                grade="幼儿园" if stage == "kindergarten" else f"{max(1, int(age) - 5)}年级",
                found=found,
                enrolled=found + timedelta(days=rng.randrange(5, SIGNED_WITHIN)),
                cadre=cadres[town.pk][turn % len(cadres[town.pk])],
                teacher=teachers[turn % len(teachers)],
                school=school,
            )
            born_on[born] += 1
            place += 1


def _cadres() -> dict[int, list[int]]:
    """Return the cadres who stand by each town, by their departments' pairings."""
    found: dict[int, list[int]] = {}
    held: dict[int, list[int]] = {}
    for organisation, officer in (
        Posting.objects.filter(post="cadre").order_by("pk").values_list("organisation", "officer")
    ):
        held.setdefault(organisation, []).append(officer)
    for organisation, town in (
        Pairing.objects.filter(kind="department_town", organisation__isnull=False)
        .order_by("pk")
        .values_list("organisation", "division")
    ):
        found.setdefault(town, []).extend(held[organisation or 0])
    return found


def _schools() -> dict[tuple[int, str], tuple[str, list[Officer]]]:
    found: dict[tuple[int, str], tuple[str, list[Officer]]] = {}
    for posting in (
        Posting.objects.filter(post="teacher")
        .order_by("pk")
        .select_related("organisation", "officer")
    ):
        school = posting.organisation
        kind = "junior" if school.code.endswith("-middle") else "primary"
        found.setdefault((school.division_id, kind), (school.name, []))[1].append(posting.officer)
    return found


def _insert_persons(girls: Sequence[Girl], seed: int) -> None:
    rng = Random(f"{seed}/sheets")
    master = master_key()
    around = _village_circles(girls)
    circles = insert_rows(
        Circle,
        [
            New(
                {"about": "care.child", "parent_id": around[girl.village.pk]},
                BY,
                girl_at(girl, 560),
            )
            for girl in girls
        ],
    )
    persons, sheets = [], []
    told = [_told(girl, rng) for girl in girls]
    for girl, circle, sheets_told in zip(girls, circles, told, strict=True):
        girl.circle = circle
        values = {
            "sealed": cipher.seal_fields({}, girl.key),
            "wrapped_key": cipher.wrap_key(girl.key, master),
            "identity_digest": lookup_digest(sheets_told[IDENTITY]["identity_number"]),
            "circle_id": circle,
            "created_at": girl_at(girl, 560),
        }
        persons.append(New(values, BY, girl_at(girl, 560)))
    for girl, person, sheets_told in zip(girls, insert_rows(Person, persons), told, strict=True):
        girl.person = person
        at = instant(girl.enrolled, 600)
        for kind, values in sheets_told.items():
            sealed = seal_value(values, girl.key)
            row = {"person_id": person, "kind": kind, "sealed": sealed.encode(), "updated_at": at}
            sheets.append(New(row, BY, at, {WHOLE: sealed}))
    insert_rows(Sheet, sheets)
    children = insert_rows(Child, [_child(girl) for girl in girls])
    for girl, child in zip(girls, children, strict=True):
        girl.child = child
    insert_rows(CircleMember, [new for girl in girls for new in _members(girl)])


def girl_at(girl: Girl, minutes: int) -> datetime:
    """Return an instant of the day on which a girl was found."""
    return instant(girl.found, minutes)


def _village_circles(girls: Sequence[Girl]) -> dict[int, int]:
    """Insert the circle of each girl's village, with its seats, and return it by village."""
    at = instant(SINCE, 550)
    villages = {girl.village.pk: girl.village for girl in girls}
    made = insert_rows(Circle, [New({"about": f"{VILLAGE_CIRCLE}{pk}"}, BY, at) for pk in villages])
    found = dict(zip(villages, made, strict=True))
    near = {
        (organisation.kind, organisation.division_id): organisation.pk
        for organisation in Organisation.objects.filter(kind__in=("village", "town"))
    }
    codes = dict(Organisation.objects.values_list("code", "pk"))
    members = []
    for pk, village in villages.items():
        seats = {
            VILLAGE: near["village", pk],
            TOWN: near["town", village.parent_id or 0],
            CIVIL: codes["civil"],
            LEAD: codes["commission"],
        }
        members += [
            {"circle_id": found[pk], "role": role, "organisation_id": seat, "post_id": SEATS[role]}
            for role, seat in seats.items()
        ]
    insert_rows(CircleMember, [New({**row, "from_date": SINCE}, BY, at) for row in members])
    return found


def _child(girl: Girl) -> New:
    values = {
        "code": girl.code,
        "person_id": girl.person,
        "circle_id": girl.circle,
        "sex": "F",
        "birth_year": girl.born.year,
        "town_id": girl.town.pk,
        "village_id": girl.village.pk,
        "stage": girl.stage,
        "state": "enrolled",
        "candidate_on": girl.found,
        "enrolled_on": girl.enrolled,
        "updated_on": girl.enrolled,
    }
    return New(values, BY, instant(girl.enrolled, 620))


def _members(girl: Girl) -> Iterator[New]:
    for role, officer in ((CADRE, girl.cadre), (TEACHER, girl.teacher.pk)):
        values = {
            "circle_id": girl.circle,
            "role": role,
            "officer_id": officer,
            "from_date": girl.found,
        }
        yield New(values, BY, girl_at(girl, 570))


def _told(girl: Girl, rng: Random) -> dict[str, dict[str, Any]]:
    """Return what the four sheets of a girl say."""
    family = rng.choice(SURNAMES)
    both = rng.random() < 0.9
    since = (girl.found - timedelta(days=rng.randrange(120, 1500))).isoformat()
    carer, relation, age = rng.choice(CARERS)
    return {
        IDENTITY: {
            "name": family + "".join(rng.sample(GIRLS, rng.choice((1, 2, 2, 2)))),
            "identity_number": identity_number(girl.born, girl.serial),
            "birth_date": girl.born.isoformat(),
            "address": f"{girl.town.name}{girl.village.name}{rng.randrange(1, 12)}组",
            "phone": f"10{rng.randrange(10**9):09d}",
            "school": girl.school,
            "grade": girl.grade,
            "class_teacher": girl.teacher.name,
        },
        HOUSEHOLD: {
            "members": rng.choice(
                ("爷爷、奶奶", "奶奶、弟弟", "外婆、表哥", "爷爷、奶奶、姐姐", "母亲、奶奶")
            ),
            "income": rng.choice(("under_10k", "10k_30k", "10k_30k", "30k_60k")),
            "housing": rng.choice(("safe", "safe", "safe", "worn", "unsafe")),
            "school_distance": rng.choice(("under_1km", "1_3km", "1_3km", "3_5km", "boards")),
        },
        HEALTH: {
            "condition": rng.choice(("well", "well", "well", "often_ill")),
            "disability": "none",
            "vaccination": rng.choice(("complete", "complete", "complete", "incomplete")),
            "mind": rng.choice(("开朗，愿意说话", "有点想父母", "安静，话不多", "情绪平稳")),
        },
        GUARDIANSHIP: {
            "father_away": "yes",
            "father_place": rng.choice(PLACES),
            "father_since": since,
            "mother_away": "yes" if both else "no",
            **({"mother_place": rng.choice(PLACES), "mother_since": since} if both else {}),
            "contact_rhythm": rng.choice(("weekly", "weekly", "daily", "monthly")),
            "ability": rng.choice(("able", "able", "limited")) if both else "unable",
            "guardian": (family if both else rng.choice(SURNAMES)) + rng.choice(GIVEN),
            "guardian_phone": f"10{rng.randrange(10**9):09d}",
            "guardian_relation": "father" if both else "mother",
            "carer": rng.choice(SURNAMES) + carer,
            "carer_relation": relation,
            "carer_age": age + rng.randrange(9),
            "carer_phone": f"10{rng.randrange(10**9):09d}",
            "child_heard": "yes",
            "entrusted_from": since,
        },
    }


def _insert_promises(girls: Sequence[Girl], seed: int) -> None:
    """Insert what was decided and signed: an eligibility and four pledges a girl."""
    rng = Random(f"{seed}/pledges")
    decided, signed = [], []
    for girl in girls:
        alone = rng.random() < 0.1
        values = {
            "child_id": girl.child,
            "is_eligible": True,
            "reasons": ["one_away" if alone else "both_away"],
            "table": table().digest,
            "valid_from": girl.enrolled,
        }
        decided.append(New(values, BY, instant(girl.enrolled, 610)))
        for kind, _name in Pledge.KINDS:
            at = instant(girl.enrolled, 540 + rng.randrange(480))
            values = {
                "child_id": girl.child,
                "kind": kind,
                "template": template_of(kind).version,
                "signer": "carer" if kind == "entrustment" else "guardian",
                "way": "paper" if rng.random() < 0.7 else "phone",
                "signed_at": at,
                "valid_from": girl.enrolled,
                "division_id": girl.village.pk,
            }
            signed.append(New(values, BY, at))
    insert_rows(Eligibility, decided)
    insert_rows(Pledge, signed)
