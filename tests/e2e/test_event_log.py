"""The event log of the customer's PC in the panel "PC info": thousands of rows, by level, whatever stands in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow

LINES = 4000
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe \x1b]0;title\x07 " + "가" * 2000


def entry(number: int) -> str:
    priority, text = ("3", HOSTILE) if number % 1000 == 0 else ("6", f"line {number}")
    at = str((1_795_410_375 - number) * 1_000_000)
    return json.dumps(
        {"__REALTIME_TIMESTAMP": at, "PRIORITY": priority, "SYSLOG_IDENTIFIER": "wizhelper-test", "MESSAGE": text}
    )


def test_events_are_read_by_level(server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path) -> None:
    """RC-SYS: the journal is stood in for, since a test machine need not have one."""
    (tmp_path / "journal").write_text("\n".join(entry(number) for number in range(LINES)))
    program = tmp_path / "journalctl"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--priority=3*) grep \'"PRIORITY": "3"\' {tmp_path}/journal;; *) cat {tmp_path}/journal;; esac\n'
    )
    program.chmod(0o755)
    screen.extra_environment["PATH"] = f"{tmp_path}:{screen.environment['PATH']}"
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("information is there", lambda: page.get_by_test_id("panel-info").is_enabled())
        page.get_by_test_id("panel-info").click()
        page.get_by_test_id("pc-events").click()
        expect(page.get_by_test_id("pc-count")).to_have_text("4000개", timeout=LONG_MS)
        rows = page.get_by_test_id("pc-rows").locator("tbody tr")
        assert rows.count() < 200, "only what is seen is in the page"
        page.get_by_test_id("pc-search").fill("line 3999")
        expect(page.get_by_test_id("pc-count")).to_have_text("1개")
        page.get_by_test_id("pc-search").fill("")
        page.get_by_test_id("pc-level").select_option("error")
        expect(page.get_by_test_id("pc-count")).to_have_text("4개", timeout=LONG_MS)
        expect(rows).to_have_count(4, timeout=LONG_MS)
        expect(rows.first).to_contain_text("<img src=x onerror=alert(1)> gnp.exe")
        rows.first.click()
        expect(page.get_by_test_id("pc-detail")).to_contain_text("가" * 100)
        page.screenshot(path=harness.SCREENSHOTS / "event-log.png")
    assert problems == []
