"""The list page and the completing of a task, as a FastAPI application would do them."""

import fcntl
import gettext
import hashlib
import json
import os
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import case, create_engine, event, exists, func, or_, select, union_all
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased, contains_eager
from starlette.concurrency import run_in_threadpool

from peer.tables import (
    Call,
    Circle,
    Code,
    Division,
    Entry,
    Matter,
    Member,
    Notice,
    Officer,
    Party,
    Posting,
    Procedure,
    Reading,
    Session,
    Task,
)

URL = os.environ.get("DATABASE_URL", "")
FILE = Path(os.environ["QIANSHOU_VAR"]) / "qianshou.sqlite3"
engine = (
    create_engine(URL.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=4)
    if URL
    else create_engine(f"sqlite:///{FILE}", connect_args={"timeout": 20})
)
CATALOGUES = Path(__file__).parents[2] / "qianshou/office/locale"


def page_in(translations):
    """Return the page with the texts of one language."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    environment.install_gettext_translations(translations, newstyle=True)
    return environment.get_template("list.html")


PAGES = {
    "zh-CN": page_in(gettext.NullTranslations()),
    "en": page_in(gettext.translation("django", CATALOGUES, ["en"])),
}
app = FastAPI()
KINDS = {"police": "警务类", "other": "非警务类"}
LEVELS = {"urgent": "紧急", "prompt": "较急", "normal": "一般"}

if not URL:

    @event.listens_for(engine, "connect")
    def set_pragmas(connection, record):
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")


@contextmanager
def writing():
    """Hold one transaction that writes; on SQLite behind the same queue as ours."""
    if URL:
        with Work(engine) as work, work.begin():
            yield work
        return
    queue = os.open(f"{FILE}.peer", os.O_WRONLY | os.O_CREAT)
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        with Work(engine) as work, work.begin():
            yield work
    finally:
        os.close(queue)


def present() -> datetime:
    at = datetime.now(UTC)
    return at if URL else at.replace(tzinfo=None)


def who(work: Work, request: Request, at: datetime) -> tuple[Officer, list[Posting]]:
    session = work.get(Session, request.cookies.get("sessionid", ""))
    if session is None or session.expires_at <= at or not session.officer.is_active:
        raise HTTPException(403)
    today = at.date()
    postings = select(Posting).where(
        Posting.officer_id == session.officer_id,
        Posting.from_date <= today,
        Posting.to_date.is_(None) | (Posting.to_date >= today),
    )
    return session.officer, list(work.scalars(postings))


def inside_circle(officer, postings):
    """The matter has no circle, or the officer belongs to it or to one of the two around it."""
    above = aliased(Circle)
    seats = [
        (Member.organisation_id == one.organisation_id) & (Member.post == one.post)
        for one in postings
    ]
    member = (
        select(Member.id)
        .join(Circle, Circle.id == Matter.circle_id)
        .join(above, above.id == Circle.parent_id, isouter=True)
        .where(
            Member.circle_id.in_((Circle.id, Circle.parent_id, above.parent_id)),
            Member.to_date.is_(None),
            or_(Member.officer_id == officer.id, *seats),
        )
    )
    return Matter.circle_id.is_(None) | member.correlate(Matter).exists()


def mine(officer, postings, seen, most):
    """Assigned to the officer, or free at one of the seats: an index range each, due first."""
    ranges = [Task.assignee_id == officer.id]
    for one in postings:
        seat = (Task.organisation_id == one.organisation_id) & (Task.posts == one.post)
        ranges.append(Task.assignee_id.is_(None) & seat)
    parts = [
        select(Task.id, Task.assignee_id, Task.due_at)
        .join(Task.matter)
        .where(Task.state == 0, where, seen)
        .order_by(Task.due_at, Task.id)
        .limit(most)
        .subquery()
        for where in ranges
    ]
    return union_all(*(select(part) for part in parts)).subquery()


def due_words(due: datetime, at: datetime) -> str:
    left = due - at
    seconds = abs(left.total_seconds())
    unit, length = ("天", 86400) if seconds >= 86400 else ("小时", 3600)
    if seconds < 3600:
        unit, length = "分钟", 60
    return f"{'超' if left < timedelta() else '还剩'} {int(seconds // length)} {unit}"


@app.get("/login/")
def login():
    return HTMLResponse("")


@app.get("/", response_class=HTMLResponse)
def my_list(request: Request):
    with Work(engine) as work:
        at = present()
        officer, postings = who(work, request, at)
        seen = inside_circle(officer, postings)
        shown = mine(officer, postings, seen, 51)
        organisations = [one.organisation_id for one in postings]
        tasks = list(
            work.scalars(
                select(Task)
                .join(Task.matter)
                .join(Matter.division)
                .join(Task.organisation)
                .join(shown, shown.c.id == Task.id)
                .order_by(Task.due_at, Task.id)
                .limit(51)
                .options(
                    contains_eager(Task.matter)
                    .contains_eager(Matter.division)
                    .selectinload(Division.parent),
                    contains_eager(Task.organisation),
                )
            )
        )

        first = mine(officer, postings, seen, 1000)
        around = (
            select(Task.id)
            .join(Task.matter)
            .where(Task.state == 0, Task.organisation_id.in_(organisations), seen)
            .limit(1000)
            .subquery()
        )
        counts = work.execute(
            select(
                func.count().label("mine"),
                func.sum(case((first.c.assignee_id.is_(None), 1), else_=0)).label("post"),
                func.sum(case((first.c.due_at < at, 1), else_=0)).label("late"),
                select(func.count()).select_from(around).scalar_subquery().label("all"),
            ).select_from(first)
        ).one()
        seats = [
            (Notice.organisation_id == one.organisation_id) & (Notice.posts == one.post)
            for one in postings
        ]
        meant = (Notice.officer_id == officer.id) | (Notice.officer_id.is_(None) & or_(*seats))
        newest = select(Notice).where(meant).order_by(Notice.id.desc()).limit(200).subquery()
        notice = aliased(Notice, newest)
        read = exists().where(Reading.notice_id == notice.id, Reading.officer_id == officer.id)
        unread = work.scalar(
            select(func.count())
            .select_from(notice)
            .join(Matter, Matter.id == notice.matter_id)
            .where(seen, ~read)
        )
        receivers = work.execute(
            select(Officer.id, Officer.name)
            .join(Posting, Posting.officer_id == Officer.id)
            .where(Posting.organisation_id.in_(organisations), Officer.id != officer.id)
            .distinct()
            .order_by(Officer.name, Officer.id)
        ).all()
        procedures = work.execute(select(Procedure.procedure, Procedure.name)).all()
        towns = work.execute(
            select(Division.code, Division.name).where(Division.kind.in_(("street", "town")))
        ).all()
        groups = {"已超期": [], "今天": [], "本周": [], "以后": []}
        for task in tasks[:50]:
            left = task.due_at - at
            name = "已超期" if left < timedelta() else "今天" if left.days < 1 else "本周"
            groups[name if left.days < 7 else "以后"].append(task)
        chosen = request.cookies.get("language") or request.headers.get("accept-language", "")
        language = "en" if chosen.startswith("en") else "zh-CN"
        return PAGES[language].render(
            language=language, request=request, officer=officer, seat=postings[0], groups=groups, counts=counts,
            unread=unread, receivers=receivers, procedures=procedures, towns=towns, at=at,
            due_words=due_words, more=len(tasks) > 50,
            levels=LEVELS,
        )  # fmt: skip


def complete_task(request: Request, matter_id: int, sent: dict[str, list[str]]) -> None:
    facts = {name: sent.get(name, [""])[0] for name in ("kind", "category", "level")}
    if facts["kind"] not in KINDS or facts["level"] not in LEVELS:
        raise HTTPException(422)
    with writing() as work:
        at = present()
        officer, postings = who(work, request, at)
        organisations = [one.organisation_id for one in postings]
        party = exists().where(
            Party.matter_id == matter_id, Party.organisation_id.in_(organisations)
        )
        seen = select(Matter.id).where(
            Matter.id == matter_id,
            inside_circle(officer, postings),
            party | Matter.circle_id.is_not(None),
        )
        if work.scalar(seen) is None:
            raise HTTPException(404)
        task = work.get(Task, int(sent["task"][0]), with_for_update=bool(URL))
        if task is None or task.matter_id != matter_id or task.state != 0:
            raise HTTPException(409)
        held = {(one.organisation_id, one.post) for one in postings}
        if (task.organisation_id, task.posts) not in held:
            raise HTTPException(403)
        codes = set(work.scalars(select(Code.code).where(Code.catalogue == "gate.category")))
        if facts["category"] not in codes:
            raise HTTPException(422)
        matter = work.get(Matter, matter_id, with_for_update=bool(URL))
        state = json.loads(matter.state)
        state["facts"] |= facts
        matter.state = json.dumps(state, ensure_ascii=False)
        matter.seq += 1
        body = json.dumps(
            {
                "subject": matter.number, "seq": matter.seq, "act": "complete", "node": task.node,
                "by": officer.id, "name": officer.name, "facts": facts, "prev": matter.head,
                "at": at.isoformat(),
            },
            ensure_ascii=False, sort_keys=True,
        )  # fmt: skip
        own = hashlib.sha256(body.encode()).hexdigest()
        work.add(
            Entry(
                subject=matter.number, seq=matter.seq, act="complete", at=at, body=body,
                prev=matter.head, hash=own,
            )
        )  # fmt: skip
        matter.head = own
        task.state, task.closed_at, task.assignee_id = 1, at, officer.id
        call = work.get(Call, matter_id)
        call.kind, call.category, call.level = facts["kind"], facts["category"], facts["level"]
        call.triaged_at = at
        work.add(
            Task(
                matter_id=matter.id, node="hand", name="移交派出所", posts="station_seat",
                organisation_id=task.organisation_id, level=facts["level"], state=0,
                opened_at=at, amber_at=at + timedelta(minutes=24), due_at=at + timedelta(minutes=30),
            )
        )  # fmt: skip


@app.post("/m/{matter_id}/complete/")
async def complete(request: Request, matter_id: int):
    sent = parse_qs((await request.body()).decode())
    token = sent.get("csrfmiddlewaretoken", [""])[0]
    if not secrets.compare_digest(token, request.cookies.get("csrftoken", "")):
        raise HTTPException(403)
    await run_in_threadpool(complete_task, request, matter_id, sent)
    return RedirectResponse("/", 302)
