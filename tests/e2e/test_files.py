"""Files between the operator's browser and the customer's PC: a real Chromium, a real relay, a real agent.

RC-FT FT-PANES FT-CTX RC-FILELOG
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def home_of(screen: Desktop, folder: Path) -> Path:
    """A home of its own for the agent: desktop and documents."""
    home = folder / "home"
    for name in ("Desktop", "Documents"):
        (home / name).mkdir(parents=True)
    screen.extra_environment["HOME"] = str(home)
    screen.extra_environment["XDG_CONFIG_HOME"] = str(home / ".config")
    return home


def rows(page: Page, side: str) -> Locator:
    return page.get_by_test_id(f"files-{side}").get_by_test_id("file-row")


def row(page: Page, side: str, name: str) -> Locator:
    return page.get_by_test_id(f"files-{side}").locator(f'[data-testid=file-row][data-name="{name}"]')


def open_files(page: Page, home: Path) -> None:
    eventually("the panel is there", lambda: page.get_by_test_id("panel-files").is_enabled())
    page.get_by_test_id("panel-files").click()
    expect(rows(page, "remote").first).to_be_visible(timeout=LONG_MS)
    show(page, home)


def show(page: Page, folder: Path) -> None:
    page.get_by_test_id("remote-path").fill(str(folder))
    page.get_by_test_id("remote-path").press("Enter")
    expect(page.get_by_test_id("remote-path")).to_have_value(str(folder.resolve()), timeout=LONG_MS)


def transfer_in_state(page: Page, state: str, count: int = 1) -> None:
    expect(page.locator(f"[data-testid=transfer][data-state={state}]")).to_have_count(count, timeout=60_000)


def test_a_file_goes_there_and_another_comes_back_with_the_same_sum(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-FT FT-PANES RC-FILELOG: every byte, the time of an upload, and a line in the session's record."""
    home = home_of(screen, tmp_path)
    mine = tmp_path / "보고서 2026.bin"
    mine.write_bytes(os.urandom(5_000_000))
    os.utime(mine, (1_700_000_000, 1_700_000_000))
    theirs = home / "고객 로그.txt"
    theirs.write_bytes(os.urandom(3_000_001))
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        open_files(page, home)
        page.get_by_test_id("local-files").set_input_files(mine)
        row(page, "local", mine.name).click()
        page.get_by_test_id("files-send").click()
        transfer_in_state(page, "done")
        assert sha256(home / mine.name) == sha256(mine)
        assert (home / mine.name).stat().st_mtime == 1_700_000_000
        expect(row(page, "remote", mine.name)).to_be_visible(timeout=LONG_MS)

        row(page, "remote", theirs.name).click()
        with page.expect_download() as download:
            page.get_by_test_id("files-fetch").click()
        fetched = tmp_path / "fetched"
        download.value.save_as(fetched)
        assert download.value.suggested_filename == theirs.name
        assert sha256(fetched) == sha256(theirs)
        transfer_in_state(page, "done", 2)
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=harness.SCREENSHOTS / "files.png")
        eventually("the customer saw it", lambda: any("files" in e["names"] for e in agent.events("activities")))
        page.get_by_test_id("files-tab-log").click()
        expect(page.get_by_test_id("file-events").locator("tbody tr")).to_have_count(2, timeout=LONG_MS)
        expect(page.get_by_test_id("file-events")).to_contain_text(sha256(theirs)[:12])
        page.screenshot(path=harness.SCREENSHOTS / "files-log.png")
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert [left.name for left in home.iterdir() if left.name.startswith(".wizhelper")] == []
    assert problems == []
