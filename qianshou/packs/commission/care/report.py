"""Reports of harm (强制报告): all receivers at once, the reporter unnamed, nothing outside the circle.

A report has a circle and a person of its own: the child's circle learns nothing of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, REPORTER, Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import acts
from qianshou.kernel.door.notices import tell_officer, tell_seat
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import register_person
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, CircleMember, Division, Organisation, Posting
from qianshou.kernel.registry.vault import keep_person, open_person
from qianshou.packs.commission.care.circle import add_seat
from qianshou.packs.commission.care.models import Child, HarmReport

PACK, REPORT = "commission.care", "care.report"
LEAD = "commission"
UNNAMED = Actor(REPORTER, name="举报人（受保护）")
SIGNING = ("sign", "second", "third")


def may_report(by: Actor) -> bool:
    """Whether `by` holds any post of care: every one of them may, and must, report."""
    return any(seat.pack == PACK for seat in by.seats)


def open_report(
    told: Mapping[str, Any], *, by: Actor, at: datetime, receipt: str = ""
) -> door.Receipt:
    """Send a report of harm to its receivers, in one transaction, and return its receipt.

    `told` holds what the form asks for: signs, told, in_danger, place, child_code and
    child_description; one sign or a few words are enough. Who reports is sealed apart, for the
    station alone; the ledger names nobody. `receipt` is the digest under which the reporter
    follows it. Refuses care.nothing_told and, to whoever holds no post of care, access.denied.
    """
    require(may_report(by))
    if not told.get("signs") and not str(told.get("told") or "").strip():
        raise Refusal(
            "care.nothing_told",
            "请至少勾选一种情形，或写几个字",
            "Please tick one sign at least, or write a few words",
            "signs",
        )
    place = _place_of(told, by)
    with write_turn():
        circle = change_row(Circle(), {"about": REPORT}, by=UNNAMED, at=at)
        person = register_person({}, circle=circle, by=UNNAMED, at=at)
        facts = {
            **{name: told.get(name) for name in ("signs", "told", "child_code")},
            "in_danger": told.get("in_danger"),
            "child_description": told.get("child_description"),
            "place": {"address": (told.get("place") or {}).get("address"), "division": place.code},
            "summary": f"强制报告（{place.name}）",
            "level": "urgent" if told.get("in_danger") else "serious",
            "station": station_of(place, at),
            "reporter": {"person": _seal_reporter(by, at)},
        }
        act = acts.Open(REPORT, facts, "report", LEAD, receipt, circle=circle.pk, person=person.pk)
        opened = door.act(act, by=UNNAMED, at=at)
    assert opened is not None
    return opened


def _place_of(told: Mapping[str, Any], by: Actor) -> Division:
    """Return where it happened: as told, else the named child's village, else the reporter's own
    organisation's division. Whether there is a child of that code is not told.
    """
    current = Division.objects.filter(valid_to=None)
    code = (told.get("place") or {}).get("division")
    named = current.filter(code=code).first() if code else None
    if named is None and told.get("child_code"):
        children = Child.objects.filter(code=str(told["child_code"]).strip().upper())
        named = current.filter(pk__in=children.values("village")).first()
    return named or current.get(organisations=by.seats[0].organisation)


def station_of(place: Division, at: datetime) -> str:
    """Return the code of the police station around a place that has a child officer today, or ""."""
    today = at.astimezone(CHINA).date()
    lineage = [int(part) for part in place.path.strip(".").split(".")]
    held = Posting.objects.filter(
        Q(to_date=None) | Q(to_date__gte=today), post="station_care", from_date__lte=today
    )
    found = Organisation.objects.filter(
        kind="station", division__in=lineage, pk__in=held.values("organisation"), valid_to=None
    )
    return found.order_by("-division__path", "pk").values_list("code", flat=True).first() or ""


def _seal_reporter(by: Actor, at: datetime) -> int:
    organisation = Organisation.objects.get(pk=by.seats[0].organisation)
    name = f"{by.name}（{organisation.name}）"
    return keep_person({"officer": str(by.officer), "name": name}, at)


def call(change: Change, role: str, code: str, post: str) -> None:
    """Take a seat into the report's circle and tell whoever holds it."""
    organisation = Organisation.objects.get(code=code)
    assert change.circle is not None
    circle = Circle.objects.get(pk=change.circle)
    if not circle.members.filter(organisation=organisation, post=post, to_date=None).exists():
        add_seat(circle, role, organisation, post, by=CLOCK, at=change.at)
    tell_seat(
        change,
        "harm",
        (organisation.pk, post),
        f"强制报告 {change.number}：请十五分钟内签收",
        f"Report of harm {change.number}: please sign for it within 15 minutes",
    )


