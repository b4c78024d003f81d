"""Whether a child belongs in the register (资格): the table, what goes into it, what follows."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import keep_until, read_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import daily, send
from qianshou.kernel.procedures.dmn import DecisionModel, load_dmn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Person
from qianshou.kernel.registry.vault import key_of
from qianshou.packs.commission.care.models import Child, Eligibility
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY

OF_AGE = 16
KEPT_YEARS = 3  # local.care.retention; 个保法 19 (D2) says "no longer than necessary"
YES, NO, UNSURE = "yes", "no", "unsure"
AGED = "aged"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """What the table says of a child on a day: yes, no or unsure, why, and by which rule."""

    eligible: str
    reason: str
    because: str
    because_en: str
    rule: str


@cache
def table() -> DecisionModel:
    """Return the decision table eligibility.dmn."""
    path = Path(__file__).parent / "eligibility.dmn"
    return load_dmn(path.read_bytes(), path.name)


def years_on(birth: date, day: date) -> int:
    """Return the whole years of somebody born on `birth`; a birthday counts from its beginning."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def years_later(day: date, years: int) -> date:
    """Return the corresponding day some years later, the month's last for a 29 February."""
    if (day.month, day.day) == (2, 29):
        day -= timedelta(days=1)
    return day.replace(year=day.year + years)


def months_between(since: date, day: date) -> int:
    """Return the whole months from `since` to `day`, 0 for a day to come.

    A month ends on the corresponding day, or its last (民法典 202).
    """
    months = (day.year - since.year) * 12 + day.month - since.month
    ends_with_month = (day + timedelta(days=1)).month != day.month
    if day.day < since.day and not ends_with_month:
        months -= 1
    return max(months, 0)


def facts_of(sheets: Mapping[str, Mapping[str, Any]], day: date) -> dict[str, Any]:
    """Return what the table asks of the sheets of identity and guardianship on a day."""
    told = sheets.get(GUARDIANSHIP, {})
    birth = sheets.get(IDENTITY, {}).get("birth_date")
    facts: dict[str, Any] = {
        "age": years_on(date.fromisoformat(birth), day) if birth else None,
        "ability": told.get("ability"),
    }
    for parent in ("father", "mother"):
        since = told.get(f"{parent}_since")
        facts[f"{parent}_away"] = told.get(f"{parent}_away")
        facts[f"{parent}_months"] = (
            months_between(date.fromisoformat(since), day) if since else None
        )
    return facts


def find_eligibility(sheets: Mapping[str, Mapping[str, Any]], day: date) -> Finding:
    """Return what the table says of somebody's sheets on a day."""
    outcome, rules = table().decide_with_rules("eligibility", facts_of(sheets, day))
    return Finding(**outcome, rule=rules[0])


def finding_of(child: Child, at: datetime) -> Finding:
    """Return what the table says of a child now, from her sealed sheets; no page shows them."""
    sheets = read_sheets(child.person_id, [IDENTITY, GUARDIANSHIP], key_of(child.person_id))
    return find_eligibility(sheets, at.astimezone(CHINA).date())


