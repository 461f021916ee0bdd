"""The saved picture is the customer's screen, pixel by pixel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow


def test_the_screenshot_has_the_exact_remote_pixels_whatever_the_zoom(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-SHOT: a PNG of the remote pixels on the operator's PC, with a note that says where it is."""
    screen.run("xsetroot", "-solid", "#31507a")
    screen.start("xcalc", "-geometry", "230x300+300+220")
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("xcalc is on the screen", lambda: "Calculator" in screen.run("xwininfo", "-root", "-tree"))
        eventually("the picture arrives", lambda: same_picture(page, screen))
        with page.expect_download() as waiting:
            page.get_by_test_id("shot").click()
        expect(page.locator(".notes .note").last).to_contain_text(waiting.value.suggested_filename, timeout=LONG_MS)
        saved = tmp_path / "shot.png"
        waiting.value.save_as(saved)

        assert re.fullmatch(r"WizHelper_.+_\d{4}-\d\d-\d\d_\d{6}\.png", waiting.value.suggested_filename)
        picture = Image.open(saved).convert("RGB")
        assert picture.size == (1280, 800)
        assert ImageChops.difference(picture, screen.picture()).getbbox() is None
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
