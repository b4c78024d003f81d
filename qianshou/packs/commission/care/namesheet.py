"""Names by approval (姓名导出): a sheet with children's names, for a purpose, approved by another.

The sheet is made when it is fetched, with the asker's authority of that moment, for seven days and
three times at most, and is never stored (个保法 6, 51).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import Actor, Seat, require
from qianshou.kernel.clock import day_of
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.notices import tell_member, tell_seat
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.sealing import kinds_read, note_openings, open_sheets_of
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import Change, find_start, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, Officer, Organisation, Person
from qianshou.kernel.worklist.lists import see_matters
from qianshou.packs.commission.care.circle import LEAD, SEATS, add_officer, add_seat
from qianshou.packs.commission.care.enrolment import actor_in
from qianshou.packs.commission.care.models import Child, NameSheet
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.models.namesheet import DOWNLOADS
from qianshou.packs.commission.care.naming import NUMBER
from qianshou.packs.commission.care.register import my_children, names_one
from qianshou.packs.commission.care.roster.identity import mask

PACK, NAMESHEET = "commission.care", "care.namesheet"
ASKER = "asker"
MOST, LONGEST, VALID = 300, 30, 7
MASKED, WHOLE = "masked", "whole"
GUARDIANS = {"guardian", "guardian_phone"}
PURPOSES = dict(NameSheet.PURPOSES)


@dataclass(frozen=True)
class Line:
    """A child in a sheet with names: what stands open of her, and what was opened, by column."""

    child: Child
    name: str
    told: Mapping[str, str]


@dataclass(frozen=True)
class Fetched:
    """A sheet with names as it was fetched: its lines, who was left out, which time it was."""

    lines: list[Line]
    left_out: int
    time: int


def may_ask(by: Actor) -> bool:
    """Whether `by` holds a post that may ask for a sheet with names."""
    return any(_asking(by))


def _asking(by: Actor) -> Iterator[Seat]:
    _pack, start = find_start(PACK, "namesheet")
    return (seat for seat in by.seats if seat.post in start.posts)


def kinds_of(columns: Collection[str]) -> list[str]:
    """Return the kinds of sealed sheets that columns need; the name is always among them."""
    return [IDENTITY, GUARDIANSHIP] if GUARDIANS & set(columns) else [IDENTITY]


def ask_names(
    codes: Collection[str], told: Mapping[str, Any], *, by: Actor, at: datetime
) -> Receipt:
    """Ask for a sheet with the names of the children of these codes; the lead group decides.

    `told` holds what the form asks for. Refuses by field what the form refuses (Refusals form.*),
    no child or more than 300 (care.no_names, care.many_names), one who is not of the asker's
    circles (care.other_child), words that name a child (care.words_name), and a day that is past
    or more than thirty days on (care.needed_until); access.denied to whose posts may not ask, or
    do not read a column.
    """
    columns = [*map(str, told.get("columns") or ())]
    if told.get("id_number") in (MASKED, WHOLE):
        columns.append(str(told["id_number"]))
    require(may_ask(by) and set(kinds_of(columns)) <= kinds_read(by))
    assert by.officer is not None
    found = _find_children(codes, by)
    day = day_of(at)
    if not _is_within(told.get("needed_until"), day):
        raise Refusal(
            "care.needed_until",
            f"请写今天起 {LONGEST} 天以内的一天",
            f"Name a day within {LONGEST} days from today",
            "needed_until",
        )
    _refuse_names(found, str(told.get("words") or ""))
    home = Organisation.objects.get(pk=next(_asking(by)).organisation)
    office = Organisation.objects.get(code="commission")
    officer = Officer.objects.get(pk=by.officer)
    with write_turn():
        circle = change_row(Circle(), {"about": NAMESHEET}, by=by, at=at)
        add_officer(circle, ASKER, officer, by=by, at=at)
        add_seat(circle, LEAD, office, SEATS[LEAD], by=by, at=at)
        facts = {**told, "children": len(found), "scope": scope_words(found)}
        act = acts.Open(NAMESHEET, facts, "namesheet", home.code, circle=circle.pk)
        receipt = door.act(act, by=by, at=at)
        assert receipt is not None
        values = {
            "matter": see_matters(by).get(pk=receipt.matter),
            "officer": officer,
            "organisation": home,
            "purpose": told["purpose"],
            "words": str(told["words"]).strip(),
            "columns": columns,
            "children": [child.pk for child in found],
            "needed_until": date.fromisoformat(str(told["needed_until"])),
            "asked_at": at,
        }
        change_row(NameSheet(), values, by=by, at=at, reason=receipt.number)
    return receipt


def _find_children(codes: Collection[str], by: Actor) -> list[Child]:
    wanted = set(codes)
    if not wanted:
        raise Refusal(
            "care.no_names", "请至少选择一名儿童", "Choose one child at least", "children"
        )
    if len(wanted) > MOST:
        raise Refusal(
            "care.many_names",
            f"一次最多 {MOST} 名，请先缩小范围",
            f"At most {MOST} children at once: narrow the list first",
            "children",
        )
    found = my_children(by).filter(code__in=wanted).select_related("town").order_by("pk")
    if len(found) < len(wanted):
        raise Refusal(
            "care.other_child",
            "所选儿童中有的不在您的知情范围内，请重新选择",
            "Somebody chosen is not among your children; choose again",
            "children",
        )
    return list(found)


def _refuse_names(children: Collection[Child], words: str) -> None:
    if NUMBER.search(words) or names_one(children, words):
        raise Refusal(
            "care.words_name",
            "这段话会留在台账里、给监护人看：请去掉孩子的姓名、电话、证件号",
            "These words stay in the ledger and guardians read them: leave out names and numbers",
            "words",
        )


def _is_within(text: Any, today: date) -> bool:
    """Whether a day lies within the thirty from today; what is no day is the form's to refuse."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return True
    return today <= day <= today + timedelta(days=LONGEST)


