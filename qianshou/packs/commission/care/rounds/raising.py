"""Raising what a comparison found: mismatches with their owners, and the sample for the audit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import New, insert_rows
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.crosscheck import FIELDS
from qianshou.packs.commission.care.models import BlindCheck, Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.matching import Difference, Found, Ref, Taken
from qianshou.packs.commission.care.rounds.owners import OWNERS, PARTNERS, SPANS, circle_around
from qianshou.packs.commission.care.rounds.sealed import digest_of, key_of_list
from qianshou.packs.commission.care.rounds.sight import LEAD
from qianshou.packs.commission.care.rounds.snapshot import sample_of
from qianshou.packs.commission.care.rounds.values import Told, open_if_kept, seal_values

MISMATCH = "care.mismatch"
DECIDED = ("explained", "corrected", "confirmed", "carried")
NAMES = dict(Mismatch.CODES)


class Raiser:
    """Raises the differences of one round; what is asked of the database is asked once."""

    def __init__(self, row: Round, lists: Sequence[Taken], at: datetime) -> None:
        self.row, self.at = row, at
        self.rosters = {
            one.pk: one
            for one in Roster.objects.filter(pk__in=[one.roster for one in lists]).select_related(
                "organisation__division", "division"
            )
        }
        # A child in no roster is explained under the key of the roster that she may be taken into.
        self.roster_of = {
            one.organisation_id: one.pk for one in self.rosters.values() if one.kind == "town"
        }
        self.keys = {pk: key_of_list(roster) for pk, roster in self.rosters.items()}
        self.texts = {
            Ref(one.roster, line.number): line.texts for one in lists for line in one.rows
        }
        self.lead = Organisation.objects.select_related("division").get(code=LEAD)
        self.towns = {
            one.division.name: one
            for one in Organisation.objects.filter(kind="town", valid_to=None).select_related(
                "division"
            )
        }
        self.bureaus = {
            one.code: one
            for one in Organisation.objects.filter(code__in=("education", "civil")).select_related(
                "division"
            )
        }
        self.circles: dict[frozenset[int], int] = {}

    def owner_of(self, one: Difference) -> Organisation:
        """Return the organisation that explains a difference."""
        owner = OWNERS[one.code]
        if owner == "lead":
            return self.lead
        if owner == "bureau":
            return self.bureaus[one.against]
        if one.left is not None:
            return self.rosters[one.left.roster].organisation
        town = self.texts[one.rights[0].ref].get("town", "")
        return self.towns.get(town, self.lead)

    def partner_of(self, one: Difference, owner: Organisation) -> Organisation | None:
        """Return the organisation that has to agree, or None."""
        wanted = PARTNERS.get(one.code, "")
        if wanted == "town":
            other = self.rosters[one.rights[0].ref.roster].organisation
            return None if other == owner else other
        if not wanted:
            return None
        return self.bureaus.get(one.against if wanted == "bureau" else wanted)

    def circle_of(self, owner: Organisation, partner: Organisation | None) -> int:
        """Return the circle of those who answer for a mismatch."""
        members = [owner, *([partner] if partner else [])]
        key = frozenset(one.pk for one in members)
        if key not in self.circles:
            self.circles[key] = circle_around(members, self.lead, by=CLOCK, at=self.at).pk
        return self.circles[key]

    def pair_of(self, one: Difference) -> str:
        """Return the keyed digest under which a decision is found again in later rounds."""

        def told(ref: Ref | None) -> Mapping[str, str]:
            if ref is None:
                return {}
            texts = self.texts[ref]
            keys = sorted(texts) if one.code == "E1" else FIELDS
            return {key: texts[key] for key in keys if texts.get(key)}

        rights = [told(right.ref) for right in one.rights]
        return digest_of([one.code, one.against, told(one.left), rights])

    def make(self, one: Difference, pair: str, earlier: Mismatch | None) -> Mismatch:
        """Return the row of a difference, not yet saved; decided where an earlier round did."""
        owner = self.owner_of(one)
        right = one.rights[0].ref if one.rights else None
        own = one.left.roster if one.left else self.roster_of.get(owner.pk)
        kept_with = own or (right.roster if right else None)
        assert kept_with is not None
        town = self.rosters[one.left.roster].division if one.left else owner.division
        told = Told(
            against=one.against,
            doubt=list(one.doubt or ()),
            candidates=[
                {
                    "row": candidate.ref.row,
                    "code": candidate.code,
                    "weight": candidate.weight,
                    "evidence": [[e.field, e.level, e.weight] for e in candidate.evidence],
                }
                for candidate in one.rights
            ],
        )
        row = Mismatch(
            round=self.row,
            code=one.code,
            roster_id=own,
            roster_row=one.left.row if one.left else None,
            other_id=right.roster if right else None,
            other_row=right.row if right else None,
            division=town,
            organisation=owner,
            partner=self.partner_of(one, owner),
            weight=one.rights[0].weight if one.rights else 0,
            pair=pair,
            opened_at=self.at,
        )
        if earlier is not None:
            answer = open_if_kept(earlier).told
            told.answer, told.remarks = answer.answer, answer.remarks
            row.state, row.decision, row.reason = "carried", earlier.decision, earlier.reason
            row.decided_at, row.decided_by_id = earlier.decided_at, earlier.decided_by_id
            row.second_by_id = earlier.second_by_id
        row.values = seal_values(
            self.texts[one.left] if one.left else {},
            [self.texts[candidate.ref] for candidate in one.rights],
            told,
            left_key=self.keys[kept_with],
            right_key=self.keys[right.roster if right else kept_with],
        )
        return row


def raise_mismatches(row: Round, lists: Sequence[Taken], found: Found, *, at: datetime) -> int:
    """Make every difference a mismatch with a matter and a task of its owner; returns how many.

    What an earlier round of the year decided for the same rows and values is carried over and
    opens nothing. The sample for the blind audit is drawn and written down.
    """
    raiser = Raiser(row, lists, at)
    number = raise_differences(raiser, found.differences)
    drawn = [
        BlindCheck(
            round=row,
            place=place,
            roster_id=left.roster,
            roster_row=left.row,
            other_id=right.roster,
            other_row=right.row,
            division=raiser.rosters[left.roster].division,
            values=seal_values(
                raiser.texts[left],
                [raiser.texts[right]],
                Told(against="education"),
                left_key=raiser.keys[left.roster],
                right_key=raiser.keys[right.roster],
            ),
        )
        for place, (left, right) in enumerate(sample_of(row.seed, found.automatic), 1)
    ]
    insert_rows(BlindCheck, [New(_columns(one), CLOCK, at) for one in drawn])
    return number


def raise_differences(raiser: Raiser, differences: Sequence[Difference]) -> int:
    """Make differences mismatches, with matters for what is not carried over; returns how many."""
    at = raiser.at
    pairs = [raiser.pair_of(one) for one in differences]
    earlier = _decided_before(raiser.row, pairs)
    rows = [
        raiser.make(one, pair, earlier.get(pair))
        for one, pair in zip(differences, pairs, strict=True)
    ]
    fresh = [one for one in rows if one.state == "open"]
    receipts = door.open_many([_opening(raiser, one) for one in fresh], by=CLOCK, at=at)
    for one, receipt in zip(fresh, receipts, strict=True):
        one.matter_id = receipt.matter
    insert_rows(Mismatch, [New(_columns(one), CLOCK, at) for one in rows])
    return len(rows)


def _columns(row: Model) -> dict[str, Any]:
    return {
        one.attname: getattr(row, one.attname)
        for one in row._meta.concrete_fields
        if not one.primary_key
    }


def _decided_before(row: Round, pairs: Sequence[str]) -> dict[str, Mismatch]:
    wanted = set(pairs)
    rows = (
        Mismatch.objects.filter(
            round__year=row.year, round__number__lt=row.number, state__in=DECIDED
        )
        .select_related("roster", "other")
        .order_by("round__number", "pk")
    )
    return {one.pair: one for one in rows if one.pair in wanted}


def _opening(raiser: Raiser, one: Mismatch) -> acts.Open:
    place = one.division.name
    facts: dict[str, Any] = {
        "code": one.code,
        "heading": f"{one.code} {NAMES[one.code]} · {place} · 第 {raiser.row.number} 轮",
        "owner": one.organisation.code,
        "span": SPANS[one.code],
        "round": raiser.row.pk,
    }
    if one.partner is not None:
        facts["partner"] = one.partner.code
    circle = raiser.circle_of(one.organisation, one.partner)
    return acts.Open(MISMATCH, facts, "mismatch", organisation=one.organisation.code, circle=circle)
