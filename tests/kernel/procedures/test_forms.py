"""Forms that bring a person's sheets up to date: they ask for the sheets' own fields as well."""

import json

import pytest

from qianshou.kernel.procedures.forms import Form, join_sheets, load_form, validate
from qianshou.kernel.refusal import Refusals


def make_form(name: str, told: dict[str, object]) -> Form:
    whole = {"type": "object", "title": "表", "x-en": "Form", **told}
    return load_form(json.dumps(whole).encode(), f"{name}.json")


HOUSE = make_form(
    "house",
    {
        "properties": {
            "members": {"title": "成员", "x-en": "Members", "maxLength": 5},
            "rooms": {
                "type": "integer", "title": "房间", "x-en": "Rooms", "x-when": 'members = "x"',
            },
        },
        "required": ["members"],
    },
)  # fmt: skip


def visit() -> Form:
    note = {"note": {"title": "说明", "x-en": "Note"}}
    form = make_form("visit", {"properties": note, "x-sheets": ["house"]})
    return join_sheets(form, lambda name: {"house": HOUSE}[name])


def test_the_fields_of_a_sheet_follow_sealed_and_optional_under_their_own_names() -> None:
    fields = {field.id: field for field in visit().fields}
    assert list(fields) == ["note", "house_members", "house_rooms"]
    assert fields["house_rooms"].sealed
    assert not fields["house_members"].required
    assert validate(visit(), {"house_rooms": "3"}, lambda _: ()) == {"house_rooms": 3}


def test_a_form_without_sheets_stays_as_it_is() -> None:
    assert join_sheets(HOUSE, lambda name: HOUSE) is HOUSE


AMOUNTS = load_form(
    """{"title": "金额", "x-en": "Amounts", "type": "object", "properties": {
    "amount": {"type": "number", "title": "金额", "x-en": "Amount"},
    "count": {"type": "integer", "title": "数量", "x-en": "Count"}}}""".encode(),
    "amounts",
)


@pytest.mark.parametrize(
    "given", ["1234567890123456.789", "0.12345678901234567", "1e6000", "1e-6000"]
)
def test_a_number_that_would_lose_digits_is_refused_and_not_rounded(given: str) -> None:
    with pytest.raises(Refusals) as refused:
        validate(AMOUNTS, {"amount": given}, lambda name: ())
    assert [(one.code, one.field) for one in refused.value.refusals] == [("form.digits", "amount")]


def test_all_digits_of_a_number_are_kept() -> None:
    told = {"amount": "123456789012.34", "count": "9" * 34}
    found = validate(AMOUNTS, told, lambda name: ())
    assert found == {"amount": 123456789012.34, "count": 10**34 - 1}
    assert validate(AMOUNTS, {"amount": "0.0", "count": "-7"}, lambda name: ()) == {
        "amount": 0, "count": -7,
    }  # fmt: skip
