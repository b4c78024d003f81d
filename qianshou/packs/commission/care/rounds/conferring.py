"""The conference (会商): what is open after three rounds is decided there, each with its minutes."""

from collections.abc import Sequence
from datetime import date, datetime

from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.models import Mismatch, Round
from qianshou.packs.commission.care.rounds.closing import MOVED_ON
from qianshou.packs.commission.care.rounds.explaining import Answer, record_answer
from qianshou.packs.commission.care.rounds.following import follow_decisions
from qianshou.packs.commission.care.rounds.sight import require_lead


def settle_in_conference(row: Mismatch, answer: Answer, *, by: Actor, at: datetime) -> None:
    """Decide one open mismatch as the conference did; its words are sealed with it.

    For the lead group's office while the round is before the conference. Refuses as `explain`
    does, and care.minutes where nothing is said.
    """
    require_lead(by)
    require(row.round.state == "conferring" and row.state == "open")
    if not answer.remark.strip():
        raise Refusal(
            "care.minutes", "请写明会商意见", "Please write what the conference said", "remark"
        )
    with write_turn():
        values = record_answer(row, answer, "confer", by=by, at=at)
        change_row(row, values, by=by, at=at)
        facts = {"conference": True}
        door.act(acts.Deliver(row.matter_id or 0, MOVED_ON, facts), by=by, at=at)
        follow_decisions(row.round, at=at)


def end_conference(
    row: Round, held_on: date, present: Sequence[str], *, by: Actor, at: datetime
) -> None:
    """Close the conference's task: when it was held and who was there; the round is verified again."""
    require_lead(by)
    task = next_task(row.matter_id or 0)
    require(task is not None and task.node == "confer")
    assert task is not None
    concluded = Mismatch.objects.filter(round=row, decided_at__gte=task.opened_at)
    facts = {
        "held_on": held_on.isoformat(),
        "present": list(present),
        "concluded": concluded.exclude(state="open").count(),
    }
    door.act(acts.Complete(task.pk, facts), by=by, at=at)
