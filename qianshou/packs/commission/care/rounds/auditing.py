"""The blind audit: somebody judges automatic matches without seeing what the machine decided."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.packs.commission.care.models import BlindCheck
from qianshou.packs.commission.care.rounds.sight import require_lead

ANSWERS = ("same", "apart", "unsure")


def answer_blind(row: BlindCheck, answer: str, *, by: Actor, at: datetime) -> None:
    """Keep what somebody says of a pair: same, apart or unsure. For the lead group's office.

    Refuses care.blind_answer for anything else, and care.blind_done for a pair already judged.
    """
    require_lead(by)
    if answer not in ANSWERS:
        raise Refusal("care.blind_answer", "请选择判断结果", "Choose what you judge", "answer")
    if row.answer:
        raise Refusal("care.blind_done", "这一对已经判过", "This pair has been judged", "answer")
    values = {"answer": answer, "answered_at": at, "officer": Officer(pk=by.officer)}
    change_row(row, values, by=by, at=at)
