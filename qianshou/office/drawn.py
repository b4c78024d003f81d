"""The drawn procedure for a page: of one matter with its path, of a procedure with its counts."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup


def draw_matter(
    matter: Any, tasks: Iterable[Any], entries: Iterable[Mapping[str, Any]], language: str
) -> Markup:
    """Return the drawing of a matter's procedure with its tokens, path and late steps."""
    return Markup("")


def draw_counts(digest: str, counts: Mapping[str, Any], language: str) -> Markup:
    """Return the drawing of a version with what is counted at each step."""
    return Markup("")
