"""Explaining a mismatch: field by field, with reason and evidence; checked, ruled on, reviewed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import Actor, holds_task, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.models import Mismatch
from qianshou.packs.commission.care.roster.columns import FIELDS, TEMPLATE
from qianshou.packs.commission.care.roster.rows import Rules, read_row
from qianshou.packs.commission.care.rounds.drafting import places_of_district
from qianshou.packs.commission.care.rounds.following import REVIEWED, follow_decisions
from qianshou.packs.commission.care.rounds.matching import SAME
from qianshou.packs.commission.care.rounds.raising import DECIDED
from qianshou.packs.commission.care.rounds.values import Values, open_values, with_told

# What may be decided of a mismatch, by its code; the first is what the machine proposes.
DECISIONS: Mapping[str, tuple[str, ...]] = {
    "M1": ("other", "roster", "mixed"),
    "C1": ("same", "apart"),
    "C2": ("same", "apart"),
    "A1": ("same", "none"),
    "D1": ("first", "second", "apart"),
    "D2": ("first", "second", "apart"),
    "N1": ("stays", "leave"),
    "N2": ("add", "leave"),
    "E1": ("eligible", "ineligible"),
}
# What is written anew: the number of two children's pair, and what a row to take in lacks.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "C1": ("id_number",),
    "N2": ("village", "birth_date", "id_number"),
}
TAKEN_OUT = {"leave", "ineligible"}
SIDES = ("roster", "other", "neither")
LONGEST = 500


@dataclass(frozen=True)
class Answer:
    """What somebody decides: of the whole, of each differing field, why, and what was seen.

    `fields` maps a field to (which side is right, the right value where neither is); `chosen`
    is the candidate, from 1, where there are several.
    """

    decision: str
    reason: str
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    chosen: int = 1
    remark: str = ""
    visited: str = ""


def differing(told: Values, chosen: int = 1) -> list[str]:
    """Return the fields of a pair that have to be explained."""
    if len(told.told.candidates) < chosen:
        return []
    evidence = told.told.candidates[chosen - 1]["evidence"]
    return [name for name, level, _weight in evidence if name in FIELDS and level not in SAME]


def step_of(row: Mismatch) -> str:
    """Return what a mismatch waits for: explain, check, amend, rule, correct, second, or ""."""
    task = next_task(row.matter_id) if row.matter_id else None
    return task.node.rpartition("/")[2] if task else ""


def may_do(row: Mismatch, by: Actor) -> str:
    """Return the step of a mismatch that is this officer's to do now, or ""."""
    task = next_task(row.matter_id) if row.matter_id else None
    if task is None or not holds_task(by, task.assignee_id, task.organisation_id, task.posts):
        return ""
    step = task.node.rpartition("/")[2]
    return "" if step == "second" and row.decided_by_id == by.officer else step


def explain(row: Mismatch, answer: Answer, *, by: Actor, at: datetime) -> None:
    """Decide a mismatch, or rule on it, and move its matter on.

    Refuses what is not this officer's step (access.denied) and, by field, an answer that does
    not fit: care.decision, care.reason, care.side, care.value, care.chosen.
    """
    with write_turn():
        row = _locked(row)
        step = may_do(row, by)
        require(step in ("explain", "rule"))
        values = record_answer(row, answer, step, by=by, at=at)
        change_row(row, values, by=by, at=at)
        facts = {"decision": values["decision"], "reason": values["reason"]}
        _complete(row, facts, by=by, at=at)


def record_answer(
    row: Mismatch, answer: Answer, step: str, *, by: Actor, at: datetime
) -> dict[str, Any]:
    """Return the columns of a mismatch that an answer gives it; Refusals where it does not fit."""
    told = open_values(row)
    fields = _read_answer(row, told, answer)
    kept = told.told
    kept.answer = {"fields": fields, "chosen": answer.chosen, "visited": answer.visited}
    if answer.remark.strip():
        kept.remarks.append(_remark(answer.remark, step, by, at))
    return {
        "values": with_told(row, kept),
        "decision": _whole(row.code, answer.decision, fields),
        "reason": answer.reason,
        "decided_at": at,
        "decided_by": Officer(pk=by.officer),
        "second_by": None,
    }


