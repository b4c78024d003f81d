"""One turn at a matter: lock it, work on it, append one entry, store what follows."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from qianshou.kernel.access import Actor, Principal, Standing, members_of
from qianshou.kernel.door.rules import Hold
from qianshou.kernel.ledger.append import Draft, append_statement
from qianshou.kernel.pack import pack_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement
from qianshou.kernel.worklist.models import OPEN
from qianshou.kernel.worklist.receipts import mark_of, receipts_of


@contextmanager
def write_turn() -> Iterator[None]:
    """Hold one database transaction that writes.

    On SQLite writers queue on a lock file first: its own busy handler sleeps and starves
    waiters (measured: 48-87 % of concurrent writes failed without this).
    """
    name = connection.settings_dict["NAME"]
    if connection.vendor != "sqlite" or connection.in_atomic_block or ":memory:" in str(name):
        with transaction.atomic():
            yield
        return
    queue = os.open(f"{name}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        with transaction.atomic():
            yield
    finally:
        os.close(queue)


@dataclass(slots=True)
class MatterRow:
    """The columns of a matter that an act works with."""

    id: int
    number: str
    procedure: str
    digest: str
    title: str
    level: str
    division: int
    division_path: str
    organisation: int
    opened_at: datetime
    closed_at: datetime | None
    state: str
    seq: int
    head: str
    head_at: datetime
    receipt_digest: str
    supervised: bool
    suspended_at: datetime | None
    circle: int | None = None
    person: int | None = None


@dataclass(slots=True)
class TaskRow:
    """The columns of a task that an act works with; blocked where somebody is yet to sign first."""

    id: int
    matter: int
    token: int
    node: str
    posts: str
    organisation: int
    assignee: int | None
    state: int
    opened_seq: int
    due_at: datetime
    warned: int
    delegated_from: int | None
    resume_node: str
    blocks: int | None
    is_blocked: bool

    @property
    def hold(self) -> Hold:
        """Who holds the task, as the rules ask."""
        return Hold(self.assignee, self.organisation, self.posts, self.delegated_from, self.blocks)


MATTER_COLUMNS = 20
INSTANTS = (9, 10, 14, 17)


def _read_matter(row: tuple[Any, ...]) -> MatterRow:
    columns = list(row[:MATTER_COLUMNS])
    for place in INSTANTS:
        columns[place] = read_instant(columns[place])
    return MatterRow(*columns)


def read_instant(value: Any) -> Any:
    """Return an instant read by plain SQL as an aware datetime (SQLite gives naive UTC)."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value.tzinfo is None:
        return value.replace(tzinfo=connection.timezone)
    return value


def _read_task(row: tuple[Any, ...]) -> TaskRow:
    columns = list(row)
    columns[9], columns[14] = read_instant(columns[9]), bool(columns[14])
    return TaskRow(*columns)


def no_matter() -> Refusal:
    """Return the answer for a matter that does not exist, or that the actor's circles hide."""
    return Refusal("door.no_matter", "没有这个事项", "There is no such matter", "matter")


def no_task() -> Refusal:
    """Return the answer for a task that does not exist, or that the actor's circles hide."""
    return Refusal("door.no_task", "没有这个任务", "There is no such task", "task")


def _ask_in_vain() -> None:
    """Ask as many questions of the database for what does not exist as for what a circle hides."""
    members_of(0)


def is_hidden(matter: MatterRow, by: Actor) -> bool:
    """Whether a matter's circle hides it from `by`: then it is answered as one that is not."""
    if matter.circle is None or by.kind == "clock":
        return False
    if by.kind == "resident":
        return by.receipt not in receipts_of(matter.id)
    return not members_of(matter.circle).hold(by)


def load_matter(matter: int) -> MatterRow:
    """Return a matter locked for this transaction; Refusal door.no_matter when there is none."""
    row = change.fetch(change.LOAD_MATTER, [matter], lock="m")
    if row is None:
        _ask_in_vain()
        raise no_matter()
    return _read_matter(row)


def load_seen_matter(matter: int, by: Actor) -> MatterRow:
    """Return a matter locked, as `load_matter`; one that a circle hides is refused like none."""
    row = load_matter(matter)
    if is_hidden(row, by):
        raise no_matter()
    return row


