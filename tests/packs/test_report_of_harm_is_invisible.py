"""Two worlds, one with a report of harm and one without: nobody outside its circle can tell which.

Both grow out of the same district by the same acts, the report's own apart; the clock stands still
while everything is looked at. Whatever somebody outside is answered must be the same: pages,
lists, counts, searches, sheets, indicators, notices, refusals, the check of the ledger, the
number of questions asked of the database, and of rows that the worklist's questions give.

Left out of the comparison is what differs from one asking of a page to the next (tokens), and the
numbers that tables give in a row, with the seal over them: they have a gap where something was
written that one may not know of, and tell neither what nor where nor about whom (ADR 0009).
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from openpyxl import load_workbook

from qianshou.demo.cast import ACCOUNTS
from qianshou.design.sought import seal_words
from qianshou.kernel import clock, door, worker
from qianshou.kernel.access import members_of
from qianshou.kernel.door import acts
from qianshou.kernel.indicators.declaration import indicators
from qianshou.kernel.pack import packs
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.procedures.wording import fields_of
from qianshou.kernel.registry import synthetic, workdays
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.models import Matter, Notice, Task
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.models import Child, HarmReport
from qianshou.packs.commission.care.report import open_report
from qianshou.packs.commission.care.tests.circles import Cast
from tests.office.calls import village_of

pytestmark = pytest.mark.django_db
NOWHERE = 987_654_321
WORDS = "灶房后面没有灯"
RESULT = "人已经平安"
REPORTER = "xu_min"
INSIDE = {"yuan_bo", "pan_qi", "duan_rui", "shen_lan"}
OTHERS = (
    "zhuxi-station.station_care.1", "police.station_care.1", "v500111100001.grid_worker.1",
    "longshui-office.social_worker.1", "longshui-office.volunteer.1", "water.care_office.1",
    "zhuxi-office.town_team.1", "longshui-station.care_office.1",
)  # fmt: skip
OUTSIDE = [*(one[0] for one in ACCOUNTS if one[0] not in INSIDE), *OTHERS]
EVERY_INDICATOR = "zhou_jie"
FOLLOWED = (
    REPORTER, "lin_yue", "deng_hong", "zhou_jie", "he_feng", "jiang_yue", "sys_admin", "sec_admin",
    "audit_admin",
)  # fmt: skip
LISTS = (
    "/", "/?list=post", "/?list=organisation", "/?list=late", "/list/rows/", "/m/", "/m/?state=open",
    "/m/export/", "/notices/", "/more/", "/open/", "/procedures/care.report/", "/indicators/",
    "/audit/", "/audit/?act=register", "/audit/?act=open", "/alerts/", "/disclosures/",
    "/p/care/report/", "/p/care/hazards/", "/p/care/hazards/sheet/",
)  # fmt: skip
OWN = tuple(reverse(page.address) for pack in packs() for page in pack.pages.values())
PAGES = (
    *LISTS, *OWN, "/m/?sort=old", "/me/", "/procedures/", "/procedures/care.hazard/", "/registry/",
    "/campaigns/", "/p/care/report/receipt/", "/p/care/hazards/new/",
)  # fmt: skip
SEARCHES = (
    "/m/?q={}", "/m/export/?q={}", "/?q={}", "/list/rows/?q={}", "/audit/?subject={}",
)  # fmt: skip
SOUGHT = ("/p/care/hazards/?s={}", "/registry/officers/?s={}")
COUNTED = ("/", "/list/rows/", "/m/", "/notices/")
PASSING = (
    (r'name="csrfmiddlewaretoken" value="[^"]+"', ""),
    # A new second factor is another one each time; who is logged in where is not the report's.
    (r'<img class="qr" [^>]+>|<p class="hash">[A-Z2-7 ]+</p>', ""),
    (
        r'(?s)<li><svg class="ico" aria-hidden="true">'
        r'<use href="/static/vendor/icons.svg#login"/></svg><span class.*?</li>',
        "",
    ),
    (r"&#34;X-CSRFToken&#34;: &#34;[^&]+&#34;", ""),
    (r'name="mark" value="[^"]+"', ""),
    (r"/(m|list)/\d+/", r"/\1/N/"),
    (r"(task|peek|row|back|notice|t|to|why|peek-task|tick)-\d+", r"\1-N"),
    (r"officer-[0-9a-f]{16}", "officer-N"),  # a pseudonym of one file
    (r'name="(task|notice|seen)" value="\d+"', r'name="\1"'),
    (r"\bs=[\w-]{40,}", "s=N"),
    (r"(before|after|task)=[^\"&]+", r"\1=N"),
    (r"(台账|Ledger) #\d+", "#N"),
    (r'<tr><td class="num">\d+</td>', "<tr>"),
    (r"(?m)(^|\[')\d+(', '|,)(?=20\d\d-)", r"\1N\2"),
    (r'<dd class="num">#\d+</dd>', ""),
    (r'<dd class="mono(?: clip)?">([0-9a-f]{4} ?){16}</dd>', ""),
    # A deposit tells the seals: how many entries lie under each, and their hashes (ADR 0009).
    (r"(到记录|up to entry) #\d+", ""),
    (r'(?s)<div class="qr">.*?</div>', ""),
    (r'"(count|first|last|id)":\d+', ""),
    (r"\?seal=\d+|封存 \d+", ""),
    (r'"(hash|root|prev)":"[0-9a-f]{64}"', ""),
)


class Still(datetime):
    """A clock that stands still."""

    present: ClassVar[datetime]

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        """Return the one instant."""
        return cls.present.astimezone(tz)


@dataclass
class Answer:
    """What somebody was answered, without what passes, and what that asked of the database."""

    address: str
    state: int
    text: str
    queries: int
    rows: int
    links: list[str] = field(default_factory=list, compare=False)


@dataclass
class World:
    """What everybody outside was answered in one world, by account."""

    early: dict[str, list[Answer]] = field(default_factory=dict)
    late: dict[str, list[Answer]] = field(default_factory=dict)
    refusals: dict[str, list[tuple[Answer, Answer]]] = field(default_factory=dict)
    checked: str = ""
    told: list[str] = field(default_factory=list)


def settled(text: str) -> str:
    """Return a text without what passes."""
    for pattern, left in PASSING:
        text = re.sub(pattern, left, text)
    return text


def look(client: Client, address: str, post: dict[str, Any] | None = None) -> Answer:
    """Return what a browser is answered, from a page or a sheet."""
    asked: list[tuple[str, Any]] = []

    def note(run: Callable[..., Any], sql: str, parameters: Any, many: bool, about: Any) -> Any:
        asked.append((sql, parameters))
        return run(sql, parameters, many, about)

    fragment = {"HX-Request": "true"} if address.startswith("/list/") else {}
    with connection.execute_wrapper(note):
        if post is None:
            answer: Any = client.get(address, headers=fragment)
        else:
            answer = client.post(address, post, headers=fragment)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if "spreadsheetml" in answer.headers.get("Content-Type", ""):
        book = load_workbook(io.BytesIO(body))
        raw = repr([[cell.value for cell in line] for sheet in book for line in sheet])
    else:
        raw = body.decode()
    counted = asked if address.partition("?")[0] in COUNTED else []
    return Answer(
        address=settled(address),
        state=answer.status_code,
        text=settled(raw) + settled(answer.headers.get("Location", "")),
        queries=len(asked),
        rows=sum(rows_of(*one) for one in counted),
        links=re.findall(r'href="([^"#]+)"', raw),
    )


def rows_of(sql: str, parameters: Any) -> int:
    """Return how many rows a question about the worklist gives."""
    if not sql.lstrip().startswith("SELECT") or "worklist_" not in sql:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return len(cursor.fetchall())


def walk(client: Client, begin: list[str], each: int) -> list[Answer]:
    """Return the answers to `begin` and to what those pages lead to, `each` of a kind at most."""
    waiting, known, kinds = list(begin), {settled(one) for one in begin}, dict[str, int]()
    found = []
    while waiting:
        address = waiting.pop(0)
        found.append(look(client, address))
        for reference in found[-1].links:
            target = urljoin(address, reference.replace("&amp;", "&"))
            kind = kind_of(target)
            if kind and settled(target) not in known and kinds.get(kind, 0) < each:
                kinds[kind] = kinds.get(kind, 0) + 1
                known.add(settled(target))
                waiting.append(target)
    return found


def kind_of(address: str) -> str:
    """Return the name of a page's address; "" for what is none."""
    try:
        return resolve(address.partition("?")[0]).url_name or ""
    except Resolver404:
        return ""


