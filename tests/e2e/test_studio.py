"""A procedure is drawn anew in the browser, explained meanwhile, and offered to another."""

from playwright.sync_api import expect

from tests.e2e.conftest import Visit

CAUSE = "police.gate.cause"


def test_a_procedure_is_drawn_anew_and_offered_to_a_second_person(visit: Visit) -> None:
    drafter = visit(f"/procedures/{CAUSE}/", username="jiang_yue")
    drafter.get_by_role("button", name="起草修订", exact=True).click()
    revision = drafter.url
    drafter.goto(f"{revision}bpmn/{CAUSE}/")
    drafter.wait_for_selector("[data-shown]")
    expect(drafter.get_by_title("新建任务")).to_be_visible()
    drafter.locator("[data-element-id=plan] .djs-hit").first.click()
    drafter.get_by_label("表单", exact=True).fill("gone")
    drafter.get_by_label("英文名称", exact=True).fill("Plan it")
    expect(drafter.locator("[data-findings]")).to_contain_text("没有表单 gone")
    drafter.get_by_label("表单", exact=True).fill("cause_plan")
    drafter.get_by_label("英文名称", exact=True).focus()
    expect(drafter.locator("[data-findings]")).not_to_contain_text("没有表单 gone")
    drafter.get_by_role("button", name="保存").click()
    expect(drafter.locator("[data-saved]")).to_have_text("已保存")
    drafter.goto(revision)
    expect(drafter.locator("table")).to_contain_text("Plan it")
    drafter.get_by_label("改了什么、为什么改").fill("英文名称更清楚")
    drafter.get_by_role("button", name="送审").click()
    expect(drafter.locator("main")).to_contain_text("发布要由另一人办理")


def test_a_decision_table_opens_in_its_modeler(visit: Visit) -> None:
    page = visit(f"/procedures/{CAUSE}/", username="jiang_yue")
    page.get_by_role("button", name="起草修订", exact=True).click()
    page.goto(f"{page.url}dmn/triage/")
    page.wait_for_selector("[data-shown]")
    page.get_by_role("button", name="签收与办理时限").click()
    expect(page.locator(".tjs-table")).to_contain_text("urgent")
    expect(page.locator(".bjs-powered-by, .powered-by").first).to_be_visible()
