"""The frozen result of a round: one canonical text without a name, and making it again."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from django.db.models import Count

from qianshou.packs.commission.care.models import Comparison, Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.matching import Found, Ref, Taken
from qianshou.packs.commission.care.rounds.sealed import canonical, row_digest

TABLE = Path(__file__).parents[1] / "eligibility.dmn"
SHARE = 0.1  # of the automatic matches, judged by somebody who does not see the machine's answer


def eligibility_digest() -> str:
    """Return the SHA-256 of the decision table that says who is eligible."""
    return sha256(TABLE.read_bytes()).hexdigest()


def sample_of(seed: str, automatic: Iterable[tuple[Ref, Ref]]) -> list[tuple[Ref, Ref]]:
    """Return the automatic matches that are audited: a tenth, drawn from the round's seed."""
    pool = sorted(automatic)
    return Random(seed).sample(pool, ceil(len(pool) * SHARE))  # noqa: S311 - seeded, to be redrawn


def outcome_of(row: Round, lists: Iterable[Taken], found: Found) -> bytes:
    """Return what a comparison found as canonical bytes, every row by its keyed digest."""
    lists = list(lists)
    texts = {Ref(one.roster, line.number): line.texts for one in lists for line in one.rows}
    codes = {one.roster: f"{one.kind}/{one.organisation}" for one in lists}
    digests: dict[Ref, str] = {}

    def digest(ref: Ref | None) -> str | None:
        if ref is None:
            return None
        if ref not in digests:
            digests[ref] = row_digest(texts[ref])
        return digests[ref]

    kept = Roster.objects.filter(pk__in=codes).values_list(
        "pk", "number_of_rows", "digest", "purpose", "legal_basis"
    )
    return canonical(
        {
            "year": row.year,
            "number": row.number,
            "as_of": row.as_of.isoformat(),
            "seed": row.seed,
            "weights": found.weights_version,
            "parameters": {"sample": SHARE, "eligibility": eligibility_digest()},
            "lists": sorted([codes[pk], *told] for pk, *told in kept),
            "lines": [
                [against, codes[left.roster], digest(left), digest(right), decision, code, weight]
                for against, left, right, decision, code, weight in found.lines
            ],
            "differences": [
                [
                    one.code, one.against, digest(one.left),
                    [digest(right.ref) for right in one.rights], one.doubt.reason if one.doubt else None,
                ]
                for one in found.differences
            ],
            "confirmed": {codes[roster]: rows for roster, rows in found.confirmed.items()},
            "sample": [
                [digest(left), digest(right)]
                for left, right in sample_of(row.seed, found.automatic)
            ],
        }
    )  # fmt: skip


def keep_outcome(row: Round, outcome: bytes) -> None:
    """Keep the canonical bytes of a comparison, and what the board shows of them."""
    confirmed = json.loads(outcome)["confirmed"]
    kept = Comparison.objects.filter(round=row)
    kept.update(outcome=zlib.compress(outcome), confirmed=confirmed)


def read_outcome(row: Round) -> Mapping[str, Any]:
    """Return what a round's comparison found; empty before it ran."""
    kept = Comparison.objects.filter(round=row).values_list("outcome", flat=True).first()
    return json.loads(zlib.decompress(bytes(kept))) if kept else {}


def snapshot_of(row: Round, outcome: Mapping[str, Any]) -> bytes:
    """Return a round's whole result as canonical bytes: the comparison and every decision."""
    rows = Mismatch.objects.filter(round=row)
    decided = rows.values_list(
        "code", "organisation__code", "pair", "state", "decision", "reason", "second_by"
    )
    counts = rows.order_by("code", "state").values_list("code", "state").annotate(n=Count("pk"))
    return canonical(
        {
            "outcome": outcome,
            "mismatches": sorted([*told, second is not None] for *told, second in decided),
            "counts": [list(told) for told in counts],
        }
    )


def freeze(row: Round) -> str:
    """Return the SHA-256 of a round's result, to stand on the round and in the ledger."""
    return sha256(snapshot_of(row, read_outcome(row))).hexdigest()


@dataclass(frozen=True)
class Reproduced:
    """Whether a result made again has the same bytes; from the lists, or from what was kept."""

    is_equal: bool
    is_from_lists: bool
    digest: str
    expected: str


def compare_again(row: Round, outcome: bytes | None) -> Reproduced:
    """Say whether `outcome`, made anew from the lists, gives the bytes of what was kept.

    None: the lists can no longer be opened, so the kept outcome stands in for them.
    """
    kept = canonical(read_outcome(row))
    made = kept if outcome is None else outcome
    digest = sha256(snapshot_of(row, json.loads(made))).hexdigest()
    expected = row.snapshot or sha256(snapshot_of(row, json.loads(kept))).hexdigest()
    return Reproduced(digest == expected and made == kept, outcome is not None, digest, expected)
