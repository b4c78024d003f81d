"""Pages of the list: mine, my posts', my organisation's, late ones; and of matters.

Every page is keyset-paged by (due_at, id) and reads a bounded range of a partial index.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from qianshou.kernel.access import Actor, not_hidden, visible_matters
from qianshou.kernel.clock import day_of
from qianshou.kernel.pack import packs, roles_of_part
from qianshou.kernel.prepared import prepared_cursor
from qianshou.kernel.procedures.versions import compiled_all
from qianshou.kernel.registry.bigram import search_query
from qianshou.kernel.worklist.models import OPEN, Copy, Matter, Party, Task

PAGE = 50
CAP = 1000

COLUMNS = """
t.id, t.matter_id, t.node, t.name, t.name_en, t.posts, t.organisation_id, t.assignee_id, t.level,
t.due_at, t.amber_at, t.opened_at, t.provisional, t.procedure, t.division_id, m.number, m.title,
m.supervised, m.urged, t.delegated_from_id"""

NAMED = """
SELECT named.*, d.name, above.name, above.kind, o.name, o.name_en, helper.name
FROM ({}) AS named
JOIN registry_division d ON d.id = named.division_id
LEFT JOIN registry_division above ON above.id = d.parent_id
JOIN registry_organisation o ON o.id = named.organisation_id
LEFT JOIN registry_officer helper
  ON helper.id = named.assignee_id AND named.delegated_from_id IS NOT NULL
