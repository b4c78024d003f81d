"""What was refused, as a page shows it: sentences in its language, by field."""

from django.utils.translation import get_language

from qianshou.kernel.refusal import Refusal, Refusals


def language() -> str:
    """Return the language of the page."""
    return get_language() or "zh-hans"


def by_field(error: Refusal | Refusals) -> dict[str, list[str]]:
    """Return the sentences of what was refused, by field; "" holds those without a field."""
    found: dict[str, list[str]] = {}
    for refusal in error.refusals if isinstance(error, Refusals) else (error,):
        found.setdefault(refusal.field or "", []).append(refusal.text(language()))
    return found
