"""The present month of care: everybody's duty given out, some of them done through the real door."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from qianshou.demo.children import Girl, instant
from qianshou.demo.planner import tell_planner
from qianshou.kernel import door
from qianshou.kernel.access import actor_of
from qianshou.kernel.clock import day_of
from qianshou.kernel.door import acts
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.duties.models import Duty
from qianshou.kernel.procedures.forms import sheet_field
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.lists import next_task
from qianshou.packs.commission.care.visiting import REGISTERS, register_form

DUTY = "commission.care.month"
DONE = 48
NOTES = ("作业本整齐，奶奶说最近懂事了", "水缸边的台阶已经修好", "说想学画画", "天冷了，被子够用")


def play_month(girls: Sequence[Girl], at: datetime, seed: int) -> None:
    """Give out this month's duties on its first day, and let some cadres have made their visit.

    Those of the cast are among them, so that their lists show both what is done and what is due.
    """
    first = min(instant(day_of(at).replace(day=1), 9 * 60), at)
    give_duties(first)
    tell_planner()
    rng = Random(f"{seed}/month")
    cast = Officer.objects.get(username="lin_yue")
    own = [girl for girl in girls if girl.cadre == cast.pk][:6]
    others = rng.sample([girl for girl in girls if girl.cadre != cast.pk], DONE - len(own))
    unchanged = [
        sheet_field(register, field.id)
        for register in REGISTERS
        for field in register_form(register).fields
    ]
    given = dict(Duty.objects.filter(duty=DUTY).values_list("subject", "matter"))
    span = max((at - first).total_seconds(), 0)
    for girl in [*own, *others]:
        moment = first + timedelta(seconds=rng.uniform(0.1, 0.9) * span)
        facts = {
            "done": rng.choice((["visit"], ["visit", "talk"], ["visit", "guardian"])),
            "on": day_of(moment).isoformat(),
            "met": ["child", "guardian"],
            "seen_weekly": rng.choice(("yes", "yes", "no")),
            "note": rng.choice(NOTES),
            "unchanged": unchanged,
        }
        by = actor_of(Officer.objects.get(pk=girl.cadre), moment)
        task = next_task(given[girl.code])
        assert task is not None
        door.act(acts.Complete(task.pk, facts), by=by, at=moment)
