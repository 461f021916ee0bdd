"""The operator's own screen in a window at the customer, chosen in the browser's real dialogue. RC-SHARE"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow

SHOWN = "data:text/html,<title>Shown</title><body style='background:%23e53935'>"


@pytest.fixture
def choosing() -> Iterator[Browser]:
    """A browser whose operator chooses the tab named "Shown" when asked for a screen."""
    arguments = [*harness.CHROMIUM_ARGUMENTS, "--auto-select-tab-capture-source-by-title=Shown"]
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=harness.CHROMIUM, args=arguments)
        yield made
        made.close()


def red_pixels(where: Desktop) -> int:
    colours = where.picture().crop((300, 250, 980, 650)).getcolors(1_000_000)
    return sum(count for count, (red, green, blue) in colours if red > 180 and green < 110 and blue < 110)


def test_the_customer_sees_the_operators_screen(server: Appliance, screen: Desktop, choosing: Browser) -> None:
    screen.extra_environment["LANG"] = "ko_KR.UTF-8"
    context = harness.new_context(choosing)
    context.new_page().goto(SHOWN)
    page = context.new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the panel is there", lambda: page.get_by_test_id("panel-share").is_enabled())
        page.get_by_test_id("panel-share").click()
        page.get_by_test_id("share-start").click()
        state = page.get_by_test_id("share-state")
        expect(state).to_have_attribute("data-seen", "true", timeout=LONG_MS)
        eventually("the operator's tab is on the customer's screen", lambda: red_pixels(screen) > 100_000, 60)
        assert agent.events("activities")[-1]["names"] == ["share"]
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=harness.SCREENSHOTS / "share.png")
        screen.picture().save(harness.SCREENSHOTS / "share_customer.png")
        page.get_by_test_id("share-stop").click()
        eventually("the window is gone", lambda: red_pixels(screen) == 0)
        eventually("the customer is told", lambda: agent.events("activities")[-1]["names"] == [])

        page.get_by_test_id("share-start").click()
        expect(state).to_have_attribute("data-seen", "true", timeout=LONG_MS)
        eventually("it is there again", lambda: red_pixels(screen) > 100_000, 60)
        screen.run("xdotool", "mousemove", "640", "420", "click", "1", "sleep", "0.5", "key", "alt+F4")
        expect(state).to_have_attribute("data-problem", "CUSTOMER", timeout=LONG_MS)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        eventually("the agent ends", lambda: agent.process.poll() is not None)
    # Chromium says this of every screen that is asked for where cameras are forbidden, and goes on.
    assert [problem for problem in problems if "camera is not allowed" not in problem] == []
