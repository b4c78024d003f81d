"""Sending parcels and carrying them out."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Thread
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
    meanwhile and see how far it has come. Its parcel is nobody else's for half an hour, or for as
    long as the worker renews that.
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


class Aside:
    """A thread of the worker, with a connection of its own, for the parcels that take long, one at
    a time: timers, notices and seals do not wait for them. `clock` tells the time.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._thread: Thread | None = None
        self._held: tuple[int, datetime] | None = None
        self._ends = False

    def start(self) -> None:
        """Carry out what is due, one after the other, unless that is under way."""
        if (self._thread is None or not self._thread.is_alive()) and _due_alone(
            self.clock()
        ).exists():
            self._thread = Thread(target=self._carry, name="aside", daemon=True)
            self._thread.start()

    def _carry(self) -> None:
        try:
            while not self._ends and (parcel := _take_alone(self.clock())) is not None:
                self._held = parcel.pk, parcel.due_at
                _carry_alone(parcel, self.clock())
        except Exception:
            log.exception("what was carried out aside is tried again later")
        finally:
            self._held = None
            connection.close()

    def renew(self, at: datetime) -> None:
        """Let the parcel under way be nobody else's for half an hour again, once half is over."""
        held = self._held
        if held is None or held[1] - at > LEASE / 2:
            return
        pk, until = held
        waiting = apps.get_model("outbox", "Parcel").objects.filter(pk=pk, done_at=None)
        if waiting.filter(due_at=until).update(due_at=at + LEASE) and self._held is held:
            self._held = pk, at + LEASE

    def finish(self, seconds: float) -> None:
        """Wait so long for what is under way; what is not over by then is tried again later."""
        self._ends = True
        if self._thread is not None:
            self._thread.join(seconds)


def carry_out(at: datetime, limit: int = 100, aside: Aside | None = None) -> int:
    """Carry out parcels that are due; returns how many were done.

    A parcel that fails is tried again after 1, 2, 4 … minutes, eight times, and then kept
    with its failure for `doctor` to show. Several workers share the work (SKIP LOCKED). Those that
    run alone are carried out at the end, or `aside` where there is one.
    """
    parcels = apps.get_model("outbox", "Parcel").objects
    done = 0
    for pk in list(_due(at).exclude(kind__in=_alone).values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            parcel = _locked(parcels.filter(pk=pk, done_at=None)).first()
            if parcel is None:
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
    if aside is not None:
        aside.start()
        return done
    for _ in range(limit):
        if (parcel := _take_alone(at)) is None:
            break
        done += _carry_alone(parcel, at)
    return done


def _due(at: datetime) -> Any:
    waiting = apps.get_model("outbox", "Parcel").objects.filter(done_at=None, due_at__lte=at)
    return waiting.filter(tries__lt=MOST_TRIES).order_by("due_at", "id")


def _due_alone(at: datetime) -> Any:
    return _due(at).filter(kind__in=_alone)


def _locked(parcels: Any) -> Any:
    """Return parcels for this worker alone, without those that another has taken."""
    if connection.vendor == "postgresql":
        return parcels.select_for_update(skip_locked=True)
    return parcels


def _take_alone(at: datetime) -> Any:
    """Take the next parcel that runs alone for half an hour; None where none is due."""
    with transaction.atomic():
        parcel = _locked(_due_alone(at)).first()
        if parcel is not None:
            parcel.tries += 1
            parcel.due_at = at + LEASE
            parcel.save()
        return parcel


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