def check(row: Mismatch, agree: bool, remark: str, *, by: Actor, at: datetime) -> None:
    """Agree or disagree as the other side; a disagreement needs words (care.remark)."""
    _second_word(row, "check", {"agree": "yes" if agree else "no"}, agree, remark, by=by, at=at)


def amend(row: Mismatch, accepts: bool, remark: str, *, by: Actor, at: datetime) -> None:
    """Note, as a bureau, that the error was in its own list and is mended there (crosscheck.md, M1).

    Whoever does not accept it says why (care.remark), and the lead group's office rules.
    """
    facts = {"amended": "yes" if accepts else "no"}
    _second_word(row, "amend", facts, accepts, remark, by=by, at=at)


def correct(row: Mismatch, remark: str, *, by: Actor, at: datetime) -> None:
    """Note, as a bureau, that its own list is mended as it was ruled."""
    _second_word(row, "correct", {"corrected": "yes"}, True, remark, by=by, at=at)


def review(row: Mismatch, confirm: bool, remark: str, *, by: Actor, at: datetime) -> None:
    """Confirm, or send back, what somebody else decided of an identity.

    Refuses care.second_self to whoever decided, and care.remark where it is sent back unsaid.
    """
    if row.decided_by_id == by.officer:
        raise second_self()
    facts = {"confirm": "yes" if confirm else "no"}
    _second_word(row, "second", facts, confirm, remark, by=by, at=at)


def leave_open(row: Mismatch, *, by: Actor, at: datetime) -> None:
    """Write down with a mismatch that somebody looked and could not tell; it stays open."""
    with write_turn():
        row = _locked(row)
        require(bool(may_do(row, by)))
        told = open_values(row).told
        told.remarks.append(_remark("无法判断", "unsure", by, at))
        change_row(row, {"values": with_told(row, told)}, by=by, at=at)


def second_self() -> Refusal:
    """Return the answer to whoever reviews a decision of their own."""
    return Refusal(
        "care.second_self",
        "复核须由另一个人办理，不能复核自己的认定",
        "The review is somebody else's: you cannot review your own decision",
        "confirm",
    )


def _second_word(
    row: Mismatch,
    step: str,
    facts: Mapping[str, str],
    agreed: bool,
    remark: str,
    *,
    by: Actor,
    at: datetime,
) -> None:
    if not agreed and not remark.strip():
        raise Refusal(
            "care.remark", "不同意的，请写明理由", "Please say why you do not agree", "remark"
        )
    with write_turn():
        row = _locked(row)
        require(may_do(row, by) == step)
        values: dict[str, Any] = {}
        if remark.strip():
            told = open_values(row).told
            told.remarks.append(_remark(remark, step, by, at))
            values["values"] = with_told(row, told)
        if step == "second":
            values["second_by"] = Officer(pk=by.officer) if agreed else None
        change_row(row, values, by=by, at=at)
        _complete(row, facts, by=by, at=at)


def _locked(row: Mismatch) -> Mismatch:
    found = Mismatch.objects.select_for_update(of=("self",)).select_related("roster", "other")
    return found.get(pk=row.pk)


def _complete(row: Mismatch, facts: Mapping[str, str], *, by: Actor, at: datetime) -> None:
    task = next_task(row.matter_id or 0)
    assert task is not None
    door.act(acts.Complete(task.pk, facts), by=by, at=at)
    if row.code in REVIEWED and Mismatch.objects.filter(pk=row.pk, state__in=DECIDED).exists():
        follow_decisions(row.round, at=at)


def _remark(text: str, step: str, by: Actor, at: datetime) -> dict[str, str]:
    return {"text": text.strip()[:LONGEST], "step": step, "by": by.name, "at": at.isoformat()}


def _whole(code: str, decision: str, fields: Mapping[str, Mapping[str, str]]) -> str:
    """Return the decision on a pair of M1 as its fields make it."""
    if code != "M1":
        return decision
    sides = {one["right"] for one in fields.values()}
    return sides.pop() if len(sides) == 1 and "neither" not in sides else "mixed"


