"""Words by which a child could be recognised, and refusing a text for outsiders that holds one."""

import re

from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.vault import key_of
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY

TELLING = {
    IDENTITY: ("name", "identity_number", "phone", "address", "school", "class_teacher"),
    GUARDIANSHIP: ("guardian", "carer", "guardian_phone", "carer_phone"),
}
PLACE = re.compile(r"(街道|镇|村|社区)$")
SCHOOL = re.compile(r"(小学|中学|学校|幼儿园)$")
NUMBER = re.compile(r"\d{5,}")


def words_of(child: Child) -> set[str]:
    """Return the words that point at a child: names, numbers, school, village, town, code."""
    sheets = read_sheets(child.person_id, list(TELLING), key_of(child.person_id))
    found = {child.code}
    for kind, names in TELLING.items():
        found |= {str(sheets[kind][name]) for name in names if sheets[kind].get(name)}
    name = str(sheets[IDENTITY].get("name", ""))
    school = str(sheets[IDENTITY].get("school", ""))
    found |= {name[1:], SCHOOL.sub("", school)}
    for place in (child.village.name, child.town.name):
        found |= {place, PLACE.sub("", place)}
    return {word for word in found if len(word) > 1}


def refuse_identity(child: Child, text: str, field: str) -> None:
    """Raise Refusal care.identity where a text for outsiders lets the child be recognised.

    Her name, also without the family name, her family's, numbers, school, village and town.
    """
    if NUMBER.search(text) or any(word in text for word in words_of(child)):
        raise Refusal(
            "care.identity",
            "这段话能看出孩子是谁：请去掉姓名、学校、村镇、电话、编号",
            "Somebody could recognise the child: leave out names, school, places and numbers",
            field,
        )
