"""Everything that can be done to a matter (办理动作), as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Open:
    """Open a matter under `procedure` by the way in `start` of its pack.

    `circle` names who alone may see it, `person` under whose key its sealed facts lie.
    """

    procedure: str
    facts: Mapping[str, Any]
    start: str
    organisation: str = ""
    receipt: str = ""
    via: str = "page"
    circle: int | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """Complete (办结) a task with its form's facts."""

    task: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """Take (签收) a free task of a post one holds."""

    task: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give a claimed task back to its post."""

    task: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand a task (转办) to another officer of the same post, for good.

    `organisation` is where that officer sits, if elsewhere: the clock alone hands it so far.
    """

    task: int
    officer: int
    reason: str
    organisation: int | None = None


@dataclass(frozen=True, slots=True)
class Delegate:
    """Ask a colleague (委托) to do a task that one holds; it comes back when done."""

    task: int
    officer: int
    reason: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Give a delegated task back done (交回): its form as a draft, and an opinion."""

    task: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """Take back a task that one has delegated (收回委托)."""

    task: int


@dataclass(frozen=True, slots=True)
class Reassign:
    """Give the tasks of a matter that an officer holds at posts no longer theirs back to the
    posts (the clock's act).
    """

    matter: int
    officer: int


@dataclass(frozen=True, slots=True)
class Return:
    """Send a matter back (退回) from a task to an earlier step; `straight` asks that it then come
    right back here (重审直达).
    """

    task: int
    target: str
    reason: str
    straight: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Pull back (撤回) one's own last completion while nobody has taken up what followed."""

    task: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Urge:
    """Nudge (催办) whoever holds the open tasks of a matter."""

    matter: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Supervise:
    """Put a matter under supervision (督办), or end it."""

    matter: int
    text: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop the clock of a matter (挂起): expert review, waiting for papers."""

    matter: int
    text: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a suspended matter's clock run again (恢复)."""

    matter: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class AddSigner:
    """Let one more officer sign (加签) beside a signing task, or next where they sign in turn; or,
    with `before`, sign first while the task waits (前加签).
    """

    task: int
    officer: int
    reason: str
    before: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """Give one's opinion on a task that waits for it (审签)."""

    task: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class RemoveSigner:
    """Let the officer of a signing task not sign (减签)."""

    task: int
    reason: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Let officers read a matter (抄送), or no longer."""

    matter: int
    officers: tuple[int, ...]
    text: str = ""
    on: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """Say that one has read a matter that was copied to one (阅办)."""

    matter: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """Leave a remark on a matter."""

    matter: int
    text: str


@dataclass(frozen=True, slots=True)
class Attach:
    """Hang stored documents, by digest and name, on a matter."""

    matter: int
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Say that two matters belong together (关联)."""

    matter: int
    other: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """End a matter as a duplicate of another (并案); whoever follows it sees the other."""

    matter: int
    into: int
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """Make a part of a matter a matter of its own (拆分), by `start` of its procedure."""

    matter: int
    start: str
    facts: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Disclose:
    """Read a person's sealed fields for a stated purpose."""

    matter: int
    fact: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Fire:
    """A timer of a matter has come (the clock's act)."""

    matter: int
    token: int


@dataclass(frozen=True, slots=True)
class Warn:
    """A task has turned amber or late (the clock's act)."""

    task: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message that a matter waits for has come."""

    matter: int
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Migrate:
    """Move (迁移) a matter to another version of its procedure by an approved plan (the worker's)."""

    matter: int
    migration: int


Act = (
    Open
    | Complete
    | Claim
    | Release
    | Transfer
    | Delegate
    | Resolve
    | Recall
    | Reassign
    | Return
    | Withdraw
    | Urge
    | Supervise
    | Suspend
    | Resume
    | AddSigner
    | Sign
    | RemoveSigner
    | Copy
    | Read
    | Comment
    | Attach
    | Link
    | Merge
    | Split
    | Disclose
    | Fire
    | Warn
    | Deliver
    | Migrate
)
