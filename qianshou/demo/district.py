"""The synthetic district: real towns and villages, invented people, posts and shifts."""

from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password

from qianshou.demo.cast import ACCOUNTS, PASSWORD, TOTP_SECRET
from qianshou.demo.names import BUREAUS, DEPARTMENTS, GIVEN, SURNAMES
from qianshou.kernel.clock import CHINA
from qianshou.kernel.login.codes import seal_secret
from qianshou.kernel.registry.bigram import search_tokens, syllables_of
from qianshou.kernel.registry.models import Division, Officer, Organisation, Posting, Shift
from qianshou.kernel.registry.places import load_divisions
from qianshou.kernel.registry.vault import master_key

SINCE = datetime(2022, 1, 1, tzinfo=CHINA)
SEATS = {
    "town_centre": {"town_seat": 4, "police_seat": 4, "town_leader": 1},
    "station": {"station_seat": 2, "station_care": 1, "care_office": 1},
    "town": {
        "office_seat": 2, "town_team": 2, "social_worker": 1, "volunteer": 1, "care_office": 1,
    },
    "bureau": {"department": 1, "cadre": 2, "care_office": 1},
    "district_centre": {"district_seat": 4},
    "village": {"village_child": 1, "grid_worker": 1},
    "school": {"teacher": 2},
}  # fmt: skip
OWN_SEATS = {
    **{code: {"office_seat": 2} for code in BUREAUS},
    "civil": {"office_seat": 2, "civil_affairs": 2},
    "education": {"education": 2},
    "procuratorate": {"prosecutor": 4},
    "commission": {"lead_office": 3, "lead_duty": 3},
    "police": {"station_care": 2},
    "party-office": {"leader": 36},
}
CADRES = 205  # of 97 departments: two each, and a third in the first eleven
SHIFT_STARTS = (0, 8, 16)
SHIFT_DAYS_PAST, SHIFT_DAYS_AHEAD = 31, 9


def slug(town: str) -> str:
    """Return the code of a town: its name in pinyin without 镇 or 街道."""
    return "".join(syllables_of(town.removesuffix("街道").removesuffix("镇")))


def build_district(at: datetime, seed: int) -> None:
    """Insert divisions, organisations, officers with posts, and duty shifts around `at`."""
    load_divisions()
    _build_organisations()
    _build_officers(at, Random(seed))
    _build_shifts(at)


def _build_organisations() -> None:
    district = Division.objects.get(kind="district")
    rows = [_organisation("district-centre", "区基层治理指挥中心", "District centre", district)]
    for town in Division.objects.filter(kind__in=("street", "town")).order_by("pk"):
        code, name, en = slug(town.name), town.name, slug(town.name).capitalize()
        rows += [
            _organisation(
                f"{code}-centre", f"{name}基层治理指挥中心", f"{en} centre", town, "town_centre"
            ),
            _organisation(f"{code}-station", f"{name}派出所", f"{en} station", town, "station"),
            _organisation(f"{code}-office", f"{name}政府", f"{en} town office", town, "town"),
        ]
        rows += [
            _organisation(f"{code}-{kind}", f"{name}{zh}", f"{en} {told}", town, "school")
            for kind, zh, told in (
                ("primary", "中心小学", "primary school"), ("middle", "初级中学", "middle school"),
            )
        ]  # fmt: skip
    rows += [
        _organisation(code, name, en, district, "bureau")
        for code, (name, en) in {**BUREAUS, **DEPARTMENTS}.items()
    ]
    rows += [
        _organisation(
            f"v{village.code}",
            f"{village.parent.name}{village.name}",
            f"{''.join(syllables_of(village.name)).capitalize()}",
            village,
            "village",
        )
        for village in Division.objects.filter(kind__in=("village", "community"))
        .select_related("parent")
        .order_by("pk")
        if village.parent is not None
    ]
    Organisation.objects.bulk_create(rows)
    centre = Organisation.objects.get(code="district-centre")
    Organisation.objects.filter(kind="town_centre").update(parent=centre)


def _organisation(
    code: str, name: str, en: str, division: Division, kind: str = "district_centre"
) -> Organisation:
    return Organisation(
        code=code,
        name=name,
        name_en=en,
        kind=kind,
        division=division,
        valid_from=SINCE.date(),
        tokens=search_tokens(f"{name} {en} {code}", name=True),
    )


def _build_officers(at: datetime, rng: Random) -> None:
    organisations = {one.code: one for one in Organisation.objects.order_by("pk")}
    password = make_password(PASSWORD)
    officers, postings = [], []
    named: dict[tuple[str, str], int] = {}
    for username, name, role, code, post, _ in ACCOUNTS:
        officers.append(_officer(username, name, password, role))
        if code:
            postings.append((len(officers) - 1, post, organisations[code]))
            named[code, post] = named.get((code, post), 0) + 1
    spare = CADRES - 2 * (len(BUREAUS) + len(DEPARTMENTS))
    for code, organisation in organisations.items():
        seats = {**SEATS[organisation.kind], **OWN_SEATS.get(code, {})}
        if organisation.kind == "bureau" and spare > 0:
            seats, spare = {**seats, "cadre": 3}, spare - 1
        for post, number in seats.items():
            for place in range(named.get((code, post), 0), number):
                name = rng.choice(SURNAMES) + rng.choice(GIVEN)
                officers.append(_officer(f"{code}.{post}.{place + 1}", name, "!"))
                postings.append((len(officers) - 1, post, organisation))
    made = Officer.objects.bulk_create(officers)
    for officer in made:
        if officer.role != "officer":
            officer.totp_sealed = seal_secret(TOTP_SECRET, officer.pk, master_key())
            officer.totp_since = at
            officer.save(update_fields=["totp_sealed", "totp_since"])
    Posting.objects.bulk_create(
        Posting(
            officer=made[place],
            post_id=post,
            organisation=organisation,
            from_date=SINCE.date(),
            kind="deputy" if post == "town_leader" and place % 2 else "holder",
        )
        for place, post, organisation in postings
    )


def _officer(username: str, name: str, password: str, role: str = "officer") -> Officer:
    return Officer(
        username=username,
        name=name,
        role=role,
        password=password,
        tokens=search_tokens(f"{name} {username}", name=True),
    )


def _build_shifts(at: datetime) -> None:
    """Two seats of every town centre around the clock; each day one seat of one town is left
    open two days ahead, so that the page of gaps has something true to show.
    """
    day = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = []
    crews: dict[tuple[int, str], list[int]] = {}
    for organisation, post, officer in (
        Posting.objects.filter(post__in=("town_seat", "police_seat"))
        .order_by("pk")
        .values_list("organisation", "post", "officer")
    ):
        crews.setdefault((organisation, post), []).append(officer)
    for place, ((organisation, post), crew) in enumerate(sorted(crews.items())):
        for number in range(-SHIFT_DAYS_PAST, SHIFT_DAYS_AHEAD):
            for turn, hour in enumerate(SHIFT_STARTS):
                if number == 2 and turn == 0 and place == 7:
                    continue
                starts = day + timedelta(days=number, hours=hour)
                officer = crew[(number * 3 + turn) % len(crew)]
                over = starts + timedelta(hours=8) <= at
                rows.append(
                    Shift(
                        organisation_id=organisation,
                        post_id=post,
                        officer_id=officer,
                        starts_at=starts,
                        ends_at=starts + timedelta(hours=8),
                        hand_over_note="无遗留事项" if over else "",
                        handed_over_at=starts + timedelta(hours=8) if over else None,
                    )
                )
    Shift.objects.bulk_create(rows, batch_size=500)
