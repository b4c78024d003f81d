"""Care's accounts × care's pages and acts: what each is really answered, as one table.

    y  shown or done          -  answered like what does not exist (404), to the letter
    x  refused (403, or by the door's sentence)      >  sent on to the page that is theirs
    w  refused in words: not theirs to do, or not now

Each cell is one request of a logged-in browser in a world where all of it exists, taken back again.
lin: paired cadre · dep: department's liaison · twn: town team · fix: who puts hazards right ·
vil: village's child officer · lea: lead group's office · dut: its duty officer · pro: prosecutor ·
pol: station · civ: civil affairs · edu: education · tea: class teacher · ldr: leader of a town ·
aud: an administrator, who holds no post and opens no page of a pack, be the thing there or not
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache as counters
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from qianshou.demo.cast import ACCOUNTS
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import TEACHER, add_officer
from qianshou.packs.commission.care.enrolment import add_candidate
from qianshou.packs.commission.care.guardians import give_link
from qianshou.packs.commission.care.handover import Move, open_handover
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.models import (
    Handover,
    Mismatch,
    NameSheet,
    Round,
    SampleVisit,
)
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, HEALTH, HOUSEHOLD
from qianshou.packs.commission.care.namesheet import ask_names
from qianshou.packs.commission.care.pledges import sign_on_paper
from qianshou.packs.commission.care.report import open_report
from qianshou.packs.commission.care.rounds.proving import keep_evidence
from qianshou.packs.commission.care.sample import draw_for, quarter_of
from qianshou.packs.commission.care.tests.children import (
    BOTH_AWAY,
    ENTRUSTED,
    actor,
    number_of,
    photo,
    village,
)
from qianshou.packs.commission.care.tests.enrolled import do, pair
from qianshou.packs.commission.care.tests.families import VILLAGE, Family
from qianshou.packs.commission.care.tests.survey import TOWNS, Survey, make_lists
from qianshou.packs.commission.care.tests.test_enrolment import DECIDED, INFORMED
from qianshou.packs.commission.care.tests.test_hazard import ASSIGNED
from qianshou.packs.commission.care.tests.test_month import posted
from qianshou.packs.commission.care.wish import open_wish
from tests.office.test_circles import plain

DENIED = "您的岗位不能办理此事"
BORN = date(2015, 3, 2)


@dataclass(frozen=True)
class Ask:
    """One request: an address by its name with what it is about, and what is sent if it is a POST.

    `{child}` and the like stand for what there is in the world; `more` names fields of it to send.
    """

    name: str
    about: tuple[str, ...] = ()
    query: str = ""
    sent: Mapping[str, Any] | None = None
    more: str = ""

    def answer(self, client: Client, world: Mapping[str, Any]) -> Any:
        address = reverse(self.name, args=[self._put(one, world) for one in self.about])
        address += self._put(self.query, world)
        if self.sent is None:
            return client.get(address)
        sent = {key: self._put(one, world) for key, one in self.sent.items()}
        return client.post(address, {**sent, **world.get(self.more, {})})

    @staticmethod
    def _put(one: Any, world: Mapping[str, Any]) -> Any:
        if one == "{photo}":
            return SimpleUploadedFile("a.jpg", photo(), "image/jpeg")
        return one.format(**world) if isinstance(one, str) else one


def on(matter: str, act: str, **sent: Any) -> Ask:
    """Return an act on one of the world's matters."""
    return Ask("act", (f"{{{matter}}}", act), sent={"text": "请尽快", "reason": "请尽快", **sent})


def ask(name: str, *about: str, query: str = "") -> Ask:
    return Ask(name, about, query)


def send(name: str, /, *about: str, query: str = "", **sent: Any) -> Ask:
    return Ask(name, about, query, sent)


