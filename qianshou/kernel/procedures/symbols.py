"""The symbols of BPMN as SVG: events, gateways, activities, data, groups, notes, conversations."""

from qianshou.kernel.procedures.elements import Element, Shape
from qianshou.kernel.procedures.sketch import BLOCKS

MARKS = {
    "userTask": "M6 20v-2a4 4 0 0 1 4-4h4a4 4 0 0 1 4 4v2"
    "M12 11a3.6 3.6 0 1 0 0-7.2a3.6 3.6 0 0 0 0 7.2",
    "manualTask": "M6 19V9.5l4-3.5h3.5l-3 3.5H18M11 12.5h8M11 15.5h7M6 19h10.5",
    "serviceTask": "M12 8.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7M12 4v3M12 17v3M4 12h3M17 12h3"
    "M6.5 6.5l2 2M15.5 15.5l2 2M17.5 6.5l-2 2M8.5 15.5l-2 2",
    "scriptTask": "M8 4h10c-3 4 2 6 0 9s-1 4-3 7H6c3-4-2-6 0-9s1-4 2-7M9 8h5M9 12h5M9 16h5",
    "businessRuleTask": "M4 6h16v13H4zM4 10.5h16M9.5 10.5V19",
    "sendTask": "M5 7.5h14v9.5H5zM5 7.5l7 5.5l7-5.5",
    "receiveTask": "M5 7.5h14v9.5H5zM5 7.5l7 5.5l7-5.5",
    "timer": "M12 4.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15M12 8v4.5l3 1.5",
    "message": "M5 7.5h14v9.5H5zM5 7.5l7 5.5l7-5.5",
    "signal": "M12 5l7.5 13h-15z",
    "error": "M6 19l3-11l5 6l4-9l-3.5 12l-4.5-6z",
    "escalation": "M12 5l5.5 14l-5.5-5.5l-5.5 5.5z",
    "compensate": "M12 7v10l-7-5zM19 7v10l-7-5z",
    "conditional": "M7 5h10v14H7zM9 8.5h6M9 12h6M9 15.5h6",
    "link": "M5 10h8v-3.5l6.5 5.5l-6.5 5.5v-3.5H5z",
    "cancel": "M6.5 8.5l2-2l3.5 3.5l3.5-3.5l2 2l-3.5 3.5l3.5 3.5l-2 2l-3.5-3.5l-3.5 3.5l-2-2"
    "l3.5-3.5z",
    "multiple": "M12 5l7 5.2l-2.7 8.3h-8.6l-2.7-8.3z",
}  # fmt: skip
THROWN = ("endEvent", "intermediateThrowEvent")
ARMS = {
    "exclusiveGateway": "M{l:g} {t:g}l{d:g} {d:g}M{r:g} {t:g}l-{d:g} {d:g}",
    "parallelGateway": "M{x:g} {t:g}v{d:g}M{l:g} {y:g}h{d:g}",
    "inclusiveGateway": "M{l:g} {y:g}a{a:g} {a:g} 0 1 0 {d:g} 0a{a:g} {a:g} 0 1 0 -{d:g} 0",
    "complexGateway": "M{x:g} {t:g}v{d:g}M{l:g} {y:g}h{d:g}M{l:g} {t:g}l{d:g} {d:g}"
    "M{r:g} {t:g}l-{d:g} {d:g}",
    "eventBasedGateway": "M{l:g} {y:g}a{a:g} {a:g} 0 1 0 {d:g} 0a{a:g} {a:g} 0 1 0 -{d:g} 0"
    "M{x:g} {n:g}l{h:g} {h:g}l-{h:g} {h:g}l-{h:g} -{h:g}z",
}  # fmt: skip


def is_activity(tag: str) -> bool:
    """Whether an element of this name is drawn as a box that bears its name inside."""
    return tag.endswith(("task", "Task")) or tag in (
        "callActivity", "callChoreography", *BLOCKS,
    )  # fmt: skip


def mark(kind: str, x: float, y: float, scale: float, *, filled: bool = False) -> str:
    """Return the sign of a kind of task or event at a place; "" where there is none."""
    path = MARKS.get(kind)
    if path is None:
        return ""
    look = "mark filled" if filled else "mark"
    return (
        f'<path class="{look}" transform="translate({x:g} {y:g}) scale({scale:.3g})" d="{path}"/>'
    )


def draw_body(element: Element, shape: Shape, *, is_open: bool) -> str:
    """Return the outline and signs of an activity, gateway or event."""
    if element.tag.endswith("Gateway"):
        return _gateway(element, shape)
    if element.tag.endswith("Event"):
        return _circle(element, shape)
    return _activity(element, shape, is_open=is_open)


