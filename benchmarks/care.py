"""A cadre's first page of children, and a month's duties: 160 children enrolled, then 16,000.

Peer: the same page with 160 children enrolled, in the same run and database; every cadre has 19
children either way. Set DATABASE_URL for PostgreSQL. ratio = p50 large / p50 small (at most
1.5); duties_seconds is how long it takes to open the visits of a month for all 16,000 (at most
20).
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

from bench import boot, database, quantile, report, seconds_of

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
SMALL, LARGE = 160, 16_000
EACH = 19  # children of one cadre
BATCH = 4_000
ROUNDS = 120


def cadres_of(number: int) -> list[int]:
    """Insert so many cadres, spread over the district's departments, and return their ids."""
    from qianshou.kernel.registry.models import Officer, Organisation, Posting

    departments = list(Organisation.objects.filter(kind="bureau").order_by("pk"))
    made = Officer.objects.bulk_create(
        Officer(username=f"bench{place}", name="林悦", password="!") for place in range(number)
    )
    Posting.objects.bulk_create(
        Posting(
            officer=one,
            post_id="cadre",
            organisation=departments[place % len(departments)],
            from_date=NOW.date(),
        )
        for place, one in enumerate(made)
    )
    return [one.pk for one in made]


def village_circles() -> list[tuple[int, int, int]]:
    """Make the circle of every village; returns (village, town, circle)."""
    from qianshou.kernel.access import CLOCK
    from qianshou.kernel.registry.models import Division
    from qianshou.packs.commission.care.circle import village_circle

    villages = Division.objects.filter(kind__in=("village", "community")).order_by("pk")
    return [
        (one.pk, one.parent_id or 0, village_circle(one, by=CLOCK, at=NOW).pk) for one in villages
    ]


def enrol(first: int, last: int, cadres: list[int], places: list[tuple[int, int, int]]) -> None:
    """Insert enrolled children by number, with circle, cadre, sealed name and a contact each."""
    from qianshou.kernel.access import CLOCK
    from qianshou.kernel.door.registering import New, insert_rows
    from qianshou.kernel.registry import cipher
    from qianshou.kernel.registry.models import Circle, CircleMember, Person, Sheet
    from qianshou.kernel.registry.vault import master_key, seal_value
    from qianshou.packs.commission.care.models import Child, Contact

    day, master = NOW.date(), master_key()

    def put(model, rows):
        return insert_rows(model, [New(row, CLOCK, NOW) for row in rows])

    for start in range(first, last, BATCH):
        numbers = range(start, min(start + BATCH, last))
        keys = [cipher.new_key() for _ in numbers]
        home = [places[number * 7919 % len(places)] for number in numbers]
        circles = put(Circle, [{"about": "care.child", "parent_id": at[2]} for at in home])
        persons = put(
            Person,
            [
                {
                    "sealed": cipher.seal_fields({}, key),
                    "wrapped_key": cipher.wrap_key(key, master),
                    "circle_id": circle,
                    "created_at": NOW,
                }
                for key, circle in zip(keys, circles, strict=True)
            ],
        )
        put(
            Sheet,
            [
                {
                    "person_id": person,
                    "kind": "care.identity",
                    "sealed": seal_value({"name": "刘小禾"}, key).encode(),
                    "updated_at": NOW,
                }
                for person, key in zip(persons, keys, strict=True)
            ],
        )
        put(
            CircleMember,
            [
                {
                    "circle_id": circle,
                    "role": "cadre",
                    "officer_id": cadres[number // EACH],
                    "from_date": day,
                }
                for number, circle in zip(numbers, circles, strict=True)
            ],
        )
        children = put(
            Child,
            [
                {
                    "code": f"H-{number:07d}",
                    "person_id": person,
                    "circle_id": circle,
                    "sex": "F",
                    "birth_year": 2011 + number % 9,
                    "village_id": at[0],
                    "town_id": at[1],
                    "stage": "primary",
                    "state": "enrolled",
                    "candidate_on": day,
                    "enrolled_on": day,
                }
                for number, person, circle, at in zip(numbers, persons, circles, home, strict=True)
            ],
        )
        put(
            Contact,
            [
                {
                    "child_id": child,
                    "kind": kind,
                    "role": "cadre",
                    "at": NOW - timedelta(days=days),
                    "division_id": at[0],
                    "note": b"",
                }
                for child, at in zip(children, home, strict=True)
                for kind, days in (("visit", 40), ("talk", 10))
            ],
        )


def measure(cadres: list[int]) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds of the first page of several cadres."""
    from django.test import Client

    from qianshou.kernel.registry.models import Officer

    officers = Officer.objects.in_bulk(cadres)
    chosen = [cadres[place * 37 % len(cadres)] for place in range(8)]
    clients = []
    for one in chosen:
        client = Client()
        client.force_login(officers[one])
        clients.append(client)
    times = []
    for place in range(ROUNDS):
        begin = time.perf_counter()
        answer = clients[place % len(clients)].get("/p/care/")
        times.append((time.perf_counter() - begin) * 1000)
        assert answer.status_code == 200
        assert answer.content.count(b"kid-who") >= 8
    warm = times[ROUNDS // 5 :]
    return quantile(warm, 0.5), quantile(warm, 0.99)


def main() -> None:
    """Enrol a few, look, enrol many, give out a month, look again."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    boot()
    from django.conf import settings
    from django.db import connection

    settings.ALLOWED_HOSTS = ["testserver"]
    with database():
        from qianshou.demo.district import build_district
        from qianshou.kernel.duties.giving import give_duties
        from qianshou.kernel.installing import install_packs

        install_packs(NOW)
        build_district(NOW, 1)
        cadres, places = cadres_of(LARGE // EACH + 1), village_circles()
        enrol(0, SMALL, cadres, places)
        give_duties(NOW)
        small50, small99 = measure(cadres[: SMALL // EACH])
        enrol(SMALL, LARGE, cadres, places)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        given = {}
        seconds = seconds_of(lambda: given.update(give_duties(NEXT_MONTH)))
        assert given["commission.care.month"] == LARGE
        large50, large99 = measure(cadres[: LARGE // EACH])
    report(
        database=connection.vendor,
        children=LARGE,
        small_p50_ms=small50,
        small_p99_ms=small99,
        p50_ms=large50,
        p99_ms=large99,
        duties_seconds=seconds,
        ratio=large50 / small50,
        ratio99=large99 / small99,
    )


if __name__ == "__main__":
    main()
