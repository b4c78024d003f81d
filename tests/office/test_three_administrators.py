"""Three administrators (三员分立): each has one part, none has another's, none reads a matter."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from tests.office.calls import open_task, register_call
from tests.office.guarded import lacking

Browse = Callable[[str], Client]
EVERYBODY = {
    "login", "profile", "menu", "notices", "procedures", "procedure", "viewer", "bpmn",
    "indicators", "indicator", "indicator-export", "records", "registry", "registry-list",
    "registry-export", "registry-row",
}  # fmt: skip
RESIDENTS = {"home", "privacy", "report", "ask", "care-wish-list", "care-wish-claim"}
OWN = {
    "sys_admin": {"registry-new", "registry-template", "registry-import"},
    "sec_admin": {"alerts", "disclosures", "disclosures-export", "logins", "logins-export"},
    "audit_admin": {
        "audit",
        "audit-check",
        "disclosures",
        "disclosures-export",
        "logins",
        "logins-export",
    },
}
# What a form sends about oneself, or about the browser; and pages that only lead on to others.
ASKED = {
    "code",
    "factor",
    "oidc",
    "oidc-back",
    "language-switch",
    "logout",
    "theme",
    "notices-read",
    "alerts-look",
    "worklist",
}


def every_page(patterns: Any = None) -> Iterator[URLPattern]:
    """Yield every named address of the house."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from every_page(one.url_patterns)


def address_of(page: URLPattern, matter: int, task: int) -> str:
    """Return an address of a page, of something that is there as far as one value can be."""
    known = {
        "pack": "police.gate", "start": "register", "procedure": "police.gate", "key": "calls",
        "table": "divisions", "pk": "1", "matter": matter, "task": task,
    }  # fmt: skip
    return reverse(
        str(page.name),
        kwargs={
            name: known.get(name, 1 if type(kind).__name__ == "Whole" else "x")
            for name, kind in page.pattern.converters.items()
        },
    )


@pytest.mark.parametrize("username", OWN)
def test_each_administrator_opens_the_pages_of_one_part_only(browse: Browse, username: str) -> None:
    matter = register_call(browse("zhang_min"))
    task, client = open_task(matter).pk, browse(username)
    open_to, walked = EVERYBODY | RESIDENTS | OWN[username], set()
    for page in every_page():
        name = str(page.name)
        if name in ASKED:
            continue
        walked.add(name)
        address = address_of(page, matter, task)
        answer = client.get(address)
        assert lacking(answer) == [], name
        if answer.status_code == 405:
            answer = client.post(address)
        if name in open_to:
            assert answer.status_code < 400 or answer.status_code == 404, (name, answer)
        else:
            assert answer.status_code in (403, 404), (name, answer)
        assert "夜间施工噪声" not in getattr(answer, "content", b"").decode(errors="ignore"), name
    assert open_to - walked == set()


def test_no_answer_to_a_stranger_lacks_a_guard(browse: Browse) -> None:
    client = browse("")
    pages = list(every_page())
    assert len(pages) > 100
    for page in pages:
        address = address_of(page, 1, 1)
        assert lacking(client.get(address)) == [], address
        assert lacking(client.post(address)) == [], address
