"""What a visit's form says, taken apart: contacts, answers to the registers, hazards, wishes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.forms import Field, Form, sheet_field
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.packs.commission.care.models import Child

REGISTERS = ("household", "health", "guardianship")
SEEN = (
    "met", "seen_home", "seen_meals", "seen_schooling", "seen_health", "seen_weekly", "mood",
    "note", "follow_up",
)  # fmt: skip
HAZARDS = (1, 2, 3)
HARM = "harm"
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Visit:
    """One visit: which contacts on which day, what was seen, which fields of which sheets change
    to what (None takes one away), and what was found for others to see to.
    """

    kinds: tuple[str, ...]
    day: date
    seen: Values
    sheets: Mapping[str, Values]
    hazards: tuple[Values, ...]
    wishes: tuple[Values, ...]


def sheet_kind(register: str) -> str:
    """Return the kind of sheet in which a register is kept: "care.health" for "health"."""
    return f"care.{register}"


def register_form(register: str) -> Form:
    """Return the form of a register, as the pack declares it."""
    return pack_of("care.month").form(register)


def read_visit(person: int, key: bytes, submitted: Values) -> Visit:
    """Return the visit that the submitted facts of its form tell.

    Refuses, each beside its field, every field of the registers without an answer
    (care.unanswered), a hazard or wish told by halves (care.half), and suspected harm (care.harm).
    """
    told = {name: _opened(value, key) for name, value in submitted.items()}
    before = read_sheets(person, [sheet_kind(one) for one in REGISTERS], key)
    refusals: list[Refusal] = []
    sheets = {}
    for register in REGISTERS:
        present = before[sheet_kind(register)]
        changed = _changes(register, told)
        sheets[sheet_kind(register)] = changed
        refusals += _unanswered(register, {**present, **changed}, told)
    hazards = [_pair(told, f"hazard_{n}", ("kind", "text"), refusals) for n in HAZARDS]
    refusals += [
        _harm(f"hazard_{number}_kind")
        for number, found in zip(HAZARDS, hazards, strict=True)
        if found.get("kind") == HARM
    ]
    wish = _pair(told, "wish", ("kind", "band", "text"), refusals)
    if refusals:
        raise Refusals(refusals)
    return Visit(
        kinds=tuple(told["done"]),
        day=date.fromisoformat(told["on"]),
        seen={name: told[name] for name in SEEN if name in told},
        sheets=sheets,
        hazards=tuple(found for found in hazards if found),
        wishes=(wish,) if wish else (),
    )


def _harm(field: str) -> Refusal:
    """Return the answer to harm told in a visit's form, which her whole circle may read."""
    return Refusal(
        "care.harm",
        "疑似侵害请用“强制报告”，不要写在走访里：走访记录圈内都能看到",
        "Report suspected harm by “Report harm”, not in a visit, which her whole circle may read",
        field,
    )


def _opened(value: Any, key: bytes) -> Any:
    if isinstance(value, Mapping) and set(value) == {"sealed"}:
        return open_value(value["sealed"], key)
    return value


def _changes(register: str, told: Values) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for field in register_form(register).fields:
        name = sheet_field(register, field.id)
        if name in told:
            changed[field.id] = told[name]
        elif name in told.get("cleared", ()):
            changed[field.id] = None
    return changed


def _unanswered(register: str, after: Values, told: Values) -> Iterator[Refusal]:
    answered = {*told, *told.get("unchanged", ()), *told.get("cleared", ())}
    for field in fields_that_apply(register, after):
        if sheet_field(register, field.id) not in answered:
            yield Refusal(
                "care.unanswered",
                f"{field.zh}：请选“未变”，或填新的情况",
                f"{field.en}: say that it is unchanged, or what it is now",
                sheet_field(register, field.id),
            )


def fields_that_apply(register: str, values: Values) -> list[Field]:
    """Return the fields of a register that count when it holds `values`."""
    return [
        field
        for field in register_form(register).fields
        if field.when is None or field.when(values) is True
    ]


def _pair(
    told: Values, name: str, parts: tuple[str, ...], refusals: list[Refusal]
) -> dict[str, Any]:
    """Return what was told under a name, whole or not at all; by halves it adds a refusal."""
    found = {part: told[f"{name}_{part}"] for part in parts if f"{name}_{part}" in told}
    missing = next((part for part in parts if part not in found), "")
    if found and missing:
        refusals.append(
            Refusal(
                "care.half",
                "请把类别和内容都填上",
                "Please fill in both what kind it is and what it is",
                f"{name}_{missing}",
            )
        )
        return {}
    return found


def open_parcel(facts: Values) -> tuple[Child, dict[str, Any]]:
    """Return the child and what was found, of a parcel that a visit sent on.

    Raises Child.DoesNotExist, and Refusal vault.erased where her key is gone.
    """
    child = Child.objects.select_related("village", "person").get(code=facts["child"])
    found: dict[str, Any] = open_value(facts["sealed"], key_of(child.person_id))
    return child, found