ORDER BY named.due_at, named.id"""


@dataclass(frozen=True, slots=True)
class ListedTask:
    """A row of the list, ready for a template; `division_above` is what its division lies in,
    `delegate` who was asked to do it for its holder.
    """

    id: int
    matter: int
    node: str
    name: str
    name_en: str
    posts: str
    organisation: int
    assignee: int | None
    level: str
    due_at: datetime
    amber_at: datetime
    opened_at: datetime
    provisional: bool
    procedure: str
    division: int
    number: str
    title: str
    supervised: bool
    urged: int
    delegated_from: int | None
    division_name: str
    division_above: str | None
    kind_above: str | None
    organisation_name: str
    organisation_name_en: str
    delegate: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list: ids of procedures, levels and divisions, and words of a title."""

    procedure: str = ""
    level: str = ""
    divisions: tuple[int, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows and the key (due_at, id) after which the next one begins, if any."""

    rows: Sequence[ListedTask] = field(default=())
    after: tuple[datetime, int] | None = None


LISTS = ("mine", "post", "organisation", "late")


def addresses_of(by: Actor) -> list[tuple[int, str]]:
    """Return each organisation and value of `posts` under which `by` is meant, or somebody whom
    they stand in for (one query the first time).
    """
    found: list[tuple[int, str]] | None = by.known.get("addresses")
    if found is None:
        declared = _post_sets(tuple(one.digest for one in versions_for(by)))
        covered = (seat for principal in by.principals for seat in principal.seats)
        found = by.known["addresses"] = sorted(
            {
                (seat.organisation, joined)
                for seat in (*by.seats, *covered)
                for joined in declared.get(seat.post, {seat.post})
            }
        )
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a procedure as it is kept: whether in force, and its names."""

    digest: str
    is_current: bool
    procedure: str
    name: str
    name_en: str


VERSIONS = "SELECT digest, is_current, procedure, name, name_en FROM procedures_version ORDER BY id"


def versions_for(by: Actor) -> list[Kept]:
    """Return every version kept, the oldest first (one query the first time for an actor)."""
    found: list[Kept] | None = by.known.get("versions")
    if found is None:
        with prepared_cursor() as cursor:
            cursor.execute(VERSIONS)
            found = by.known["versions"] = [Kept(*row) for row in cursor.fetchall()]
    return found


@lru_cache(maxsize=4)
def _post_sets(digests: tuple[str, ...]) -> dict[str, set[str]]:
    """Return, for each post, every value that a task's `posts` may have with it inside."""
    found: dict[str, set[str]] = {}
    for procedure in compiled_all(digests):
        for step in procedure.steps():
            joined = ",".join(step.posts)
            for post in step.posts:
                found.setdefault(post, {post}).add(joined)
    return found


Branch = tuple[str, list[Any]]  # an index range: a condition with its parameters


def _branches(which: str, by: Actor, at: datetime) -> list[Branch]:
    """Return the index ranges that make up a list."""
    match which:
        case "left":
            return _left(by, at)
        case "post":
            return _free(by)
        case "organisation":
            return _around(by)
    return [*_held(by), *_free(by)]


def _free(by: Actor) -> list[Branch]:
    """Return what nobody has claimed at the posts of `by`."""
    inside, own = inside_circles(by)
    return [
        (
            f"t.organisation_id = %s AND t.posts = %s AND t.assignee_id IS NULL AND {inside}",
            [organisation, posts, *own],
        )
        for organisation, posts in addresses_of(by)
    ]


def _around(by: Actor) -> list[Branch]:
    """Return what is open in the organisations of `by`."""
    inside, own = inside_circles(by)
    return [
        (f"t.organisation_id = %s AND {inside}", [found, *own])
        for found in sorted(by.organisations)
    ]


def _held(by: Actor) -> list[Branch]:
    """Return what is assigned to `by`, or to whom they stand in for, and what `by` delegated."""
    inside, own = inside_circles(by)
    covers = [principal.officer for principal in by.principals]
    others = f" AND t.assignee_id NOT IN ({','.join(['%s'] * len(covers))})" if covers else ""
    held = [
        (f"t.assignee_id = %s AND {inside}", [by.officer, *own]),
        (f"t.delegated_from_id = %s{others} AND {inside}", [by.officer, *covers, *own]),
    ]
    mine = held
    if not by.in_person:
        mine = [
            (
                f"{condition} AND t.organisation_id = %s AND t.posts = %s",
                [*parameters, organisation, posts],
            )
            for condition, parameters in held
            for organisation, posts in addresses_of(by)
        ]
    covered = []
    for principal in by.principals:
        for organisation, pack in sorted({(one.organisation, one.pack) for one in principal.seats}):
            keys = procedures_of_packs().get(pack, ())
            condition = (
                f"t.assignee_id = %s AND t.organisation_id = %s AND {inside} "
                f"AND t.procedure IN ({','.join(['%s'] * len(keys)) or 'NULL'})"
            )
            covered.append((condition, [principal.officer, organisation, *own, *keys]))
    return [*mine, *covered]


LEFT = """
t.organisation_id = %s AND t.assignee_id IS NOT NULL AND t.procedure IN ({keys}) AND {inside}
AND NOT EXISTS (
  SELECT 1 FROM registry_posting q JOIN registry_officer f ON f.id = q.officer_id
  WHERE f.id = COALESCE(t.delegated_from_id, t.assignee_id) AND f.is_active
    AND q.organisation_id = t.organisation_id AND q.from_date <= %s
    AND (q.to_date IS NULL OR q.to_date >= %s) AND ',' || t.posts || ',' LIKE {post})"""
POST = "'%%,' || q.post_id || ',%%'"


def _left(by: Actor, at: datetime) -> list[Branch]:
    """Return what is assigned to officers who no longer sit there or whose account
    was stopped, where `by` transfers tasks.
    """
    inside, own = inside_circles(by)
    today = day_of(at)
    heads = {(one.organisation, one.pack) for one in by.seats if "transfer" in one.acts}
    found = []
    for organisation, pack in sorted(heads):
        keys = procedures_of_packs().get(pack, ())
        marks = ",".join(["%s"] * len(keys)) or "NULL"
        condition = LEFT.format(keys=marks, inside=inside, post=POST)
        found.append((condition, [organisation, *keys, *own, today, today]))
    return found


def inside_circles(by: Actor, *, in_part: bool = True) -> tuple[str, list[Any]]:
    """Return SQL over matter `m`: it has no circle, or `by` is in it; with parameters.

    Roles of part count for what their holders have to do, not for what they may read (`in_part`
    false, as in `not_hidden`).
    """
    parts = [] if in_part else sorted(roles_of_part())
    whole = f" AND c.role NOT IN ({','.join(['%s'] * len(parts))})" if parts else ""
    seats = "".join(" OR (c.organisation_id = %s AND c.post_id = %s)" for _ in by.seats)
    return (
        "(m.circle_id IS NULL OR EXISTS (SELECT 1 FROM registry_circle k "
        "LEFT JOIN registry_circle p ON p.id = k.parent_id "
        "JOIN registry_circlemember c ON c.circle_id IN (k.id, k.parent_id, p.parent_id) "
        f"WHERE k.id = m.circle_id AND c.to_date IS NULL{whole} AND (c.officer_id = %s{seats})))",
        [
            *parts,
            by.officer if by.seats and by.in_person else None,
            *(part for seat in by.seats for part in (seat.organisation, seat.post)),
        ],
    )


def _narrowed(filters: Filters, at: datetime | None) -> tuple[str, list[Any]]:
    sql = ""
    parameters: list[Any] = []
    if filters.procedure:
        sql += " AND t.procedure = %s"
        parameters.append(filters.procedure)
    if filters.level:
        sql += " AND t.level = %s"
        parameters.append(filters.level)
    if filters.divisions:
        sql += f" AND t.division_id IN ({','.join(['%s'] * len(filters.divisions))})"
        parameters.extend(filters.divisions)
    if filters.words:
        condition, words = search_condition(filters.words)
        sql += f" AND {condition}"
        parameters.extend(words)
    if at is not None:
        sql += " AND t.due_at < %s"
        parameters.append(_instant(at))
    return sql, parameters


def _instant(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def search_condition(words: str) -> tuple[str, list[Any]]:
    """Return SQL over matter `m` that finds `words` in number and title, with parameters."""
    query = search_query(words)
    if connection.vendor == "postgresql":
        return "to_tsvector('simple', m.tokens) @@ to_tsquery('simple', %s)", [query.tsquery()]
    return "m.id IN (SELECT rowid FROM worklist_search WHERE worklist_search MATCH %s)", [
        query.fts5()
    ]


def list_tasks(
    which: str,
    by: Actor,
    *,
    at: datetime,
    filters: Filters | None = None,
    after: tuple[datetime, int] | None = None,
    size: int = PAGE,
) -> Page:
    """Return a page of open tasks, earliest deadline first.

    `which` is "mine" (assigned to me, delegated by me or free at my posts), "post", "organisation",
    "late" (mine and overdue at `at`), or "left" (assigned to somebody who is there no more, where I
    transfer tasks). One query whatever the number of rows.
    """
    branches = _branches(which, by, at)
    if not branches or by.officer is None:
        return Page()
    narrowed, narrow_parameters = _narrowed(filters or Filters(), at if which == "late" else None)
    keyset, key_parameters = "", []
    if after is not None:
        due = _instant(after[0])
        keyset = " AND t.due_at >= %s AND (t.due_at > %s OR (t.due_at = %s AND t.id > %s))"
        key_parameters = [due, due, due, after[1]]
    parts, parameters = [], []
    for condition, own in branches:
        parts.append(
            f"SELECT * FROM (SELECT {COLUMNS} FROM worklist_task t "
            "JOIN worklist_matter m ON m.id = t.matter_id "
            f"WHERE t.state = 0 AND {condition}{narrowed}{keyset} "
            "ORDER BY t.due_at, t.id LIMIT %s) AS branch"
        )
        parameters += [*own, *narrow_parameters, *key_parameters, size + 1]
    sql = NAMED.format(f"{' UNION ALL '.join(parts)} ORDER BY due_at, id LIMIT %s")
    with prepared_cursor() as cursor:
        cursor.execute(sql, [*parameters, size + 1])
        rows = [_listed(row) for row in cursor.fetchall()]
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, (rows[-1].due_at, rows[-1].id) if more else None)


def _listed(row: tuple[Any, ...]) -> ListedTask:
    columns = list(row)
    for place in (9, 10, 11):
        value = columns[place]
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        columns[place] = value if value.tzinfo else value.replace(tzinfo=connection.timezone)
    columns[12], columns[17] = bool(columns[12]), bool(columns[17])
    return ListedTask(*columns)


COUNTED = """
SELECT '{which}', COUNT(*), COALESCE(SUM(late), 0) FROM (
  SELECT CASE WHEN t.due_at < %s THEN 1 ELSE 0 END AS late FROM worklist_task t
  JOIN worklist_matter m ON m.id = t.matter_id
  WHERE t.state = 0 AND {condition} ORDER BY t.due_at LIMIT %s) AS {which}"""


def count_tasks(by: Actor, *, at: datetime, filters: Filters | None = None) -> dict[str, int]:
    """Return the number of open tasks of each list, each branch counted up to 1,000 (two queries).

    Every range is read once: what is free at a post is "mine" and "post", and the late ones are
    the first in the order of deadlines.
    """
    if by.officer is None:
        return dict.fromkeys(LISTS, 0)
    ranges = (("mine", _held(by)), ("post", _free(by)), ("organisation", _around(by)))
    narrowed, own = _narrowed(filters or Filters(), None)
    selects, parameters = [], []
    for which, branches in ranges:
        for condition, its in branches:
            selects.append(COUNTED.format(which=which, condition=f"{condition}{narrowed}"))
            parameters += [_instant(at), *its, *own, CAP]
    counts = dict.fromkeys(LISTS, 0)
    with prepared_cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), parameters)
        for which, number, late in cursor.fetchall():
            counts[which] += number
            if which != "organisation":
                counts["late"] += late
    counts["mine"] += counts["post"]
    return counts


