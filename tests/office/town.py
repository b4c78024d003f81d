"""A small town for the tests of the registry's pages, and how its people use them."""

from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.test import Client
from django.urls import reverse

from qianshou.demo.cast import TOTP_SECRET
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.login.codes import seal_secret
from qianshou.kernel.registry.models import Division, Officer, Organisation, Post, Posting
from qianshou.kernel.registry.vault import master_key

Row = TypeVar("Row", bound=Model)
DAY = date(2024, 1, 1)
AT = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


def make(row: Row, **values: Any) -> Row:
    """Write a row as the clock would."""
    return change_row(row, values, by=CLOCK, at=AT)


class Town:
    """A small town: Zhang holds a seat, Luo leads, three administrators do their parts."""

    def __init__(self) -> None:
        self.district = make(
            Division(), path="1.", kind="district", name="大足区", code="500111",
            code_system="t", valid_from=DAY,
        )  # fmt: skip
        self.longshui = make(
            Division(), path="1.1.", kind="town", name="龙水镇", code="500111101",
            code_system="t", valid_from=DAY, parent=self.district,
        )  # fmt: skip
        self.centre = make(
            Organisation(), code="longshui-centre", name="龙水镇指挥中心",
            name_en="Longshui centre", kind="town_centre", division=self.longshui, valid_from=DAY,
        )  # fmt: skip
        self.station = make(
            Organisation(), code="longshui-station", name="龙水派出所", name_en="Longshui station",
            kind="station", division=self.longshui, valid_from=DAY,
        )  # fmt: skip
        self.seat = make(
            Post(), code="seat", name="席位", name_en="Seat", pack="police.gate",
            reach="organisation", acts=[],
        )  # fmt: skip
        self.leader = make(
            Post(), code="leader", name="负责人", name_en="Leader", pack="police.gate",
            reach="division", acts=["transfer"],
        )  # fmt: skip
        self.zhang = self.officer("zhang_min", "张敏")
        self.luo = self.officer("luo_jing", "罗静")
        self.system = self.officer("sys_admin", "钱系统", "system")
        self.security = self.officer("sec_admin", "孙安全", "security")
        self.audit = self.officer("audit_admin", "李审计", "audit")
        for officer, post in ((self.zhang, self.seat), (self.luo, self.leader)):
            make(Posting(), officer=officer, post=post, organisation=self.centre, from_date=DAY)

    def officer(self, username: str, name: str, role: str = "officer") -> Officer:
        made = make(Officer(), username=username, name=name, role=role, password="!")
        if role == "officer":
            return made
        sealed = seal_secret(TOTP_SECRET, made.pk, master_key())
        return make(made, totp_sealed=sealed, totp_since=AT)

    def client(self, officer: Officer) -> Client:
        client = Client()
        client.force_login(officer)
        return client


def page(client: Client, address: str, /, *args: object, expected: int = 200, **query: str) -> str:
    """Return a page's text."""
    response = client.get(reverse(address, args=args), query)
    assert response.status_code == expected
    return response.content.decode()


def sought(client: Client, table: str, words: str) -> str:
    """Return the text of a table's list in which somebody looked for words."""
    answer = client.post(reverse("registry-list", args=[table]), {"seek": words}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def send(client: Client, address: str, /, *args: object, **sent: object):
    """Return the answer to a form."""
    return client.post(reverse(address, args=args), sent)
