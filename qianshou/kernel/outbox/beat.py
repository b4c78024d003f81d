"""The worker's heartbeat: written at most every ten seconds, read by whoever watches."""

import socket
from datetime import datetime, timedelta

from django.apps import apps
from django.db.models import Max

EVERY = timedelta(seconds=10)


def beat(at: datetime) -> None:
    """Note that this machine's worker is at work, unless that was noted just now."""
    beats = apps.get_model("outbox", "Beat").objects
    machine = socket.gethostname()[:120]
    if not beats.filter(machine=machine, at__gt=at - EVERY).exists():
        beats.update_or_create(machine=machine, defaults={"at": at})


def last_beat() -> datetime | None:
    """Return when any worker was last seen, or None."""
    found: datetime | None = apps.get_model("outbox", "Beat").objects.aggregate(at=Max("at"))["at"]
    return found
