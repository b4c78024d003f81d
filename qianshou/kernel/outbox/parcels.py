"""Sending parcels and carrying them out."""

import logging
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
    with its failure for `doctor` to show. Several workers share the work (SKIP LOCKED).
    """
    parcels = apps.get_model("outbox", "Parcel").objects
    done = 0
    taken: list[Any] = []
    for pk in list(
        parcels.filter(done_at=None, due_at__lte=at, tries__lt=MOST_TRIES)
        .order_by("due_at", "id")
        .values_list("pk", flat=True)[:limit]
    ):
        with transaction.atomic():
            waiting = parcels.filter(pk=pk, done_at=None)
            if connection.vendor == "postgresql":
                waiting = waiting.select_for_update(skip_locked=True)
            parcel = waiting.first()
            if parcel is None:
                continue
            if parcel.kind in _alone:
                parcel.tries += 1
                parcel.due_at = at + LEASE
                parcel.save()
                taken.append(parcel)
                continue
            try:
                with transaction.atomic():
                    _carriers[parcel.kind](parcel.facts, at)
            except Exception as error:
                log.exception("parcel %s (%s) failed", parcel.key, parcel.kind)
                parcel.tries += 1
                parcel.failure = repr(error)[:2000]
                parcel.due_at = at + timedelta(minutes=2 ** (parcel.tries - 1))
            else:
                parcel.done_at = at
                parcel.failure = ""
                done += 1
            parcel.save()
    return done + sum(_carry_alone(parcel, at) for parcel in taken)


def _carry_alone(parcel: Any, at: datetime) -> int:
    """Carry out a parcel that was taken for half an hour; returns 1 when it is done."""
    try:
        _carriers[parcel.kind](parcel.facts, at)
    except Exception as error:
        log.exception("parcel %s (%s) failed", parcel.key, parcel.kind)
        parcel.failure = repr(error)[:2000]
        parcel.due_at = at + timedelta(minutes=2 ** (parcel.tries - 1))
        parcel.save()
        return 0
    parcel.done_at = at
    parcel.failure = ""
    parcel.save()
    return 1


def count_parcels(at: datetime) -> int:
    """Return how many parcels are due and not carried out."""
    waiting = apps.get_model("outbox", "Parcel").objects.filter(done_at=None, due_at__lte=at)
    return int(waiting.count())
