"""What cannot be seen is said to the operator in words, in the real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def test_a_black_screen_is_named_and_the_word_goes_when_it_is_over(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-CAPMODE: the operator is told when to switch the way of capturing."""
    screen.run("xsetroot", "-solid", "black")
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        banner = page.get_by_test_id("screen-trouble")
        expect(banner).to_have_attribute("data-code", "SCREEN_BLACK", timeout=LONG_MS)
        expect(banner).to_contain_text("검은색")
        screen.run("xsetroot", "-solid", "#31507a")
        expect(banner).to_have_count(0, timeout=LONG_MS)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
