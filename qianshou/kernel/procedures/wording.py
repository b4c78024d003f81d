"""Words of a version for people: the milestones a matter passes, the names of its facts."""

from collections.abc import Mapping
from functools import lru_cache

from qianshou.kernel.procedures.forms import Field
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.versions import compiled, form_of


@lru_cache(maxsize=256)
def milestones_of(digest: str) -> tuple[tuple[str, str], ...]:
    """Return the milestones (zh, en) of a version in drawn order, each once."""
    nodes = compiled(digest).nodes.values()
    return tuple(dict.fromkeys(node.milestone for node in nodes if node.milestone[0]))


@lru_cache(maxsize=256)
def stages_of(digest: str) -> Mapping[str, tuple[int, int]]:
    """Return (which, of how many) for every human step of a version.

    A procedure with milestones is counted in milestones, another in its own steps.
    """
    procedure = compiled(digest)
    named = milestones_of(digest)
    found: dict[str, tuple[int, int]] = {}
    if len(named) < 2:
        steps = procedure.steps()
        return {node.id: (place, len(steps)) for place, node in enumerate(steps, start=1)}
    here = 1
    for node in procedure.nodes.values():
        if node.milestone[0]:
            here = named.index(node.milestone) + 1
        if node.kind == "user":
            found[node.id] = (here, len(named))
    return found


@lru_cache(maxsize=256)
def fields_of(digest: str) -> Mapping[str, Field]:
    """Return every field that some form of a version asks for, by its id: those of the ways in
    first, then those of the steps in their order.
    """
    forms = Version.objects.values_list("sources", flat=True).get(digest=digest)["forms"]
    used = dict.fromkeys(node.form for node in compiled(digest).nodes.values() if node.form)
    found: dict[str, Field] = {}
    for name in (*(name for name in forms if name not in used), *used):
        for field in form_of(digest, name).fields:
            found.setdefault(field.id, field)
    return found


def choice_label(field: Field | None, value: object, language: str) -> str:
    """Return the name of a value among a field's own choices; the value itself otherwise."""
    if field is not None:
        for choice in field.choices:
            if choice.value == value:
                return choice.zh if language.startswith("zh") else choice.en
    return str(value)
