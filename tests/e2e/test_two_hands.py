"""What two officers do together: one signs first for another, one approves what another moves."""

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit


def press(page: Page, name: str) -> None:
    """Press a button and wait for the page that says it is done."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".note.ok").first).to_be_visible()


def ask_first(page: Page) -> None:
    """Ask Chen Gang to sign before the open step is completed."""
    page.locator("summary", has_text="请人先签").click()
    page.get_by_label("由谁先签").select_option(label="陈刚")
    page.locator("form[action$='/ask_first/']").get_by_label("原因").fill("请先看地点")
    press(page, "请人先签")


def test_a_step_waits_for_who_signs_first_or_is_left_out(visit: Visit) -> None:
    seat = visit("/open/police.gate/register/", username="zhang_min")
    seat.locator('[name="source"]').select_option(index=1)
    seat.locator('[name="summary"]').fill("路口积水，先请人看")
    select = seat.locator("select[data-place]")
    village = select.locator('optgroup[label*="龙水镇"] option').nth(1)
    select.select_option(value=village.get_attribute("value"))
    seat.locator("form.card button.p").click()
    seat.wait_for_url("**/m/*/")
    ask_first(seat)
    expect(seat.locator("#todo")).to_contain_text("等先签的人签完")

    signer = visit(
        seat.url.partition("/m/")[1] + seat.url.partition("/m/")[2], username="chen_gang"
    )
    signer.get_by_label("意见", exact=True).first.fill("同意")
    press(signer, "先签")

    seat.reload()
    expect(seat.get_by_role("button", name="办结此步")).to_be_visible()
    ask_first(seat)
    leader = visit(urlsplit(seat.url).path, username="luo_jing")
    leader.locator("summary", has_text="减签").click()
    leader.locator("form[action$='/remove_signer/']").get_by_label("原因").fill("已电话核实")
    press(leader, "减签")
    seat.reload()
    expect(seat.get_by_role("button", name="办结此步")).to_be_visible()


def test_running_matters_are_moved_once_a_second_person_approves(visit: Visit) -> None:
    drafter = visit("/procedures/police.gate/", username="jiang_yue")
    drafter.get_by_role("button", name="起草修订", exact=True).click()
    revision = drafter.url
    drafter.goto(f"{revision}forms/verify/")
    drafter.fill("#t-en", "Verify the result")
    drafter.get_by_role("button", name="保存").click()
    drafter.goto(revision)
    drafter.get_by_label("改了什么、为什么改").fill("英文名称更清楚")
    drafter.get_by_role("button", name="送审").click()

    second = visit(urlsplit(revision).path, username="feng_yi")
    second.get_by_role("button", name="发布", exact=True).click()

    drafter.goto(revision.partition("/studio/")[0] + "/procedures/police.gate/migrations/")
    drafter.get_by_role("button", name="起草方案").click()
    plan = drafter.url
    expect(drafter.locator("main")).to_contain_text("每个停留处在新版都有对应")
    drafter.get_by_label("为什么迁移").fill("统一用新表单")
    drafter.get_by_role("button", name="送批").click()
    drafter.get_by_role("link", name="试走一遍").click()
    expect(drafter.get_by_role("link", name="不能迁移 0")).to_be_visible()

    second.goto(plan)
    second.get_by_role("button", name="批准并开始迁移").click()
    expect(second.get_by_role("heading", name="结果")).to_be_visible(timeout=60000)
    expect(second.locator("li", has_text="留在原版本").locator("b")).to_have_text("0")
