"""The drawn procedure for a page: of one matter with its path, of a procedure with its counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from qianshou.design.environment import span_words
from qianshou.kernel.ledger.replay import path_of
from qianshou.kernel.procedures.drawing import Standing, draw
from qianshou.kernel.procedures.elements import Model
from qianshou.kernel.procedures.versions import model_of
from qianshou.kernel.worklist.stays import Stay

OPEN = 0


def draw_matter(
    matter: Any, tasks: Iterable[Any], entries: list[dict[str, Any]], at: datetime, language: str
) -> Markup:
    """Return the drawing of a matter's procedure with its tokens, path and late steps."""
    model = model_of(matter.version.digest)
    path = path_of(entries)
    waiting = {top(task.node): task for task in tasks if task.state == OPEN}
    standing = Standing(
        done={top(node) for passed in path for node in passed},
        now=set(waiting),
        late={node for node, task in waiting.items() if task.due_at < at},
        taken=ways_taken(model, path),
    )
    return Markup(draw(model, standing, language))  # noqa: S704 - draw escapes every text


def top(node: str) -> str:
    """Return the element of the drawn file in which a node lies: itself, or the call around it."""
    return node.partition("/")[0]


def ways_taken(model: Model, path: list[tuple[str, ...]]) -> set[str]:
    """Return the flows between elements passed; of an exclusive choice only the ways chosen."""
    passed = {top(node) for nodes in path for node in nodes}
    chosen = {(one, other) for nodes in path for one, other in pairwise(nodes)}
    return {
        flow.id
        for flow in model.flows.values()
        if flow.source in passed
        and flow.target in passed
        and (
            model.elements[flow.source].kind != "xor"
            or any(one == flow.source and top(other) == flow.target for one, other in chosen)
        )
    }


def draw_counts(digest: str, counts: Mapping[str, Stay], language: str) -> Markup:
    """Return the drawing of a version with what is counted at each step."""
    model = model_of(digest)
    texts: dict[str, str] = {}
    for node, stay in counts.items():
        if "/" not in node:
            median = "" if stay.median is None else f" · {span_words(stay.median)}"
            texts[node] = f"{stay.open}{median}"
    standing = Standing(now={node for node, stay in counts.items() if stay.open}, counts=texts)
    return Markup(draw(model, standing, language))  # noqa: S704 - draw escapes every text
