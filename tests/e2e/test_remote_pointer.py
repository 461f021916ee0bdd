"""The customer's own hand is seen: the remote pointer is drawn where the customer moves it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def hot_spot_near(page: Page, x: int, y: int) -> bool:
    """Whether the drawn pointer's picture covers the page's place of the remote pixel (x, y)."""
    canvas, mark = page.get_by_test_id("remote-screen").bounding_box(), page.get_by_test_id("remote-pointer")
    if canvas is None or mark.count() == 0 or (box := mark.bounding_box()) is None:
        return False
    scale = canvas["width"] / 1280
    left, top = canvas["x"] + x * scale, canvas["y"] + y * scale
    return box["x"] - 2 <= left <= box["x"] + box["width"] + 2 and box["y"] - 2 <= top <= box["y"] + box["height"] + 2


def test_the_customers_pointer_is_drawn_and_the_operators_is_not(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """OP-SET-CURSOR: the remote cursor's shape and place, drawn locally."""
    screen.run("xsetroot", "-solid", "#31507a", "-cursor_name", "left_ptr")
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        screen.run("xdotool", "mousemove", "300", "200")
        eventually("the pointer is where the customer moved it", lambda: hot_spot_near(page, 300, 200))
        screen.run("xdotool", "mousemove", "900", "640")
        eventually("it follows", lambda: hot_spot_near(page, 900, 640))

        box = page.get_by_test_id("remote-screen").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        at = "x:640 y:400"
        eventually("the operator's move arrives", lambda: at in screen.run("xdotool", "getmouselocation"))
        expect(page.get_by_test_id("remote-pointer")).to_have_count(0, timeout=LONG_MS)

        page.get_by_test_id("screen-menu").click()
        page.locator(".remote-cursor").click()
        screen.run("xdotool", "mousemove", "200", "100")
        page.wait_for_timeout(1500)
        assert page.get_by_test_id("remote-pointer").count() == 0
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
