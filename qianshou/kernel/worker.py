"""The clock's hand: fires timers, warns of deadlines, reassigns, carries out parcels, opens duties, erases, seals."""

import logging
import signal
import threading
from datetime import datetime, timedelta

from django.db import close_old_connections

from qianshou.kernel import clock, door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.door import acts
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.outbox import Aside, carry_out, run_relays, send_daily
from qianshou.kernel.outbox.beat import beat
from qianshou.kernel.retention import erase_expired, sweep_logins
from qianshou.kernel.worklist.clockwork import due_timers, due_warnings, vacated_tasks

log = logging.getLogger(__name__)
EVERY_SECONDS = 2.0
LAST_SECONDS = 10.0
PUT_OFF = timedelta(minutes=10)


def tick(at: datetime, aside: Aside | None = None) -> dict[str, int]:
    """Do everything that is due at `at` once; returns how many of each were done. What takes long
    is done `aside`, or in its place where there is none.
    """
    beat(at)
    if aside is not None:
        aside.renew(at)
    done = {"timers": 0, "warnings": 0, "reassigned": 0}
    for matter, token in due_timers(at):
        done["timers"] += _try(acts.Fire(matter, token), at)
    for task in due_warnings(at):
        done["warnings"] += _try(acts.Warn(task), at)
    for matter, officer in vacated_tasks(at):
        done["reassigned"] += _try(acts.Reassign(matter, officer), at)
    send_daily(at)
    run_relays(at)
    done["parcels"] = carry_out(at, aside=aside)
    done["duties"] = sum(give_duties(at).values())
    done["erased"] = erase_expired(at)
    done["swept"] = sweep_logins(at)
    done["seals"] = int(seal_entries(at) is not None)
    return done


def _try(act: acts.Fire | acts.Warn | acts.Reassign, at: datetime) -> int:
    """Do one of the clock's acts; one that fails is reported and put off for ten minutes."""
    try:
        return int(door.act(act, by=CLOCK, at=at) is not None)
    except Exception:
        log.exception("%s failed; it is tried again after %s", act, PUT_OFF)
        door.put_off(act, at + PUT_OFF)
        return 0


def work(*, once: bool = False) -> int:
    """Tick every two seconds until SIGTERM or SIGINT, or once; returns the exit code 0.

    A tick that fails is logged and tried again. When it is to end, what takes long has ten seconds.
    """
    stop = threading.Event()
    if once:
        tick(clock.now())
        return 0
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    aside = Aside(clock.now)
    while not stop.is_set():
        try:
            close_old_connections()
            tick(clock.now(), aside)
        except Exception:
            log.exception("the worker's tick failed; it goes on")
        stop.wait(EVERY_SECONDS)
    aside.finish(LAST_SECONDS)
    return 0
