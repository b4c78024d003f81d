"""Playing a part of the demonstration through the real door: the days, the cast and its steps."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from qianshou.demo.children import instant
from qianshou.kernel import door
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import day_of
from qianshou.kernel.door import acts
from qianshou.kernel.registry.models import Officer, Posting
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.lists import tasks_of


class Play:
    """Working days before an instant, and the acts of the cast on them."""

    def __init__(self, at: datetime, seed: int) -> None:
        self.rng = Random(f"{seed}/played")
        self.today = day_of(at)
        self.month = min(instant(self.today.replace(day=1), 9 * 60), at)
        calendar = work_calendar()
        days = (self.today - timedelta(days=number) for number in range(1, 60))
        self.days = [day for day in days if calendar.is_workday(day)]

    def when(self, ago: int, minutes: int = 10 * 60) -> datetime:
        """Return an instant of the working day so many working days ago."""
        return instant(self.days[ago - 1], minutes)

    def lately(self, ago: int) -> datetime:
        """Return such an instant, no earlier than this month's duties."""
        return max(self.when(ago), self.month)

    def do(self, matter: int, step: str, who: str, at: datetime, **facts: Any) -> None:
        """Complete the open step of a matter at which somebody sits."""
        by = actor_of(Officer.objects.get(username=who), at)
        task = next(
            one
            for one in tasks_of(matter).filter(state=0)
            if one.node.rpartition("/")[2] == step and by.sits_at(one.organisation_id, one.posts)
        )
        door.act(acts.Complete(task.pk, facts), by=by, at=at)


def actor(username: str, at: datetime) -> Actor:
    """Return somebody of the cast with the seats held at `at`."""
    return actor_of(Officer.objects.get(username=username), at)


def holder(post: str, organisation: str) -> str:
    """Return the account of who sits at a post of an organisation."""
    held = Posting.objects.filter(post=post, organisation__code=organisation)
    return held.order_by("pk").values_list("officer__username", flat=True)[0]