def procedures_of_packs() -> dict[str, tuple[str, ...]]:
    """Return the procedures of each pack, as the rule of access wants them."""
    return {pack.id: tuple(pack.procedures) for pack in packs()}


def see_matters(by: Actor) -> QuerySet[Matter]:
    """Return the matters that `by` may see, and those without a circle that are copied to them."""
    return Matter.objects.filter(_seen(by))


def _seen(by: Actor, matter: int | None = None) -> Q:
    """Return the rule of `see_matters`, inside it for one `matter` alone if given."""
    seen = Matter.objects.filter(visible_matters(by, procedures_of_packs()))
    copied = Copy.objects.filter(officer=by.officer, ended_at=None, matter__circle=None)
    if matter is not None:
        seen, copied = seen.filter(pk=matter), copied.filter(matter=matter)
    rule = Q(pk__in=seen.values("pk"))
    if by.kind == "officer" and by.seats and by.in_person:
        rule |= Q(pk__in=copied.values("matter"))
    return rule


def copies_of(matter: int) -> QuerySet[Copy]:
    """Return to whom a matter is copied."""
    found = Copy.objects.filter(matter=matter, ended_at=None)
    return found.select_related("officer", "sender").order_by("id")


def sees_matter(by: Actor, matter: int) -> bool:
    """Whether `by` may see one matter, by the filter of `see_matters` (one query).

    The matter stands inside the filter: outside it, SQLite gathers all that `by` may see first.
    """
    sql, parameters = _sight_of(by)
    with prepared_cursor() as cursor:
        cursor.execute(sql, [matter if one == ANY_MATTER else one for one in parameters])
        return cursor.fetchone() is not None


