"""What nobody means to send: no page of officers or residents breaks over it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.office.calls import register_call

Browse = Callable[[str], Client]
VALUES = (
    "²", "-1", "1e9", "9" * 30, "9" * 19, "\0", "0001-01-01", "9999-12-31", "2024-02-29",
    "2024-02-30", "0001-01-01T00:00:00+14:00_1", "2026-01-01T00:00:00_1", "<script>",
)  # fmt: skip
ASKED = {
    "/": ("task", "after", "town", "level", "procedure", "q", "list"),
    "/list/rows/": ("after", "town", "q"),
    "/m/": ("after", "town", "q", "state", "sort", "level", "procedure"),
    "/notices/": ("before",),
    "/indicators/": ("from", "to", "town", "compare"),
    "/indicators/police.gate/calls/": ("from", "to", "town"),
    "/indicators/police.gate/calls/records/": ("value", "by", "after", "from", "to"),
    "/campaigns/": ("after",),
    "/registry/officers/": ("page", "s", "sort", "state"),
    "/registry/divisions/": ("page", "s"),
    "/procedures/police.gate/": ("version",),
    "/login/": ("next",),
    "/r/say/police.gate/report/": ("town",),
    "/r/f/": ("code",),
}


@pytest.mark.parametrize("who", ["zhang_min", ""])
@pytest.mark.parametrize("address", ASKED)
def test_no_value_in_an_address_breaks_a_page(browse: Browse, address: str, who: str) -> None:
    client = browse(who)
    for name in ASKED[address]:
        for value in VALUES:
            told = {name: value, "by": "division"} if name == "value" else {name: value}
            assert client.get(address, told).status_code < 500, (name, value)


@pytest.mark.parametrize("words", ["²", "'", "\\", "''", "-", " 。"])
def test_words_that_cannot_be_looked_for_find_nothing(browse: Browse, words: str) -> None:
    client = browse("zhang_min")
    matter = register_call(client)
    for address in ("/", "/list/rows/", "/m/", "/registry/organisations/"):
        link = "/registry/organisations/row/" if "registry" in address else f"/m/{matter}/"
        assert link in client.get(address).content.decode(), address
        if "registry" in address:
            found = client.post(address, {"seek": words}, follow=True)
        else:
            found = client.get(address, {"q": words})
        assert link not in found.content.decode(), address


def test_both_ends_of_time_can_be_compared(browse: Browse) -> None:
    client = browse("zhang_min")
    for first, last in (("1900-01-01", "1900-01-31"), ("2200-12-01", "2200-12-31")):
        for compare in ("year", "before"):
            asked = {"from": first, "to": last, "compare": compare}
            assert client.get("/indicators/police.gate/calls/", asked).status_code == 200


@pytest.mark.parametrize("number", ["9" * 18, "9" * 30, "²"])
def test_numbers_that_no_database_holds_lead_nowhere(browse: Browse, number: str) -> None:
    client = browse("zhang_min")
    for address in (f"/m/{number}/", f"/list/{number}/", f"/registry/officers/row/{number}/"):
        assert client.get(address).status_code == 404


def test_no_value_in_a_form_breaks_an_act(browse: Browse) -> None:
    client = browse("zhang_min")
    matter = register_call(client)
    sent: list[tuple[str, Any]] = [
        ("/list/batch/", ("task", "officer", "back")),
        ("/notices/read/", ("notice",)),
        (f"/m/{matter}/claim/", ("task",)),
        (f"/m/{matter}/complete/", ("task", "kind", "lead")),
        (f"/m/{matter}/transfer/", ("task", "officer")),
        (f"/m/{matter}/return/", ("task", "target")),
        ("/open/police.gate/register/", ("summary", "place.division", "source", "caller.phone")),
        ("/r/say/police.gate/report/", ("summary", "place.division", "mark")),
        ("/login/", ("username", "password")),
    ]
    for address, names in sent:
        for name in names:
            for value in VALUES:
                extra = {"act": "transfer", "task": "1"} if name == "officer" else {}
                answer = client.post(address, {**extra, name: value})
                assert answer.status_code < 500, (address, name, value)


def test_what_looks_like_markup_stays_text(browse: Browse) -> None:
    client = browse("zhang_min")
    told = '<script>alert(1)</script>"onload="x'
    matter = register_call(client, summary=told)
    for address in (f"/m/{matter}/", "/m/", "/"):
        text = client.get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in text, address
        assert "<script>alert" not in text, address
        assert '"onload="' not in text, address


def test_a_nul_is_answered_with_a_sentence(browse: Browse) -> None:
    answer = browse("").get("/r/say/police.gate/report/", {"town": "\0"})
    assert answer.status_code == 400
    assert "看不懂这个请求" in answer.content.decode()