def decide_eligibility(
    child: Child,
    *,
    by: Actor,
    at: datetime,
    decided: str = "",
    evidence: Collection[str] = (),
    reason: str = "",
) -> Eligibility:
    """Write down whether a child belongs in the register, and let her state follow.

    `decided` ("yes" or "no") is an officer's own decision; without one the table decides. The row
    before is ended; where nothing has changed and nobody decided, it is kept and returned.
    Refuses a doubt that nobody decided (care.unsure) and a decision against the table without a
    reason (care.reason): nobody is turned away by the table alone (个保法 24).
    """
    found = finding_of(child, at)
    verdict = decided or found.eligible
    if verdict == UNSURE:
        raise Refusal(
            "care.unsure",
            f"判断表不能得出结论：{found.because}。请核实后由您决定",
            f"The table cannot tell: {found.because_en}. Please verify and decide",
            "eligible",
        )
    if decided and found.eligible not in (UNSURE, decided) and not reason.strip():
        raise Refusal(
            "care.reason",
            f"您的决定与判断表不同（{found.because}），请写明理由",
            f"You decide otherwise than the table ({found.because_en}); please say why",
            "reason",
        )
    day = at.astimezone(CHINA).date()
    current = child.eligibilities.filter(valid_to=None).first()
    values = {
        "child": child,
        "is_eligible": verdict == YES,
        "reasons": [found.reason],
        "evidence": list(evidence),
        "table": table().digest,
        "officer": Officer(pk=by.officer) if decided and by.officer else None,
        "valid_from": day,
    }
    with write_turn():
        if current is not None:
            same = (current.is_eligible, current.reasons) == (verdict == YES, [found.reason])
            if same and not decided:
                return current
            change_row(current, {"valid_to": day}, by=by, at=at)
        row = change_row(Eligibility(), values, by=by, at=at, reason=reason)
        follow_eligibility(child, row, by=by, at=at)
    return row


def follow_eligibility(child: Child, row: Eligibility, *, by: Actor, at: datetime) -> None:
    """Let a child leave the register, or come back as a candidate, as her eligibility says."""
    if row.is_eligible:
        if child.state == "ineligible":
            change_row(child, {"state": "candidate", "left_on": None}, by=by, at=at)
            keep_until(child.person_id, None, by=by, at=at, reason="重新列为待核")
    elif child.state in ("candidate", "enrolled"):
        aged = row.reasons == [AGED] and child.state == "enrolled"
        leave_register(child, "aged_out" if aged else "ineligible", by=by, at=at)
        if aged:
            send("care.aged_out", {"child": child.pk}, key=f"care.aged_out/{child.code}", at=at)


def leave_register(child: Child, state: str, *, by: Actor, at: datetime) -> None:
    """Let a child leave the register for a state; her key is destroyed three years later."""
    day = at.astimezone(CHINA).date()
    change_row(child, {"state": state, "left_on": day}, by=by, at=at)
    keep_until(
        child.person_id, years_later(day, KEPT_YEARS), by=by, at=at, reason="离开台账，保存三年"
    )


def recheck(child: Child, *, by: Actor, at: datetime) -> Finding | None:
    """Look again at an enrolled child after her sheets or a day have changed.

    Sixteen: she leaves as aged out. Still eligible: the reasons are kept current. Otherwise a
    review is asked for, in which an officer decides. Returns what the table says.
    """
    if child.state != "enrolled":
        return None
    found = finding_of(child, at)
    if found.reason == AGED or found.eligible == YES:
        decide_eligibility(child, by=by, at=at)
    else:
        current = child.eligibilities.filter(valid_to=None).values_list("pk", flat=True).first()
        key = f"care.review/{child.code}/{current or 0}/{found.reason}"
        send("care.review", {"child": child.pk}, key=key, at=at)
    return found


def absence_changed(names: Collection[str]) -> bool:
    """Whether changed fields of the sheet of guardianship bear on eligibility."""
    bearing = {
        "father_away", "father_since", "mother_away", "mother_since", "ability",
    }  # fmt: skip
    return bool(bearing & set(names))


@daily("care.eligibility")
def reevaluate(at: datetime) -> None:
    """Look at every enrolled child who turns sixteen this year or is older: the daily sweep.

    A child whose sheet cannot be read is reported and stops nobody else.
    """
    year = at.astimezone(CHINA).year
    due = Child.objects.filter(state="enrolled", birth_year__lte=year - OF_AGE)
    kept = Person.objects.filter(wrapped_key__isnull=False)
    for child in due.filter(person__in=kept.values("pk")).order_by("pk"):
        try:
            if finding_of(child, at).reason == AGED:
                decide_eligibility(child, by=CLOCK, at=at)
        except Exception:
            log.exception("eligibility of %s could not be looked at", child.code)