STEP = """
SELECT t.node, v.digest, m.person_id
FROM worklist_task t
JOIN worklist_matter m ON m.id = t.matter_id JOIN procedures_version v ON v.id = m.version_id
WHERE t.id = %s AND m.id = %s AND EXISTS ({})"""


def step_seen(by: Actor, task: int, matter: int) -> tuple[str, str, int | None] | None:
    """Return a task's node, its version's digest and whom its matter is about; None where the
    matter has no such task or `by` may not see it, as `sees_matter` says (one query for both).
    """
    sight, parameters = _sight_of(by)
    told = [matter if one == ANY_MATTER else one for one in parameters]
    with prepared_cursor() as cursor:
        cursor.execute(STEP.format(sight), [task, matter, *told])
        found: tuple[str, str, int | None] | None = cursor.fetchone()
        return found


ANY_MATTER = -(2**62)


@lru_cache(maxsize=4096)
def _sight_of(by: Actor) -> tuple[str, tuple[Any, ...]]:
    """Return the query of `sees_matter`, with ANY_MATTER among its parameters.

    Putting it together costs more than asking it, and it is the same for the same seats.
    """
    seen = Matter.objects.filter(_seen(by, ANY_MATTER), pk=ANY_MATTER)
    try:
        return seen.values("pk")[:1].query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 1 WHERE %s < 0", (ANY_MATTER,)


