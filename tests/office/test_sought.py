"""What somebody looks for (names, numbers) stands in no address: a search goes on sealed."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from qianshou.design.sought import LONGEST, seal_words
from qianshou.kernel.clock import now
from qianshou.kernel.registry.models import Division, Officer
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.tests.families import Family

Browse = Callable[[str], Client]
ROOT = Path(__file__).resolve().parents[2]
NAME = "王青青"
PAGES = (
    ("lin_yue", "/p/care/"), ("lin_yue", "/p/care/hazards/"), ("lin_yue", "/p/care/wishboard/"),
    ("deng_hong", "/p/care/enrol/"), ("deng_hong", "/p/care/pledges/"),
    ("deng_hong", "/p/care/vetting/"), ("deng_hong", "/p/care/pairing/"),
    ("zhou_jie", "/p/care/commendations/"), ("zhang_min", "/registry/officers/"),
    ("zhang_min", "/registry/postings/"),
)  # fmt: skip
LINK = re.compile(r'(?:href|action|hx-get)="([^"]*)"')


@pytest.fixture
def children(district: None) -> list[Child]:
    """Return three girls of Lin Yue, two of one name."""
    family = Family(now())
    return [family.child(name=name) for name in ("刘小禾", NAME, NAME)]


def officer(username: str) -> int:
    return Officer.objects.get(username=username).pk


def links_in(text: str) -> list[str]:
    return LINK.findall(text.replace("&amp;", "&"))


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_name_that_was_looked_for_is_in_no_link_and_still_in_the_box(
    browse: Browse, children: list[Child], who: str, address: str
) -> None:
    client = browse(who)
    assert 'name="seek"' in client.get(address).content.decode()
    answer = client.post(address, {"seek": NAME, "sort": "new"})
    location = answer["Location"]
    assert answer.status_code == 302
    assert location.startswith(f"{address}?sort=new&s=")
    text = client.get(location).content.decode()
    if address != "/p/care/pledges/":
        assert f'value="{NAME}"' in text
    for link in [location, *links_in(text)]:
        assert NAME not in link
        assert quote(NAME) not in link
        assert "q=" not in link


def test_a_town_s_page_takes_its_search_by_post_too(browse: Browse, children: list[Child]) -> None:
    town = Division.objects.get(pk=children[0].town_id)
    address = reverse("care-pairing-town", args=[town.code])
    code = children[0].code
    text = browse("zhou_jie").post(address, {"seek": code[2:]}, follow=True).content.decode()
    assert code in text
    assert children[1].code not in text
    assert not [link for link in links_in(text) if code[2:] in link and "s=" in link]


def test_pages_sheets_and_requests_go_on_with_what_was_looked_for(
    browse: Browse, children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianshou.packs.commission.care.pages.children.PAGE", 1)
    lin = browse("lin_yue")
    first = lin.post("/p/care/", {"seek": "青青"}, follow=True).content.decode()
    following = next(link for link in links_in(first) if "after=" in link)
    second = lin.get(f"/p/care/{following}").content.decode()
    pages = [{one.code for one in children if one.code in text} for text in (first, second)]
    assert pages[0] | pages[1] == {one.code for one in children[1:]}
    asking = next(link for link in links_in(first) if link.startswith("/p/care/namesheets/new/?"))
    offered = lin.get(asking).content.decode()
    assert [one.code in offered for one in children] == [False, True, True]
    sheet = next(link for link in links_in(first) if link.startswith("/p/care/export/"))
    assert lin.get(sheet).status_code == 200


def test_words_in_the_open_are_not_read(browse: Browse, children: list[Child]) -> None:
    text = browse("lin_yue").get("/p/care/", {"q": "青青"}).content.decode()
    assert children[0].code in text
    assert "青青" not in text


def test_an_address_of_somebody_else_looks_for_nothing(
    browse: Browse, children: list[Child]
) -> None:
    theirs = seal_words("青青", officer("fang_ting"))
    for mark in (theirs, theirs[:-4], "²", "x", "=" * 9, "A" * 80):
        text = browse("lin_yue").get("/p/care/", {"s": mark}).content.decode()
        assert all(one.code in text for one in children), mark
        assert "青青" not in text


def test_the_same_words_are_sealed_differently_each_time_and_cut(children: list[Child]) -> None:
    who = officer("lin_yue")
    assert seal_words("青青", who) != seal_words("青青", who)
    assert seal_words("  ", who) == ""
    assert len(seal_words("青" * 500, who)) == len(seal_words("青" * LONGEST, who))


def test_an_empty_search_leads_to_the_whole_list(browse: Browse, children: list[Child]) -> None:
    answer = browse("lin_yue").post("/p/care/", {"seek": " "})
    assert (answer.status_code, answer["Location"]) == (302, "/p/care/")


def test_a_search_by_nobody_leads_nowhere(browse: Browse, children: list[Child]) -> None:
    assert Client().post("/p/care/", {"seek": "青青"}).status_code == 405
    assert Client().post("/registry/officers/", {"seek": "青青"}).status_code == 405


def test_no_page_of_care_or_the_registry_sends_a_search_by_get() -> None:
    folders = ("qianshou/packs/commission/care/jinja2", "qianshou/office/jinja2/office/registry")
    pages = [path for folder in folders for path in (ROOT / folder).rglob("*.html")]
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'name="q"' not in text, page
        assert "words|urlencode" not in text, page
        for form in re.findall(r"<form[^>]*>(?:(?!</form>).)*</form>", text, re.DOTALL):
            if 'type="search"' in form:
                assert 'method="post"' in form.partition(">")[0], page
                assert "{{ csrf_input }}" in form, page
