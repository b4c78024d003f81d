"""A small survey for tests: three towns, twenty children made by code, each code at least once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qianshou.kernel import worker
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.registry.models import Division, Officer, Organisation
from qianshou.packs.commission.care.models import Mismatch, Roster, Round
from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.rounds.closing import conclude
from qianshou.packs.commission.care.rounds.collecting import close_collecting, hand_in
from qianshou.packs.commission.care.rounds.explaining import Answer, differing, explain
from qianshou.packs.commission.care.rounds.opening import open_round
from qianshou.packs.commission.care.rounds.sealed import ListRow
from qianshou.packs.commission.care.rounds.sharing import proposed_sharing
from qianshou.packs.commission.care.rounds.values import open_values

TOWNS = ("龙水镇", "宝顶镇", "中敖镇")
AS_OF = date(2026, 11, 30)
# Surnames and given names that together are nobody's: each child is told apart by them.
NAMES = (
    "青禾一", "白露二", "惊蛰三", "谷雨四", "清明五", "立夏六", "小满七", "芒种八", "处暑九",
    "秋分十", "寒露甲", "霜降乙", "立冬丙", "小雪丁", "大雪戊", "冬至己", "小寒庚", "大寒辛",
    "雨水壬", "春分癸",
)  # fmt: skip
AWAY = {
    "father_away": "是", "father_since": "2025-02", "mother_away": "是", "mother_since": "2025-03",
}  # fmt: skip


def number_of(order: int, day: date) -> str:
    """Return a valid invented identity number of a girl."""
    seventeen = f"500199{day:%Y%m%d}{order * 2:03d}"
    return seventeen + identity.check_digit(seventeen)


def child(order: int, town: str = TOWNS[0], **changed: str) -> dict[str, str]:
    """Return a row of a town's roster; the same order is always the same child."""
    born = date(2014, 1, 5) + timedelta(days=97 * order)
    village = Division.objects.filter(parent__name=town).order_by("pk")[order % 3].name
    return {
        "name": NAMES[order],
        "id_number": number_of(order + 10, born),
        "birth_date": born.isoformat(),
        "sex": "女",
        "town": town,
        "village": village,
        "school": f"{town}中心小学",
        "guardian": f"{NAMES[order][0]}家奶",
        "phone": f"108{order:03d}45678",
        **AWAY,
        **changed,
    }


def pupil(row: dict[str, str], **changed: str) -> dict[str, str]:
    """Return a row as education's list has it."""
    kept = {key: text for key, text in row.items() if key not in AWAY}
    return {**kept, **changed}


def numbered(rows: Sequence[dict[str, str]]) -> list[ListRow]:
    """Return rows as a sheet numbers them, below its heading."""
    return [ListRow(number, texts) for number, texts in enumerate(rows, 2)]


@dataclass
class Lists:
    """The lists of a survey by the name of the town, "education" and "civil"."""

    rows: dict[str, list[dict[str, str]]]


def make_lists() -> Lists:
    """Return lists in which each code of the comparison occurs."""
    first, second, third = TOWNS
    one = [child(order, first) for order in range(8)]
    two = [child(order, second) for order in range(8, 14)]
    three = [child(order, third) for order in range(14, 19)]
    pupils = [pupil(row) for row in (*one, *two, *three)]
    pupils[1]["phone"] = "10999945678"  # M1
    pupils[2] |= {"name": "司空墨", "birth_date": "2012-07-09"}  # C1
    pupils[3]["id_number"] = number_of(417, date(2013, 9, 27))  # C2
    one[4]["id_number"] = ""  # A1, with the twin of the same name below
    twin = pupil(one[4], id_number=number_of(450, date.fromisoformat(one[4]["birth_date"])))
    for row in (pupils[4], twin):
        for key in ("phone", "guardian", "village"):
            row[key] = ""
    pupils.append(twin)
    two.append({**one[5], "town": second, "village": two[0]["village"]})  # D1
    pupils.append(pupil(two[1], school="外校小学"))  # D2
    del pupils[10]  # N1: the child of order 10
    two[4] |= {"mother_away": "否"}  # E1
    civil = [pupil(row) for row in (one[0], two[0])]
    civil.append(pupil(child(19, third)))  # N2
    return Lists({first: one, second: two, third: three, "education": pupils, "civil": civil})


@dataclass
class Survey:
    """The cast at work on a survey, and the instant at which they act."""

    at: datetime
    lists: Lists

    def actor(self, username: str) -> Actor:
        return actor_of(Officer.objects.get(username=username), self.at)

    def town_actor(self, town: str) -> Actor:
        office = Organisation.objects.get(kind="town", division__name=town)
        found = Officer.objects.filter(
            postings__organisation=office, postings__post="town_team"
        ).order_by("pk")
        return actor_of(found[0], self.at)

    def by(self, organisation: Organisation) -> Actor:
        """Return whoever works on the survey at an organisation."""
        if organisation.kind == "town":
            return self.town_actor(organisation.division.name)
        cast = {"education": "gu_wen", "civil": "pan_qi", "commission": "zhou_jie"}
        return self.actor(cast[organisation.code])

    def open(self, number: int = 1) -> Round:
        return open_round(2026, number, AS_OF, by=self.actor("zhou_jie"), at=self.at)

    def hand_in(self, row: Round, name: str) -> Roster:
        if name in TOWNS:
            organisation = Organisation.objects.get(kind="town", division__name=name)
            kind, by = "town", self.town_actor(name)
        else:
            organisation = Organisation.objects.get(code=name)
            kind, by = name, self.by(organisation)
        rows = numbered(self.lists.rows[name])
        sharing = proposed_sharing(row, kind)
        return hand_in(row, kind, organisation, rows, sharing, by=by, at=self.at)

    def compare(self, row: Round) -> Round:
        """Hand every list in, close the collecting, and let the worker compare."""
        for name in self.lists.rows:
            self.hand_in(row, name)
        return self.compare_now(row)

    def compare_now(self, row: Round) -> Round:
        """Close the collecting and let the worker compare."""
        close_collecting(row, by=self.actor("zhou_jie"), at=self.at)
        worker.tick(self.at)
        row.refresh_from_db()
        return row

    def conclude(self, row: Round, result: str) -> Round:
        """Conclude a round as the lead group's office, and let the worker finish it."""
        conclude(row, result, by=self.actor("zhou_jie"), at=self.at)
        worker.tick(self.at)
        row.refresh_from_db()
        return row

    def first_of(self, row: Round, code: str) -> Mismatch:
        found = Mismatch.objects.filter(round=row, code=code).select_related(
            "organisation__division", "partner__division", "roster", "other"
        )
        return found.order_by("pk")[0]

    def explain(self, one: Mismatch, decision: str, side: str = "other", **more: str) -> None:
        """Explain a mismatch as its owner, each differing field by `side`."""
        told = open_values(one)
        fields = dict.fromkeys(differing(told), (side, ""))
        answer = Answer(
            decision, more.pop("reason", "typing"), fields, remark=more.pop("remark", "")
        )
        explain(one, answer, by=self.by(one.organisation), at=self.at)