def load_task(task: int) -> tuple[MatterRow, TaskRow]:
    """Return a task and its matter, locked; Refusal door.no_task when there is none."""
    row = change.fetch(change.LOAD_MATTER_OF_TASK, [task], lock="m")
    again = change.fetch(change.LOAD_TASK, [task]) if connection.vendor == "postgresql" else None
    if row is None:
        _ask_in_vain()
        raise no_task()
    if again is not None:
        row = row[:MATTER_COLUMNS] + again
    return _read_matter(row), _read_task(row[MATTER_COLUMNS:])


def load_open_task(task: int, by: Actor) -> tuple[MatterRow, TaskRow]:
    """Return an open task and its matter, locked.

    Raises Refusal door.no_task (also where a circle hides it), door.already_done for a task
    that is dealt with, and door.suspended while the matter's clock stands still.
    """
    matter, row = load_task(task)
    if is_hidden(matter, by):
        raise no_task()
    if row.state != OPEN:
        raise Refusal(
            "door.already_done",
            "这项任务已经办结或撤销，无需再办",
            "This task has been dealt with already; nothing more to do",
            "task",
        )
    require_running(matter)
    return matter, row


def require_running(matter: MatterRow) -> None:
    """Raise Refusal door.suspended while a matter's clock stands still."""
    if matter.suspended_at is not None:
        raise Refusal(
            "door.suspended",
            "此事项已挂起，恢复计时后再办",
            "This matter is suspended; resume it first",
            "task",
        )


def instant(at: datetime | None) -> Any:
    """Return an instant as the database driver takes it."""
    return connection.ops.adapt_datetimefield_value(at)


def standing_of(matter: MatterRow) -> Standing:
    """Return what the rule of access needs to know of a matter (two queries)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id FROM worklist_party WHERE matter_id = %s", [matter.id]
        )
        organisations = frozenset(row[0] for row in cursor.fetchall())
    return Standing(
        pack=pack_of(matter.procedure).id,
        division_path=matter.division_path,
        organisations=organisations,
        receipts=receipts_of(matter.id),
        circle=None if matter.circle is None else members_of(matter.circle),
    )


def signature(
    by: Actor, organisation: int | None = None, principal: Principal | None = None
) -> dict[str, Any]:
    """Return who acts as an entry records it: kind, id, name, organisation, post; a resident
    by the beginning of the receipt's digest; a substitute with the principal and their seat.
    """
    seats = by.seats if principal is None else principal.seats
    seat = next(
        (seat for seat in seats if organisation is None or seat.organisation == organisation),
        seats[0] if seats else None,
    )
    behalf = {} if principal is None else {"id": principal.officer, "name": principal.name}
    return {
        "kind": by.kind,
        "id": by.officer,
        "name": by.name,
        "organisation": seat.organisation if seat else None,
        "post": seat.post if seat else "",
        **({"receipt": mark_of(by.receipt)} if by.receipt else {}),
        **({"on_behalf_of": behalf} if behalf else {}),
    }


def not_before(matter: MatterRow, at: datetime) -> datetime:
    """Return `at`, or the matter's last instant when the clock has jumped back."""
    return max(at, matter.head_at)


def append(
    matter: MatterRow,
    act: str,
    *,
    by: Actor,
    at: datetime,
    facts: Mapping[str, Any],
    node: str = "",
    organisation: int | None = None,
    principal: Principal | None = None,
) -> Statement:
    """Chain one entry to the matter's head and return the statement that stores it."""
    matter.seq += 1
    draft = Draft(
        subject=matter.number,
        seq=matter.seq,
        act=act,
        at=at,
        by=signature(by, organisation, principal),
        facts=facts,
        node=node,
    )
    sql, parameters, matter.head = append_statement(draft, matter.head, instant(at))
    matter.head_at = at
    return sql, parameters


def head_statement(matter: MatterRow) -> Statement:
    """Return the statement that stores the matter's new head and nothing else of it."""
    return change.UPDATE_HEAD, [matter.seq, matter.head, instant(matter.head_at), matter.id]
