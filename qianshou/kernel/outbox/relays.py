"""What turns that which has happened into parcels: asked at every tick of the worker."""

import logging
from collections.abc import Callable
from datetime import datetime

Relay = Callable[[datetime], int]
_relays: list[Relay] = []
log = logging.getLogger(__name__)


def relay(function: Relay) -> Relay:
    """Register a function that sends parcels about what is new and returns how many."""
    _relays.append(function)
    return function


def run_relays(at: datetime) -> int:
    """Ask every relay; returns how many parcels were sent. One that fails is tried next time."""
    sent = 0
    for one in _relays:
        try:
            sent += one(at)
        except Exception:
            log.exception("the relay %s failed; it is tried again", one.__name__)
    return sent
