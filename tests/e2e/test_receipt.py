"""After a session: the customer reads what was done, answers the survey and reports abuse; the company sees both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    with harness.appliance(tmp_path_factory.mktemp("appliance")) as made:
        yield made


def test_the_customer_reads_answers_and_reports_and_the_company_sees_it(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """ADM-SURVEY: from the company's switch over the customer's answer to record, statistics and the queue of reports."""
    boss = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(boss)
    harness.log_in(boss, server, "boss")
    boss.get_by_test_id("nav-company").click()
    boss.get_by_test_id("company-survey").click()
    boss.get_by_test_id("company-save").click()

    kim = harness.new_context(chromium).new_page()
    harness.log_in(kim, server)
    with harness.agent(screen, server, "--number", waiting_number(kim), "--yes") as pc:
        row_in_state(kim, "ACTIVE")
        open_control(kim)
        with kim.expect_download():
            kim.get_by_test_id("shot").click()
        kim.get_by_test_id("end-session").first.click()
        kim.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
        (ended,) = eventually("the agent is told", lambda: pc.events("ended"))

    customer = chromium.new_context(ignore_https_errors=True, locale="ko-KR", java_script_enabled=False).new_page()
    customer.goto(f"{server.url}/receipt/{ended['receipt']}")
    expect(customer.locator(".done li")).to_have_count(1)
    expect(customer.locator(".done")).to_contain_text("화면 저장")
    customer.locator("#survey button").click()
    expect(customer.get_by_role("alert")).to_contain_text("점수")
    customer.locator("[name=score][value='4']").check()
    customer.fill("#comment", "빨리 해결되었습니다")
    customer.screenshot(path=harness.SCREENSHOTS / "receipt.png", full_page=True)
    customer.locator("#survey button").click()
    expect(customer.locator("#survey")).to_contain_text("★★★★☆")
    customer.fill("#text", "설치한 적 없는 프로그램이 보입니다")
    customer.locator("#report button").click()
    expect(customer.locator("#report")).to_contain_text("접수")

    boss.get_by_test_id("nav-abuse").click()
    expect(boss.get_by_test_id("abuse-row")).to_have_count(1, timeout=LONG_MS)
    boss.get_by_test_id("abuse-record").click()
    expect(boss.get_by_test_id("record-satisfaction")).to_contain_text("빨리 해결되었습니다", timeout=LONG_MS)
    boss.keyboard.press("Escape")
    boss.get_by_test_id("abuse-handle").click()
    boss.get_by_test_id("abuse-note").fill("고객과 통화해 확인함")
    boss.get_by_test_id("abuse-close").click()
    expect(boss.get_by_test_id("abuse-row")).to_have_count(0, timeout=LONG_MS)
    boss.get_by_test_id("abuse-all").check()
    expect(boss.get_by_test_id("abuse")).to_contain_text("고객과 통화해 확인함", timeout=LONG_MS)
    boss.screenshot(path=harness.SCREENSHOTS / "abuse.png")
    boss.get_by_test_id("nav-statistics").click()
    expect(boss.get_by_test_id("stat-satisfaction")).to_contain_text("4.00", timeout=LONG_MS)
    assert problems == []
