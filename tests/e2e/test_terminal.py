"""The terminal of the control window, between a real Chromium and a real agent's shell."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number
from tests.e2e.test_tools import ended

pytestmark = pytest.mark.slow

MARKER = "98765"
#: What asks a terminal to do anything else than show text: clipboard, title, link, colours, endless repetition.
HOSTILE = (
    r"printf '\033]52;c;aGFja2Vk\007\033]0;hacked\007\033]8;;https://evil.example\007link\033]8;;\007'; "
    r"printf '\033]11;#ffffff\007\033]10;#ffffff\007x\033[2147483647b\033[2147483647S\033[2147483647L\033[2147483647Z'; "
    r"printf '\033P$q\"p\033\\\033[8;5;5t\033[21t<img src=x onerror=alert(1)>'; echo sur''vived"
)


def allow(server: Appliance, chromium: Browser, right: str) -> None:
    """The administrator lets the company's sessions ask for a right."""
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server, "boss")
    page.get_by_test_id("logout").wait_for()
    page.goto(f"{server.url}/manager/admin/company")
    page.get_by_test_id(f"right-{right}").click()
    page.get_by_test_id("company-form").locator("button[type=submit]").click()
    expect(page.locator(".notes .note")).to_have_count(1, timeout=LONG_MS)
    page.context.close()


def typed(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def in_terminal(page: Page, text: str) -> None:
    expect(page.locator(".xterm-rows")).to_contain_text(text, timeout=LONG_MS)


def sleepers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", MARKER]]


def test_an_operator_works_in_the_customers_shell(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    screen.extra_environment["HOME"] = str(tmp_path)
    allow(server, chromium, "terminal")
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the terminal may be used", lambda: page.get_by_test_id("panel-terminal").is_enabled())
        title = page.title()
        page.get_by_test_id("panel-terminal").click()
        in_terminal(page, "#")
        typed(page, "echo 안녕-$((40+2)); stty size")
        in_terminal(page, "안녕-42")
        names = lambda: agent.events("activities")[-1]["names"]  # noqa: E731
        eventually("the customer sees it", lambda: "terminal" in names())
        page.screenshot(path=harness.SCREENSHOTS / "terminal.png")

        page.evaluate("navigator.clipboard.writeText('mine')")
        typed(page, "clear; " + HOSTILE)
        in_terminal(page, "survived")
        assert page.evaluate("navigator.clipboard.readText()") == "mine"
        assert page.title() == title and len(page.context.pages) == 1
        in_terminal(page, "<img src=x onerror=alert(1)>")
        page.screenshot(path=harness.SCREENSHOTS / "terminal-hostile.png")

        # The terminal's own answers stand in the shell's line now.
        page.keyboard.press("Control+c")
        typed(page, "cat /dev/urandom")
        page.wait_for_timeout(2000)
        page.keyboard.press("Control+c")
        page.wait_for_timeout(500)
        page.keyboard.press("Control+c")
        typed(page, "stty sane; tput reset; echo still-$((1+1))")
        in_terminal(page, "still-2")
        typed(page, "yes")
        in_terminal(page, "y")
        page.get_by_test_id("panel-chat").click()
        page.get_by_test_id("panel-terminal").click()
        page.keyboard.press("Control+c")
        typed(page, "")
        typed(page, "clear; echo stopped-$((2+2))")
        in_terminal(page, "stopped-4")

        page.evaluate("navigator.clipboard.writeText('echo pasted-$((3+3))\\n')")
        page.get_by_test_id("terminal-paste").click()
        in_terminal(page, "echo pasted-$((3+3))")
        page.keyboard.press("Enter")
        in_terminal(page, "pasted-6")
        page.get_by_test_id("terminal-larger").click()
        expect(page.get_by_test_id("terminal-font")).to_have_text("14")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("terminal-place")).to_be_visible()
        page.keyboard.press("Control+c")
        typed(page, "exit")
        expect(page.get_by_test_id("terminal-ended")).to_be_visible(timeout=LONG_MS)
        eventually("the customer sees its end", lambda: "terminal" not in names())
        page.get_by_test_id("terminal-again").click()
        in_terminal(page, "#")
        typed(page, f"sleep {MARKER} & sleep {MARKER}")
        eventually("they run", lambda: len(sleepers()) == 2)
        ended(page)
        eventually("they end with the session", lambda: sleepers() == [])
    assert problems == []
