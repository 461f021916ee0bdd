"""Monitors one by one and all, on a real X server with two of them, in a real Chromium."""

from __future__ import annotations

import pytest
import xcffib.randr
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from agent.capture.x11 import X11Display
from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_hidpi import remote_pointer
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow

LEFT, RIGHT = (0, 0, 800, 800), (800, 0, 480, 800)
"""x, y, width, height."""


def with_two_monitors(screen: Desktop) -> None:
    screen.run("xsetroot", "-mod", "7", "5", "-fg", "#31507a", "-bg", "white")
    for name, (x, y, width, height), output in (("WH-L", LEFT, "screen"), ("WH-R", RIGHT, "none")):
        screen.run("xrandr", "--setmonitor", name, f"{width}/200x{height}/200+{x}+{y}", output)


def shrink(screen: Desktop, width: int, height: int) -> None:
    """As when a monitor is unplugged; xrandr itself cannot make a virtual server smaller."""
    display = X11Display(screen.environment["DISPLAY"])
    randr = display.extension(xcffib.randr, 1, 5)
    resources = randr.GetScreenResources(display.root).reply()
    randr.SetCrtcConfig(resources.crtcs[0], 0, resources.config_timestamp, 0, 0, 0, 1, 0, []).reply()
    randr.SetScreenSize(display.root, width, height, 300, 200, is_checked=True).check()
    display.close()


def choose(page: Page, monitor: int) -> None:
    page.get_by_test_id("monitors").click()
    page.locator(f".monitor-{monitor}").click()
    expect(page.get_by_test_id("monitors")).to_have_attribute("data-shown", str(monitor), timeout=LONG_MS)


def shows(page: Page, screen: Desktop, part: tuple[int, int, int, int]) -> bool:
    x, y, width, height = part
    wanted = screen.picture().crop((x, y, x + width, y + height))
    found: Image.Image = harness.canvas_picture(page)
    return found.size == wanted.size and ImageChops.difference(found, wanted).getbbox() is None


def pointed_at(page: Page, screen: Desktop, part: tuple[int, int, int, int]) -> tuple[int, int]:
    """Where the remote pointer is after the operator pointed at the place (100, 50) of the part that is shown."""
    box = page.get_by_test_id("remote-screen").bounding_box()
    assert box is not None
    scale = box["width"] / part[2]
    page.mouse.move(box["x"] + 100.5 * scale, box["y"] + 50.5 * scale)
    page.wait_for_timeout(200)
    return remote_pointer(screen)


def test_monitors_are_shown_one_by_one_and_together(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """RC-MON: the picture is exactly the monitor's, the pointer hits its place, and a monitor that goes away leaves all."""
    with_two_monitors(screen)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("all monitors are one picture", lambda: same_picture(page, screen))
        choose(page, 1)
        eventually("the right monitor alone is shown", lambda: shows(page, screen, RIGHT))
        eventually("the pointer is on the right monitor", lambda: pointed_at(page, screen, RIGHT) == (900, 50))
        page.get_by_test_id("monitors").click()
        page.screenshot(path=harness.SCREENSHOTS / "monitors.png")
        page.keyboard.press("Escape")
        choose(page, 0)
        eventually("the left one alone is shown", lambda: shows(page, screen, LEFT))
        eventually("the pointer is on the left monitor", lambda: pointed_at(page, screen, LEFT) == (100, 50))
        choose(page, 1)
        screen.run("xrandr", "--delmonitor", "WH-R")
        screen.run("xrandr", "--delmonitor", "WH-L")
        # A named monitor goes silently; what the X server tells is what comes with a real one: another size.
        shrink(screen, 1024, 768)
        expect(page.get_by_test_id("monitors")).to_have_count(0, timeout=LONG_MS)
        eventually("the whole picture is back", lambda: same_picture(page, screen))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert problems == []