def scope_words(children: Collection[Child]) -> str:
    """Return of where and how many the children are: "龙水镇、邮亭镇 12 名"."""
    towns = list(dict.fromkeys(child.town.name for child in children))
    places = "、".join(towns[:3]) + (f"等 {len(towns)} 个镇街" if len(towns) > 3 else "")
    return f"{places} {len(children)} 名"


@projection(NAMESHEET)
def keep_decision(change: Change) -> None:
    """Tell the lead group that somebody asks, and the asker what was decided; keep the decision.

    Refuses whoever asked (care.own_request), and approving what is needed no longer
    (care.needed_no_more).
    """
    if change.act == "open":
        office = Organisation.objects.get(code="commission")
        tell_seat(
            change,
            "namesheet",
            (office.pk, SEATS[LEAD]),
            f"请审批姓名导出申请 {change.number}：{change.facts['scope']}",
            f"Please decide on a sheet with names {change.number}: {change.facts['scope']}",
        )
    elif change.act == "complete":
        _decide(change, NameSheet.objects.get(matter=change.matter))


def _decide(change: Change, row: NameSheet) -> None:
    by, day = actor_in(change), day_of(change.at)
    assert by.officer is not None
    if by.officer == row.officer_id:
        raise Refusal(
            "care.own_request",
            "不能审批自己的申请，请由办公室其他人审批",
            "Nobody decides on their own request; somebody else of the office must",
            "decision",
        )
    approved = change.submitted["decision"] == "approved"
    if approved and row.needed_until < day:
        raise Refusal(
            "care.needed_no_more",
            "已过申请写明的需要日期，只能不予批准",
            "The day until which it was needed is past: it can only be declined",
            "decision",
        )
    valid_to = min(day + timedelta(days=VALID), row.needed_until) if approved else None
    values = {
        "decided_at": change.at,
        "decided_by": Officer.objects.get(pk=by.officer),
        "valid_to": valid_to,
    }
    change_row(row, values, by=by, at=change.at, reason=change.number)
    tell_member(
        change,
        "namesheet",
        row.officer_id,
        f"姓名导出申请 {change.number} 已批准，至 {valid_to} 可下载 {DOWNLOADS} 次"
        if approved
        else f"姓名导出申请 {change.number} 未获批准：{change.submitted['declined_because']}",
        f"The sheet with names {change.number} is approved: {DOWNLOADS} downloads until {valid_to}"
        if approved
        else f"The sheet with names {change.number} is declined: "
        f"{change.submitted['declined_because']}",
    )


