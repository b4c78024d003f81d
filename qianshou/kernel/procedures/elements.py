"""What a BPMN file holds, as read: elements, flows, what is only drawn, and where it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qianshou.kernel.refusal import Refusal


@dataclass(frozen=True)
class Shape:
    """Where an element is drawn: left, top, width, height; its label's place, if apart."""

    x: float
    y: float
    width: float
    height: float
    label: tuple[float, float, float, float] | None = None
    is_horizontal: bool = True
    is_expanded: bool = True


@dataclass(frozen=True)
class Edge:
    """Where a flow is drawn: its bends, and its label's place, if given."""

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Element:
    """A node of a process as the file has it; `attributes` in our words.

    `event` is its trigger (none, timer, message, signal, error, escalation, terminate, link);
    `message` names what is sent or awaited ("signal:NAME" for a signal), `code` the error or
    escalation. `is_triggered` marks an event sub-process.
    """

    id: str
    tag: str
    kind: str
    name: str
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    container: str = ""
    default: str = ""
    attached_to: str = ""
    interrupting: bool = True
    event: str = ""
    timer: str = ""
    message: str = ""
    code: str = ""
    called: str = ""
    multiple: str = ""
    sequential: bool = False
    completion: str = ""
    is_triggered: bool = False


@dataclass(frozen=True)
class Flow:
    """A sequence flow with its FEEL condition, if any."""

    id: str
    name: str
    source: str
    target: str
    condition: str
    line: int
    name_en: str = ""


@dataclass(frozen=True)
class Drawn:
    """An element that is only drawn: pools, lanes, data, notes, and the links between them."""

    id: str
    tag: str
    name: str
    source: str = ""
    target: str = ""
    name_en: str = ""


@dataclass(frozen=True)
class Ignored:
    """What another tool wrote at an element and nobody here reads."""

    element: str
    line: int
    name: str


@dataclass(frozen=True)
class Model:
    """One executable process and everything its file draws; `backdrop` is what does not run."""

    id: str
    name: str
    name_en: str
    source: str
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    drawn: Mapping[str, Drawn]
    shapes: Mapping[str, Shape]
    edges: Mapping[str, Edge]
    backdrop: Mapping[str, Element] = field(default_factory=dict)
    backdrop_flows: Mapping[str, Flow] = field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()


class Flaw(Refusal):
    """A refusal that knows its place: the element, its line, and the bare problem."""

    def __init__(self, source: str, key: str, place: int, code: str, zh: str, en: str) -> None:
        super().__init__(
            code,
            f"{source} 第 {place} 行 {key}：{zh}",
            f"{source}, line {place}, {key}: {en}",
            key,
        )
        self.line = place
        self.problem = (zh, en)
