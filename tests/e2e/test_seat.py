"""Locking the customer's PC and logging the customer off, from the control window's menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def test_an_operator_locks_the_pc_and_logs_the_customer_off(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """The system's own programs are stood in for: this desktop has neither a locker nor a session."""
    done = tmp_path / "done"
    for name in ("xdg-screensaver", "xfce4-session-logout", "loginctl"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {done}\n')
        program.chmod(0o755)
    environment = screen.environment
    screen.extra_environment.update(
        PATH=f"{tmp_path}:{environment['PATH']}", XDG_CURRENT_DESKTOP="XFCE", XDG_SESSION_ID=""
    )
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the menu can be used", lambda: page.get_by_test_id("special-keys").is_enabled())
        page.get_by_test_id("special-keys").click()
        page.screenshot(path=harness.SCREENSHOTS / "seat-menu.png")
        page.locator(".seat-lock").click()
        eventually("it is locked", lambda: done.exists() and done.read_text() == "xdg-screensaver lock\n")
        page.get_by_test_id("special-keys").click()
        page.locator(".seat-log_off").click()
        expect(page.get_by_test_id("confirm-yes")).to_be_visible(timeout=LONG_MS)
        page.screenshot(path=harness.SCREENSHOTS / "seat-log-off.png")
        page.get_by_test_id("confirm-yes").click()
        eventually("the customer is logged off", lambda: "xfce4-session-logout --logout" in done.read_text())
    assert problems == []
