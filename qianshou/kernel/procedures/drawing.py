"""Draws a procedure as SVG from the places in its file, with the state that a page wants to show.

Only classes are written, no colours: the page's style sheet knows light and dark.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from qianshou.kernel.procedures.elements import Drawn, Edge, Element, Model, Shape

FONT = 13.0
LINE = 16.0
MARGIN = 12.0
LANES = ("participant", "lane")
Words = Callable[[str, str], str]
MARKS = {
    "user": "M6 20v-2a4 4 0 0 1 4-4h4a4 4 0 0 1 4 4v2M12 11a3.6 3.6 0 1 0 0-7.2a3.6 3.6 0 0 0 0 7.2",
    "service": "M12 8.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7M12 4v3M12 17v3M4 12h3M17 12h3"
    "M6.5 6.5l2 2M15.5 15.5l2 2M17.5 6.5l-2 2M8.5 15.5l-2 2",
    "rule": "M4 6h16v13H4zM4 10.5h16M9.5 10.5V19",
    "call": "M7 7h10v10H7zM12 9.5v5M9.5 12h5",
    "timer": "M12 4.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15M12 8v4.5l3 1.5",
    "message": "M5 7.5h14v9.5H5zM5 7.5l7 5.5l7-5.5",
}


@dataclass(frozen=True)
class Standing:
    """What is shown of the elements: ids passed, waiting and late, flows taken, words below."""

    done: Collection[str] = ()
    now: Collection[str] = ()
    late: Collection[str] = ()
    taken: Collection[str] = ()
    counts: Mapping[str, str] = field(default_factory=dict)


def draw(model: Model, standing: Standing, language: str) -> str:
    """Return `model` as an SVG element, its texts in `language`; "" when the file draws nothing.

    The width and height are those of the file's own drawing, in pixels.
    """
    zh = language.startswith("zh")

    def words(name: str, name_en: str) -> str:
        return name if zh or not name_en else name_en

    if not model.shapes:
        return ""
    left, top, right, bottom = _extent(model)
    title = escape(words(model.name, model.name_en))
    return (
        f'<svg class="bpmn" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" '
        f'width="{right - left:.0f}" height="{bottom - top:.0f}" '
        f'viewBox="{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}">'
        f"{''.join(_parts(model, standing, words))}</svg>"
    )


def _extent(model: Model) -> tuple[float, float, float, float]:
    xs, ys = [], []
    for shape in model.shapes.values():
        xs += [shape.x, shape.x + shape.width]
        ys += [shape.y, shape.y + shape.height]
    for edge in model.edges.values():
        xs += [x for x, _ in edge.points]
        ys += [y for _, y in edge.points]
    return min(xs) - MARGIN, min(ys) - MARGIN, max(xs) + MARGIN, max(ys) + MARGIN


def _parts(model: Model, standing: Standing, words: Words) -> Iterator[str]:
    for key, drawn in model.drawn.items():
        if drawn.tag in LANES and key in model.shapes:
            yield _lane(drawn, model.shapes[key], words)
    for key, flow in model.flows.items():
        if key in model.edges:
            taken = " taken" if key in standing.taken else ""
            yield f'<g class="flow{taken}">{_line(model.edges[key])}'
            name = words(flow.name, flow.name_en)
            yield f"{_flow_label(model.edges[key], name)}</g>"
    hosts = [element for element in model.elements.values() if element.kind != "boundary"]
    guests = [element for element in model.elements.values() if element.kind == "boundary"]
    for element in (*hosts, *guests):
        if element.id in model.shapes:
            yield _node(element, model.shapes[element.id], standing, words)
    for key, drawn in model.drawn.items():
        if drawn.tag == "textAnnotation" and key in model.shapes:
            shape = model.shapes[key]
            yield _text(words(drawn.name, drawn.name_en), shape, "label")


def _lane(drawn: Drawn, shape: Shape, words: Words) -> str:
    kind = "pool" if drawn.tag == "participant" else "lane"
    x, y = shape.x + 15, shape.y + shape.height / 2
    name = escape(words(drawn.name, drawn.name_en))
    return (
        f'<rect class="{kind}" x="{shape.x:g}" y="{shape.y:g}" '
        f'width="{shape.width:g}" height="{shape.height:g}" rx="3"/>'
        f'<text class="band" x="{x:g}" y="{y:g}" dy=".35em" '
        f'transform="rotate(-90 {x:g} {y:g})">{name}</text>'
    )


def _line(edge: Edge) -> str:
    path = "L".join(f"{x:g} {y:g}" for x, y in edge.points)
    (fore_x, fore_y), (x, y) = edge.points[-2], edge.points[-1]
    length = max(((x - fore_x) ** 2 + (y - fore_y) ** 2) ** 0.5, 0.001)
    across, down = (x - fore_x) / length, (y - fore_y) / length
    tip = " ".join(
        f"{x - 9 * across - side * 4 * down:.1f},{y - 9 * down + side * 4 * across:.1f}"
        for side in (1, -1)
    )
    return f'<path d="M{path}"/><polygon class="tip" points="{x:g},{y:g} {tip}"/>'


def _flow_label(edge: Edge, name: str) -> str:
    if not name:
        return ""
    if edge.label:
        x, y, width, height = edge.label
        return f'<text class="label" x="{x + width / 2:g}" y="{y + height - 3:g}">{escape(name)}</text>'
    (first_x, first_y), (x, y) = edge.points[0], edge.points[1]
    middle_x, middle_y = (first_x + x) / 2, (first_y + y) / 2 - 5
    return f'<text class="label" x="{middle_x:g}" y="{middle_y:g}">{escape(name)}</text>'


def _node(element: Element, shape: Shape, standing: Standing, words: Words) -> str:
    states = [
        name
        for name, ids in (("done", standing.done), ("now", standing.now), ("late", standing.late))
        if element.id in ids
    ]
    kind = {"terminate": "end", "call": "call", "end": "end"}.get(element.kind, "")
    classes = " ".join(part for part in ("node", kind, states[-1] if states else "") if part)
    name = words(element.name, element.attributes.get("name_en", ""))
    body = _body(element, shape)
    if element.kind in ("user", "service", "rule", "call", "subprocess"):
        text = _text(name, shape, "name")
        body += _mark(element.kind, shape.x + 3, shape.y + 3, 0.75)
        if element.multiple:
            x, y = shape.x + shape.width / 2, shape.y + shape.height - 12
            bars = (
                f"M{x - 4:g} {y:g}h8M{x - 4:g} {y + 4:g}h8M{x - 4:g} {y + 8:g}h8"
                if element.sequential
                else f"M{x - 4:g} {y:g}v8M{x:g} {y:g}v8M{x + 4:g} {y:g}v8"
            )
            body += f'<path class="mark" d="{bars}"/>'
    else:
        text = _outside(name, shape)
    return (
        f'<g class="{classes}" data-node="{escape(element.id)}"><title>{escape(name)}</title>'
        f"{body}{text}{_count(shape, standing.counts.get(element.id, ''))}</g>"
    )


def _body(element: Element, shape: Shape) -> str:
    x, y, width, height = shape.x, shape.y, shape.width, shape.height
    middle_x, middle_y = x + width / 2, y + height / 2
    if element.kind in ("xor", "and", "or"):
        corners = (
            f"{middle_x:g},{y:g} {x + width:g},{middle_y:g} {middle_x:g},{y + height:g} "
            f"{x:g},{middle_y:g}"
        )
        arm = width / 6
        mark = {
            "xor": f"M{middle_x - arm:g} {middle_y - arm:g}l{2 * arm:g} {2 * arm:g}"
            f"M{middle_x + arm:g} {middle_y - arm:g}l{-2 * arm:g} {2 * arm:g}",
            "and": f"M{middle_x - 1.4 * arm:g} {middle_y:g}h{2.8 * arm:g}"
            f"M{middle_x:g} {middle_y - 1.4 * arm:g}v{2.8 * arm:g}",
            "or": f"M{middle_x - arm:g} {middle_y:g}a{arm:g} {arm:g} 0 1 0 {2 * arm:g} 0"
            f"a{arm:g} {arm:g} 0 1 0 {-2 * arm:g} 0",
        }[element.kind]
        return f'<polygon class="shape" points="{corners}"/><path class="mark" d="{mark}"/>'
    if element.tag.endswith("Event"):
        radius = width / 2
        body = f'<circle class="shape" cx="{middle_x:g}" cy="{middle_y:g}" r="{radius:g}"/>'
        if element.tag not in ("startEvent", "endEvent"):
            dashes = "" if element.interrupting else ' stroke-dasharray="3 2"'
            body += (
                f'<circle class="mark" cx="{middle_x:g}" cy="{middle_y:g}" '
                f'r="{radius - 3:g}"{dashes}/>'
            )
        if element.kind == "terminate":
            body += (
                f'<circle class="badge" cx="{middle_x:g}" cy="{middle_y:g}" r="{radius - 6:g}"/>'
            )
        event = "timer" if element.timer else "message" if element.message else ""
        scale = (width - 12) / 24
        return body + (_mark(event, x + 6, y + 6, scale) if event else "")
    return f'<rect class="shape" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9"/>'


def _mark(kind: str, x: float, y: float, scale: float) -> str:
    path = MARKS.get(kind)
    if path is None:
        return ""
    return f'<path class="mark" transform="translate({x:g} {y:g}) scale({scale:.3g})" d="{path}"/>'


def _text(name: str, shape: Shape, kind: str) -> str:
    lines = wrap(name, shape.width - 12)
    x = shape.x + shape.width / 2
    y = shape.y + shape.height / 2 - (len(lines) - 1) * LINE / 2 + 3
    return _lines(lines, x, y, kind)


def _outside(name: str, shape: Shape) -> str:
    if not name:
        return ""
    lines = wrap(name, 120)
    if shape.label:
        x, y, width, _height = shape.label
        return _lines(lines, x + width / 2, y + 8, "label")
    return _lines(lines, shape.x + shape.width / 2, shape.y + shape.height + 11, "label")


def _lines(lines: list[str], x: float, y: float, kind: str) -> str:
    return "".join(
        f'<text class="{kind}" x="{x:g}" y="{y + place * LINE:g}" dy=".35em">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )


def _count(shape: Shape, text: str) -> str:
    if not text:
        return ""
    x, y = shape.x + shape.width / 2, shape.y + shape.height + 13
    wide = sum(12 if letter > "⺀" else 7 for letter in text) + 8
    return (
        f'<rect class="plate" x="{x - wide / 2:g}" y="{y - 12:g}" width="{wide}" height="16" rx="4"/>'
        f'<text class="count" x="{x:g}" y="{y:g}">{escape(text)}</text>'
    )


def wrap(text: str, width: float, most: int = 4) -> list[str]:
    """Return `text` in lines of at most `width` pixels, `most` of them; Chinese breaks anywhere."""
    lines, line, long = [], "", 0.0
    for piece in _pieces(text):
        wide = sum(FONT if letter > "⺀" else FONT * 0.56 for letter in piece)
        if line and long + wide > width:
            lines.append(line.strip())
            line, long = "", 0.0
        line += piece
        long += wide
    lines.append(line.strip())
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + "…"]
    return lines


def _pieces(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        if letter > "⺀":
            if word:
                yield word
                word = ""
            yield letter
        else:
            word += letter
            if letter == " ":
                yield word
                word = ""
    if word:
        yield word
