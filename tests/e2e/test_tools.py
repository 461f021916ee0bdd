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


def test_an_address_is_opened_and_a_command_runs_where_the_company_allows_it(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-URL RC-EXEC: in the customer's browser, as the customer's user; favourites stay with the operator."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    screen.extra_environment["BROWSER"] = str(browser)
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("logout").wait_for()
    admin.goto(f"{server.url}/manager/admin/company")
    admin.get_by_test_id("right-command").click()
    admin.screenshot(path=harness.SCREENSHOTS / "rights.png", full_page=True)
    admin.get_by_test_id("company-form").locator("button[type=submit]").click()
    expect(admin.locator(".notes .note")).to_have_count(1, timeout=LONG_MS)
    admin.context.close()

    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the panel is there", lambda: page.get_by_test_id("panel-run").is_enabled())
        page.get_by_test_id("panel-run").click()
        page.get_by_test_id("run-text").fill("example.com/driver")
        page.get_by_test_id("run-keep").click()
        expect(page.get_by_test_id("favourite")).to_have_count(1, timeout=LONG_MS)
        page.get_by_test_id("run-go").click()
        opened = tmp_path / "opened"
        eventually("the address is opened", lambda: opened.exists() and "https://example.com/driver" in opened.read_text())
        page.get_by_test_id("run-command").click()
        page.get_by_test_id("run-shell").select_option("sh")
        page.get_by_test_id("run-text").fill("echo '안녕  하세요' && id -un && exit 3")
        page.get_by_test_id("run-go").click()
        job = page.get_by_test_id("run-job").first
        expect(job).to_have_attribute("data-state", "done", timeout=LONG_MS)
        expect(job).to_contain_text("안녕  하세요")
        expect(job).to_contain_text("3")
        page.get_by_test_id("run-text").fill("sleep 300")
        page.get_by_test_id("run-go").click()
        page.get_by_test_id("run-stop").click()
        expect(page.get_by_test_id("run-job").first).to_have_attribute("data-code", "STOPPED", timeout=LONG_MS)
        page.screenshot(path=harness.SCREENSHOTS / "run.png")
        told = [line["text"] for line in agent.events("chat")]
        assert told[0] == "https://example.com/driver" and told[1].startswith("▶ echo")
        ended(page)
    assert problems == []
