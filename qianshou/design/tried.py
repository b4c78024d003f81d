"""A form of a page with several that was refused, as it is shown again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tried:
    """A form of the page that was refused: which, what was typed, the sentences by field."""

    form: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)

    def refused(self, form: str) -> Mapping[str, list[str]]:
        """Return the sentences for one form of the page."""
        return self.errors if form == self.form else {}

    def typed(self, form: str, name: str, given: Any = "") -> Any:
        """Return what was typed into a field of one form of the page, or else what is `given`."""
        return self.sent.get(name, "") if form == self.form else given
