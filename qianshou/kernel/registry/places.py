"""The real divisions of the model district, loaded from the files that ship with the product."""

import csv
import json
from datetime import date
from functools import cache
from math import cos, hypot, radians
from operator import itemgetter
from pathlib import Path
from typing import Any

from qianshou.kernel.registry.bigram import search_tokens
from qianshou.kernel.registry.models import Division

KILOMETRES = 111.2  # to a degree of latitude
FARTHEST = 30.0
FOLDER = Path(__file__).parent / "divisions"


@cache
def shipped_divisions() -> tuple[dict[str, str], ...]:
    """Return the rows of dazu.csv: 1 district, 27 towns and streets, 309 villages by name."""
    with (FOLDER / "dazu.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def outline() -> tuple[tuple[float, float], ...]:
    """Return the district's schematic outline as (longitude, latitude), WGS-84."""
    told: Any = json.loads((FOLDER / "dazu_outline.json").read_text(encoding="utf-8"))
    return tuple((x, y) for x, y in told["coordinates"][0])


def nearest_town(longitude: float, latitude: float) -> str | None:
    """Return the code of the town whose centre lies nearest to a place (WGS-84); None where even
    that is further than 30 km away.
    """
    found: tuple[float, str | None] = (FARTHEST, None)
    towns = Division.objects.filter(kind__in=("street", "town"), valid_to=None)
    for code, x, y in towns.values_list("code", "longitude", "latitude"):
        if x is not None and y is not None:
            east = (longitude - x) * cos(radians(y))
            found = min(found, (hypot(east, latitude - y) * KILOMETRES, code), key=itemgetter(0))
    return found[1]


def load_divisions() -> None:
    """Insert the shipped divisions where there is none yet; joined by name, parents first."""
    if Division.objects.exists():
        return
    paths: dict[str, tuple[int, str]] = {}
    rows = []
    for pk, row in enumerate(shipped_divisions(), start=1):
        parent, above = paths.get(row["parent"], (None, ""))
        path = f"{above}{pk}."
        if row["kind"] not in ("village", "community"):
            paths[row["name"]] = (pk, path)
        rows.append(
            Division(
                pk=pk,
                parent_id=parent,
                path=path,
                kind=row["kind"],
                name=row["name"],
                code=row["code"],
                code_system=row["code_system"],
                valid_from=date.fromisoformat(row["valid_from"]),
                longitude=float(row["longitude"]),
                latitude=float(row["latitude"]),
                source=row["source"],
                approximate=row["approximate"] == "true",
                tokens=search_tokens(row["name"], name=True),
            )
        )
    Division.objects.bulk_create(rows)
