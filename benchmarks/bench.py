"""What the benchmarks share: a throw-away database, quantiles, the closing line."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def boot(*packs: str) -> None:
    """Set Django up on a throw-away database (PostgreSQL where DATABASE_URL is set).

    `packs` are modules of packs that only benchmarks use.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ["QIANSHOU_VAR"] = tempfile.mkdtemp(prefix="qianshou-bench-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qianshou.settings")
    import django
    from django.conf import settings
    from django.db import connections

    settings.PACKS = [*settings.PACKS, *packs]
    django.setup()
    connections["default"].settings_dict["TEST"]["NAME"] = "qianshou_bench"


@contextmanager
def database() -> Iterator[None]:
    """Hold a migrated empty database: a file of its own on SQLite, a new one on PostgreSQL."""
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0)
        yield
        connection.close()
        return
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def quantile(values: list[float], share: float) -> float:
    """Return the nearest-rank quantile of `values`."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def seconds_of(function: Callable[[], object]) -> float:
    """Return how long one call takes, in seconds."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def report(**figures: float | int | str) -> None:
    """Print the closing line of `key=value` pairs."""
    print(
        " ".join(
            f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in figures.items()
        )
    )
