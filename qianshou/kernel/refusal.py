"""Errors that a user can mend: a stable code, both languages, the field."""

from collections.abc import Iterable


class Refusal(Exception):
    """Something was refused; the message says how to mend it.

    `code` is a stable ASCII id such as "engine.not_waiting"; `zh` and `en` are
    complete sentences; `field` names the form field, element or column at fault.
    """

    def __init__(self, code: str, zh: str, en: str, field: str | None = None) -> None:
        super().__init__(zh)
        self.code = code
        self.zh = zh
        self.en = en
        self.field = field

    def text(self, language: str) -> str:
        """Return the sentence in `language` ("zh-hans", "en", …); Chinese for any "zh"."""
        return self.zh if language.startswith("zh") else self.en


class Refusals(Exception):
    """Several refusals at once: a form with bad fields, a sheet with bad rows."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("；".join(refusal.zh for refusal in self.refusals))
