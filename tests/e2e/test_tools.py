"""The control window's panels, between a real Chromium and a real agent: chat, information on the PC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def ended(page: Page) -> None:
    page.get_by_test_id("end-session").first.click()
    page.get_by_test_id("confirm-yes").click()


def test_operator_and_customer_write_to_each_other(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """RC-CHAT RC-TOOLBAR: the first line opens the customer's window; the answer is counted until it is read."""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        page.get_by_test_id("panel-chat").click()
        page.get_by_test_id("chat-text").fill("안녕하세요, <b>상담원</b>입니다.")
        page.get_by_test_id("chat-text").press("Enter")
        expect(page.get_by_test_id("chat-line")).to_have_count(1, timeout=LONG_MS)
        expect(page.get_by_test_id("chat-text")).to_have_value("")
        eventually("the customer gets it", lambda: agent.events("chat") != [])
        assert agent.events("chat")[0]["text"] == "안녕하세요, <b>상담원</b>입니다."
        page.screenshot(path=harness.SCREENSHOTS / "chat.png")
        page.reload()
        eventually("a new page knows the conversation", lambda: page.get_by_test_id("panel-chat").is_enabled())
        page.get_by_test_id("panel-chat").click()
        expect(page.get_by_test_id("chat-line")).to_have_count(1, timeout=LONG_MS)
        ended(page)
    assert [problem for problem in problems if "chat" in problem] == []


def test_processes_are_seen_and_ended_and_lists_are_searched_and_saved(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-PROC RC-HW RC-SW RC-SYS"""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", "wizhelper-victim"])
    try:
        with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
            row_in_state(page, "ACTIVE")
            open_control(page)
            eventually("information is there", lambda: page.get_by_test_id("panel-info").is_enabled())
            page.get_by_test_id("panel-info").click()
            page.get_by_test_id("pc-search").fill("wizhelper-victim")
            row = page.get_by_test_id("pc-rows").locator("tbody tr").filter(has_text=str(victim.pid))
            expect(row).to_have_count(1, timeout=LONG_MS)
            page.screenshot(path=harness.SCREENSHOTS / "processes.png")
            row.click()
            page.get_by_test_id("pc-kill").click()
            page.get_by_test_id("confirm-yes").click()
            eventually("the process is gone", lambda: victim.poll() is not None)
            expect(row).to_have_count(0, timeout=LONG_MS)

            page.get_by_test_id("pc-software").click()
            page.get_by_test_id("pc-search").fill("openbox")
            rows = page.get_by_test_id("pc-rows").locator("tbody").first
            expect(rows).to_contain_text("openbox", timeout=LONG_MS)
            with page.expect_download() as download:
                page.get_by_test_id("pc-save").click()
            saved = tmp_path / "software.csv"
            download.value.save_as(saved)
            assert "openbox" in saved.read_text("utf-8-sig")

            page.get_by_test_id("pc-system").click()
            expect(rows).to_contain_text("127.0.0.1", timeout=LONG_MS)
            page.screenshot(path=harness.SCREENSHOTS / "system.png")
            page.get_by_test_id("pc-hardware").click()
            expect(page.get_by_test_id("pc-count")).not_to_have_text("0개", timeout=LONG_MS)
            ended(page)
    finally:
        victim.kill()
        victim.wait()
    assert problems == []
