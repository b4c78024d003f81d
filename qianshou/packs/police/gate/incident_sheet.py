"""Incidents for counting, from the sheet that the register of 110 gives: read, planned, taken.

A row is found again by its number; what changed is corrected, what was an error is withdrawn and
never deleted, so that two publications can be told apart record by record.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column, SheetRow
from qianshou.packs.police.gate.models import CountedIncident

COLUMNS = (
    Column("number", "警情编号", "Number"),
    Column("received_at", "报警时间", "Reported at"),
    Column("division", "镇街", "Town"),
    Column("category", "类别", "Category"),
    Column("in_street", "街面", "In the street"),
    Column("from_dispute", "矛盾纠纷引发", "A dispute led to it"),
    Column("withdrawn_at", "撤销", "Withdrawn"),
)
INSTANT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?)?"
)
YES = {"是", "yes", "y", "true", "1"}
NO = {"", "否", "no", "n", "false", "0"}
LONGEST_NUMBER = 40
CATALOGUE = "gate.category"


class Known(NamedTuple):
    """What a sheet's rows may name: towns by name, categories by code and by label."""

    towns: Mapping[str, Division]
    categories: Mapping[str, str]


@dataclass(frozen=True)
class Planned:
    """A sheet's row: what it would do ("new", "changed", "same" or "bad"), and what is wrong."""

    number: int
    texts: Mapping[str, str]
    act: str
    row: CountedIncident | None = None
    values: Mapping[str, Any] | None = None
    refusals: tuple[Refusal, ...] = ()


def may_count(actor: Actor) -> bool:
    """Whether the actor holds the district seat, which keeps the incidents that are counted."""
    return any(seat.pack == "police.gate" and seat.post == "district_seat" for seat in actor.seats)


def known() -> Known:
    """Return the towns and categories of today (three queries)."""
    towns = Division.objects.filter(kind__in=("street", "town"), valid_to=None)
    categories: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        for code, label, _parent in labelled_choices(CATALOGUE, language):
            categories |= {label: code, code: code}
    return Known({town.name: town for town in towns}, categories)


def plan_rows(rows: Iterable[SheetRow], at: datetime) -> list[Planned]:
    """Return what each row would do; a few queries, whatever the number of rows."""
    lines = list(rows)
    told = known()
    numbers = sorted({line.texts["number"] for line in lines})
    kept: dict[str, CountedIncident] = {}
    for place in range(0, len(numbers), 500):
        found = CountedIncident.objects.filter(number__in=numbers[place : place + 500])
        kept |= {row.number: row for row in found}
    seen: dict[str, int] = {}
    planned = []
    for line in lines:
        number = line.texts["number"]
        first = seen.setdefault(number, line.number) if number else line.number
        planned.append(_plan(line, kept.get(number), told, first, at))
    return planned


def _plan(
    line: SheetRow, row: CountedIncident | None, told: Known, first: int, at: datetime
) -> Planned:
    try:
        if first != line.number:
            raise Refusals([_twice(first)])
        values = read_values(line.texts, told, row, at)
    except Refusals as several:
        return Planned(line.number, line.texts, "bad", refusals=tuple(several.refusals))
    if row is None:
        return Planned(line.number, line.texts, "new", CountedIncident(), values)
    differs = any(getattr(row, name) != value for name, value in values.items())
    return Planned(line.number, line.texts, "changed" if differs else "same", row, values)


def read_values(
    texts: Mapping[str, str], told: Known, row: CountedIncident | None, at: datetime
) -> dict[str, Any]:
    """Return the values of a sheet's row, for a new incident or for `row`.

    A blank under 撤销 leaves that as it is. Raises Refusals, one a field: gate.incident_number,
    gate.incident_time (unreadable, or still to come), gate.incident_town, gate.incident_category,
    gate.incident_yes.
    """
    values: dict[str, Any] = {}
    refusals = []
    withdrawn = row.withdrawn_at if row else None
    readers: dict[str, Callable[[str], Any]] = {
        "number": _number,
        "received_at": lambda text: _instant(text, at),
        "division": lambda text: _town(text, told),
        "category": lambda text: _category(text, told),
        "in_street": _yes,
        "from_dispute": _yes,
        "withdrawn_at": lambda text: (
            withdrawn if not text else (withdrawn or at) if _yes(text) else None
        ),
    }
    for name, read in readers.items():
        try:
            values[name] = read(texts[name].strip())
        except Refusal as refusal:
            refusals.append(Refusal(refusal.code, refusal.zh, refusal.en, name))
    if refusals:
        raise Refusals(refusals)
    return values


def _number(text: str) -> str:
    if not text or len(text) > LONGEST_NUMBER or not text.isprintable():
        raise Refusal(
            "gate.incident_number",
            f"请写警情编号，不超过 {LONGEST_NUMBER} 个字",
            f"Give the incident's number, in {LONGEST_NUMBER} characters at most",
        )
    return text


def _instant(text: str, at: datetime) -> datetime:
    found = INSTANT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute = (int(part or 0) for part in found.groups())
        told = datetime(year, month, day, hour, minute, tzinfo=CHINA)
        if not datetime(1949, 10, 1, tzinfo=CHINA) <= told <= at:
            raise ValueError
    except ValueError:
        raise Refusal(
            "gate.incident_time",
            "报警时间请写成 2026-11-23 08:30，且不晚于现在",
            "Write the time as 2026-11-23 08:30, and none that is still to come",
        ) from None
    return told


def _town(text: str, told: Known) -> Division:
    if text not in told.towns:
        raise Refusal("gate.incident_town", f"没有镇街“{text}”", f"There is no town “{text}”")
    return told.towns[text]


def _category(text: str, told: Known) -> str:
    if text not in told.categories:
        raise Refusal(
            "gate.incident_category",
            f"诉求类别里没有“{text}”；请从模板的选项里选",
            f"There is no category “{text}”; choose one of the template's",
        )
    return told.categories[text]


def _yes(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise Refusal("gate.incident_yes", "请写“是”或“否”", "Write yes or no")
    return text.lower() in YES


def _twice(number: int) -> Refusal:
    return Refusal(
        "gate.incident_twice",
        f"与第 {number} 行重复",
        f"The same as row {number} of this sheet",
        "number",
    )


def take_rows(planned: Iterable[Planned], file: str, *, by: Actor, at: datetime) -> list[Planned]:
    """Write each planned row down, whole or not at all, with an entry each; return how it came out.

    Raises Refusal access.denied for all but the district seat. A row that the table refuses comes
    back as "bad" with its refusals; the others stay.
    """
    require(may_count(by))
    done = []
    for line in planned:
        if line.row is None or line.values is None or line.act == "same":
            done.append(line)
            continue
        reason = f"导入 {file[:100]} 第 {line.number} 行"
        try:
            change_row(line.row, line.values, by=by, at=at, reason=reason)
        except Refusals as several:
            refused = tuple(several.refusals)
            done.append(Planned(line.number, line.texts, "bad", refusals=refused))
        else:
            done.append(line)
    return done
