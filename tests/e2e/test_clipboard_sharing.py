"""The text of both clipboards, between a real Chromium and a real X desktop."""

from __future__ import annotations

import subprocess

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow


def copy_remotely(screen: Desktop, text: str) -> None:
    command = ["xclip", "-selection", "clipboard", "-i"]
    quiet = subprocess.DEVNULL
    subprocess.run(command, input=text.encode(), env=screen.environment, stdout=quiet, stderr=quiet, check=True)


def remote_text(screen: Desktop) -> str:
    command = ["xclip", "-selection", "clipboard", "-o"]
    return subprocess.run(command, env=screen.environment, capture_output=True, timeout=5).stdout.decode()


def test_what_is_copied_on_one_side_can_be_pasted_on_the_other(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """Both ways after the switch, nothing before it and after it."""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        copy_remotely(screen, "before the switch")
        page.evaluate("navigator.clipboard.writeText('상담원의 글')")
        page.get_by_test_id("clipboard-switch").click()
        eventually("the operator's text is remote", lambda: remote_text(screen) == "상담원의 글")
        expect(page.get_by_test_id("clipboard-switch")).to_have_attribute("aria-pressed", "true")
        copy_remotely(screen, "고객의 글\n둘째 줄")
        read = "navigator.clipboard.readText()"
        eventually("the customer's text is here", lambda: page.evaluate(read) == "고객의 글\n둘째 줄")
        page.screenshot(path=harness.SCREENSHOTS / "clipboard.png")
        page.get_by_test_id("clipboard-switch").click()
        eventually("the customer is told", lambda: agent.events("activities")[-1]["names"] == [])
        copy_remotely(screen, "after the switch")
        page.wait_for_timeout(500)
        assert page.evaluate(read) == "고객의 글\n둘째 줄"
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert problems == []
