"""A girl is taken in, her registers are filled, and her guardian reads and signs on a phone."""

import re

from playwright.sync_api import Page

from qianshou.packs.commission.care.roster.identity import check_digit
from tests.e2e.conftest import Visit, faults_of

SEVENTEEN = "50019920170305042"
NUMBER = SEVENTEEN + check_digit(SEVENTEEN)
REGISTERS = {
    "household": {"members": "祖母，与儿童同住"},
    "health": {"condition": "well"},
    "guardianship": {
        "father_away": "yes",
        "father_since": "2024-02-10",
        "mother_away": "yes",
        "mother_since": "2024-03-01",
        "ability": "able",
        "guardian": "黎大海",
        "guardian_relation": "father",
        "carer": "田桂芳",
        "carer_relation": "grandparent",
        "carer_age": "58",
        "child_heard": "yes",
        "entrusted_from": "2024-02-10",
        "entrusted_to": "2099-02-09",
    },
}


def fill(page: Page, name: str, value: str) -> None:
    """Fill or choose one field of the page by its name."""
    field = page.locator(f'[name="{name}"]')
    if field.first.get_attribute("type") == "radio":
        page.check(f'[name="{name}"][value="{value}"]')
    elif field.first.evaluate("one => one.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def take_in(visit: Visit, faults: list[str]) -> Page:
    """Take a girl in and fill her registers; returns the village officer's page of her pledges."""
    page = visit("/p/care/enrol/new/", username="fang_ting", width=390)
    faults += faults_of(page)
    for name, value in {
        "name": "黎小满",
        "identity_number": NUMBER,
        "birth_date": "2017-03-05",
        "address": "朝阳社区二组",
        "sex": "F",
        "stage": "primary",
        "village": "500111100001",
    }.items():
        fill(page, name, value)
    page.click("main form.card button.p")
    page.wait_for_url("**/c/H-*/enrol/")
    address = re.sub(r"^https?://[^/]+", "", page.url)
    team = visit(address, username="deng_hong")
    faults += faults_of(team)
    team.check('[name="eligible"][value="yes"]')
    team.check('[name="evidence"][value="visit"]')
    team.fill('[name="reason"]', "父母均外出，台账待填")
    team.click("main form.form button.p")
    page.reload()
    for name, value in {"way": "face", "told": "黎大海", "answer": "understood"}.items():
        fill(page, name, value)
    page.click("main form.form button.p")
    for register, values in REGISTERS.items():
        page.goto(page.url.partition("/enrol/")[0] + f"/enrol/{register}/")
        faults += faults_of(page)
        for name, value in values.items():
            fill(page, name, value)
        for box in page.locator('[name="grounds_checked"]').all():
            box.check()
        page.click('button[value="whole"]')
    page.goto(page.url.partition("/enrol/")[0] + "/pledges/")
    faults += faults_of(page)
    return page


def test_a_guardian_signs_on_a_phone_with_a_finger(visit: Visit) -> None:
    faults: list[str] = []
    officer = take_in(visit, faults)
    officer.click('form[action$="/link/guardian/"] button[value="give"]')
    link, code = (officer.locator("section[role=status] .mono").nth(place) for place in (0, 1))
    path = re.sub(r"^https?://[^/]+", "", link.inner_text().strip())
    digits = code.inner_text().strip()
    faults += faults_of(officer)
    phone = visit(path, width=390)
    faults += faults_of(phone)
    phone.fill("#code", digits)
    phone.click("main form button.p")
    phone.wait_for_selector("text=黎小满")
    faults += faults_of(phone)
    phone.click('a[href$="/sign/duties/"]')
    phone.wait_for_selector("[data-canvas]")
    faults += faults_of(phone)
    phone.click("form[data-sign] > button.p")
    phone.wait_for_selector(".err")
    box = phone.locator("[data-canvas]").bounding_box()
    assert box is not None
    phone.locator("[data-canvas]").scroll_into_view_if_needed()
    box = phone.locator("[data-canvas]").bounding_box()
    assert box is not None
    phone.mouse.move(box["x"] + 40, box["y"] + 90)
    phone.mouse.down()
    for step in range(1, 12):
        phone.mouse.move(box["x"] + 40 + step * 20, box["y"] + 60 + (step % 3) * 22)
    phone.mouse.up()
    phone.click("form[data-sign] > button.p")
    phone.wait_for_url("**?done=signed")
    assert "已签署，谢谢您" in phone.inner_text("main")
    bare = visit(path, width=390, script=False)
    assert "请输入验证码" in bare.inner_text("main")
    assert not faults, "\n".join(faults)
