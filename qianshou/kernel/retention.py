"""Retention (保存期限): what its time has come for is erased by the clock; what was counted stays.

The table of what is kept how long is docs/guide/backup.md.
"""

import logging
from datetime import datetime

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA
from qianshou.kernel.documents.drafts import drop_old_drafts
from qianshou.kernel.door.sealing import erase_person
from qianshou.kernel.login.records import forget_logins
from qianshou.kernel.login.sessions import sweep_sessions
from qianshou.kernel.outbox import daily
from qianshou.kernel.registry.models import Person

BATCH = 200
log = logging.getLogger(__name__)


@daily("retention.drafts")
def forget_drafts(at: datetime) -> None:
    """Delete, once a day, the drafts that nobody has confirmed in twelve hours."""
    drop_old_drafts(at)


def erase_expired(at: datetime) -> int:
    """Destroy the keys of persons whose day of erasing has come, at most 200; returns how many.

    Each stands in the ledger with its reason; one that fails is reported and stops nobody else.
    """
    today = at.astimezone(CHINA).date()
    due = Person.objects.filter(erase_on__lte=today, wrapped_key__isnull=False)
    erased = 0
    for person in list(due.order_by("erase_on", "pk").values_list("pk", flat=True)[:BATCH]):
        try:
            erase_person(person, by=CLOCK, at=at, reason="保存期限届满")
            erased += 1
        except Exception:
            log.exception("person %s could not be erased", person)
    return erased


def sweep_logins(at: datetime) -> int:
    """Remove sessions that are over, and records of log-ins past their half year; returns how many."""
    return sweep_sessions(at) + forget_logins(at)
