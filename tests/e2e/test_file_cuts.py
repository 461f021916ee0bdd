"""Files over a line that is cut again and again: they go on where they stopped, and every byte arrives. RC-FT FT-PANES

`WIZHELPER_CUT_MB` and `WIZHELPER_CUTS` make it shorter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.slow_link import Proxy, proxy
from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_files import home_of, open_files, row, sha256
from tests.e2e.test_main_job import open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow

MB = 1_000_000
SIZE = int(os.environ.get("WIZHELPER_CUT_MB", "200")) * MB
CUTS = int(os.environ.get("WIZHELPER_CUTS", "30"))
PATIENCE_S = 600


def file_of(path: Path, size: int) -> Path:
    with path.open("wb") as out:
        for start in range(0, size, MB):
            out.write(os.urandom(min(MB, size - start)))
    return path


def state(page: Page) -> str:
    return page.get_by_test_id("transfer").first.get_attribute("data-state") or ""


def cut_until_done(page: Page, line: Proxy, carried: Callable[[], int]) -> int:
    """-> how often the line was cut while the file was on its way. Each cut waits until a share of the file has passed."""
    cuts, since, deadline = 0, carried(), time.monotonic() + PATIENCE_S
    share = SIZE // (2 * CUTS)
    while state(page) != "done":
        assert state(page) != "failed", page.get_by_test_id("transfer").first.inner_text()
        assert time.monotonic() < deadline, f"{cuts} cuts, {carried()} bytes"
        if cuts < CUTS and carried() - since > share:
            line.cut()
            cuts += 1
            eventually("the transfer is interrupted", lambda: state(page) != "running", 30)
            eventually("it goes on", lambda: state(page) in ("running", "done"), 60)
            since = carried()
        time.sleep(0.01)
    return cuts


def test_a_file_there_and_one_back_survive_thirty_cuts_each(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    home = home_of(screen, tmp_path)
    mine, theirs = file_of(tmp_path / "up.bin", SIZE), file_of(home / "down.bin", SIZE)
    page = harness.new_context(chromium).new_page()
    page.set_default_timeout(60_000)
    harness.log_in(page, server)
    with (
        proxy(server.port) as line,
        harness.agent(screen, replace(server, port=line.port), "--number", waiting_number(page), "--yes"),
    ):
        row_in_state(page, "ACTIVE")
        open_control(page)
        open_files(page, home)
        page.get_by_test_id("local-files").set_input_files(mine)
        row(page, "local", mine.name).click()
        page.get_by_test_id("files-send").click()
        assert cut_until_done(page, line, lambda: line.bytes_down) == CUTS
        assert sha256(home / mine.name) == sha256(mine)
        assert [found.name for found in home.iterdir() if found.name.startswith(".wizhelper")] == []

        page.get_by_test_id("transfers-clear").click()
        expect(page.get_by_test_id("transfer")).to_have_count(0)
        eventually("the folder is shown again", lambda: row(page, "remote", theirs.name).count() == 1, 60)
        row(page, "remote", theirs.name).click()
        with page.expect_download(timeout=PATIENCE_S * 1000) as download:
            page.get_by_test_id("files-fetch").click()
            expect(page.get_by_test_id("transfer")).to_have_count(1)
            assert cut_until_done(page, line, lambda: line.bytes_up) == CUTS
        fetched = tmp_path / "fetched"
        download.value.save_as(fetched)
        assert sha256(fetched) == sha256(theirs)
        page.get_by_test_id("files-tab-log").click()
        whole = page.locator('[data-testid=file-events] tbody tr[data-result="OK"]')
        expect(whole).to_have_count(2, timeout=60_000)
