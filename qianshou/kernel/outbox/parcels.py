"""Sending parcels and carrying them out."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction

Carrier = Callable[[Mapping[str, Any], datetime], None]
_carriers: dict[str, Carrier] = {}
_alone: set[str] = set()
MOST_TRIES = 8
LEASE = timedelta(minutes=30)
BUDGET_SECONDS = 10.0
log = logging.getLogger(__name__)


def carrier(kind: str, *, alone: bool = False) -> Callable[[Carrier], Carrier]:
    """Register the function that carries out parcels of `kind`; it must bear being run twice.

    One that runs `alone`, because it takes long, is called outside any transaction: others write
    meanwhile and see how far it has come. Its parcel is nobody else's for half an hour.
    """

    def register(function: Carrier) -> Carrier:
        if kind in _carriers:
            raise RuntimeError(f"parcels of {kind!r} have a carrier already")
        _carriers[kind] = function
        if alone:
            _alone.add(kind)
        return function

    return register


def send(
    kind: str, facts: Mapping[str, Any], *, key: str, at: datetime, due_at: datetime | None = None
) -> None:
    """Put a parcel into the outbox, due at `due_at` or at once; a known `key` is not sent again."""
    apps.get_model("outbox", "Parcel").objects.bulk_create(
        [
            apps.get_model("outbox", "Parcel")(
                key=key, kind=kind, facts=dict(facts), made_at=at, due_at=due_at or at
            )
        ],
        ignore_conflicts=True,
    )


def carry_out(at: datetime, limit: int = 100) -> int:
    """Carry out parcels that are due; returns how many were done.

    A parcel that fails is tried again after 1, 2, 4 … minutes, eight times, and then kept
    with its failure for `doctor` to show. Several workers share the work (SKIP LOCKED). Those
    that run alone come last, and none is begun when ten seconds have passed: the rest waits for
    the next time, so that nobody outside holds up the clock.
    """
    parcels = apps.get_model("outbox", "Parcel").objects
    waiting = parcels.filter(done_at=None, due_at__lte=at, tries__lt=MOST_TRIES)
    due: Any = waiting.order_by("due_at", "id").values_list("pk", flat=True)
    done = sum(_carry(pk, at) for pk in list(due.exclude(kind__in=_alone)[:limit]))
    until = time.monotonic() + BUDGET_SECONDS
    for pk in list(due.filter(kind__in=_alone)[:limit]):
        if time.monotonic() >= until:
            break
        done += _carry_alone(pk, at)
    return done


def _carry(pk: int, at: datetime) -> int:
    """Carry out one parcel within a transaction; returns 1 when it is done."""
    with transaction.atomic():
        parcel = _take(pk, at)
        if parcel is None:
            return 0
        try:
            with transaction.atomic():
                _carriers[parcel.kind](parcel.facts, at)
        except Exception as error:
            parcel.tries += 1
            _failed(parcel, error, at)
            return 0
        _done(parcel, at)
        return 1


def _carry_alone(pk: int, at: datetime) -> int:
    """Take one parcel for half an hour and carry it out; returns 1 when it is done."""
    with transaction.atomic():
        parcel = _take(pk, at)
        if parcel is None:
            return 0
        parcel.tries += 1
        parcel.due_at = at + LEASE
        parcel.save()
    try:
        _carriers[parcel.kind](parcel.facts, at)
    except Exception as error:
        _failed(parcel, error, at)
        return 0
    _done(parcel, at)
    return 1


def _take(pk: int, at: datetime) -> Any:
    """Return a parcel that waits, locked; None where another worker has it."""
    waiting = apps.get_model("outbox", "Parcel").objects.filter(pk=pk, done_at=None, due_at__lte=at)
    if connection.vendor == "postgresql":
        waiting = waiting.select_for_update(skip_locked=True)
    return waiting.first()


def _failed(parcel: Any, error: Exception, at: datetime) -> None:
    log.exception("parcel %s (%s) failed", parcel.key, parcel.kind)
    parcel.failure = repr(error)[:2000]
    parcel.due_at = at + timedelta(minutes=2 ** (parcel.tries - 1))
    parcel.save()


def _done(parcel: Any, at: datetime) -> None:
    parcel.done_at = at
    parcel.failure = ""
    parcel.save()


def count_parcels(at: datetime) -> int:
    """Return how many parcels are due and not carried out."""
    waiting = apps.get_model("outbox", "Parcel").objects.filter(done_at=None, due_at__lte=at)
    return int(waiting.count())
