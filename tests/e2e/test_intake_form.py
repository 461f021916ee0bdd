"""The intake form in real browsers: the administrator makes it, the customer fills it in, the operator reads and corrects it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    with harness.appliance(tmp_path_factory.mktemp("appliance")) as made:
        yield made


def test_a_form_is_made_filled_in_and_read(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """ADM-INTAKE RC-SYS: what a customer tells on the page is beside the picture, and can be corrected there."""
    boss = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(boss)
    harness.log_in(boss, server, "boss")
    boss.get_by_test_id("nav-intake").click()
    for number, label in enumerate(("이름", "증상")):
        boss.get_by_test_id("intake-add").click()
        boss.get_by_test_id("intake-label").nth(number).fill(label)
    boss.get_by_test_id("intake-required").first.check()
    boss.get_by_test_id("intake-kind").nth(1).select_option("choice")
    expect(boss.get_by_test_id("intake-fields-save")).to_be_disabled()
    boss.get_by_test_id("intake-choices").fill("인터넷\n프린터")
    boss.screenshot(path=harness.SCREENSHOTS / "intake-admin.png")
    boss.get_by_test_id("intake-fields-save").click()
    expect(boss.locator(".notes")).to_contain_text("저장", timeout=LONG_MS)

    kim = harness.new_context(chromium).new_page()
    problems += harness.watch_errors(kim)
    harness.log_in(kim, server)
    number = waiting_number(kim)
    customer = chromium.new_context(ignore_https_errors=True, locale="ko-KR", java_script_enabled=False).new_page()
    customer.goto(server.url)
    customer.fill("[name=number]", number)
    customer.click("[name=next]")
    customer.get_by_label("증상").select_option("프린터")
    customer.check("[name=read]")
    customer.click("button[value=agree]")
    expect(customer.get_by_role("alert")).to_contain_text("입력하세요")
    expect(customer.get_by_label("증상")).to_have_value("프린터")
    customer.get_by_label("이름").fill("홍길동")
    customer.check("[name=read]")
    customer.screenshot(path=harness.SCREENSHOTS / "intake-customer.png", full_page=True)
    customer.click("button[value=agree]")
    expect(customer.get_by_role("heading", level=1)).to_have_text("접속 프로그램 받기")

    kim.get_by_test_id("wait-new").click()
    with harness.agent(screen, server, "--number", waiting_number(kim), "--yes"):
        row_in_state(kim, "ACTIVE")
        open_control(kim)
        kim.get_by_test_id("panel-info").click()
        kim.get_by_test_id("pc-system").click()
        expect(kim.get_by_test_id("intake")).to_contain_text("접수 정보가 없습니다", timeout=LONG_MS)
        kim.get_by_test_id("intake-edit").click()
        kim.get_by_test_id("intake-value").fill("김고객")
        kim.get_by_test_id("intake-save").click()
        expect(kim.get_by_test_id("intake")).to_contain_text("김고객", timeout=LONG_MS)
        kim.screenshot(path=harness.SCREENSHOTS / "intake-operator.png")
    assert problems == []