def _read_answer(row: Mismatch, told: Values, answer: Answer) -> dict[str, dict[str, str]]:
    wrong = []
    if answer.decision not in DECISIONS[row.code]:
        wrong.append(_refused("decision", "请选择认定结果", "Choose what is decided"))
    if answer.reason not in choices_of("care.reason"):
        wrong.append(_refused("reason", "请选择原因", "Choose the reason"))
    if told.told.candidates and not 1 <= answer.chosen <= len(told.told.candidates):
        wrong.append(_refused("chosen", "请选择候选人", "Choose the candidate"))
        raise Refusals(wrong)
    fields: dict[str, dict[str, str]] = {}
    if answer.decision in ("roster", "other", "mixed", "same"):
        for name in differing(told, answer.chosen):
            side, value = answer.fields.get(name, ("", ""))
            refusal, kept = _read_side(name, side, value, told, answer.chosen)
            if refusal is not None:
                wrong.append(refusal)
            fields[name] = kept
    elif row.code == "C1" and answer.decision == "apart":
        # The number is the other child's: it is given anew, or it goes.
        fields["id_number"] = {"right": "neither", "value": ""}
        value = answer.fields.get("id_number", ("", ""))[1]
        if value.strip():
            refusal, kept = _read_side("id_number", "neither", value, told, answer.chosen)
            if refusal is not None:
                wrong.append(refusal)
            fields["id_number"] = kept
        elif not told.left.get("birth_date"):
            zh, en = (
                "清除证件号码后没有出生日期，请填写正确的号码",
                "without it no birth date is known",
            )
            wrong.append(_refused("value", zh, en, "id_number"))
    elif row.code == "N2" and answer.decision == "add":
        fields, lacking = _read_added(row, told, answer)
        wrong += lacking
    if wrong:
        raise Refusals(wrong)
    return fields


def _read_added(
    row: Mismatch, told: Values, answer: Answer
) -> tuple[dict[str, dict[str, str]], list[Refusal]]:
    """Hold a row that is to be taken in against the rules of a town's roster."""
    if row.organisation.kind != "town":
        zh, en = (
            "名单没有写明本区镇街，不能补入",
            "No town of the district is told: nobody can take it in",
        )
        return {}, [_refused("decision", zh, en)]
    town = row.organisation.division.name
    given = {key: answer.fields.get(key, ("", ""))[1].strip() for key in GIVEN["N2"]}
    given = {key: text for key, text in given.items() if text}
    right = told.rights[0] if told.rights else {}
    rules = Rules("town", places_of_district(town), row.round.as_of)
    read, errors = read_row(0, {**right, **given, "town": town}, rules)
    wrong = []
    for error in errors:
        beside = error.field if error.field in GIVEN["N2"] else "decision"
        wrong.append(_refused("value", error.zh, error.en, beside))
    # The whole row is kept with the answer: the bureau's list may be destroyed before it is taken in.
    sides = {key: "neither" if key in given else "other" for key in TEMPLATE["town"]}
    return {
        key: {"right": side, "value": read.texts[key]}
        for key, side in sides.items()
        if read.texts.get(key)
    }, wrong


def _read_side(
    name: str, side: str, value: str, told: Values, chosen: int
) -> tuple[Refusal | None, dict[str, str]]:
    """Return which side of a field is right, with the value that is then the right one."""
    label, label_en = FIELDS[name].zh, FIELDS[name].en
    if side not in SIDES:
        return _refused(
            "side", f"“{label}”：请选择以哪一方为准", f"{label_en}: say which side is right", name
        ), {}
    if side == "roster":
        return None, {"right": side, "value": told.left.get(name, "")}
    if side == "other":
        right = told.rights[chosen - 1].get(name, "") if told.rights else ""
        return None, {"right": side, "value": right}
    read, errors = read_row(0, {"name": "某", name: value.strip()}, Rules("town"))
    bad = [error for error in errors if error.field == name and error.code != "roster.missing"]
    if not value.strip() or bad:
        zh = bad[0].zh if bad else "都不对的，请填写正确的值"
        en = bad[0].en if bad else "where neither is right, write what is"
        return _refused("value", f"“{label}”：{zh}", f"{label_en}: {en}", name), {}
    return None, {"right": side, "value": read.texts[name]}


def _refused(code: str, zh: str, en: str, name: str = "") -> Refusal:
    return Refusal(f"care.{code}", zh, en, name or code)