def _gateway(element: Element, shape: Shape) -> str:
    x, y, width, height = shape.x, shape.y, shape.width, shape.height
    middle_x, middle_y = x + width / 2, y + height / 2
    corners = (
        f"{middle_x:g},{y:g} {x + width:g},{middle_y:g} {middle_x:g},{y + height:g} "
        f"{x:g},{middle_y:g}"
    )
    arm = width / 5
    path = ARMS.get(element.tag, "").format(
        x=middle_x, y=middle_y, l=middle_x - arm, r=middle_x + arm, t=middle_y - arm, a=arm,
        d=2 * arm, n=middle_y - arm / 2, h=arm / 2,
    )  # fmt: skip
    return f'<polygon class="shape" points="{corners}"/><path class="mark" d="{path}"/>'


def _circle(element: Element, shape: Shape) -> str:
    x, y, width = shape.x, shape.y, shape.width
    middle_x, middle_y, radius = x + width / 2, y + shape.height / 2, width / 2
    dashes = "" if element.interrupting else ' stroke-dasharray="3 2"'
    starts = element.tag == "startEvent"
    body = f'<circle class="shape" cx="{middle_x:g}" cy="{middle_y:g}" r="{radius:g}"{dashes}/>'
    if not starts and element.tag != "endEvent":
        body += (
            f'<circle class="mark" cx="{middle_x:g}" cy="{middle_y:g}" '
            f'r="{max(radius - 3, 0):g}"{dashes}/>'
        )
    if element.event == "terminate":
        inner = max(radius - 6, 0)
        body += f'<circle class="badge" cx="{middle_x:g}" cy="{middle_y:g}" r="{inner:g}"/>'
    scale = max(width - 12, 1) / 24
    return body + mark(element.event, x + 6, y + 6, scale, filled=element.tag in THROWN)


def _activity(element: Element, shape: Shape, *, is_open: bool) -> str:
    x, y, width, height = shape.x, shape.y, shape.width, shape.height
    dashes = ' stroke-dasharray="2 3"' if element.is_triggered else ""
    body = (
        f'<rect class="shape" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'rx="9"{dashes}/>'
    )
    if element.tag == "transaction":
        body += (
            f'<rect class="mark" x="{x + 3:g}" y="{y + 3:g}" width="{max(width - 6, 0):g}" '
            f'height="{max(height - 6, 0):g}" rx="7"/>'
        )
    body += mark(element.tag, x + 3, y + 3, 0.75, filled=element.tag == "sendTask")
    middle, low = x + width / 2, y + height - 12
    signs = []
    if element.multiple and element.sequential:
        signs.append("m-4 0h8m-8 4h8m-8 4h8")
    elif element.multiple:
        signs.append("m-4 0v8m4-8v8m4-8v8")
    if element.tag in (*BLOCKS, "callChoreography") and not is_open:
        signs.append("m-5-1h10v10h-10zm5 2v6m-3-3h6")
    if element.tag == "adHocSubProcess":
        signs.append("m-5 5q2.5-5 5-1t5-1")
    for place, path in enumerate(signs):
        at = middle + (place - (len(signs) - 1) / 2) * 16
        body += f'<path class="mark" d="M{at:g} {low:g}{path}"/>'
    return body


def draw_artifact(tag: str, shape: Shape) -> str:
    """Return the outline of a data object, a store, a group, a note or a conversation."""
    x, y, width, height = shape.x, shape.y, shape.width, shape.height
    if tag in ("dataObject", "dataObjectReference", "dataInput", "dataOutput"):
        fold = min(width, height) / 3
        return (
            f'<path class="shape" d="M{x:g} {y:g}h{width - fold:g}l{fold:g} {fold:g}'
            f'v{height - fold:g}h-{width:g}z"/>'
            f'<path class="mark" d="M{x + width - fold:g} {y:g}v{fold:g}h{fold:g}"/>'
        )
    if tag == "dataStoreReference":
        bow = height / 8
        ellipse = f"a{width / 2:g} {bow:g} 0 0"
        return (
            f'<path class="shape" d="M{x:g} {y + bow:g}{ellipse} 1 {width:g} 0v{height - 2 * bow:g}'
            f'{ellipse} 1 -{width:g} 0z"/>'
            f'<path class="mark" d="M{x:g} {y + bow:g}{ellipse} 0 {width:g} 0"/>'
        )
    if tag == "group":
        return (
            f'<rect class="lane" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9" '
            'stroke-dasharray="8 3 2 3"/>'
        )
    if tag in ("conversation", "subConversation", "callConversation"):
        side = width / 4
        return (
            f'<path class="shape" d="M{x:g} {y + height / 2:g}l{side:g}-{height / 2:g}'
            f"h{width - 2 * side:g}l{side:g} {height / 2:g}l-{side:g} {height / 2:g}"
            f'h-{width - 2 * side:g}z"/>'
        )
    return f'<path class="mark" d="M{x + 12:g} {y:g}h-12v{height:g}h12"/>'
