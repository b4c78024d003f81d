"""Opening matters: one, or thousands by the same way in, each thing asked of the database once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from qianshou.kernel.access import REPORTER, RESIDENT, Actor, members_of, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.acts import Open
from qianshou.kernel.door.cleaning import clean_facts
from qianshou.kernel.door.follow import Doing, Held, evaluate, posts_held, tell_pack, work_out
from qianshou.kernel.door.turn import MatterRow, instant
from qianshou.kernel.pack import (
    Pack,
    ProcedureDeclaration,
    StartDeclaration,
    declaration_of,
    find_start,
    pack_of,
)
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.forms import Choices, Form
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.bigram import search_tokens
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.registry.models import Division, Organisation
from qianshou.kernel.registry.vault import key_of, keys_of
from qianshou.kernel.worklist import change
from qianshou.kernel.worklist.change import Statement


@dataclass(frozen=True)
class Homes:
    """Where matters lie and who keeps them, each code asked of the database once."""

    division: Callable[[str], Division | None]
    organisation: Callable[[str], Organisation | None]
    centre: Callable[[str], Organisation | None]
    seat: Callable[[int], Organisation]


@dataclass(frozen=True)
class Way:
    """What all openings by one way into one procedure share."""

    pack: Pack
    start: StartDeclaration
    declared: ProcedureDeclaration
    version: int
    digest: str
    form: Form
    homes: Homes
    choices: Choices
    find_key: Callable[[int], bytes]
    held: Held = field(default_factory=dict)


def open_matters(opens: Sequence[Open], *, by: Actor, at: datetime) -> list[tuple[int, str]]:
    """Open matters by one way into one procedure; returns the id and number of each, in order.

    Refuses them all for a start that is not for this actor, or a circle to which an officer does
    not belong (access.denied), facts that the form refuses (Refusals with fields), a place or
    organisation that does not exist.
    """
    if not opens:
        return []
    way = _find_way(opens, by)
    drawn = [_draw(act, way, by, at) for act in opens]
    if len(opens) > 1:
        way.held.update(posts_held((), {home.pk for _facts, home, _division in drawn}, at))
    day = at.astimezone(CHINA).strftime("%Y%m%d")
    series = f"{way.declared.number}-{day}"
    row = change.fetch(change.NEXT_NUMBERS, [series, len(opens)])
    assert row is not None
    ids = change.reserve_ids("worklist_matter", len(opens))
    first = row[0] - len(opens) + 1
    told, statements = [], list[Statement]()
    for place, (act, (facts, organisation, division)) in enumerate(zip(opens, drawn, strict=True)):
        number = f"{series}-{first + place:04d}"
        matter = _make_matter(ids[place], number, act, facts, way, organisation, division, at)
        doing = _begin(matter, act, facts, way, organisation, division, by)
        submitted = doing.submitted or {}
        step, following = work_out(doing, engine.Open(submitted, way.start.start), way.held)
        statements += _matter_statements(matter, way, step.outcome or "")
        statements += following
        told.append((doing, step))
    (change.run if len(opens) == 1 else change.run_together)(statements)
    for doing, step in told:
        tell_pack(doing, step)
    return [(doing.matter.id, doing.matter.number) for doing, _ in told]


def _find_way(opens: Sequence[Open], by: Actor) -> Way:
    """Return the one way by which all are opened; ValueError where there are several."""
    ways = {(act.procedure, act.start) for act in opens}
    if len(ways) > 1:
        raise ValueError(f"matters opened together must begin alike, not by {sorted(ways)}")
    ((procedure, begun),) = ways
    pack, start = find_start(pack_of(procedure).id, begun)
    _require_start(start, by)
    for circle in {act.circle for act in opens if act.circle is not None}:
        _require_inside(circle, by)
    version, digest = current(procedure)
    form = form_of(digest, start.form)
    persons = {act.person for act in opens if act.person is not None}
    sealing = len(opens) > 1 and any(field.sealed for field in form.fields)
    return Way(
        pack=pack,
        start=start,
        declared=declaration_of(procedure),
        version=version,
        digest=digest,
        form=form,
        homes=_find_homes(opens, declaration_of(procedure).place),
        choices=cache(choices_of),
        find_key=keys_of(persons).__getitem__ if sealing else key_of,
    )


def _require_start(start: StartDeclaration, by: Actor) -> None:
    if by.kind == "clock":
        return
    if start.by == RESIDENT:
        require(by.kind in (RESIDENT, "officer"))
        return
    if start.by == REPORTER:
        require(by.kind == REPORTER)
        return
    held = {RESIDENT} if by.kind == RESIDENT else {seat.post for seat in by.seats}
    require(bool(held & set(start.posts)))


def _require_inside(circle: int, by: Actor) -> None:
    """Let officers open only into circles to which they belong, be it in part."""
    if by.kind == "officer":
        members = members_of(circle)
        require(members.hold(by) or bool(members.roles_of(by)))


Drawn = tuple[dict[str, Any], Organisation, Division]


def _draw(act: Open, way: Way, by: Actor, at: datetime) -> Drawn:
    facts = clean_facts(
        way.form, act.facts, act.person, at, choices=way.choices, find_key=way.find_key
    )
    return facts, *_home(act, way.declared.place, facts, by, way.homes)


def _home(
    act: Open, place: str, facts: Mapping[str, Any], by: Actor, homes: Homes
) -> tuple[Organisation, Division]:
    """Return the organisation that keeps the matter and the division it lies in.

    The place decides where a matter lies; the town's centre there keeps it, unless the act
    names an organisation or the officer's own centre takes it in.
    """
    found: Any = facts.get(place) if place else None
    code = found.get("division") if isinstance(found, Mapping) else None
    division = homes.division(code) if code else None
    if code and division is None:
        raise Refusal("door.no_division", f"没有区划 {code}", f"No division {code}", place)
    organisation = None
    if act.organisation:
        organisation = homes.organisation(act.organisation)
        if organisation is None:
            raise Refusal(
                "door.no_organisation",
                f"没有机构“{act.organisation}”",
                f"There is no organisation “{act.organisation}”",
                "organisation",
            )
    elif division is not None:
        organisation = homes.centre(division.path)
    if organisation is None and by.seats:
        organisation = homes.seat(by.seats[0].organisation)
    if organisation is None:
        raise Refusal(
            "door.no_home", "请选择事情发生的地点", "Please say where it is", place or "place"
        )
    return organisation, division or organisation.division


def _find_homes(opens: Sequence[Open], place: str) -> Homes:
    """Return where matters may lie and who may keep them: what the acts name is asked of the
    database together (two queries), what they come to name besides when it is wanted.
    """
    if len(opens) == 1:
        return Homes(_find_division, _find_organisation, _find_centre, _find_seat)
    named = [act.facts.get(place) for act in opens]
    codes = {str(one.get("division")) for one in named if isinstance(one, Mapping)}
    divisions = Division.objects.filter(code__in=codes, valid_to=None).order_by("-pk")
    division = {one.code: one for one in divisions}
    kept = Organisation.objects.filter(code__in={act.organisation for act in opens})
    organisation = {one.code: one for one in kept.select_related("division")}
    return Homes(
        cache(lambda code: division.get(code) or _find_division(code)),
        cache(lambda code: organisation.get(code) or _find_organisation(code)),
        cache(_find_centre),
        cache(_find_seat),
    )


def _find_division(code: str) -> Division | None:
    return Division.objects.filter(code=code, valid_to=None).first()


def _find_organisation(code: str) -> Organisation | None:
    return Organisation.objects.select_related("division").filter(code=code).first()


def _find_centre(path: str) -> Organisation | None:
    lineage = [int(part) for part in path.strip(".").split(".")]
    return (
        Organisation.objects.filter(
            division__in=lineage, kind__in=("town_centre", "district_centre"), valid_to=None
        )
        .order_by("-division__path")
        .first()
    )


def _find_seat(organisation: int) -> Organisation:
    return Organisation.objects.select_related("division").get(pk=organisation)


def _make_matter(
    pk: int,
    number: str,
    act: Open,
    facts: Mapping[str, Any],
    way: Way,
    organisation: Organisation,
    division: Division,
    at: datetime,
) -> MatterRow:
    declared = way.declared
    return MatterRow(
        id=pk,
        number=number,
        procedure=act.procedure,
        digest=way.digest,
        title=str(evaluate(declared.title, facts) or way.pack.name.zh)[:200],
        level=str(evaluate(declared.level, facts) or "") if declared.level else "",
        division=division.pk,
        division_path=division.path,
        organisation=organisation.pk,
        opened_at=at,
        closed_at=None,
        state="",
        seq=0,
        head="",
        head_at=at,
        receipt_digest=act.receipt,
        supervised=False,
        suspended_at=None,
        circle=act.circle,
        person=act.person,
    )


def _begin(
    matter: MatterRow,
    act: Open,
    facts: Mapping[str, Any],
    way: Way,
    organisation: Organisation,
    division: Division,
    by: Actor,
) -> Doing:
    """Return the act of opening with the facts that the house adds to those submitted."""
    at = matter.opened_at
    submitted = {
        **facts,
        "number": matter.number,
        "via": act.via,
        "opened_by": by.kind,
        "home": organisation.code,
        "opened_at": at.astimezone(CHINA).isoformat(timespec="seconds"),
    }
    entry = {
        "start": way.start.start,
        "title": matter.title,
        "division": division.code,
        "receipt": act.receipt,
        **({"circle": act.circle} if act.circle is not None else {}),
        **({"person": act.person} if act.person is not None else {}),
    }
    return Doing("open", by, at, matter, node=way.start.start, submitted=submitted, entry=entry)


def _matter_statements(matter: MatterRow, way: Way, outcome: str) -> list[Statement]:
    tokens = search_tokens(f"{matter.number} {matter.title}")
    row = [
        matter.id,
        matter.number,
        matter.procedure,
        way.version,
        matter.title,
        matter.level,
        matter.division,
        matter.organisation,
        instant(matter.opened_at),
        instant(matter.closed_at),
        outcome,
        matter.state,
        matter.seq,
        matter.head,
        instant(matter.head_at),
        matter.receipt_digest,
        False,
        tokens,
        matter.circle,
        matter.person,
    ]
    return [
        (change.INSERT_MATTER, row),
        (change.INSERT_PARTY, [matter.id, matter.organisation]),
        *change.index_words(matter.id, tokens),
    ]
