"""Children of invented families for the tests: enrolled in Longshui, paired or not."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.registry.models import Division, Officer
from qianshou.packs.commission.care.circle import CADRE, add_officer
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.register import register_child

VILLAGE = "500111100001"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SHEETS: dict[str, dict[str, Any]] = {
    "care.household": {"members": "祖母、弟弟", "housing": "safe"},
    "care.health": {"condition": "well"},
    "care.guardianship": {
        "father_away": "yes",
        "father_place": "广东东莞",
        "mother_away": "no",
        "ability": "limited",
        "guardian": "周婆婆",
        "guardian_relation": "grandparent",
    },
}


def identity_number(born: date, serial: int) -> str:
    """Return a synthetic identity number of the prefix 500199 with the right check digit."""
    body = f"500199{born:%Y%m%d}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def actor(username: str, at: datetime) -> Actor:
    """Return somebody of the cast with the seats held at `at`."""
    return actor_of(Officer.objects.get(username=username), at)


@dataclass
class Family:
    """A maker of children at one instant; each has her own number and name."""

    at: datetime
    made: int = 0

    def child(
        self, cadre: str = "lin_yue", *, village: str = VILLAGE, name: str = "刘小禾"
    ) -> Child:
        """Return an enrolled girl of a village, paired with `cadre`, or with nobody for ""."""
        self.made += 1
        born = date(2016, 3, 5)
        identity = {
            "name": name,
            "identity_number": identity_number(born, self.made * 2),
            "birth_date": born.isoformat(),
            "address": "朝阳社区 3 组",
            "school": "龙水镇中心小学",
        }
        found = register_child(
            identity,
            Division.objects.get(code=village),
            sex="F",
            stage="primary",
            sheets=SHEETS,
            by=CLOCK,
            at=self.at,
        )
        day = day_of(self.at)
        change_row(found, {"state": "enrolled", "enrolled_on": day}, by=CLOCK, at=self.at)
        if cadre:
            officer = Officer.objects.get(username=cadre)
            add_officer(found.circle, CADRE, officer, by=CLOCK, at=self.at)
        return found
