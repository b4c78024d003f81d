"""Rows that other rows point at: how they are called, chosen from, and found by a text."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model, Q

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Officer, Organisation, Post

Find = Callable[[str, str], Any]
MODELS: Mapping[str, type[Model]] = {
    "divisions": Division,
    "organisations": Organisation,
    "posts": Post,
    "officers": Officer,
}
CURRENT: Mapping[str, Q] = {
    "divisions": Q(valid_to=None),
    "organisations": Q(valid_to=None),
    "posts": Q(),
    "officers": Q(is_active=True),
}
ORDER: Mapping[str, str] = {
    "divisions": "path",
    "organisations": "id",
    "posts": "pack",
    "officers": "name",
}


def short_name(row: Any, language: str) -> str:
    """Return how a list calls the row that another points at; "" for none."""
    if row is None:
        return ""
    english = getattr(row, "name_en", "")
    return row.name if language.startswith("zh") or not english else english


def full_name(row: Any, language: str) -> str:
    """Return how forms and sheets call a row: with its code where names are not unique."""
    if row is None:
        return ""
    if isinstance(row, Organisation):
        return short_name(row, language)
    code = row.username if isinstance(row, Officer) else row.code
    return f"{short_name(row, language)}（{code}）"


def options_of(refers: str, language: str, kept: Any = None) -> list[tuple[str, str]]:
    """Return what a form offers: (key, name) of current rows, and of the one already `kept`."""
    rule = CURRENT[refers]
    if kept is not None:
        rule |= Q(pk=kept)
    rows = MODELS[refers]._default_manager.filter(rule).order_by(ORDER[refers], "pk")
    return [(str(row.pk), full_name(row, language)) for row in rows]


def find_by_key(refers: str, text: str) -> Any:
    """Return the row that a form's field names by its key, or None."""
    try:
        return MODELS[refers]._default_manager.filter(pk=text).first()
    except ValueError:
        return None


class NameFinder:
    """Finds the row that a sheet means by a text; each table is read once.

    A text may be the full name, the code or account, or a name that only one row has.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[Any]]] = {}

    def __call__(self, refers: str, text: str) -> Any:
        """Return the row, or None; raises Refusal registry.ambiguous where there are several."""
        rows = self._named(refers).get(text.strip(), [])
        if len(rows) > 1:
            raise Refusal(
                "registry.ambiguous",
                f"“{text}”不止一个，请写代码或账号",
                f"There is more than one “{text}”; write the code or the account",
            )
        return rows[0] if rows else None

    def learn(self, refers: str, row: Any) -> None:
        """Let a row that the sheet itself will add be found by the rows after it."""
        named = self._named(refers)
        for text in names_of(row):
            named.setdefault(text, []).append(row)

    def _named(self, refers: str) -> dict[str, list[Any]]:
        if refers not in self._known:
            self._known[refers] = {}
            for row in MODELS[refers]._default_manager.order_by("pk"):
                self.learn(refers, row)
        return self._known[refers]


def names_of(row: Any) -> set[str]:
    """Return every text by which a sheet may mean a row."""
    code = row.username if isinstance(row, Officer) else row.code
    texts = {code, row.name}
    for language in ("zh-hans", "en"):
        texts |= {full_name(row, language), short_name(row, language)}
    return texts