@effect("care.call_receivers")
def call_receivers(change: Change, facts: Mapping[str, Any]) -> None:
    """Take the first of each list of receivers into the circle, all at once."""
    for receiver in facts["receivers"]:
        call(change, receiver["role"], receiver["first"], receiver["first_post"])


@effect("care.call_second")
def call_second(change: Change, facts: Mapping[str, Any]) -> None:
    """Call the second of a list, because the first has not signed in time; tell the circle."""
    _call_next(change, facts["receiver"], "second")


@effect("care.call_third")
def call_third(change: Change, facts: Mapping[str, Any]) -> None:
    """Call the third of a list, because neither before has signed in time; tell the circle."""
    _call_next(change, facts["receiver"], "third")


def _call_next(change: Change, receiver: Mapping[str, str], place: str) -> None:
    before = Organisation.objects.get(code=receiver["first"])
    _tell_circle(
        change,
        f"强制报告 {change.number}：{before.name} 十五分钟未签收，已呼叫下一位",
        f"Report of harm {change.number}: {before.name_en} has not signed; the next is called",
    )
    call(change, receiver["role"], receiver[place], receiver[f"{place}_post"])
    HarmReport.objects.filter(pk=change.matter).update(called=F("called") + 1)


def _tell_circle(change: Change, zh: str, en: str) -> None:
    members = CircleMember.objects.filter(circle=change.circle, to_date=None, officer=None)
    for member in members.order_by("pk"):
        assert member.organisation_id is not None
        assert member.post_id is not None
        tell_seat(change, "harm", (member.organisation_id, member.post_id), zh, en)


@effect("care.call_taker")
def call_taker(change: Change, facts: Mapping[str, Any]) -> None:
    """Call the station to which the police hand a report on."""
    call(change, "police", facts["taker"], "station_care")


@effect("care.tell_reporter")
def tell_reporter(change: Change, facts: Mapping[str, Any]) -> None:
    """Tell the reporter what may be told of the result, and nothing else (statute H4).

    Whose notice it is is found in the vault by the rule alone: nobody is shown it.
    """
    reporter = int(open_person(facts["reporter"]["person"])["officer"])
    told = str(facts["result_told"])
    zh, en = f"您报告的情况已有结果：{told}", f"The result of your report: {told}"
    tell_officer(reporter, change.organisation, "harm_result", zh, en, at=change.at)


@projection(REPORT)
def project_report(change: Change) -> None:
    """Keep the report's row as the act left it: when it was received, accepted, told, closed."""
    rows = HarmReport.objects
    step = change.node.rpartition("/")[2]
    if change.act == "open":
        rows.create(
            matter_id=change.matter,
            division_id=change.division,
            signs=change.facts.get("signs") or [],
            reported_at=change.at,
        )
    elif change.act == "complete" and step in SIGNING:
        waited = (change.at - change.opened_at).total_seconds() / 60
        rows.filter(pk=change.matter, received_at=None).update(
            received_at=change.at, received_minutes=round(waited, 1)
        )
    elif change.act == "complete" and change.submitted.get("receipt") == "accept":
        rows.filter(pk=change.matter, accepted_at=None).update(accepted_at=change.at)
    elif change.act == "complete" and step == "result":
        rows.filter(pk=change.matter).update(told_at=change.at)
    if change.closed:
        rows.filter(pk=change.matter).update(closed_at=change.at)
