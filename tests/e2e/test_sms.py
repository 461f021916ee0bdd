"""An invitation by text message in real browsers: sent by the operator, seen in the outbox, opened and used by the customer.

OP-SMS ADM-SMSCFG
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import SCREENSHOTS, Appliance
from tests.e2e.test_main_job import row_in_state, waiting_number

pytestmark = pytest.mark.slow


def _invite(page: Page, to: str) -> str:
    """Sends the first template to a number; -> the text as the dialog's list knows it."""
    page.get_by_test_id("sms-to").fill(to)
    page.get_by_test_id("sms-send").click()
    expect(page.get_by_test_id("sms-history").locator("tbody tr")).to_have_count(1)
    return page.get_by_test_id("sms-sent-text").inner_text()


def _send_too_many(page: Page) -> None:
    """The sixth in ten minutes needs a second word; what was typed stays."""
    for n in range(5):
        page.get_by_test_id("sms-to").fill(f"010-2000-000{n}")
        page.get_by_test_id("sms-send").click()
        if n < 4:
            expect(page.get_by_text(f"전체 {n + 2}건")).to_be_visible()
    expect(page.get_by_text("문자를 더 보낼까요?")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "sms-confirm.png")
    page.get_by_role("dialog", name="문자를 더 보낼까요?").get_by_role("button", name="보내기").click()
    expect(page.get_by_text("전체 6건")).to_be_visible()
    expect(page.get_by_test_id("sms-history").locator("tbody tr")).to_have_count(5)


def test_a_customer_is_invited_by_text_message(chromium: Browser, server: Appliance) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    number = waiting_number(page)
    page.get_by_test_id("open-sms").click()
    expect(page.get_by_test_id("sms-kept-notice")).to_be_visible()
    expect(page.get_by_test_id("sms-text")).to_contain_text(number)
    expect(page.get_by_test_id("sms-count")).to_contain_text("/ 90")
    page.get_by_test_id("sms-template").select_option(label="자세한 안내")
    expect(page.get_by_test_id("sms-count")).to_contain_text("/ 2000")
    page.screenshot(path=SCREENSHOTS / "sms-dialog-long.png")
    page.get_by_test_id("sms-to").fill("02-123-4567")
    page.get_by_test_id("sms-send").click()
    expect(page.get_by_text("SMS_PREFIX")).to_be_visible()
    page.get_by_test_id("sms-template").select_option(label="기본")
    expect(page.get_by_test_id("sms-count")).to_contain_text("/ 90")
    text = _invite(page, "010-1234-5678")
    expect(page.get_by_test_id("sms-history")).to_contain_text("010-****-5678")
    page.screenshot(path=SCREENSHOTS / "sms-dialog-sent.png")
    _send_too_many(page)
    page.keyboard.press("Escape")

    boss = harness.new_context(chromium).new_page()
    boss_problems = harness.watch_errors(boss)
    harness.log_in(boss, server, "boss")
    boss.get_by_test_id("nav-sms").click()
    expect(boss.get_by_test_id("gateways-empty")).to_be_visible()
    boss.get_by_test_id("sms-q").fill("5678")
    boss.get_by_test_id("sms-q").press("Enter")
    expect(boss.get_by_test_id("sms-open")).to_have_count(1, timeout=60_000)
    boss.get_by_test_id("sms-open").click()
    expect(boss.get_by_test_id("sms-detail")).to_contain_text(number)
    boss.screenshot(path=SCREENSHOTS / "sms-outbox.png")
    boss.keyboard.press("Escape")
    _set_up_a_gateway(boss)

    found = re.search(r"https://\S+/s/\w+", text)
    assert found
    customer = harness.new_context(chromium).new_page()
    customer_problems = harness.watch_errors(customer)
    customer.goto(found[0])
    expect(customer.locator("#number")).to_have_value(number)
    customer.screenshot(path=SCREENSHOTS / "sms-invited.png")
    customer.get_by_role("button", name="다음").click()
    expect(customer.get_by_role("heading", name="서비스 이용 동의")).to_be_visible()
    row_in_state(page, "JOINING")
    customer.goto(found[0])
    expect(customer).to_have_url(re.compile("/join$"))

    stranger = harness.new_context(chromium, locale="en-GB").new_page()
    stranger.goto(found[0])
    expect(stranger.get_by_text("This invitation has been used already.")).to_be_visible()
    stranger.screenshot(path=SCREENSHOTS / "sms-used.png")
    assert problems == boss_problems == customer_problems == []
    for opened in (page, boss, customer, stranger):
        opened.context.close()


def _set_up_a_gateway(boss: Page) -> None:
    """A gateway of any HTTP service on this machine: the server refuses to reach it, and says so."""
    boss.get_by_test_id("gateway-add").click()
    expect(boss.get_by_test_id("gateway-save")).to_be_disabled()
    boss.get_by_test_id("gateway-name").fill("사내 문자 서버")
    boss.get_by_test_id("gateway-sender").fill("02-1234-5678")
    boss.get_by_test_id("gateway-url").fill("ftp://sms.example/")
    boss.get_by_test_id("gateway-body").fill("to={{phone}}&text={{message}}&key={{secret}}")
    boss.get_by_test_id("gateway-secret").fill("open sesame")
    boss.get_by_test_id("gateway-save").click()
    expect(boss.get_by_text("INVALID_FIELDS")).to_be_visible()
    boss.get_by_test_id("gateway-url").fill("http://127.0.0.1:9/send")
    boss.screenshot(path=SCREENSHOTS / "sms-gateway-form.png")
    boss.get_by_test_id("gateway-save").click()
    expect(boss.get_by_test_id("gateway-row")).to_contain_text("사내 문자 서버")
    boss.get_by_test_id("gateway-test").click()
    boss.get_by_test_id("test-to").fill("010-9999-0000")
    boss.get_by_test_id("test-send").click()
    expect(boss.get_by_test_id("test-form")).to_contain_text("이 주소로는 연결할 수 없습니다", timeout=15_000)
    expect(boss.get_by_test_id("test-form").get_by_test_id("sms-state")).to_have_text("실패", timeout=15_000)
    boss.screenshot(path=SCREENSHOTS / "sms-gateway-test.png")
    boss.keyboard.press("Escape")
    boss.get_by_test_id("template-edit").first.click()
    boss.get_by_test_id("template-body").fill("오세요 https://evil.example {link}")
    expect(boss.get_by_test_id("template-save")).to_be_disabled()
    boss.get_by_test_id("template-body").fill("[{company}] 뷁 {link} {number}")
    expect(boss.get_by_test_id("template-form").get_by_test_id("sms-count")).to_contain_text("/ 90")
    boss.get_by_test_id("template-form").scroll_into_view_if_needed()
    boss.screenshot(path=SCREENSHOTS / "sms-templates.png")
    boss.get_by_test_id("template-save").click()
    expect(boss.get_by_test_id("template-form")).to_be_hidden()
