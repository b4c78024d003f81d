"""The three rounds in which the girls were found in 2024: lists handed in, and what did not agree.

The lists themselves are not kept: their keys were destroyed when each round closed. What their
comparison found stands by list and count; its lines, which never were, do not.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from random import Random

from qianshou.demo.children import BY, Girl, instant
from qianshou.kernel.door.registering import New, change_row, insert_rows
from qianshou.kernel.registry.models import Division, Organisation
from qianshou.packs.commission.care.models import Comparison, Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.sealed import canonical
from qianshou.packs.commission.care.rounds.sharing import proposed_sharing
from qianshou.packs.commission.care.rounds.snapshot import SHARE, eligibility_digest, freeze

PUPILS, IN_CIVIL_AFFAIRS = 61480, 3790
ROUNDS = (
    (date(2024, 1, 2), 0.93, {"M1": 236, "N1": 141, "C1": 12, "C2": 9, "A1": 7, "D1": 31, "N2": 58, "E1": 66}),
    (date(2024, 1, 24), 0.985, {"M1": 61, "N1": 44, "C1": 3, "C2": 2, "D1": 8, "N2": 14, "E1": 23}),
    (date(2024, 2, 26), 1.0, {"M1": 9, "N1": 21, "N2": 3, "E1": 4}),
)  # fmt: skip
REASONS = {
    "M1": ("typing", "older", "moved"),
    "N1": ("preschool", "outside", "definition"),
    "C1": ("typing",),
    "C2": ("typing",),
    "A1": ("same_name",),
    "D1": ("moved",),
    "N2": ("omitted", "definition"),
    "E1": ("ineligible", "older"),
}
DECIDED = {
    "M1": "roster", "N1": "stays", "C1": "same", "C2": "same", "A1": "same", "D1": "first",
    "N2": "leave", "E1": "eligible",
}  # fmt: skip
IN_CORRECTING = {"M1": "other"}
NOT_OF_A_ROSTER = "N2"
WITH_EDUCATION = ("M1", "C2", "N1")


def insert_rounds(
    girls: Sequence[Girl], people: Mapping[tuple[str, int], Sequence[int]], seed: int
) -> None:
    """Insert three closed rounds with their rosters and decided mismatches."""
    rng = Random(f"{seed}/rounds")
    district = Division.objects.get(kind="district")
    codes = {one.code: one for one in Organisation.objects.filter(kind__in=("town", "bureau"))}
    towns = {one.division_id: one for one in codes.values() if one.kind == "town"}
    for number, (opened, share, found) in enumerate(ROUNDS, start=1):
        values = {
            "year": opened.year,
            "number": number,
            "as_of": opened,
            "state": "closed" if number == len(ROUNDS) else "passed",
            "opened_at": instant(opened, 540),
            "compared_at": instant(opened + timedelta(days=10), 900),
            "closed_at": instant(opened + timedelta(days=18), 1000),
            "weights_version": "1",
            "seed": sha256(f"{seed}/round/{number}".encode()).hexdigest()[:16],
            "division_id": district.pk,
        }
        (made,) = insert_rows(Round, [New(values, BY, instant(opened, 540))])
        row = Round.objects.get(pk=made)
        handed = instant(opened + timedelta(days=9), 700)
        lists = [
            (towns[town], town, "town", sum(girl.town.pk == town for girl in girls) * share)
            for town in sorted(towns)
        ]
        lists.append((codes["education"], district.pk, "education", PUPILS))
        lists.append((codes["civil"], district.pk, "civil", IN_CIVIL_AFFAIRS))
        rosters = [
            {
                "round_id": made,
                "kind": kind,
                "organisation_id": organisation.pk,
                "division_id": division,
                "handed_in_at": handed,
                "number_of_rows": int(rows),
                "digest": sha256(f"{seed}/{number}/{organisation.code}".encode()).hexdigest(),
                **proposed_sharing(row, kind)._asdict(),
                "sealed": b"",
                "erased_at": values["closed_at"],
            }
            for organisation, division, kind, rows in lists
        ]
        insert_rows(Roster, [New(roster, BY, handed) for roster in rosters])
        told = list(_mismatches(made, opened, found, girls, people, towns, rng))
        insert_rows(Mismatch, told)
        _freeze(row, Counter(_owners(told)))


def _owners(told: Sequence[New]) -> Iterator[int]:
    """Yield the town's office of each row of a roster that did not agree."""
    for new in told:
        if new.values["code"] != NOT_OF_A_ROSTER:
            yield new.values["organisation_id"]


def _freeze(row: Round, differing: Mapping[int, int]) -> None:
    """Keep what a round's comparison found, as far as it is told, and freeze its result."""
    rosters = list(row.rosters.select_related("organisation").order_by("pk"))
    lists = [
        (
            f"{one.kind}/{one.organisation.code}",
            one.number_of_rows,
            one.digest,
            one.purpose,
            one.legal_basis,
        )
        for one in rosters
    ]
    confirmed = {
        f"town/{one.organisation.code}": one.number_of_rows - differing.get(one.organisation_id, 0)
        for one in rosters
        if one.kind == "town"
    }
    outcome = {
        "year": row.year,
        "number": row.number,
        "as_of": row.as_of.isoformat(),
        "seed": row.seed,
        "weights": row.weights_version,
        "parameters": {"sample": SHARE, "eligibility": eligibility_digest()},
        "lists": sorted(lists),
        "confirmed": confirmed,
    }
    assert row.compared_at is not None
    assert row.closed_at is not None
    Comparison.objects.create(
        round=row,
        phase="done",
        percent=100,
        asked_at=row.compared_at,
        finished_at=row.compared_at,
        confirmed=confirmed,
        outcome=zlib.compress(canonical(outcome)),
    )
    change_row(row, {"snapshot": freeze(row)}, by=BY, at=row.closed_at)


def _mismatches(
    made: int,
    opened: date,
    found: Mapping[str, int],
    girls: Sequence[Girl],
    people: Mapping[tuple[str, int], Sequence[int]],
    towns: Mapping[int, Organisation],
    rng: Random,
) -> Iterator[New]:
    begun = instant(opened + timedelta(days=11), 540)
    education = Organisation.objects.get(code="education")
    for code, number in found.items():
        for girl in rng.sample(list(girls), min(number, len(girls))):
            team = people["town_team", girl.town.pk]
            decided = begun + timedelta(days=rng.randrange(1, 7), minutes=rng.randrange(400))
            corrected = code in ("M1", "C1", "C2", "D1") and rng.random() < 0.7
            values = {
                "round_id": made,
                "code": code,
                "division_id": girl.town.pk,
                "organisation_id": towns[girl.town.pk].pk,
                "partner_id": education.pk if code in WITH_EDUCATION else None,
                "state": "corrected" if corrected else "explained",
                "decision": (corrected and IN_CORRECTING.get(code)) or DECIDED[code],
                "reason": rng.choice(REASONS[code]),
                "pair": sha256(f"{made}/{code}/{girl.place}".encode()).hexdigest(),
                "values": b"",
                "opened_at": begun,
                "decided_at": decided,
                "decided_by_id": team[0],
                "second_by_id": team[1] if code in ("C1", "C2") else None,
            }
            yield New(values, BY, decided)
