"""Giving out duties: asks the sources, and opens what is missing in the term."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import acts
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.duties.models import Duty, Look
from qianshou.kernel.duties.terms import term_of
from qianshou.kernel.pack import Due, DutyDeclaration, Term, duty_source, packs

log = logging.getLogger(__name__)
LOOK_AGAIN = timedelta(hours=1)
BATCH = 500


def give_duties(at: datetime) -> dict[str, int]:
    """Open what every duty's term lacks at `at`; returns how many matters each duty opened.

    A source is asked when a term begins and then once an hour, for those who have come since;
    in between this costs one query. A subject that is refused is reported and tried again an
    hour later; it stops nobody else.
    """
    declared = dict(_declared())
    if not declared:
        return {}
    looks = {row.duty: row for row in Look.objects.all()}
    today = at.astimezone(CHINA).date()
    given = {}
    for name, duty in declared.items():
        term = term_of(duty.every, today)
        look = looks.get(name)
        if look is None or look.first < term.first or look.looked_at <= at - LOOK_AGAIN:
            given[name] = _give(name, duty, term, at)
    return given


def _declared() -> Iterator[tuple[str, DutyDeclaration]]:
    for pack in packs():
        for duty in pack.duties.values():
            yield f"{pack.id}.{duty.id}", duty


def _give(name: str, duty: DutyDeclaration, term: Term, at: datetime) -> int:
    """Ask a duty's source and open what is missing; a source that fails is reported."""
    with write_turn():
        Look.objects.update_or_create(duty=name, defaults={"first": term.first, "looked_at": at})
    source = duty_source(duty.of)
    try:
        wanted = {} if source is None else {due.subject: due for due in source(term, at)}
    except Exception:
        log.exception("the source of duty %s failed; it is asked again after %s", name, LOOK_AGAIN)
        return 0
    given = Duty.objects.filter(duty=name, first=term.first)
    known = set(given.values_list("subject", flat=True))
    missing = [due for subject, due in wanted.items() if subject not in known]
    return sum(
        _open(name, duty, term, missing[first : first + BATCH], at)
        for first in range(0, len(missing), BATCH)
    )


def _open(name: str, duty: DutyDeclaration, term: Term, dues: Sequence[Due], at: datetime) -> int:
    """Open one batch, or where something in it is refused its halves, down to the one at fault."""
    try:
        return _open_batch(name, duty, term, dues, at)
    except Exception:
        if len(dues) == 1:
            log.exception("duty %s was not opened for %s", name, dues[0].subject)
            return 0
    middle = len(dues) // 2
    return sum(_open(name, duty, term, half, at) for half in (dues[:middle], dues[middle:]))


def _open_batch(
    name: str, duty: DutyDeclaration, term: Term, dues: Sequence[Due], at: datetime
) -> int:
    """Open a batch in one transaction; what another worker has opened meanwhile is left out."""
    with write_turn():
        Look.objects.select_for_update().get(pk=name)
        given = Duty.objects.filter(
            duty=name, first=term.first, subject__in=[due.subject for due in dues]
        )
        known = set(given.values_list("subject", flat=True))
        fresh = [due for due in dues if due.subject not in known]
        receipts = door.open_many(
            (
                acts.Open(
                    duty.procedure,
                    due.facts,
                    duty.start,
                    organisation=due.organisation,
                    via="clock",
                    circle=due.circle,
                    person=due.person,
                )
                for due in fresh
            ),
            by=CLOCK,
            at=at,
        )
        Duty.objects.bulk_create(
            Duty(duty=name, first=term.first, subject=due.subject, matter_id=receipt.matter)
            for due, receipt in zip(fresh, receipts, strict=True)
        )
    return len(fresh)
