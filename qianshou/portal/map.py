"""The schematic map: one circle a town, and an outline; places only, no borders."""

from dataclasses import dataclass

from qianshou.design.fields import division_label
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.places import outline

WIDTH = 360
NARROWING = 0.868  # cosine of 29.7 degrees north: a degree of longitude against one of latitude
EDGE = 14


@dataclass(frozen=True)
class Spot:
    """A town on the map."""

    code: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Map:
    """What the map draws, in its own units."""

    width: int
    height: int
    outline: str
    spots: tuple[Spot, ...]


def draw_map(language: str) -> Map | None:
    """Return the map of the towns that have a centre, or None where there is none."""
    towns = list(
        Division.objects.filter(kind__in=("street", "town"), valid_to=None, longitude__isnull=False)
        .order_by("id")
        .values_list("code", "name", "longitude", "latitude")
    )
    if not towns:
        return None
    border = outline()
    west, east = min(x for x, _ in border), max(x for x, _ in border)
    south, north = min(y for _, y in border), max(y for _, y in border)
    scale = (WIDTH - 2 * EDGE) / ((east - west) * NARROWING)
    height = round((north - south) * scale) + 2 * EDGE

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        return (
            round(EDGE + (longitude - west) * NARROWING * scale, 1),
            round(EDGE + (north - latitude) * scale, 1),
        )

    path = " ".join(f"{x},{y}" for x, y in (place(*point) for point in border))
    spots = tuple(
        Spot(code, division_label(name, language), *place(longitude or 0, latitude or 0))
        for code, name, longitude, latitude in towns
    )
    return Map(WIDTH, height, path, _apart(spots))


def _apart(spots: tuple[Spot, ...], least: float = 19.0) -> tuple[Spot, ...]:
    """Push circles apart that would cover each other, so that each can be tapped."""
    places = [[spot.x, spot.y] for spot in spots]
    for _round in range(60):
        for first in range(len(places)):
            for second in range(first + 1, len(places)):
                one, two = places[first], places[second]
                across, down = two[0] - one[0], two[1] - one[1]
                apart = (across**2 + down**2) ** 0.5 or 0.1
                if apart < least:
                    push = (least - apart) / 2 / apart
                    one[0] -= across * push
                    one[1] -= down * push
                    two[0] += across * push
                    two[1] += down * push
    return tuple(
        Spot(spot.code, spot.name, round(x, 1), round(y, 1))
        for spot, (x, y) in zip(spots, places, strict=True)
    )