def matters_with(*related: str) -> QuerySet[Matter]:
    """Return all matters with what they point at; the caller asks who may see them."""
    return Matter.objects.select_related(*related)


def hidden_matters(by: Actor) -> QuerySet[Matter]:
    """Return the matters whose circle hides them from `by`."""
    return Matter.objects.filter(~not_hidden(by))


def linked_matters(matter: int, by: Actor) -> QuerySet[Matter]:
    """Return the matters linked with one, either way round, that no circle hides from `by`."""
    linked = Q(linked__matter=matter) | Q(links__other=matter)
    return Matter.objects.filter(not_hidden(by), linked).distinct().order_by("id")


def find_matters(queryset: QuerySet[Matter], words: str) -> QuerySet[Matter]:
    """Narrow matters to those whose number or title contains `words`."""
    condition, parameters = search_condition(words)
    condition = condition.replace("m.id", "worklist_matter.id").replace(
        "m.tokens", "worklist_matter.tokens"
    )
    return queryset.extra(where=[condition], params=parameters)


def tasks_of(matter: int) -> QuerySet[Task]:
    """Return every task of a matter, in the order in which they opened."""
    return (
        Task.objects.filter(matter=matter)
        .select_related("organisation", "assignee", "delegated_from")
        .order_by("id")
    )


def task_of(task: int, procedure: str) -> Task | None:
    """Return a task of a procedure, open or not, with its matter, version and organisation."""
    found = Task.objects.filter(pk=task, procedure=procedure)
    return found.select_related("matter__version", "organisation").first()


def open_tasks(procedure: str = "") -> QuerySet[Task]:
    """Return the open tasks, of one procedure if named; the caller asks who may see them."""
    found = Task.objects.filter(state=OPEN)
    return found.filter(procedure=procedure) if procedure else found


def open_matters() -> QuerySet[Matter]:
    """Return the matters that are not closed; the caller asks who may see them."""
    return Matter.objects.filter(closed_at=None)


def public_matters(procedures: Iterable[str]) -> QuerySet[Matter]:
    """Return the matters of these procedures that residents opened themselves, the newest first,
    with who keeps them; none that has a circle or is about a person.
    """
    found = Matter.objects.filter(procedure__in=list(procedures), circle=None, person=None)
    kept = found.exclude(receipt_digest="").select_related("organisation")
    return kept.order_by("-opened_at", "-id")


def matters_in_circles(matters: Collection[int]) -> set[int]:
    """Return which of these matters have a circle."""
    found = Matter.objects.filter(pk__in=matters, circle__isnull=False)
    return set(found.values_list("pk", flat=True))


def next_task(matter: int) -> Task | None:
    """Return the oldest open task of a matter."""
    rows = Task.objects.raw(
        "SELECT * FROM worklist_task WHERE matter_id = %s AND state = 0 ORDER BY id LIMIT 1",
        [matter],
    )
    return next(iter(rows), None)


def parties_of(matter: int) -> QuerySet[Party]:
    """Return the organisations that take part in a matter."""
    return Party.objects.filter(matter=matter).select_related("organisation").order_by("id")
