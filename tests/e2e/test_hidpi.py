"""Sharp on every screen: at 100 % a remote pixel is a pixel of the operator's screen, and the pointer hits it."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 1280, 800
WINDOW = (1751, 1331)
"""The operator's window in device pixels: odd, so that the picture's middle is on no whole pixel."""
CORNERS_AND_MORE = [(0, 0), (WIDTH - 1, HEIGHT - 1), (641, 399), (1, 798), (777, 333)]


def set_ratio(cdp: CDPSession, ratio: int) -> None:
    """As if the operator drew the window to another screen."""
    width, height = (side // ratio for side in WINDOW)
    size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
    cdp.send("Emulation.setDeviceMetricsOverride", size)


@contextmanager
def page_on_screen_of(chromium: Browser, ratio: float) -> Iterator[Page]:
    """A browser of its own on a screen of that ratio: an emulated one lays out in CSS pixels, a real one in device pixels."""
    arguments = [*harness.CHROMIUM_ARGUMENTS, f"--force-device-scale-factor={ratio}"]
    arguments.append("--window-size={},{}".format(*(round(side / ratio) for side in WINDOW)))
    made = chromium.browser_type.launch(executable_path=harness.CHROMIUM, args=arguments)
    try:
        yield made.new_context(ignore_https_errors=True, locale="ko-KR", no_viewport=True).new_page()
    finally:
        made.close()


def box_of(page: Page) -> dict[str, float]:
    """The canvas on the page, in CSS pixels."""
    box = page.get_by_test_id("remote-screen").bounding_box()
    assert box is not None
    return {**box}


def nearest(length: float) -> int:
    """As browsers round: halves up."""
    return math.floor(length + 0.5)


def screenshot_as_set(page: Page) -> bytes:
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(taken["data"])


def shown(page: Page, ratio: float) -> Image.Image:
    """What the operator's eyes see of the remote screen, in device pixels."""
    box = box_of(page)
    left, top = nearest(box["x"] * ratio), nearest(box["y"] * ratio)
    # Playwright's own screenshot puts its own ratio back, and the browser's knows of no ratio that was there from the start.
    taken = page.screenshot() if ratio > 1 else screenshot_as_set(page)
    picture = Image.open(io.BytesIO(taken))
    return picture.convert("RGB").crop((left, top, left + WIDTH, top + HEIGHT))


def remote_pointer(screen: Desktop) -> tuple[int, int]:
    words = dict(part.split("=") for part in screen.run("xdotool", "getmouselocation", "--shell").split())
    return int(words["X"]), int(words["Y"])


def points_at(page: Page, screen: Desktop, ratio: float, place: tuple[int, int]) -> None:
    box = box_of(page)
    left, top = nearest(box["x"] * ratio), nearest(box["y"] * ratio)
    page.mouse.move((left + place[0]) / ratio, (top + place[1]) / ratio)
    eventually(f"the remote pointer is at {place}, ratio {ratio}", lambda: remote_pointer(screen) == place, 5)


def is_exact(page: Page, screen: Desktop, ratio: float) -> None:
    eventually(f"the view follows ratio {ratio}", lambda: abs(box_of(page)["width"] * ratio - WIDTH) < 0.1)
    page.mouse.move(5, 5)
    real = screen.picture()
    seen = lambda: ImageChops.difference(shown(page, ratio), real).getbbox() is None  # noqa: E731
    eventually(f"every pixel is the same at ratio {ratio}", seen, 5)
    for place in CORNERS_AND_MORE:
        points_at(page, screen, ratio, place)


def open_at_100_percent(page: Page, screen: Desktop) -> None:
    row_in_state(page, "ACTIVE")
    open_control(page)
    eventually("the picture arrives", lambda: same_picture(page, screen))
    # The remote pointer is in no picture of the X server, and the page must not draw one over it.
    page.get_by_test_id("screen-menu").click()
    page.locator(".remote-cursor").click()
    expect(page.get_by_test_id("remote-pointer")).to_have_count(0)
    page.get_by_test_id("zoom-100").click()
    # The passing notes lie over the picture.
    expect(page.locator(".notes .note")).to_have_count(0, timeout=LONG_MS)


def end(page: Page) -> None:
    page.get_by_test_id("end-session").first.click()
    page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)


@pytest.fixture
def busy_screen(screen: Desktop) -> Desktop:
    """A pattern that shows every pixel that is moved or blurred, and text."""
    screen.run("xsetroot", "-mod", "3", "5", "-fg", "#31507a", "-bg", "white")
    screen.start("xcalc", "-geometry", "230x300+301+221")
    eventually("xcalc is on the screen", lambda: "Calculator" in screen.run("xwininfo", "-root", "-tree"))
    return screen


def test_at_100_percent_every_remote_pixel_is_one_pixel_of_a_screen_of_ratio_2(
    server: Appliance, busy_screen: Desktop, chromium: Browser
) -> None:
    """RC-ZOOM RC-FIT: the picture is exact, the pointer hits its pixel, and a change of the ratio is followed."""
    context = chromium.new_context(
        ignore_https_errors=True,
        locale="ko-KR",
        viewport={"width": WINDOW[0] // 2, "height": WINDOW[1] // 2},
        device_scale_factor=2,
    )
    page = context.new_page()
    problems = harness.watch_errors(page)
    cdp = context.new_cdp_session(page)
    harness.log_in(page, server)
    with harness.agent(busy_screen, server, "--number", waiting_number(page), "--yes"):
        open_at_100_percent(page, busy_screen)
        is_exact(page, busy_screen, 2)
        set_ratio(cdp, 1)
        is_exact(page, busy_screen, 1)
        end(page)
    assert problems == []


@pytest.mark.parametrize("ratio", [1.25, 1.5])
def test_it_is_exact_on_a_screen_of_a_broken_ratio(
    server: Appliance, busy_screen: Desktop, chromium: Browser, ratio: float
) -> None:
    """RC-ZOOM: what Windows calls 125 % and 150 %."""
    with page_on_screen_of(chromium, ratio) as page:
        harness.log_in(page, server)
        with harness.agent(busy_screen, server, "--number", waiting_number(page), "--yes"):
            open_at_100_percent(page, busy_screen)
            assert page.evaluate("devicePixelRatio") == ratio
            is_exact(page, busy_screen, ratio)
            end(page)
