"""A round of the survey in the browser: opened, files handed in, compared, reviewed by keys."""

from pathlib import Path

from openpyxl import Workbook
from playwright.sync_api import Page

from tests.e2e.conftest import Visit, faults_of

HEADINGS = (
    "姓名",
    "身份证号",
    "出生日期",
    "性别",
    "镇街",
    "村社区",
    "学校",
    "监护人",
    "监护人电话",
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(day: str, order: int) -> str:
    """Return a valid invented identity number."""
    stem = f"500199{day.replace('-', '')}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(stem, WEIGHTS, strict=True))
    return stem + "10X98765432"[total % 11]


def child(name: str, day: str, order: int, **changed: str) -> list[str]:
    told = {
        "name": name, "id": number(day, order), "day": day, "sex": "女", "town": "龙水镇",
        "village": "五金社区", "school": "龙水镇中心小学", "guardian": f"{name[:1]}家奶",
        "phone": f"10812{order:03d}678",
    }  # fmt: skip
    return list({**told, **changed}.values())


def sheet(folder: Path, name: str, rows: list[list[str]]) -> str:
    book = Workbook()
    for row in (list(HEADINGS), *rows):
        book.worksheets[0].append(row)
    path = folder / name
    book.save(path)
    return str(path)


ONE = child("甘棠影", "2015-04-09", 22)
TWO = child("易水寒", "2014-11-21", 24)
UNCLEAR = child("柏舟泛", "2016-02-14", 26, id="")
BARE = {"village": "", "guardian": "", "phone": "", "school": "外镇中心小学"}
PUPILS = [
    ONE,
    child("易水寒", "2014-11-21", 24, phone="10899999999"),
    child("柏舟泛", "2016-02-14", 26, **BARE),
    child("柏舟泛", "2016-02-14", 82, **BARE),
    *(child(f"杜若{sign}", f"2013-0{place + 1}-11", 30 + 2 * place)
      for place, sign in enumerate("甲乙丙丁戊己")),
]  # fmt: skip


def hand_in(page: Page, path: str) -> None:
    page.set_input_files("#file", path)
    page.click("text=读入并检查")
    page.wait_for_selector(f"p:text-is('{Path(path).name}')")
    assert not faults_of(page)
    page.click("button[value=confirm]:not([disabled])")
    page.wait_for_selector("text=已上报的名单")


def test_a_round_from_opening_to_review(visit: Visit, tmp_path: Path) -> None:
    lead = visit("/p/care/rounds/", username="zhou_jie")
    assert not faults_of(lead)
    lead.click("main form.form button.p")
    lead.wait_for_selector("text=份已上报")
    board = lead.url
    town = visit("/", username="deng_hong")
    town.goto(f"{board}roster/")
    bad = sheet(tmp_path, "bad.xlsx", [ONE, child("", "2015-04-09", 28)])
    town.set_input_files("#file", bad)
    town.click("text=读入并检查")
    town.wait_for_selector("text=没有填姓名")
    assert not faults_of(town)
    hand_in(town, sheet(tmp_path, "roster.xlsx", [ONE, TWO, UNCLEAR]))
    bureau = visit("/", username="gu_wen", width=390)
    bureau.goto(f"{board}roster/")
    hand_in(bureau, sheet(tmp_path, "pupils.xlsx", PUPILS))
    lead.reload()
    lead.click("text=不再等待")
    lead.wait_for_selector("text=收口条件", timeout=60000)
    faults = faults_of(lead)
    lead.goto(f"{board}review/")
    faults += faults_of(lead)
    assert lead.locator("text=候选 2").count()
    lead.keyboard.press("u")
    lead.wait_for_selector("text=无法判断 >> nth=1")
    lead.keyboard.press("2")
    lead.wait_for_selector("fieldset.now >> text=学校")
    faults += faults_of(lead)
    lead.keyboard.press("1")
    lead.keyboard.press("Backspace")
    lead.keyboard.press("3")
    lead.keyboard.type("龙水镇第二小学")
    lead.keyboard.press("Enter")
    lead.wait_for_selector("fieldset.now >> text=原因")
    lead.keyboard.press("2")
    lead.keyboard.press("m")
    lead.keyboard.type("见学籍卡")
    lead.keyboard.press("Escape")
    lead.keyboard.press("Enter")
    lead.wait_for_selector("text=没有等您办的")
    lead.goto(f"{board}review/?queue=blind")
    if lead.locator("text=是不是同一名儿童").count():
        faults += faults_of(lead)
        lead.keyboard.press("1")
    town.goto(f"{board}mismatches/?state=mine")
    faults += faults_of(town)
    town.click("td a.ttl")
    town.wait_for_selector("text=逐字段说明")
    faults += faults_of(town)
    town.set_viewport_size({"width": 390, "height": 844})
    faults += faults_of(town)
    assert not faults, "\n".join(faults)
