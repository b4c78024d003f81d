"""Which page opens a record that a figure of care counts, for whoever may open it.

A record that tells of a child opens her page: the figures list those of the reader's circles
alone. Addresses bear her code, never a name.
"""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from qianshou.design.sought import seal_words
from qianshou.kernel.access import Actor
from qianshou.kernel.pack import record_pages
from qianshou.kernel.registry.models import Division, Posting
from qianshou.packs.commission.care.board import may_assign, towns_for
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.rounds.sight import may_look

PACK = "commission.care"
VETTERS = {"lead_office", "town_team"}


def child_page(code: str) -> str:
    """Return the address of a child's page."""
    return reverse("care-child", args=[code])


@record_pages(PACK, "care.Child")
@record_pages(PACK, "care.Enrolment")
def pages_of_children(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the pages of children."""
    return {row.pk: child_page(row.code) for row in rows}


@record_pages(PACK, "care.Contact")
@record_pages(PACK, "care.Eligibility")
@record_pages(PACK, "care.Handover")
@record_pages(PACK, "care.Hazard")
@record_pages(PACK, "care.Letter")
@record_pages(PACK, "care.Pledge")
@record_pages(PACK, "care.SampleVisit")
@record_pages(PACK, "care.Wish")
def pages_of_her_child(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the page of the child that each row is about."""
    return {row.pk: child_page(row.child.code) for row in rows}


@record_pages(PACK, "registry.CircleMember")
def pages_of_members(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the page of the child whom each circle is around (one query)."""
    circles = {row.circle_id: row.pk for row in rows}
    codes = Child.objects.filter(circle__in=circles).values_list("circle", "code")
    return {circles[circle]: child_page(code) for circle, code in codes}


@record_pages(PACK, "registry.Sheet")
def pages_of_sheets(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the page of the child whose sheet each row is."""
    return {row.pk: child_page(row.person.child.code) for row in rows}


@record_pages(PACK, "care.Mismatch")
def pages_of_mismatches(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the pages of mismatches: those that are shown to an officer open."""
    return {row.pk: reverse("care-mismatch", args=[row.pk]) for row in rows}


@record_pages(PACK, "care.Round")
def pages_of_rounds(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the boards of rounds, for whoever has a part in the survey."""
    if not may_look(by):
        return {}
    return {row.pk: reverse("care-round", args=[row.pk]) for row in rows}


@record_pages(PACK, "care.Roster")
def pages_of_rosters(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the board of the round for which each roster was handed in."""
    if not may_look(by):
        return {}
    return {row.pk: reverse("care-round", args=[row.round_id]) for row in rows}


@record_pages(PACK, "registry.Pairing")
@record_pages(PACK, "registry.Posting")
@record_pages(PACK, "registry.Division")
def pages_of_towns(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the pairing of the town where each row lies, of the towns that `by` may look at: its
    own page for whoever gives cadres there, else the board.
    """
    board = reverse("care-pairing")
    pages = {
        town.pk: reverse("care-pairing-town", args=[town.code]) if may_assign(by, town) else board
        for town in towns_for(by)
    }
    places = {row.pk: _town_of(row).pk for row in rows}
    return {pk: pages[place] for pk, place in places.items() if place in pages}


def _town_of(row: Any) -> Any:
    if isinstance(row, Posting):
        return row.organisation.division
    return row if isinstance(row, Division) else row.division


@record_pages(PACK, "care.Commendation")
def pages_of_commendations(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the list of commendations of whoever was commended, for everybody with a post."""
    if by.officer is None or not any(seat.pack == PACK for seat in by.seats):
        return {}
    address = reverse("care-commendations")
    return {row.pk: f"{address}?s={seal_words(row.officer.name, by.officer)}" for row in rows}


@record_pages(PACK, "care.Vetting")
def pages_of_vettings(rows: Iterable[Any], by: Actor) -> dict[int, str]:
    """Return the page of vettings, for those who keep them."""
    if not VETTERS & {seat.post for seat in by.seats}:
        return {}
    return {row.pk: reverse("care-vetting") for row in rows}
