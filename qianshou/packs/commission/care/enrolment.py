"""入册: from a candidate to an enrolled child, step by step through the door."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import change_sheet, read_sheets
from qianshou.kernel.outbox import carrier
from qianshou.kernel.pack import Change, Pack, effect, pack_of
from qianshou.kernel.procedures.forms import Form, validate
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.registry.models import CircleMember, Division, Officer
from qianshou.kernel.registry.vault import key_of
from qianshou.packs.commission.care.circle import (
    CADRE,
    TOWN,
    VILLAGE,
    add_officer,
    cadre_of,
    end_member,
    seats_around,
)
from qianshou.packs.commission.care.eligibility import (
    AGED,
    decide_eligibility,
    finding_of,
    recheck,
)
from qianshou.packs.commission.care.limits import limit_of
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, HEALTH, HOUSEHOLD
from qianshou.packs.commission.care.pairing import cadres_for
from qianshou.packs.commission.care.pledges import KINDS, NOTICE, missing_kinds, template_of
from qianshou.packs.commission.care.register import register_child
from qianshou.packs.commission.care.roster import identity as numbers

ENROL, REVIEW = "care.enrol", "care.review"
REGISTERS = {
    "household": (HOUSEHOLD, "家庭", "Household"),
    "health": (HEALTH, "健康", "Health"),
    "guardianship": (GUARDIANSHIP, "监护", "Guardianship"),
}
SEXES = {"F": "女", "M": "男"}


def care() -> Pack:
    """Return this pack, whose forms say what the sheets hold."""
    return pack_of(ENROL)


def add_candidate(
    raw: Mapping[str, Any],
    village: Division | None,
    *,
    sex: str,
    stage: str,
    by: Actor,
    at: datetime,
) -> tuple[Child, Receipt]:
    """Take a candidate in by hand and open her enrolment.

    Raises Refusals by field for what the form refuses, a number that is none or is somebody
    else's by birth date or sex, a village beyond the actor's reach (care.village), a sex that the
    campaign does not cover (care.sex), and care.known for a child who is in the register already.
    """
    clean = check_identity(raw, sex)
    if village is None or village.parent is None or not _within(village, by):
        raise Refusal(
            "care.village",
            "请选择本单位负责的村（社区）",
            "Choose a village of your own",
            "village",
        )
    covered = limit_of("sex")
    if covered and sex != covered:
        raise Refusal(
            "care.sex",
            f"本专项目前只覆盖{SEXES.get(covered, covered)}童；要扩大范围，请区里修改限额代码表",
            "The campaign does not cover this sex; the district can change the catalogue of limits",
            "sex",
        )
    child = register_child(clean, village, sex=sex, stage=stage, by=by, at=at)
    return child, open_enrolment(child, by=by, at=at)


def _within(village: Division, by: Actor) -> bool:
    posts = {"town_team", "village_child", "lead_office"}
    return any(
        seat.post in posts
        and (seat.reach == "district" or village.path.startswith(seat.division_path))
        for seat in by.seats
    )


def check_identity(raw: Mapping[str, Any], sex: str) -> dict[str, Any]:
    """Return the clean sheet of identity; Refusals by field (form.*, care.number)."""
    typed = {**raw, "identity_number": str(raw.get("identity_number", "")).strip().upper()}
    clean = validate(care().form("identity"), typed, choices_of)
    number, found = clean["identity_number"], []
    if not numbers.is_valid(number):
        found.append(
            Refusal(
                "care.number",
                "身份号码的校验码不对，请对照户口簿核对",
                "The check digit is not right; compare it with the household booklet",
                "identity_number",
            )
        )
    elif numbers.birth_date_of(number) != date.fromisoformat(clean["birth_date"]):
        found.append(
            Refusal(
                "care.number",
                "出生日期与身份号码里的不同",
                "The birth date is not the one in the identity number",
                "birth_date",
            )
        )
    elif numbers.sex_of(number) != SEXES.get(sex):
        found.append(
            Refusal(
                "care.number",
                "性别与身份号码里的不同",
                "The sex is not the one in the identity number",
                "sex",
            )
        )
    if found:
        raise Refusals(found)
    return clean


def places_of(child: Child) -> dict[str, Any]:
    """Return the facts that say where a child's matters lie, and who does their steps."""
    seats = seats_around(child.village)
    if TOWN not in seats:
        raise Refusal(
            "care.no_town",
            f"{child.town.name}还没有登记镇街机构",
            f"{child.town.name} has no organisation in the registry",
            "town",
        )
    return {
        "code": child.code,
        "place": {"division": child.village.code},
        "keeper": seats.get(VILLAGE, seats[TOWN]).code,
        "town": seats[TOWN].code,
    }


def open_enrolment(child: Child, *, by: Actor, at: datetime) -> Receipt:
    """Open the enrolment of a candidate, with what the table says of her as a proposal."""
    found = finding_of(child, at)
    facts = {
        **places_of(child),
        "suggested": found.eligible,
        "because": found.because,
        "because_en": found.because_en,
        "notice": template_of(NOTICE).version,
    }
    return _open(ENROL, "candidate", child, facts, by=by, at=at)


def _open(
    procedure: str, start: str, child: Child, facts: Mapping[str, Any], *, by: Actor, at: datetime
) -> Receipt:
    receipt = door.act(
        acts.Open(
            procedure,
            facts,
            start,
            organisation=str(facts["town"]),
            circle=child.circle_id,
            person=child.person_id,
        ),
        by=by,
        at=at,
    )
    assert receipt is not None
    return receipt


