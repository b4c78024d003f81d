"""From a closed round into the register: a confirmed row that is not known begins an enrolment."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel.access import CLOCK
from qianshou.kernel.door.notices import tell_post
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier
from qianshou.kernel.registry.models import Division, Organisation
from qianshou.kernel.registry.vault import keys_of, lookup_digest
from qianshou.packs.commission.care.enrolment import open_enrolment
from qianshou.packs.commission.care.limits import limit_of
from qianshou.packs.commission.care.models import Child, Roster
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.register import register_child
from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.rounds.correcting import corrected_rows
from qianshou.packs.commission.care.rounds.eligible import birth_date_in, guardianship_in

STAGES = (
    ("out", re.compile(r"失学|辍学")),
    ("none", re.compile(r"未入学|学龄前|散居|^无$")),
    ("kindergarten", re.compile(r"幼儿|托班|小班|中班|大班")),
    ("senior", re.compile(r"高中|中职|职业|职高|中专|高[一二三]")),
    ("junior", re.compile(r"初中|初级中学|中学|初[一二三]|[七八九]年级")),
    ("primary", re.compile(r"小学|[一二三四五六]年级|学校")),
)


@carrier("care.take_in", alone=True)
def take_in(facts: Mapping[str, Any], at: datetime) -> None:
    """Take the children of a town's corrected roster in as candidates and open their enrolment.

    Children who are known are left alone, and those of a sex that the campaign does not cover.
    The town's team and the lead group's office are told of rows that could not be taken in.
    """
    roster = Roster.objects.select_related("division", "round", "organisation").get(
        pk=facts["roster"]
    )
    villages = {
        one.name: one
        for one in Division.objects.filter(parent=roster.division, valid_to=None).select_related(
            "parent"
        )
    }
    left = []
    for row in corrected_rows(roster):
        village = villages.get(row.texts.get("village", ""))
        if sex_of(row.texts) not in (limit_of("sex") or "FM"):
            continue
        if village is None or not _take_row(row.texts, village, at):
            left.append(row.number)
    if left:
        _tell_left(roster, left, at)


def _take_row(texts: Mapping[str, str], village: Division, at: datetime) -> bool:
    """Take one row in; whether its child is in the register now."""
    with write_turn():
        if find_child(texts, village) is not None:
            return True
        child = take_child(texts, village, at)
        if child is not None:
            open_enrolment(child, by=CLOCK, at=at)
        return child is not None


def _tell_left(roster: Roster, rows: list[int], at: datetime) -> None:
    told = "、".join(map(str, rows[:40]))
    zh = f"{roster.round} {roster.organisation}花名册第 {told} 行未能入册：村名或出生日期不明，请人工办理"
    en = (
        f"{roster.round}: rows {told} of {roster.organisation.name_en} were not taken in, for "
        "want of a village or birth date; please enrol them by hand"
    )
    office = Organisation.objects.filter(code="commission", valid_to=None).first()
    tell_post(roster.organisation_id, "town_team", "not_taken", zh, en, at=at)
    if office is not None:
        tell_post(office.pk, "lead_office", "not_taken", zh, en, at=at)


def sex_of(texts: Mapping[str, str]) -> str:
    """Return F or M, as a row or its number says; girls are meant where neither does."""
    told = texts.get("sex") or identity.sex_of(texts.get("id_number", ""))
    return "M" if told == "男" else "F"


def find_child(texts: Mapping[str, str], village: Division) -> Child | None:
    """Return the child of the register whom a row tells of: by number, else by name and birthday."""
    number = texts.get("id_number", "")
    if number:
        return Child.objects.filter(person__identity_digest=lookup_digest(number)).first()
    born = birth_date_in(texts)
    near = Child.objects.filter(village=village, birth_year=born.year if born else 0)
    near = near.filter(person__wrapped_key__isnull=False)
    keys = keys_of(near.values_list("person", flat=True))
    for child in near:
        told = read_sheets(child.person_id, [IDENTITY], keys[child.person_id])[IDENTITY]
        same = told.get("name") == texts["name"]
        if same and born and told.get("birth_date") == born.isoformat():
            return child
    return None


def take_child(texts: Mapping[str, str], village: Division, at: datetime) -> Child | None:
    """Register the child of a row as a candidate; None where no birth date is known."""
    born = birth_date_in(texts)
    if born is None:
        return None
    number = texts.get("id_number", "")
    told = {
        "name": texts["name"],
        "identity_number": number,
        "birth_date": born.isoformat(),
        "school": texts.get("school", ""),
        "grade": texts.get("grade", ""),
        "address": texts.get("address", ""),
    }
    sheets = {GUARDIANSHIP: guardianship_in(texts)}
    return register_child(
        {key: text for key, text in told.items() if text},
        village,
        sex=sex_of(texts),
        stage=stage_of(texts),
        sheets={kind: sheet for kind, sheet in sheets.items() if sheet},
        by=CLOCK,
        at=at,
    )


def stage_of(texts: Mapping[str, str]) -> str:
    """Return the stage of schooling that a row's school and grade tell."""
    words = f"{texts.get('grade', '')} {texts.get('school', '')}".strip()
    for stage, pattern in STAGES:
        if pattern.search(words):
            return stage
    return "none" if not words else "primary"
