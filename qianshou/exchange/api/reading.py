"""What a program sends for a form, read as the form's page would have sent it."""

from collections.abc import Mapping
from typing import Any

from qianshou.design.fields import photos_kept
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.refusal import Refusal, Refusals


def read_facts(form: Form, given: Mapping[str, Any], person: int | None) -> dict[str, Any]:
    """Return the raw facts of `given`, for the door to check by the form's rules.

    Photos are marks that the interface gave when it took them in; whom a matter is about is
    `person`. Refuses what the form does not ask for (api.unknown), a reference to a person kept
    already (api.person), and photos about a person, which only the page can seal (api.photos).
    """
    raw = dict(given)
    refusals = [
        _refused("api.unknown", name, "表单没有这一项", "The form does not ask for this")
        for name in sorted(set(given) - {field.id for field in form.fields})
    ]
    for field in form.fields:
        value = given.get(field.id)
        if value in (None, "", [], {}):
            continue
        if field.vault or field.widget == "person":
            if not isinstance(value, Mapping) or set(value) - {"name", "phone"}:
                refusals.append(
                    _refused(
                        "api.person",
                        field.id,
                        "只能写 name 和 phone",
                        "Only name and phone can be written",
                    )
                )
        elif field.widget == "photos":
            marks = value if isinstance(value, list) else []
            raw[field.id] = photos_kept([str(mark) for mark in marks])
            if person is not None or len(raw[field.id]) != len(marks) or not marks:
                refusals.append(
                    _refused(
                        "api.photos",
                        field.id,
                        "照片要先经 /photos 上传；关于个人的照片只能在页面上传",
                        "Send photos to /photos first; those about a person on the page only",
                    )
                )
    if refusals:
        raise Refusals(refusals)
    return raw


def _refused(code: str, field: str, zh: str, en: str) -> Refusal:
    return Refusal(code, zh, en, field)