TODAY = day_of(now()).isoformat()
WISH = {"wish_kind": "study", "wish_band": "{band}", "wish_text": "一盒彩笔"}
SEEN = {"hazard_kind": "bullying", "seen": "课间被推搡", "child_code": "{child}"}
CANDIDATE = {
    "name": "何小满", "identity_number": "{number}", "birth_date": "2015-03-02",
    "address": "朝阳社区一组", "village": VILLAGE, "stage": "primary", "sex": "F",
}  # fmt: skip
NAMES = {
    "child": "{child}", "purpose": "visit", "words": "春节前上门慰问", "id_number": "none",
    "needed_until": TODAY,
}  # fmt: skip
REQUESTS = {
    # a child
    "children": ask("care-children"),
    "children export": ask("care-children-export"),
    "child": ask("care-child", "{child}"),
    "child open": send("care-child", "{child}", purpose="核对"),
    "child contact": send("care-contact", "{child}", kind="talk", on=TODAY),
    "child correct": send("care-correct", "{child}", "health", condition="well", reason="核对"),
    "visit": ask("care-visit", "{month_task}"),
    "visit open": send("care-visit", "{month_task}", purpose="每月走访"),
    "visit draft": send("care-visit-draft", "{month_task}", content="[]", mark="k" * 32),
    "visit send": Ask("care-visit-send", ("{month_task}",), sent={}, more="visited"),
    "wish new": ask("care-wish-new", query="?child={child}"),
    "wish collect": send("care-wish-new", query="?child={child}", **WISH),
    "letter": ask("care-letter", query="?child={child}"),
    "letter send": send("care-letter", query="?child={child}", way="post"),
    "hazard new": ask("care-hazard-new"),
    "hazard register": send("care-hazard-new", **SEEN),
    "handover new": ask("care-handover-new", query="?child={other}"),
    "handover open": send("care-handover-new", query="?child={other}", kind="aged_out"),
    "handover file": send("care-handover-summary", "{moved}"),
    # sheets with names
    "namesheets": ask("care-namesheets"),
    "namesheet new": ask("care-namesheet-new"),
    "namesheet ask": send("care-namesheet-new", **NAMES),
    "namesheet": ask("care-namesheet", "{namesheet}"),
    "namesheet fetch": send("care-namesheet-fetch", "{namesheet}"),
    # her enrolment and pledges
    "enrol": ask("care-enrol"),
    "enrol export": ask("care-enrol-export"),
    "candidate": ask("care-candidate"),
    "candidate add": send("care-candidate", **CANDIDATE),
    "enrolling": ask("care-enrolling", "{candidate}"),
    "enrolling do": send("care-enrolling", "{candidate}", step="registers", filled="yes"),
    "notice": send("care-notice", "{candidate}"),
    "register": ask("care-register", "{candidate}", "household"),
    "pledges": ask("care-pledges"),
    "pledges export": ask("care-pledges-export"),
    "child pledges": ask("care-child-pledges", "{child}"),
    "pledge blank": send("care-pledge-blank", "{child}", "duties"),
    "pledge sign": send("care-pledge-sign", "{child}", "duties", signed_on=TODAY, photo="{photo}"),
    "pledge read": send("care-pledge-read", "{child}", "{pledge}", "document", purpose="核对"),
    "link give": send("care-link", "{child}", "guardian", do="give"),
    # boards
    "month": ask("care-month"),
    "month urge": send("care-month-urge", matter="{late}"),
    "vetting": ask("care-vetting"),
    "hazards": ask("care-hazards"),
    "hazards export": ask("care-hazards-export"),
    "wishes": ask("care-wishes"),
    "wishes export": ask("care-wishes-export"),
    "pairing": ask("care-pairing"),
    "pairing export": ask("care-pairing-export"),
    "pairing town": ask("care-pairing-town", "{town}"),
    "pairing change": send(
        "care-pairing-change", "{town}", form="department", organisation="procuratorate"
    ),
    "pairing share": send("care-share-out", "{town}", shares=""),
    "samples": ask("care-samples"),
    "sample draw": send("care-sample-draw", seed="2026"),
    "sample": ask("care-sample", "{sample}"),
    "sample again": send("care-sample-again", "{sample}"),
    "sample export": ask("care-sample-export", "{sample}"),
    "lead": ask("care-lead"),
    "commendations": ask("care-commendations"),
    "commend": send("care-commendations", who="fang_ting", reason="雨夜送医"),
    "commendations export": ask("care-commendations-export"),
    "report": ask("care-report"),
    "report follow": ask("care-report-follow"),
    # the survey
    "rounds": ask("care-rounds"),
    "rounds open": send("care-rounds", year="2026", number="9", as_of=TODAY),
    "round": ask("care-round", "{round}"),
    "round act": send("care-round-act", "{round}", act="reproduce"),
    "round progress": ask("care-round-progress", "{round}"),
    "survey task": ask("care-survey-task", "{mismatch_task}"),
    "roster": ask("care-roster", "{round}", query="?of={town_office}"),
    "roster row": ask("care-roster-row", "{round}", "0", query="?of={town_office}"),
    "roster template": ask("care-roster-template", "{round}", query="?of={town_office}"),
    "roster errors": ask("care-roster-errors", "{round}", query="?of={town_office}"),
    "mismatches": ask("care-mismatches", "{round}"),
    "mismatches export": ask("care-mismatches-export", "{round}"),
    "mismatch": ask("care-mismatch", "{mismatch}"),
    "mismatch open": send("care-mismatch", "{mismatch}", act="open", purpose="核对"),
    "mismatch of others": ask("care-mismatch", "{others_mismatch}"),
    "evidence": ask("care-evidence", "{mismatch}", "{proof}"),
    "review": ask("care-review", "{round}"),
    "confer": ask("care-confer", "{round}"),
    # matters and what is done on them
    "m month": ask("matter", "{month}"),
    "m month comment": on("month", "comment"),
    "m month urge": on("month", "urge"),
    "m month supervise": on("month", "supervise"),
    "m month disclose": on("month", "disclose", fact="sealed", purpose="核对"),
    "m month transfer": on("month", "transfer", task="{month_task}", officer="{colleague}"),
    "m hazard": ask("matter", "{hazard}"),
    "m hazard disclose": on("hazard", "disclose", fact="sealed", purpose="核对"),
    "m hazard rectify": on("hazard", "complete", task="{hazard_task}", rectified="已装护栏"),
    "m wish": ask("matter", "{wish}"),
    "m letter": ask("matter", "{letter}"),
    "m enrol": ask("matter", "{enrol}"),
    "m handover": ask("matter", "{handover}"),
    "m sample visit": ask("matter", "{sample_visit}"),
    "m report": ask("matter", "{report}"),
    "m report sign": on("report", "complete", task="{report_task}"),
    "m report disclose": on("report", "disclose", fact="sealed", purpose="核对"),
}
OWN_OF_OTHERS = {  # residents and donors without an account, by a link, a code or a mark
    "care-guardian", "care-guardian-code", "care-guardian-sign", "care-guardian-ask",
    "care-guardian-file", "care-guardian-leave", "care-wish-list", "care-wish-claim",
}  # fmt: skip
WHO = {
    "lin": "lin_yue", "dep": "jin_ke", "twn": "deng_hong", "fix": "tan_yong", "vil": "fang_ting",
    "lea": "zhou_jie", "dut": "duan_rui", "pro": "shen_lan", "pol": "yuan_bo", "civ": "pan_qi",
    "edu": "gu_wen", "tea": "xu_min", "ldr": "hao_jian", "aud": "audit_admin",
}  # fmt: skip
TABLE = """
                        | lin dep twn fix vil lea dut pro pol civ edu tea ldr aud
children                |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
children export         |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
child                   |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
child open              |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
child contact           |  y   -   y   -   y   w   -   -   -   w   -   -   -   x
child correct           |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
visit                   |  y   -   >   -   >   >   -   -   -   >   -   -   -   x
visit open              |  y   -   >   -   >   >   -   -   -   >   -   -   -   x
visit draft             |  y   -   x   -   x   x   -   -   -   x   -   -   -   x
visit send              |  y   -   x   -   x   x   -   -   -   x   -   -   -   x
wish new                |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
wish collect            |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
letter                  |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
letter send             |  y   -   y   -   y   y   -   -   -   y   -   y   -   x
hazard new              |  y   x   y   x   y   y   x   x   x   y   x   y   x   x
hazard register         |  y   x   y   x   y   y   x   x   x   y   x   y   x   x
handover new            |  y   -   y   -   y   y   -   -   -   x   -   -   -   x
handover open           |  y   -   y   -   y   y   -   -   -   x   -   -   -   x
handover file           |  -   -   y   -   y   y   -   -   -   y   -   -   -   x
namesheets              |  y   x   y   x   y   y   x   x   x   y   x   x   x   x
namesheet new           |  y   x   y   x   y   y   x   x   x   y   x   x   x   x
namesheet ask           |  >   x   >   x   >   >   x   x   x   >   x   x   x   x
namesheet               |  y   -   -   -   -   y   -   -   -   -   -   -   -   x
namesheet fetch         |  y   -   -   -   -   x   -   -   -   -   -   -   -   x
enrol                   |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
enrol export            |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
candidate               |  x   x   y   x   y   y   x   x   x   x   x   x   x   x
candidate add           |  x   x   y   x   y   y   x   x   x   x   x   x   x   x
enrolling               |  -   -   y   -   y   y   -   -   -   y   -   -   -   x
enrolling do            |  -   -   w   -   y   w   -   -   -   w   -   -   -   x
notice                  |  -   -   y   -   y   y   -   -   -   y   -   -   -   x
register                |  -   -   x   -   y   x   -   -   -   x   -   -   -   x
pledges                 |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
pledges export          |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
child pledges           |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
pledge blank            |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
pledge sign             |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
pledge read             |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
link give               |  y   -   y   -   y   y   -   -   -   y   -   -   -   x
month                   |  x   y   y   x   x   y   x   x   x   y   x   x   y   x
month urge              |  y   x   y   x   x   y   x   x   x   x   x   x   x   x
vetting                 |  x   x   y   x   x   y   x   x   x   x   x   x   x   x
hazards                 |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
hazards export          |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
wishes                  |  y   y   y   x   y   y   x   x   x   y   x   y   x   x
wishes export           |  y   y   y   x   y   y   x   x   x   y   x   y   x   x
pairing                 |  x   y   y   x   x   y   x   x   x   x   x   x   y   x
pairing export          |  x   y   y   x   x   y   x   x   x   x   x   x   y   x
pairing town            |  -   -   y   -   -   y   -   -   -   -   -   -   -   x
pairing change          |  -   -   x   -   -   y   -   -   -   -   -   -   -   x
pairing share           |  -   -   y   -   -   y   -   -   -   -   -   -   -   x
samples                 |  x   x   y   x   x   y   x   x   x   x   x   x   y   x
sample draw             |  x   x   x   x   x   w   x   x   x   x   x   x   x   x
sample                  |  x   x   y   x   x   y   x   x   x   x   x   x   y   x
sample again            |  x   x   y   x   x   y   x   x   x   x   x   x   y   x
sample export           |  x   x   y   x   x   y   x   x   x   x   x   x   y   x
lead                    |  x   x   x   x   x   y   x   x   x   x   x   x   y   x
commendations           |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
commend                 |  x   x   y   x   x   y   x   x   x   x   x   x   x   x
commendations export    |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
report                  |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
report follow           |  y   y   y   y   y   y   y   y   y   y   y   y   y   x
rounds                  |  x   x   y   x   x   y   x   x   x   y   y   x   x   x
rounds open             |  x   x   x   x   x   w   x   x   x   x   x   x   x   x
round                   |  x   x   y   x   x   y   x   x   x   y   y   x   x   x
round act               |  x   x   x   x   x   y   x   x   x   x   x   x   x   x
round progress          |  x   x   y   x   x   y   x   x   x   y   y   x   x   x
survey task             |  x   x   >   x   x   >   x   x   x   -   -   x   x   x
roster                  |  x   x   y   x   x   x   x   x   x   x   x   x   x   x
roster row              |  x   x   x   x   x   x   x   x   x   x   x   x   x   x
roster template         |  x   x   y   x   x   x   x   x   x   x   x   x   x   x
roster errors           |  x   x   -   x   x   x   x   x   x   x   x   x   x   x
mismatches              |  x   x   y   x   x   y   x   x   x   y   y   x   x   x
mismatches export       |  x   x   y   x   x   y   x   x   x   y   y   x   x   x
mismatch                |  x   x   y   x   x   y   x   x   x   -   -   x   x   x
mismatch open           |  x   x   y   x   x   y   x   x   x   -   -   x   x   x
mismatch of others      |  x   x   -   x   x   y   x   x   x   -   -   x   x   x
evidence                |  x   x   y   x   x   y   x   x   x   -   -   x   x   x
review                  |  x   x   x   x   x   y   x   x   x   x   x   x   x   x
confer                  |  x   x   x   x   x   >   x   x   x   x   x   x   x   x
m month                 |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m month comment         |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m month urge            |  y   -   y   -   w   y   -   -   -   w   -   -   -   -
m month supervise       |  w   -   y   -   w   y   -   -   -   w   -   -   -   -
m month disclose        |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m month transfer        |  y   -   w   -   w   w   -   -   -   w   -   -   -   -
m hazard                |  y   -   y   y   y   y   -   -   -   y   -   -   -   -
m hazard disclose       |  y   -   y   w   y   y   -   -   -   y   -   -   -   -
m hazard rectify        |  w   -   w   y   w   w   -   -   -   w   -   -   -   -
m wish                  |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m letter                |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m enrol                 |  -   -   y   -   y   y   -   -   -   y   -   -   -   -
m handover              |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m sample visit          |  y   -   y   -   y   y   -   -   -   y   -   -   -   -
m report                |  -   -   -   -   -   -   y   y   y   y   -   -   -   -
m report sign           |  -   -   -   -   -   -   w   w   y   w   -   -   -   -
m report disclose       |  -   -   -   -   -   -   y   y   y   y   -   -   -   -
"""


