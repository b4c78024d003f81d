"""What a compiled procedure is made of: nodes and the ways between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qianshou.kernel.procedures.feel import Expression


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence flow as the engine takes it: where to, and on which condition."""

    id: str
    target: str
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `kind` is start, end, terminate, user, service, rule, throw, pass, catch,
    boundary, listen (the start of an event sub-process), xor, and, or, event, call. `container` is
    the call it lies in ("" at the top); `page` names
    the address of its pack at which a human step is done, where the form alone will not do.
    Of several instances, `sequential` opens one after the other, and `completion` says when the
    rest is left out. `trigger` is "error" or "escalation" where one is thrown or caught, `code`
    which (any, where it is caught without); a message named "signal:…" is a signal.
    """

    id: str
    kind: str
    name: str
    name_en: str
    container: str
    ways: tuple[Way, ...] = ()
    default: str = ""
    incoming: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = ()
    host: str = ""
    interrupting: bool = True
    timer: Expression | None = None
    message: str = ""
    posts: tuple[str, ...] = ()
    form: str = ""
    page: str = ""
    organisation: Expression | None = None
    assignee: Expression | None = None
    due: Expression | None = None
    due_source: str = ""
    return_to: tuple[str, ...] | None = None
    effect: str = ""
    decision: str = ""
    collection: Expression | None = None
    element: str = ""
    results: str = ""
    entry: str = ""
    milestone: tuple[str, str] = ("", "")
    reaches: frozenset[str] = frozenset()
    sequential: bool = False
    completion: Expression | None = None
    trigger: str = ""
    code: str = ""
    is_triggered: bool = False

    def expressions(self) -> Iterator[Expression]:
        """Yield all that this node computes."""
        conditions = (way.condition for way in self.ways)
        told = (self.timer, self.due, self.organisation, self.assignee, self.collection)
        yield from (one for one in (*conditions, self.completion, *told) if one is not None)

    @property
    def is_armed(self) -> bool:
        """Whether a token stands here and waits for a timer, a message or a signal."""
        return not self.trigger

    @property
    def is_counted(self) -> bool:
        """Whether its instances are counted: one after the other, or until enough are done."""
        return self.sequential or self.completion is not None

    @property
    def is_plain(self) -> bool:
        """Whether this is a human step done once, with nothing listening beside it."""
        return self.kind == "user" and not self.boundaries and self.collection is None


def catcher(candidates: Iterable[Node], thrown: Node) -> Node | None:
    """Return which of some events catches an error or escalation: the one of its code before one
    that catches any; None when none does.
    """
    fitting = [
        node
        for node in candidates
        if node.trigger == thrown.trigger and node.code in ("", thrown.code)
    ]
    return max(fitting, key=lambda node: bool(node.code), default=None)