@carrier("care.review")
def open_review(facts: Mapping[str, Any], at: datetime) -> None:
    """Open the review of a child of whom the table no longer says yes, if it still does not."""
    child = Child.objects.get(pk=facts["child"])
    found = finding_of(child, at)
    if child.state != "enrolled" or found.eligible == "yes":
        return
    told = {
        **places_of(child),
        "suggested": found.eligible,
        "because": found.because,
        "because_en": found.because_en,
    }
    _open(REVIEW, "review", child, told, by=CLOCK, at=at)


def save_register(
    child: Child,
    name: str,
    raw: Mapping[str, Any],
    *,
    whole: bool,
    by: Actor,
    at: datetime,
) -> list[str]:
    """Keep one register as far as it is filled and return what changed.

    `whole` asks for every required field; a draft is kept without. Raises Refusals by field.
    """
    form = care().form(name)
    clean = validate(form if whole else as_draft(form), raw, choices_of)
    kind = REGISTERS[name][0]
    emptied = {field.id: None for field in form.fields if field.id not in clean}
    changed = change_sheet(child.person_id, kind, {**emptied, **clean}, by=by, at=at)
    recheck(child, by=by, at=at)
    return changed


def as_draft(form: Form) -> Form:
    """Return a form in which nothing is required."""
    return replace(form, fields=tuple(replace(field, required=False) for field in form.fields))


def unfilled_registers(child: Child) -> list[str]:
    """Return the registers of a child in which something required is missing."""
    kinds = [kind for kind, _zh, _en in REGISTERS.values()]
    sheets = read_sheets(child.person_id, kinds, key_of(child.person_id))
    found = []
    for name, (kind, _zh, _en) in REGISTERS.items():
        try:
            validate(care().form(name), sheets[kind], choices_of)
        except Refusals:
            found.append(name)
    return found


def child_of(change: Change) -> Child:
    """Return the child whom a matter is about."""
    return Child.objects.select_related("town", "village").get(code=change.facts["code"])


def actor_in(change: Change) -> Actor:
    """Return who acts in a change; the clock for whoever is no officer."""
    if change.officer is None:
        return CLOCK
    return actor_of(Officer.objects.get(pk=change.officer), change.at)


@effect("care.decide_eligibility")
def write_decision(change: Change, facts: Mapping[str, Any]) -> None:
    """Write down what the officer decided on a child's eligibility."""
    decide_eligibility(
        child_of(change),
        decided=str(facts["eligible"]),
        evidence=list(facts["evidence"]),
        reason=f"见 {change.number}" if facts.get("reason") else "",
        by=actor_in(change),
        at=change.at,
    )


@effect("care.check_registers")
def check_registers(change: Change, facts: Mapping[str, Any]) -> None:
    """Refuse to go on while a register is not filled (care.registers)."""
    open_ones = [REGISTERS[name] for name in unfilled_registers(child_of(change))]
    if open_ones:
        raise Refusal(
            "care.registers",
            f"还没有填齐：{'、'.join(zh for _kind, zh, _en in open_ones)}台账",
            f"Not filled yet: {', '.join(en for _kind, _zh, en in open_ones)}",
            "filled",
        )


@effect("care.pair_cadre")
def pair_cadre(change: Change, facts: Mapping[str, Any]) -> None:
    """Take the chosen cadre into the child's circle, in the place of the one before.

    Refuses somebody who is no cadre of a department paired with the town, or has the most
    children already (care.cadre).
    """
    child, wanted = child_of(change), str(facts["cadre"])
    by, now = actor_in(change), cadre_of(child)
    if now is not None and now.username == wanted:
        return
    if wanted not in {one.username for one in cadres_for(child.town, at=change.at)}:
        raise Refusal(
            "care.cadre",
            "此人不是本镇街结对部门的帮扶干部，或者结对人数已满",
            "That is no cadre of a department paired with the town, or one who has the most already",
            "cadre",
        )
    if now is not None:
        member = CircleMember.objects.get(circle=child.circle, role=CADRE, to_date=None)
        end_member(member, by=by, at=change.at, reason="改由他人结对")
    add_officer(child.circle, CADRE, Officer.objects.get(username=wanted), by=by, at=change.at)


@effect("care.enrol_child")
def finish_enrolment(change: Change, facts: Mapping[str, Any]) -> None:
    """Enrol the child when everything is there."""
    enrol_child(child_of(change), by=actor_in(change), at=change.at)


def enrol_child(child: Child, *, by: Actor, at: datetime) -> None:
    """Let a candidate become enrolled.

    Refuses while she is not eligible or has turned sixteen (care.ineligible), has no cadre
    (care.cadre) or a pledge is missing (care.pledges).
    """
    day = at.astimezone(CHINA).date()
    current = child.eligibilities.filter(valid_to=None).first()
    if current is None or not current.is_eligible or finding_of(child, at).reason == AGED:
        raise Refusal(
            "care.ineligible",
            "现在不符合入册条件，请先重新认定资格",
            "She is not eligible now; decide on her eligibility first",
        )
    if cadre_of(child) is None:
        raise Refusal("care.cadre", "还没有结对帮扶干部", "She has no cadre yet", "cadre")
    missing = missing_kinds(child, day)
    if missing:
        raise Refusal(
            "care.pledges",
            f"还没有签订：{'、'.join(KINDS[kind][0] for kind in missing)}",
            f"Not signed yet: {', '.join(KINDS[kind][1] for kind in missing)}",
            "signed",
        )
    values = {"state": "enrolled", "enrolled_on": day, "updated_on": day, "left_on": None}
    change_row(child, values, by=by, at=at)
