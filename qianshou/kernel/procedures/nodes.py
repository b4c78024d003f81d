"""What a compiled procedure is made of: nodes and the ways between them."""

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
    boundary, xor, and, or, call. `container` is the call it lies in ("" at the top); `page` names
    the address of its pack at which a human step is done, where the form alone will not do.
    Of several instances, `sequential` opens one after the other, and `completion` says when the
    rest is left out.
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

    @property
    def is_counted(self) -> bool:
        """Whether its instances are counted: one after the other, or until enough are done."""
        return self.sequential or self.completion is not None

    @property
    def is_plain(self) -> bool:
        """Whether this is a human step done once, with nothing listening beside it."""
        return self.kind == "user" and not self.boundaries and self.collection is None