@pytest.fixture(scope="module")
def world(
    built: None, django_db_blocker: Any, settle: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """Build what all the rows are about, once, and take it away again."""
    with django_db_blocker.unblock(), transaction.atomic():
        told = build_world()
        browser.cache_clear()
        no_such_page.cache_clear()
        for username in WHO.values():
            browser(username)  # who logs in within a test is taken back with it
        settle()
        yield told
        transaction.set_rollback(True)


def build_world() -> dict[str, Any]:
    at = now()
    pair(at)
    family = Family(at)
    child, other, gone = (family.child(name=name) for name in ("刘小禾", "刘小苗", "刘小满"))
    teacher = Officer.objects.get(username="xu_min")
    for girl in (child, other):
        add_officer(girl.circle, TEACHER, teacher, by=CLOCK, at=at)
    lin, team, lead = (actor(name, at) for name in ("lin_yue", "deng_hong", "zhou_jie"))
    survey = Survey(at, make_lists())
    compared = survey.compare(survey.open())
    give_duties(at)
    one = mismatch_of(compared, TOWNS[0])
    proof = keep_evidence(one, BytesIO(photo()), by=team, at=at)
    told = {"hazard_kind": "water", "seen": "放学后去塘边"}
    hazard = open_hazard(child, told, by=lin, at=at).matter
    do(hazard, "assign", "deng_hong", at, **ASSIGNED)
    band = labelled_choices("care.band", "zh-hans")[0][0]
    wish = open_wish(child, "study", band, "一个书包", told="想要书包", by=lin, at=at).matter
    letter = open_letter(child, "post", by=lin, at=at).matter
    candidate, enrol = add_candidate(
        identity(date(2014, 4, 6)), village(), sex="F", stage="primary", by=team, at=at
    )
    for kind, values in (
        (HOUSEHOLD, {"members": "祖母"}), (HEALTH, {"condition": "well"}),
        (GUARDIANSHIP, BOTH_AWAY | ENTRUSTED),
    ):  # fmt: skip
        change_sheet(candidate.person_id, kind, values, by=CLOCK, at=at)
    do(enrol.matter, "decide", "deng_hong", at, **DECIDED)
    informed = {**INFORMED, "informed_on": TODAY}
    do(enrol.matter, "inform", "fang_ting", at, **informed)
    pledge = sign_on_paper(
        child, "duties", photo(), signer="guardian", signed_on=at.date(),
        by=actor("fang_ting", at), at=at,
    )  # fmt: skip
    give_link(child, "guardian", by=actor("fang_ting", at), at=at)
    handover = open_handover(child, "aged_out", at, by=team).matter
    move = Move("outside", receiving="永川区民政局")
    moved = open_handover(gone, "moved", at, by=team, move=move).matter
    do(moved, "write", "lin_yue", at, note="每周三读信")
    do(moved, "confirm", "deng_hong", at, confirmed="yes")
    sample = draw_for(at.year, quarter_of(at.date()), "2026", by=lead, at=at)
    carry_out(at)
    visit = SampleVisit.objects.filter(sample=sample).order_by("pk")[0]
    names = ask_names([child.code], {**NAMES, "columns": ["address"]}, by=lin, at=at).matter
    do(names, "decide", "zhou_jie", at, decision="approved")
    report = open_report({"told": "三天没人管", "child_code": child.code}, by=lin, at=at).matter
    month = Matter.objects.get(procedure="care.month", person=child.person_id)
    month_task = Task.objects.get(matter=month, state=0)
    late = Matter.objects.get(procedure="care.month", person=other.person_id)
    late_since = at - timedelta(days=1)
    Task.objects.filter(matter=late).update(due_at=late_since, amber_at=late_since)
    colleague = Officer.objects.filter(
        postings__post="cadre", postings__organisation__code="justice"
    ).exclude(username="lin_yue")[0]
    add_officer(child.circle, "cadre", colleague, by=CLOCK, at=at)
    return {
        "child": child.code, "other": other.code, "candidate": candidate.code,
        "moved": Handover.objects.get(matter=moved).pk, "number": number_of(BORN, 8),
        "pledge": pledge.pk, "sample": sample.pk, "band": band, "town": child.town.code,
        "round": compared.pk, "mismatch": one.pk, "mismatch_task": waiting(one.matter_id),
        "others_mismatch": mismatch_of(compared, TOWNS[1]).pk, "proof": proof.pk,
        "town_office": "longshui-office", "month": month.pk, "late": late.pk, "month_task": month_task.pk,
        "colleague": colleague.pk, "hazard": hazard, "hazard_task": waiting(hazard), "wish": wish,
        "letter": letter, "enrol": enrol.matter, "handover": handover,
        "sample_visit": visit.matter_id, "report": report, "report_task": waiting(report),
        "visited": posted(month_task), "namesheet": NameSheet.objects.get(matter=names).pk,
    }  # fmt: skip


def identity(born: date) -> dict[str, str]:
    return {
        "name": "何小丫", "identity_number": number_of(born), "birth_date": born.isoformat(),
        "address": "朝阳社区一组",
    }  # fmt: skip


def mismatch_of(row: Round, town: str) -> Mismatch:
    found = Mismatch.objects.filter(round=row, division__name=town, roster__kind="town")
    return found.select_related("roster", "other").order_by("pk")[0]


def waiting(matter: int | None) -> int:
    """Return the first task of a matter that waits."""
    return Task.objects.filter(matter=matter, state=0).order_by("pk")[0].pk


def nowhere(world: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same names with codes and numbers of what does not exist."""
    kept = ("number", "band", "town", "town_office", "colleague", "visited")
    return {
        name: one if name in kept else "H-2222222" if isinstance(one, str) else 987_654_321
        for name, one in world.items()
    }


@cache
def browser(username: str) -> Client:
    client = Client()
    client.force_login(Officer.objects.get(username=username))
    return client


def cell(username: str, request: Ask, world: Mapping[str, Any]) -> str:
    """Return in one sign what an account is answered; what that changed is taken back."""
    answer = tried(username, request, world)
    if answer.status_code == 404:
        assert plain(answer) == no_such_page(username), (username, request)
        return "-"
    assert answer.status_code in (200, 302, 403, 409, 422), (username, request, answer.status_code)
    assert "login" not in answer.headers.get("Location", ""), (username, request)
    if answer.status_code in (403, 409) or DENIED.encode() in answer.content:
        return "x"
    if any(one.level_tag in ("error", "warning") for one in get_messages(answer.wsgi_request)):
        return "x"
    if answer.status_code == 422:
        return "w"
    asked = request.sent is None or "purpose" in request.sent
    return ">" if answer.status_code == 302 and asked else "y"


def tried(username: str, request: Ask, world: Mapping[str, Any]) -> Any:
    counters.clear()
    client = browser(username)
    client.cookies.pop("messages", None)
    with transaction.atomic():
        answer = request.answer(client, world)
        transaction.set_rollback(True)
    return answer


@cache
def no_such_page(username: str) -> tuple[int, str, str]:
    return plain(browser(username).get(reverse("matter", args=[10**17])))


def expected() -> dict[str, str]:
    """Return the table's rows: a request's name, and its signs without spaces."""
    rows = [line.rsplit("|", 1) for line in TABLE.strip().splitlines()[1:]]
    return {name.strip(): cells.replace(" ", "") for name, cells in rows}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.django_db
def test_each_account_is_answered_as_the_table_says(world: dict[str, Any], name: str) -> None:
    found = ""
    for username in WHO.values():
        found += cell(username, REQUESTS[name], world)
        if found[-1] == "-" and found.count("-") == 1:
            none = tried(username, REQUESTS[name], nowhere(world))
            assert plain(none) == no_such_page(username)
    assert found == expected().get(name), f"{name:<24}| " + "   ".join(found)


def test_the_table_has_every_page_of_care_and_every_account_of_its_cast() -> None:
    named = {ask.name for ask in REQUESTS.values()} | OWN_OF_OTHERS
    pages = {name for name in get_resolver().reverse_dict if str(name).startswith("care-")}
    assert pages <= named
    assert set(expected()) == set(REQUESTS)
    cast = {row[0] for row in ACCOUNTS if row[5].startswith("护蕾")}
    assert cast <= set(WHO.values())
    assert TABLE.strip().partition("\n")[0].split()[1:] == list(WHO)
