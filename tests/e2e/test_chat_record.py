"""Chat that the company keeps: told to both people in the chat itself, and read in the record afterwards (RC-CHAT)."""

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


def test_what_was_said_is_in_the_record_and_both_were_told(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    boss = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(boss)
    harness.log_in(boss, server, "boss")
    boss.get_by_test_id("nav-company").click()
    boss.get_by_test_id("company-chat-kept").click()
    boss.get_by_test_id("company-save").click()
    expect(boss.locator(".notes .note")).to_be_visible(timeout=LONG_MS)

    kim = harness.new_context(chromium).new_page()
    harness.log_in(kim, server)
    with harness.agent(screen, server, "--number", waiting_number(kim), "--yes") as pc:
        row_in_state(kim, "ACTIVE")
        open_control(kim)
        kim.get_by_test_id("panel-chat").click()
        expect(kim.get_by_test_id("chat-kept")).to_be_visible()
        kim.get_by_test_id("chat-text").fill("어제 산 프린터인가요?")
        kim.get_by_test_id("chat-text").press("Enter")
        expect(kim.get_by_test_id("chat-line")).to_have_count(2, timeout=LONG_MS)
        heard = eventually("the customer hears both lines", lambda: lines if len(lines := pc.events("chat")) == 2 else None)
        assert "보관됩니다" in heard[0]["text"] and heard[1]["text"] == "어제 산 프린터인가요?"
        kim.screenshot(path=harness.SCREENSHOTS / "chat-kept.png")
        kim.wait_for_timeout(2500)
        kim.get_by_test_id("end-session").first.click()
        kim.get_by_test_id("confirm-yes").click(timeout=LONG_MS)

    boss.get_by_test_id("nav-records").click()
    # The newest row is the next number that waits.
    boss.get_by_test_id("record-open").nth(1).click()
    expect(boss.get_by_test_id("record-chat").locator("li")).to_have_count(2, timeout=LONG_MS)
    expect(boss.get_by_test_id("record-chat")).to_contain_text("어제 산 프린터인가요?")
    boss.get_by_test_id("record-chat").scroll_into_view_if_needed()
    boss.screenshot(path=harness.SCREENSHOTS / "chat-record.png")
    assert problems == []
