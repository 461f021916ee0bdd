"""Quality and colours by choice, in the real browser against a real PC."""

from __future__ import annotations

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow


def is_grey(picture: Image.Image) -> bool:
    """Whether red, green and blue are the same everywhere."""
    red, green, blue = picture.convert("RGB").split()
    return red.tobytes() == green.tobytes() == blue.tobytes()


def choose(page: Page, item: str) -> None:
    page.get_by_test_id("screen-menu").click()
    page.locator(f".{item}").click(timeout=LONG_MS)


def test_grey_and_economy_are_chosen_in_the_menu_seen_and_kept(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-QUALITY: colours and quality change the picture at once, and the browser remembers them."""
    screen.run("xsetroot", "-solid", "#3150c8")
    screen.start("xcalc", "-geometry", "230x300+300+220")
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives in colour", lambda: same_picture(page, screen))
        choose(page, "colours-grey")
        eventually("the picture is grey", lambda: is_grey(harness.canvas_picture(page)))
        choose(page, "quality-economy")
        page.get_by_test_id("screen-menu").click()
        page.screenshot(path=harness.SCREENSHOTS / "quality.png")
        page.keyboard.press("Escape")

        page.reload()
        expect(page.get_by_test_id("screen-menu")).to_have_attribute("data-quality", "economy", timeout=LONG_MS)
        expect(page.get_by_test_id("lock-state")).to_contain_text("종단 암호화", timeout=LONG_MS)
        eventually("the new link is grey, too", lambda: is_grey(harness.canvas_picture(page)))
        choose(page, "colours-full")
        eventually("the colours are back", lambda: same_picture(page, screen))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
    assert problems == []
