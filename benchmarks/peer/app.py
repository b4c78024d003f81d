"""The list page and the completing of a task, as a FastAPI application would do them."""

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import create_engine, event, func, or_, select
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import contains_eager
from starlette.concurrency import run_in_threadpool

from peer.tables import (
    Code,
    Division,
    Entry,
    Matter,
    Notice,
    Officer,
    Posting,
    Procedure,
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
page = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
    trim_blocks=True, lstrip_blocks=True, auto_reload=False,
).get_template("list.html")  # fmt: skip
app = FastAPI()

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


def who(work: Work, request: Request) -> tuple[Officer, list[Posting]]:
    session = work.get(Session, request.cookies.get("sessionid", ""))
    if session is None or not session.officer.is_active:
        raise HTTPException(403)
    postings = select(Posting).where(Posting.officer_id == session.officer_id)
    return session.officer, list(work.scalars(postings))


def mine(officer, postings):
    seats = [
        (Task.organisation_id == one.organisation_id) & (Task.posts == one.post) for one in postings
    ]
    return (Task.state == 0) & or_(
        Task.assignee_id == officer.id, *(Task.assignee_id.is_(None) & seat for seat in seats)
    )


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
        officer, postings = who(work, request)
        at = work.scalar(select(func.now())) if URL else datetime.now(UTC).replace(tzinfo=None)
        own = mine(officer, postings)
        organisations = [one.organisation_id for one in postings]
        tasks = list(
            work.scalars(
                select(Task)
                .join(Task.matter)
                .join(Matter.division)
                .join(Task.organisation)
                .where(own)
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

        def count(where):
            return (
                select(func.count())
                .select_from(select(Task.id).where(where).limit(1000).subquery())
                .scalar_subquery()
            )

        counts = work.execute(
            select(
                count(own).label("mine"),
                count(own & Task.assignee_id.is_(None)).label("post"),
                count((Task.state == 0) & Task.organisation_id.in_(organisations)).label("all"),
                count(own & (Task.due_at < at)).label("late"),
            )
        ).one()
        unread = work.scalar(
            select(func.count()).where(
                or_(Notice.officer_id == officer.id, Notice.organisation_id.in_(organisations))
            )
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
        return page.render(
            request=request, officer=officer, seat=postings[0], groups=groups, counts=counts,
            unread=unread, receivers=receivers, procedures=procedures, towns=towns, at=at,
            due_words=due_words, more=len(tasks) > 50,
            levels=[("urgent", "紧急"), ("prompt", "较急"), ("normal", "一般")],
        )  # fmt: skip


def complete_task(request: Request, matter_id: int, sent: dict[str, list[str]]) -> None:
    facts = {name: sent[name][0] for name in ("kind", "category", "level")}
    with writing() as work:
        officer, postings = who(work, request)
        task = work.get(Task, int(sent["task"][0]), with_for_update=bool(URL))
        if task is None or task.matter_id != matter_id or task.state != 0:
            raise HTTPException(409)
        held = {(one.organisation_id, one.post) for one in postings}
        if (task.organisation_id, task.posts) not in held:
            raise HTTPException(403)
        codes = set(work.scalars(select(Code.code).where(Code.catalogue == "gate.category")))
        if facts["category"] not in codes:
            raise HTTPException(422)
        at = datetime.now(UTC).replace(tzinfo=None)
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
        own = hashlib.new("sm3", body.encode()).hexdigest()
        work.add(
            Entry(
                subject=matter.number, seq=matter.seq, act="complete", at=at, body=body,
                prev=matter.head, hash=own,
            )
        )  # fmt: skip
        matter.head = own
        task.state, task.closed_at, task.assignee_id = 1, at, officer.id
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
    if sent.get("csrfmiddlewaretoken", [""])[0] != request.cookies.get("csrftoken"):
        raise HTTPException(403)
    await run_in_threadpool(complete_task, request, matter_id, sent)
    return RedirectResponse("/", 302)