def browser(username: str) -> Client:
    """Return a browser in which somebody is logged in and has looked at a page."""
    client = Client()
    client.force_login(Officer.objects.get(username=username))
    client.get("/")
    return client


class Making:
    """Makes the two worlds out of one district."""

    def __init__(self, present: datetime) -> None:
        self.present = present
        self.cast = Cast(present - timedelta(hours=3))
        self.child: Child = self.cast.register()
        told = {"hazard_kind": "water", "seen": "塘边没有护栏"}
        lin = self.cast.actor("lin_yue")
        self.hazard = open_hazard(self.child, told, by=lin, at=self.cast.at).matter
        self.cast.do(
            self.hazard, "assign", "deng_hong", level="serious", to_rectify="鱼塘边装护栏",
            fixed_by="organisation", responsible="longshui-office", verifier="town",
        )  # fmt: skip
        self.call()
        workdays.work_calendar()
        for digest in Version.objects.values_list("digest", flat=True):
            compiled(digest)  # what the process keeps of a procedure, it keeps in both worlds
            fields_of(digest)
        self.number = f"QB-{clock.day_of(self.cast.at):%Y%m%d}-0001"

    def call(self) -> None:
        """Register a call as everybody's matter."""
        facts = {
            "source": "110", "summary": "夜间施工噪声扰民", "place": {"division": village_of()},
        }  # fmt: skip
        act = acts.Open("police.gate", facts, "register")
        door.act(act, by=self.cast.actor("zhang_min"), at=self.cast.at)

    def report(self) -> int:
        """Send a report about the child, and return its matter."""
        told = {
            "signs": ["abandonment"], "told": WORDS, "child_code": self.child.code,
            "child_description": "李小雨", "place": {"division": self.child.village.code},
        }  # fmt: skip
        return open_report(told, by=self.cast.actor(REPORTER), at=self.cast.at).matter

    def conclude(self, matter: int) -> None:
        """Take a report to its end, through every step."""
        do = self.cast.do
        for organisation, username in (
            ("longshui-station", "yuan_bo"), ("civil", "pan_qi"), ("commission", "duan_rui"),
            ("procuratorate", "shen_lan"),
        ):  # fmt: skip
            do(matter, "sign", username, organisation)
        do(matter, "receipt", "yuan_bo", receipt="accept", report_number="大公接字 1 号")
        do(matter, "protect", "yuan_bo", one_interview=True, protected="女警陪同")
        do(matter, "place_child", "pan_qi", placement="none", guardian_measure="none", placed="无")
        do(matter, "oversee", "shen_lan", oversight="follow", overseen="提前介入")
        by = self.cast.actor("yuan_bo")
        for act in (acts.Disclose(matter, "sealed", "处置"), acts.Comment(matter, WORDS)):
            door.act(act, by=by, at=self.cast.at)
        do(matter, "result", "duan_rui", result="help", result_told=RESULT)

    def live(self, *, reported: bool) -> World:
        """Let a world go on, with a report or without, and look at it twice."""
        world = World()
        self.cast.at = self.present - timedelta(hours=2)
        matter = self.report() if reported else 0
        if reported:
            self.check_who_is_inside(matter)
        self.cast.at += timedelta(minutes=5)
        self.call()
        worker.tick(self.cast.at)
        for username in OUTSIDE:
            world.early[username] = self.visit(username)
            if reported:
                world.refusals[username] = self.ask_for(matter, username)
        world.checked = look(browser("audit_admin"), "/audit/check/", {}).text
        self.cast.at += timedelta(minutes=5)
        if reported:
            self.conclude(matter)
        self.call()
        worker.tick(self.cast.at)
        world.told = list(Notice.objects.filter(kind="harm_result").values_list("text", flat=True))
        Notice.objects.filter(kind="harm_result").delete()
        for username in FOLLOWED:
            world.late[username] = self.visit(username, late=True)
            if reported:
                world.refusals[username] += self.ask_for(matter, username)
        return world

    def check_who_is_inside(self, matter: int) -> None:
        """Be sure that this is a report with a circle, and that those outside are outside."""
        row = Matter.objects.get(pk=matter)
        assert (row.number, row.procedure) == (self.number, "care.report")
        assert row.circle_id is not None
        circle = members_of(row.circle_id)
        assert all(circle.hold(self.cast.actor(username)) for username in INSIDE)
        assert not any(circle.hold(self.cast.actor(username)) for username in OUTSIDE)

    def visit(self, username: str, *, late: bool = False) -> list[Answer]:
        """Return what somebody sees: pages, what they lead to, searches, indicators.

        Those of `FOLLOWED` go where the pages lead and search for every word; the others look at
        the pages and for the report's number.
        """
        cache.clear()
        client, follow = browser(username), username in FOLLOWED and not late
        terms = (self.number, "QB", "强制报告", WORDS[:4], self.child.code, "李小雨", "徐敏")
        searched = [
            one.format(quote(term)) for term in terms[: None if follow else 1] for one in SEARCHES
        ]
        looker = Officer.objects.get(username=username).pk
        searched += [
            one.format(seal_words(term, looker))
            for term in terms[: None if follow else 1]
            for one in SOUGHT
        ]
        every = username == EVERY_INDICATOR and not late
        counted = [
            f"/indicators/{one.pack}/{one.key}/{page}"
            for one in indicators()
            if "harm" in one.key or every
            for page in ("", "records/", "sheet/")
        ]
        return walk(
            client, [*dict.fromkeys(PAGES if follow else LISTS), *searched, *counted], int(follow)
        )

    def ask_for(self, matter: int, username: str) -> list[tuple[Answer, Answer]]:
        """Return what somebody is answered who asks for the report itself, beside what they are
        answered who ask for what never was.
        """
        client = browser(username)
        task = Task.objects.filter(matter=matter).order_by("pk")[0].pk
        never = self.number.replace("0001", "0002")
        pairs = []
        asked: list[tuple[str, int, dict[str, Any] | None]] = [
            ("/m/{}/", matter, None),
            ("/m/{}/?verify=1", matter, None),
            ("/m/{}/f/" + "a" * 64 + "/", matter, None),
            ("/list/{}/", task, None),
            ("/m/{}/claim/", matter, {"task": task}),
            ("/m/{}/complete/", matter, {"task": task}),
            ("/m/{}/comment/", matter, {"text": "？"}),
            ("/m/{}/disclose/", matter, {"fact": "sealed", "purpose": "看看"}),
            ("/m/{}/disclose/", matter, {"fact": "reporter", "purpose": "看看"}),
            ("/m/{}/urge/", matter, {}),
            ("/m/{}/supervise/", matter, {"text": "快办"}),
            (f"/m/{self.hazard}/link/?to={{}}", matter, {"other": self.number}),
            (f"/m/{self.hazard}/merge/?to={{}}", matter, {"into": self.number, "reason": "重复"}),
            ("/list/batch/?of={}", task, {"act": "claim", "task": task}),
        ]
        for address, real, post in asked:
            swapped = {task: NOWHERE, self.number: never}
            fake = (
                None if post is None else {key: swapped.get(one, one) for key, one in post.items()}
            )
            found, none = self.ask(client, address, real, post), self.ask(client, address, 0, fake)
            none.text = none.text.replace(never, self.number)
            pairs.append((found, none))
        return pairs

    def ask(self, client: Client, address: str, number: int, post: dict[str, Any] | None) -> Answer:
        """Return the answer to an address with a number in it, 0 for one that never was; of a
        form that leads on, with the page on which it says what was done.
        """
        found = look(client, address.format(number or NOWHERE), post)
        found.address = address
        if found.state == 302:
            found.text += look(client, "/").text
        return found


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """Let no page ask whether the people are invented, nor for the calendar: what is asked once a
    minute tells nothing.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "ASKED_EVERY", float("inf"))
        patch.setattr(workdays, "SECONDS", float("inf"))
        synthetic.remember(False)
        yield
    synthetic.forget()
    workdays.forget_calendar()


@pytest.fixture(scope="module")
def worlds(built: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    """Return the world without a report and the world with one, as seen by all outside."""
    present = clock.now().replace(microsecond=0)
    Still.present = present
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr(clock, "datetime", Still)
        making, lived = Making(present), []
        for reported in (False, True):
            mark = transaction.savepoint()
            lived.append(making.live(reported=reported))
            assert HarmReport.objects.exists() is reported
            transaction.savepoint_rollback(mark)
        yield lived[0], lived[1]
        transaction.set_rollback(True)


def differing(one: list[Answer], other: list[Answer]) -> list[str]:
    """Return the addresses whose answers differ, with where they begin to."""
    told = []
    for first, second in zip(one, other, strict=False):
        if first != second:
            places = [
                place
                for place, (a, b) in enumerate(zip(first.text, second.text, strict=False))
                if a != b
            ]
            begin = max(0, (places[0] if places else len(first.text)) - 60)
            told.append(
                f"{first.address} | {second.address}: {first.state}/{second.state}, "
                f"{first.queries}/{second.queries} queries, {first.rows}/{second.rows} rows: "
                f"…{first.text[begin : begin + 160]!r} against {second.text[begin : begin + 160]!r}"
            )
    if len(one) != len(other):
        told.append(f"{len(one)} answers against {len(other)}")
    return told


@pytest.mark.parametrize("username", OUTSIDE)
def test_no_page_list_search_sheet_or_count_tells(
    worlds: tuple[World, World], username: str
) -> None:
    without, reported = worlds
    assert len(without.early[username]) > len(LISTS)
    assert not differing(without.early[username], reported.early[username])


@pytest.mark.parametrize("username", FOLLOWED)
def test_nothing_tells_afterwards_either(worlds: tuple[World, World], username: str) -> None:
    without, reported = worlds
    assert not differing(without.late[username], reported.late[username])


@pytest.mark.parametrize("username", OUTSIDE)
def test_asking_for_it_is_answered_like_asking_for_what_never_was(
    worlds: tuple[World, World], username: str
) -> None:
    for found, none in worlds[1].refusals[username]:
        assert not differing([found], [none])


def test_the_check_of_the_ledger_does_not_tell(worlds: tuple[World, World]) -> None:
    without, reported = worlds
    assert "全部核验一致" in without.checked
    assert without.checked == reported.checked


def test_the_reporter_alone_is_told_one_sentence(worlds: tuple[World, World]) -> None:
    without, reported = worlds
    assert without.told == []
    assert reported.told == [f"您报告的情况已有结果：{RESULT}"]
