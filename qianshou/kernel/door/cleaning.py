"""What a form's facts become before they are kept: cleaned, persons in the vault, the rest sealed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel.procedures.forms import Choices, Form, validate
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.registry.vault import keep_persons, seal_facts


def clean_facts(
    form: Form,
    facts: Mapping[str, Any],
    person: int | None,
    at: datetime,
    *,
    choices: Choices = choices_of,
    find_key: Callable[[int], bytes] | None = None,
) -> dict[str, Any]:
    """Return `facts` as `form` keeps them; `person` is whom the matter is about.

    `choices` and `find_key` may answer from memory. Raises Refusals with fields, vault.nobody
    and vault.erased.
    """
    clean = keep_persons(form, validate(form, facts, choices), at)
    return seal_facts(form, clean, person, find_key)
