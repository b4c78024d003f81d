"""Draws a procedure as SVG from the places in its file, with the state that a page wants to show.

Only classes are written, no colours: the page's style sheet knows light and dark.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from qianshou.kernel.procedures.elements import Drawn, Edge, Element, Flow, Model, Shape
from qianshou.kernel.procedures.symbols import draw_artifact, draw_body, is_activity

FONT = 13.0
LINE = 16.0
MARGIN = 12.0
LANES = ("participant", "lane")
Words = Callable[[str, str], str]
PAGES = (
    "dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput", "group",
    "conversation", "subConversation", "callConversation",
)  # fmt: skip
DASHES = {
    "messageFlow": "8 4", "association": "2 4", "dataInputAssociation": "2 4",
    "dataOutputAssociation": "2 4",
}  # fmt: skip


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
    title = escape(words(model.name, model.name_en) or model.source)
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
    shapes = model.shapes
    drawn = [one for key, one in model.drawn.items() if key in shapes]
    for one in drawn:
        if one.tag in LANES:
            yield _lane(one, shapes[one.id], words)
    seen = _seen(model)
    filled = {one.container for one in seen}
    boxes = {one.id for one in seen if one.id in filled and shapes[one.id].is_expanded}
    for element in seen:
        if element.id in boxes:
            yield _node(element, shapes[element.id], standing, words, is_open=True)
    for one in model.drawn.values():
        if one.id in model.edges:
            yield _link(one, model.edges[one.id], words)
    flows: Mapping[str, Flow] = {**model.backdrop_flows, **model.flows}
    for key, flow in flows.items():
        if key in model.edges:
            taken = " taken" if key in standing.taken else ""
            yield f'<g class="flow{taken}">{_line(model.edges[key])}'
            name = words(flow.name, flow.name_en)
            yield f"{_flow_label(model.edges[key], name)}</g>"
    for guests in (False, True):
        for element in seen:
            if element.id not in boxes and (element.tag == "boundaryEvent") == guests:
                yield _node(element, shapes[element.id], standing, words, is_open=False)
    for one in drawn:
        if one.tag in PAGES:
            name = words(one.name, one.name_en)
            yield f'<g class="node">{draw_artifact(one.tag, shapes[one.id])}'
            yield f"{_outside(name, shapes[one.id])}</g>"
        elif one.tag == "textAnnotation":
            yield draw_artifact(one.tag, shapes[one.id])
            yield _text(words(one.name, one.name_en), shapes[one.id], "label")


def _seen(model: Model) -> list[Element]:
    """Return the nodes that have a place and do not lie in a block that is drawn shut."""
    nodes = {**model.backdrop, **model.elements}

    def hidden(element: Element) -> bool:
        around, depth = nodes.get(element.container), 0
        while around is not None and depth < len(nodes):
            if around.id in model.shapes and not model.shapes[around.id].is_expanded:
                return True
            around, depth = nodes.get(around.container), depth + 1
        return False

    return [one for one in nodes.values() if one.id in model.shapes and not hidden(one)]


def _lane(drawn: Drawn, shape: Shape, words: Words) -> str:
    kind = "pool" if drawn.tag == "participant" else "lane"
    name = escape(words(drawn.name, drawn.name_en))
    x, y, turn = shape.x + shape.width / 2, shape.y + 15, ""
    if shape.is_horizontal:
        x, y = shape.x + 15, shape.y + shape.height / 2
        turn = f' transform="rotate(-90 {x:g} {y:g})"'
    return (
        f'<rect class="{kind}" x="{shape.x:g}" y="{shape.y:g}" '
        f'width="{shape.width:g}" height="{shape.height:g}" rx="3"/>'
        f'<text class="band" x="{x:g}" y="{y:g}" dy=".35em"{turn}>{name}</text>'
    )


def _link(drawn: Drawn, edge: Edge, words: Words) -> str:
    """Return a message between pools, or what ties a note or data to its element."""
    path = "L".join(f"{x:g} {y:g}" for x, y in edge.points)
    dashes = DASHES.get(drawn.tag)
    look = f' stroke-dasharray="{dashes}"' if dashes else ""
    body = f'<path d="M{path}"{look}/>'
    if drawn.tag == "messageFlow":
        x, y = edge.points[0]
        body += f'<circle class="shape" cx="{x:g}" cy="{y:g}" r="4"/>'
    if drawn.tag not in ("association", "conversationLink"):
        body += _tip(edge)
    label = _flow_label(edge, words(drawn.name, drawn.name_en))
    return f'<g class="flow">{body}{label}</g>'


def _line(edge: Edge) -> str:
    path = "L".join(f"{x:g} {y:g}" for x, y in edge.points)
    return f'<path d="M{path}"/>{_tip(edge)}'


def _tip(edge: Edge) -> str:
    (fore_x, fore_y), (x, y) = edge.points[-2], edge.points[-1]
    length = max(((x - fore_x) ** 2 + (y - fore_y) ** 2) ** 0.5, 0.001)
    across, down = (x - fore_x) / length, (y - fore_y) / length
    tip = " ".join(
        f"{x - 9 * across - side * 4 * down:.1f},{y - 9 * down + side * 4 * across:.1f}"
        for side in (1, -1)
    )
    return f'<polygon class="tip" points="{x:g},{y:g} {tip}"/>'


def _flow_label(edge: Edge, name: str) -> str:
    if not name:
        return ""
    if edge.label:
        x, y, width, height = edge.label
        return f'<text class="label" x="{x + width / 2:g}" y="{y + height - 3:g}">{escape(name)}</text>'
    (first_x, first_y), (x, y) = edge.points[0], edge.points[1]
    middle_x, middle_y = (first_x + x) / 2, (first_y + y) / 2 - 5
    return f'<text class="label" x="{middle_x:g}" y="{middle_y:g}">{escape(name)}</text>'


def _node(
    element: Element, shape: Shape, standing: Standing, words: Words, *, is_open: bool
) -> str:
    states = [
        name
        for name, ids in (("done", standing.done), ("now", standing.now), ("late", standing.late))
        if element.id in ids
    ]
    kind = {"endEvent": "end", "callActivity": "call"}.get(element.tag, "")
    classes = " ".join(part for part in ("node", kind, states[-1] if states else "") if part)
    name = words(element.name, element.attributes.get("name_en", ""))
    if is_open:
        lines = wrap(name, max(shape.width - 24, FONT), 1)
        text = _lines(lines, shape.x + shape.width / 2, shape.y + 14, "name")
    elif is_activity(element.tag):
        text = _text(name, shape, "name")
    else:
        text = _outside(name, shape)
    return (
        f'<g class="{classes}" data-node="{escape(element.id)}"><title>{escape(name)}</title>'
        f"{draw_body(element, shape, is_open=is_open)}{text}"
        f"{_count(shape, standing.counts.get(element.id, ''))}</g>"
    )


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