def fetch_names(row: NameSheet, *, by: Actor, at: datetime) -> Fetched:
    """Open the children of an approved sheet for whoever asked for it, each opening written down.

    Refuses everybody else and whose posts read a column no longer (access.denied, written down of
    each child as a refused opening), and while it is not approved (care.not_approved), after its
    last day (care.sheet_over), after three times (care.sheet_spent), or when none of the children
    is the asker's any more (care.nobody_left). Who has left the asker's circles is left out.
    """
    kinds, purpose = kinds_of(row.columns), purpose_of(row)
    if by.officer != row.officer_id or not set(kinds) <= kinds_read(by):
        persons = Person.objects.filter(child__in=row.children)
        note_openings(persons, kinds, purpose, by, at, allowed=False)
        require(False)
    with write_turn():
        lock_row(row)
        _require_open(row, day_of(at))
        kept = my_children(by).filter(pk__in=row.children, person__wrapped_key__isnull=False)
        found = list(kept.select_related("town", "village").order_by("town", "village", "code"))
        if not found:
            raise Refusal(
                "care.nobody_left",
                "名单里的儿童都已不在您的知情范围内",
                "None of these children is yours any more",
            )
        persons_found = [child.person_id for child in found]
        opened = open_sheets_of(persons_found, kinds, by=by, at=at, purpose=purpose)
        left_out, time = len(row.children) - len(found), row.downloads + 1
        reason = f"{len(found)} / {len(row.children)}"
        change_row(row, {"downloads": time}, by=by, at=at, reason=reason)
    lines = [_line(child, opened[child.person_id], row.columns) for child in found]
    return Fetched(lines, left_out, time)


def _require_open(row: NameSheet, today: date) -> None:
    if row.valid_to is None:
        raise Refusal(
            "care.not_approved",
            "申请没有获得批准，不能下载",
            "The request is not approved: nothing can be fetched",
        )
    if row.valid_to < today:
        raise Refusal(
            "care.sheet_over",
            f"下载期限 {row.valid_to} 已过；仍然需要的，请重新申请",
            f"It could be fetched until {row.valid_to}; ask again if it is still needed",
        )
    if row.downloads >= DOWNLOADS:
        raise Refusal(
            "care.sheet_spent",
            f"已下载 {DOWNLOADS} 次，不能再下载；仍然需要的，请重新申请",
            f"It has been fetched {DOWNLOADS} times; ask again if it is still needed",
        )


def purpose_of(row: NameSheet) -> str:
    """Return what the record of disclosures says that a sheet's children were opened for."""
    return f"姓名导出 {row.matter.number}：{PURPOSES[row.purpose]}，{row.words}"


def _line(child: Child, sheets: Mapping[str, Mapping[str, Any]], columns: Collection[str]) -> Line:
    identity = sheets[IDENTITY]
    number = str(identity.get("identity_number", ""))
    told = {MASKED: mask(number), WHOLE: number}
    for column in columns:
        if column not in told:
            sheet = sheets[GUARDIANSHIP] if column in GUARDIANS else identity
            told[column] = str(sheet.get(column) or "")
    return Line(child, str(identity.get("name", "")), told)
