"""Whether the product lives, is ready, and its figures; nothing here tells of a person."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address
from math import inf

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from qianshou.kernel.clock import now
from qianshou.kernel.ledger.seals import oldest_unsealed
from qianshou.kernel.outbox.beat import last_beat
from qianshou.kernel.outbox.parcels import count_parcels
from qianshou.kernel.worklist.clockwork import count_waiting

SEEN_WITHIN = timedelta(minutes=1)
LEAST_FREE = 512 * 1024 * 1024


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when all that the product needs is there, else 503, and say what is not."""
    found = {name: _passes(check) for name, check in CHECKS.items()}
    return JsonResponse(found, status=200 if all(found.values()) else 503)


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, OSError):
        return False


def database_answers() -> bool:
    """Whether the database answers a question."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def is_migrated() -> bool:
    """Whether every migration of this version is applied; looked up until it is so."""
    if not _migrated():
        _migrated.cache_clear()
        return False
    return True


@cache
def _migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def worker_works() -> bool:
    """Whether a worker was seen in the last minute."""
    seen = last_beat()
    return seen is not None and now() - seen < SEEN_WITHIN


def has_room() -> bool:
    """Whether half a gigabyte is free where documents lie."""
    return shutil.disk_usage(settings.VAR).free >= LEAST_FREE


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "migrations": is_migrated,
    "worker": worker_works,
    "disk": has_room,
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures of all processes for Prometheus; 403 to whom they are not for."""
    if not may_read(request):
        return HttpResponse(status=403)
    registry = CollectorRegistry()
    if settings.METRICS_FOLDER:
        MultiProcessCollector(registry, settings.METRICS_FOLDER)  # type: ignore[no-untyped-call]
    else:
        registry = REGISTRY
    body = generate_latest(registry) + generate_latest(Standing(now()))
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Whether the figures are for this request: it bears the token, or comes from this machine
    and through no proxy.
    """
    token = settings.METRICS_TOKEN
    told = request.headers.get("Authorization", "")
    if token and constant_time_compare(told, f"Bearer {token}"):
        return True
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False


class Standing(CollectorRegistry):
    """What stands in the database at an instant, as gauges."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each gauge."""
        waiting, oldest, seen = count_waiting(self.at), oldest_unsealed(), last_beat()
        yield _gauge("tasks_open", "Open tasks", waiting["open"])
        yield _gauge("tasks_overdue", "Open tasks whose deadline is over", waiting["overdue"])
        yield _gauge("timers_late", "Timers due for over a minute", waiting["timers"])
        yield _gauge("outbox_waiting", "Parcels due, not carried out", count_parcels(self.at))
        yield _gauge(
            "unsealed_seconds", "Age of the oldest entry without a seal", self._age(oldest)
        )
        yield _gauge("worker_seconds", "Time since a worker was seen", self._age(seen, inf))

    def _age(self, since: datetime | None, never: float = 0.0) -> float:
        return never if since is None else max(0.0, (self.at - since).total_seconds())


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"qianshou_{name}", told, value=value)
