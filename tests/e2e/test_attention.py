"""The list of sessions says which one wants to be looked at, with several control windows in one browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def test_windows_tell_the_list_what_needs_the_operator(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """RC-TOOLBAR: one tab has the list, the other the control of a session whose customer writes and is then lost."""
    context = harness.new_context(chromium)
    page = context.new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        expect(page.get_by_test_id("need-customer")).to_be_visible(timeout=LONG_MS)
        expect(page.get_by_test_id("attention-count")).to_have_text("1")
        page.screenshot(path=harness.SCREENSHOTS / "attention.png")
        control = context.new_page()
        problems_there = harness.watch_errors(control)
        control.goto(f"{server.url}/manager")
        open_control(control)
        eventually("the other tab knows", lambda: control.get_by_test_id("panel-chat").is_enabled())
        page.bring_to_front()
        expect(page.get_by_test_id("need-customer")).to_have_count(0, timeout=LONG_MS)
        expect(page.get_by_test_id("attention-count")).to_have_count(0)

        page.get_by_test_id("wait-new").click()
        waiting = waiting_number(page)
        with harness.agent(screen, server, "--number", waiting, "--yes"):
            expect(control.get_by_test_id("attention-elsewhere")).to_have_text("1", timeout=LONG_MS)
            expect(page.get_by_test_id("need-customer")).to_have_count(1)
            control.screenshot(path=harness.SCREENSHOTS / "attention-elsewhere.png")
    expect(page.get_by_test_id("attention-count")).to_have_text("2", timeout=LONG_MS)
    expect(page.get_by_test_id("need-wrapup")).to_have_count(2)
    control.close()
    page.screenshot(path=harness.SCREENSHOTS / "attention-wrapup.png")
    assert problems == [] and problems_there == []
