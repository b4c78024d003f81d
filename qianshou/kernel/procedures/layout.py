"""Where a BPMN file draws its elements: the diagram interchange part."""

from math import isfinite

from lxml import etree

from qianshou.kernel.procedures.elements import Edge, Shape
from qianshou.kernel.procedures.xml import local

FARTHEST = 1e6


def read_layout(root: etree._Element) -> tuple[dict[str, Shape], dict[str, Edge]]:
    """Return where the file's first diagram draws its elements, by their ids; bad numbers are
    left out.
    """
    shapes: dict[str, Shape] = {}
    edges: dict[str, Edge] = {}
    planes = [one for one in root.iter() if local(one) == "BPMNPlane"]
    filled = [plane for plane in planes if any(local(one) == "BPMNShape" for one in plane)]
    for element in filled[0].iter() if filled else ():
        key = element.get("bpmnElement", "").rpartition(":")[2]
        if local(element) == "BPMNShape" and (bounds := _bounds(element)):
            shapes[key] = Shape(
                *bounds,
                label=_label(element),
                is_horizontal=element.get("isHorizontal", "true") != "false",
                is_expanded=element.get("isExpanded", "true") != "false",
            )
        elif local(element) == "BPMNEdge":
            points = tuple(
                point
                for child in element
                if local(child) == "waypoint"
                for point in [_numbers(child, ("x", "y"))]
            )
            if len(points) > 1 and None not in points:
                edges[key] = Edge(points, _label(element))  # type: ignore[arg-type]
    return shapes, edges


def _numbers(element: etree._Element, names: tuple[str, ...]) -> tuple[float, ...] | None:
    """Return numbers that a drawing can hold, or None."""
    try:
        found = tuple(float(element.get(name, "0")) for name in names)
    except ValueError:
        return None
    return found if all(isfinite(one) and abs(one) < FARTHEST for one in found) else None


def _bounds(element: etree._Element) -> tuple[float, float, float, float] | None:
    for child in element:
        if local(child) == "Bounds":
            found = _numbers(child, ("x", "y", "width", "height"))
            if found is None or min(found[2:]) < 0:
                return None
            return found[0], found[1], found[2], found[3]
    return None


def _label(element: etree._Element) -> tuple[float, float, float, float] | None:
    return next((_bounds(child) for child in element if local(child) == "BPMNLabel"), None)
