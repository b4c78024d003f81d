"""One call from a resident's phone to its closed, verified, counted end, in the browser."""

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit


def choose_longshui(page: Page) -> None:
    """Choose a village of Longshui in the place's list."""
    select = page.locator("select[data-place]")
    group = select.locator('optgroup[label*="龙水镇"] option').nth(1)
    select.select_option(value=group.get_attribute("value"))


def finish_step(page: Page, address: str, fill: dict[str, str]) -> None:
    """Fill in the open step of a matter and complete it."""
    page.goto(address)
    form = page.locator("#todo form.form").first
    for name, value in fill.items():
        field = form.locator(f'[name="{name}"]').first
        if field.get_attribute("type") == "radio":
            form.locator(f'label:has([name="{name}"][value="{value}"])').click()
        elif field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button.p").click()
    expect(page.locator(".note.ok").first).to_be_visible()


def test_a_call_from_the_phone_to_its_counted_end(visit: Visit, tmp_path: Path) -> None:
    photo = tmp_path / "p.jpg"
    Image.new("RGB", (80, 60), "teal").save(photo)
    phone = visit("/r/", width=390, script=False)
    phone.click("a.say")
    phone.fill('[name="summary"]', "浏览器测试：步道护栏松动")
    choose_longshui(phone)
    phone.fill('[name="place.address"]', "河边")
    phone.set_input_files('[name="photos"]', str(photo))
    phone.click("form#form button.p")
    code = phone.locator("[data-receipt]").inner_text()
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{2}", code)

    seat = visit("/?q=浏览器测试", username="zhang_min")
    row = seat.locator("a.ttl", has_text="浏览器测试").first
    expect(row).to_be_visible()
    row.click()
    expect(seat.locator("#peek h2")).to_contain_text("浏览器测试")
    address = seat.locator("#peek footer a").get_attribute("href")
    assert address is not None
    matter = seat.url.partition("/?")[0] + address
    finish_step(seat, matter, {"kind": "non_police", "level": "normal", "lead": "longshui-office"})
    expect(seat.locator(".bpmn .done").first).to_be_attached()
    finish_step(seat, matter, {"informed": "spoken", "told": "已转镇政府办理"})

    desk = visit("/", username="tang_li")
    finish_step(desk, matter, {"sign": "accept"})
    finish_step(desk, matter, {"need": "none", "result": "护栏已加固"})
    finish_step(seat, matter, {"verified": "ok"})

    phone.goto(phone.url.partition("/r/")[0] + "/r/f/")
    phone.fill("#code", code)
    phone.click("form.form button.p")
    expect(phone.locator("main")).to_contain_text("护栏已加固")
    phone.locator('label:has([name="satisfied"][value="yes"])').click()
    phone.click('form[action$="answer/"] button.p')
    expect(phone.locator(".note.ok")).to_contain_text("谢谢")

    seat.goto(f"{matter}?verify=1")
    expect(seat.locator(".seal")).to_contain_text("完整")
    seat.goto(seat.url.partition("/m/")[0] + "/indicators/police.gate/calls/records/")
    expect(seat.locator("main")).to_contain_text("浏览器测试")


def test_what_is_covered_in_a_photo_never_leaves_the_phone(visit: Visit, tmp_path: Path) -> None:
    photo = tmp_path / "face.png"
    stripes = Image.new("RGB", (240, 180), "white")
    for x in range(0, 240, 2):
        stripes.paste("black", (x, 0, x + 1, 180))
    stripes.save(photo)
    phone = visit("/r/", width=390)
    phone.click("a.say")
    phone.set_input_files('[name="photos"]', str(photo))
    canvas = phone.locator("[data-cover] canvas")
    expect(canvas).to_have_attribute("width", "240")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    phone.mouse.move(box["x"] + 2, box["y"] + 2)
    phone.mouse.down()
    phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    phone.mouse.up()
    chosen = phone.locator('[name="photos"]')
    expect(phone.locator("[data-cover] canvas.done")).to_be_visible()
    sent = chosen.evaluate("async one => [...new Uint8Array(await one.files[0].arrayBuffer())]")
    picture = Image.open(io.BytesIO(bytes(sent))).convert("L")
    assert spread(picture.crop((20, 20, 100, 160))) < 60
    assert spread(picture.crop((140, 20, 220, 160))) > 150
    phone.click("[data-uncover]")
    assert chosen.evaluate("one => one.files[0].type") == "image/png"


def spread(picture: Image.Image) -> int:
    """Return how far the darkest and the lightest pixel lie apart."""
    darkest, lightest = picture.getextrema()
    return int(lightest) - int(darkest)  # type: ignore[arg-type]


def test_a_new_call_appears_by_itself_and_a_lost_connection_is_told(visit: Visit) -> None:
    seat = visit("/?q=自己出现", username="zhang_min")
    expect(seat.locator(".empty").first).to_be_visible()
    seat.evaluate("document.querySelector('#rows').setAttribute('hx-trigger', 'every 1s')")
    seat.evaluate("htmx.process(document.querySelector('#rows'))")
    other = visit("/open/police.gate/register/", username="chen_gang")
    other.select_option('[name="source"]', "110")
    other.fill('[name="summary"]', "自己出现的诉求")
    choose_longshui(other)
    other.click("form.card button.p")
    expect(seat.locator("a.ttl", has_text="自己出现的诉求")).to_be_visible(timeout=20000)
    seat.context.set_offline(True)
    expect(seat.locator("[data-lost]")).to_be_visible(timeout=20000)
    seat.context.set_offline(False)
    expect(seat.locator("[data-lost]")).to_be_hidden(timeout=30000)


def test_a_tap_on_the_map_chooses_the_town(visit: Visit) -> None:
    phone = visit("/r/say/police.gate/report/", width=390)
    phone.locator("[data-map-code]", has_text="龙水").first.click()
    chosen = phone.locator("select[data-place] option:checked").first.inner_text()
    assert "龙水镇" in chosen


def test_the_theme_and_the_language_change_at_once(visit: Visit) -> None:
    page = visit("/", username="zhang_min")
    page.click("[data-theme-switch]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.click(".top .lang button")
    expect(page.locator("h1")).to_have_text("My list")
