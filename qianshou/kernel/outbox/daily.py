"""What is done once a day: a parcel a day, which is carried out and tried again like any other."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.apps import apps

from qianshou.kernel.clock import CHINA
from qianshou.kernel.outbox.parcels import carrier, send

Daily = Callable[[datetime], None]
_kinds: list[str] = []


def daily(kind: str) -> Callable[[Daily], Daily]:
    """Register a function that the worker runs once on each day in China; it must bear being run
    twice, as a parcel must.
    """

    def register(function: Daily) -> Daily:
        def carry(facts: Mapping[str, Any], at: datetime) -> None:
            function(at)

        carrier(kind)(carry)
        _kinds.append(kind)
        return function

    return register


def send_daily(at: datetime) -> int:
    """Put today's parcels into the outbox where they are not there yet; returns how many."""
    day = at.astimezone(CHINA).date().isoformat()
    keys = {f"{kind}/{day}": kind for kind in _kinds}
    parcels = apps.get_model("outbox", "Parcel").objects
    sent = set(parcels.filter(key__in=keys).values_list("key", flat=True))
    for key in keys.keys() - sent:
        send(keys[key], {"day": day}, key=key, at=at)
    return len(keys.keys() - sent)
