"""Three administrators (三员分立): each has one part, none has another's, none reads a matter."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.office.calls import open_task, register_call
from tests.office.guarded import lacking

Browse = Callable[[str], Client]
Page = tuple[str, URLPattern]
EVERYBODY = {
    "login", "profile", "menu", "notices", "procedures", "procedure", "viewer", "bpmn",
    "indicators", "indicator", "indicator-export", "records", "registry", "registry-list",
    "registry-export", "registry-row", "notices-export", "indicators-export", "publications",
    "publications-export",
}  # fmt: skip
MACHINES = {
    "health-live", "metrics", "open311-description", "open311-discovery", "open311-services",
    "open311-requests", "api:openapi-json",
}  # fmt: skip
RESIDENTS = {"home", "privacy", "report", "ask", "care-wish-list", "care-wish-claim"}
OWN = {
    "sys_admin": {"registry-new", "registry-template", "registry-import", "tokens", "robots"},
    "sec_admin": {
        "alerts",
        "disclosures",
        "disclosures-export",
        "logins",
        "logins-export",
        "substitution",
    },
    "audit_admin": {
        "audit",
        "audit-check",
        "audit-export",
        "audit-ocel",
        "deposit",
        "disclosures",
        "disclosures-export",
        "logins",
        "logins-export",
    },
}
# What a form sends about oneself, or about the browser; pages that only lead on to others;
# and whether the machine is ready, which depends on no one's part.
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
    "health-ready",
}


def every_page(within: URLResolver | None = None, space: str = "") -> Iterator[Page]:
    """Yield the name of every address of the house, with what it leads to."""
    for one in (within or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield f"{space}{one.name}", one
        else:
            yield from every_page(one, f"{space}{one.namespace}:" if one.namespace else space)


def address_of(name: str, page: URLPattern, matter: int, task: int) -> str:
    """Return an address of a page, of something that is there as far as one value can be."""
    known = {
        "pack": "police.gate", "start": "register", "procedure": "police.gate", "key": "calls",
        "table": "divisions", "pk": "1", "matter": matter, "task": task, "ending": "json",
        "name": "claim",
    }  # fmt: skip
    return reverse(
        name,
        kwargs={
            part: known.get(part, 1 if type(kind).__name__ == "Whole" else "x")
            for part, kind in page.pattern.converters.items()
        },
    )


@pytest.mark.parametrize("username", OWN)
def test_each_administrator_opens_the_pages_of_one_part_only(browse: Browse, username: str) -> None:
    matter = register_call(browse("zhang_min"))
    task, client = open_task(matter).pk, browse(username)
    open_to, walked = EVERYBODY | MACHINES | RESIDENTS | OWN[username], set()
    for name, page in every_page():
        if name in ASKED:
            continue
        walked.add(name)
        address = address_of(name, page, matter, task)
        answer: Any = client.get(address)
        assert lacking(answer) == [], name
        if answer.status_code == 405:
            answer = client.post(address)
        if name in open_to:
            # 422 where there is nothing to deposit yet.
            assert answer.status_code < 400 or answer.status_code in (404, 422), (name, answer)
        else:
            # The interface knows tokens only, whoever is logged in.
            refused = (401, 404) if name.startswith("api:") else (403, 404)
            assert answer.status_code in refused, (name, answer)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert "夜间施工噪声" not in body.decode(errors="ignore"), name
    assert open_to - walked == set()


def test_no_answer_to_a_stranger_lacks_a_guard(browse: Browse) -> None:
    client = browse("")
    pages = list(every_page())
    assert len(pages) > 100
    for name, page in pages:
        address = address_of(name, page, 1, 1)
        assert lacking(client.get(address)) == [], address
        assert lacking(client.post(address)) == [], address
