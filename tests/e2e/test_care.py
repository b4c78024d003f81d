"""A visit on a bad network, in a browser: kept on the phone, sent when the network is back, once."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, faults_of

NOTE = "院门外的水井没有盖板"


def begin_visit(page: Page, place: int = 0) -> str:
    """Start a visit of the list, open its registers and return its address."""
    page.locator(".kid-go a.p").nth(place).click()
    address = page.url
    page.click("form[data-purpose] button.p")
    page.wait_for_selector("form[data-visit]")
    return address


def fill_in(page: Page, note: str = NOTE) -> None:
    """Fill in the form of a visit on which nothing changed."""
    page.check('input[name="done"][value="visit"]', force=True)
    page.check('input[name="met"][value="child"]', force=True)
    page.fill('input[name="on"]', page.evaluate("new Date().toLocaleDateString('sv')"))
    page.check('input[name="seen_weekly"][value="yes"]', force=True)
    page.fill('textarea[name="note"]', note)
    for button in page.locator("[data-same]").all():
        button.click()


def state(page: Page, name: str) -> None:
    """Wait until the line above the form says so."""
    expect(page.locator(f"[data-draft-state={name}]")).to_be_visible(timeout=15000)


def sent_with(page: Page) -> list[str]:
    """Return a list that will hold every sending of a visit's form that reached the server."""
    found: list[str] = []
    page.on(
        "response",
        lambda one: found.append(one.url) if one.url.endswith("/send/") else None,
    )
    return found


def test_a_visit_filled_in_offline_is_sent_once_when_the_network_returns(visit: Visit) -> None:
    page = visit("/p/care/", username="lin_yue", width=390)
    begin_visit(page)
    sent = sent_with(page)
    page.context.set_offline(True)
    fill_in(page)
    state(page, "here")
    page.click("form[data-visit] button.p")
    state(page, "later")
    assert sent == []
    page.context.set_offline(False)
    page.wait_for_url("**/p/care/c/**")
    assert len(sent) == 1
    assert (
        page.evaluate("Object.keys(localStorage).filter(one => one.startsWith('care-')).length")
        == 0
    )


def test_a_visit_that_waits_survives_the_page_and_is_sent_from_the_next_one(visit: Visit) -> None:
    page = visit("/p/care/", username="lin_yue", width=390)
    address = begin_visit(page, 1)
    page.context.set_offline(True)
    fill_in(page)
    page.click("form[data-visit] button.p")
    state(page, "later")
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "水井" not in kept
    page.goto("about:blank")
    sent = sent_with(page)
    page.context.set_offline(False)
    page.goto(address)
    page.wait_for_url("**/p/care/c/**")
    today = page.evaluate("new Date().toLocaleDateString('sv')")
    expect(page.locator("main").get_by_text(today).first).to_be_visible()
    assert len(sent) <= 1


def test_a_draft_comes_back_after_a_reload_and_on_another_device(visit: Visit) -> None:
    page = visit("/p/care/", username="lin_yue", width=390)
    address = begin_visit(page, 2)
    path = "/" + address.partition("//")[2].partition("/")[2]
    fill_in(page, "话少，怕黑")
    state(page, "both")
    page.goto(address)
    state(page, "found")
    page.click("form[data-purpose] button.p")
    state(page, "restored")
    assert page.input_value('textarea[name="note"]') == "话少，怕黑"
    other = visit(path, username="lin_yue")
    other.click("form[data-purpose] button.p")
    state(other, "newer")
    assert other.input_value('textarea[name="note"]') == "话少，怕黑"
    assert other.is_checked('input[name="health_condition.answer"][value="same"]')


def test_a_session_that_ended_keeps_the_draft_and_asks_to_log_in(visit: Visit) -> None:
    page = visit("/p/care/", username="lin_yue", width=390)
    begin_visit(page, 3)
    fill_in(page)
    state(page, "here")
    page.context.clear_cookies(name="sessionid")
    page.click("form[data-visit] button.p")
    state(page, "login")
    page.click("[data-draft-state] a")
    page.fill("#username", "lin_yue")
    page.fill("#password", "dazu-2026-demo")
    page.click("form.form button")
    page.wait_for_url("**/p/care/c/**")


def test_what_is_refused_stands_beside_its_field(visit: Visit) -> None:
    page = visit("/p/care/", username="lin_yue", width=390)
    begin_visit(page, 4)
    fill_in(page)
    page.select_option('select[name="hazard_1_kind"]', "water")
    page.click("form[data-visit] button.p")
    state(page, "refused")
    assert page.locator('[data-told="hazard_1_text"]').is_visible()
    assert page.input_value('textarea[name="note"]') == NOTE
    page.click("[data-forget]")
    state(page, "removed")


@pytest.mark.parametrize(
    ("language", "width", "theme"),
    [
        ("zh-hans", 1440, "light"),
        ("en", 1440, "dark"),
        ("zh-hans", 390, "dark"),
        ("en", 390, "light"),
    ],
)
def test_the_pages_of_care(visit: Visit, language: str, width: int, theme: str) -> None:
    page = visit("/p/care/", username="lin_yue", language=language, width=width, theme=theme)
    faults = faults_of(page)
    page.locator(".kid-who a").first.click()
    faults += faults_of(page)
    page.fill("#purpose", "visit")
    page.click("form:has(#purpose) button")
    page.wait_for_selector(".told")
    faults += faults_of(page)
    page.goto(page.url.partition("/p/")[0] + "/p/care/")
    page.locator(".kid-go a.p").last.click()
    faults += faults_of(page)
    page.click("form[data-purpose] button.p")
    page.wait_for_selector("form[data-visit]")
    faults += faults_of(page)
    town = visit(
        "/p/care/month/", username="deng_hong", language=language, width=width, theme=theme
    )
    faults += faults_of(town)
    town.goto(town.url.replace("month", "vetting"))
    faults += faults_of(town)
    office = visit(
        "/p/care/lead/", username="zhou_jie", language=language, width=width, theme=theme
    )
    faults += faults_of(office)
    for path in ("pairing/", "samples/", "wishboard/", "commendations/", "wishes/"):
        office.goto(office.url.partition("/p/")[0] + f"/p/care/{path}")
        faults += faults_of(office)
    assert not faults, "\n".join(faults)
