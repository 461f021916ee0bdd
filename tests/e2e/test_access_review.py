"""ADM-ROLE-ADM: the monthly review of access in a real browser: the reminder, the table, the note, the file."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance
from tests.e2e.test_main_job import LONG_MS

pytestmark = pytest.mark.slow


def aged(server: Appliance) -> None:
    """As if the company had worked for three months, kim with one session in the last month."""
    with sqlite3.connect(server.data / "wizhelper.db") as db:
        db.execute("UPDATE companies SET created_at = datetime('now', '-100 days')")
        db.execute("UPDATE accounts SET created_at = datetime('now', '-100 days')")
        kim = db.execute("SELECT id FROM accounts WHERE login_id = 'kim'").fetchone()[0]
        then = "datetime('now', 'start of month', '-10 days')"
        db.execute(
            "INSERT INTO support_sessions (id, company_id, owner_id, kind, state, host_name, agent_online, viewer_online,"
            " created_at, connected_at, state_since, ended_at, active_s, suspended_s, memo, corrected, survey_asked,"
            " survey_comment, shared, slot, counted)"
            f" VALUES ('11111111-1111-4111-8111-111111111111', 1, ?, 'one_time', 'COMPLETED', 'POS-7', 0, 0, {then}, {then},"
            f" {then}, {then}, 60, 0, '', 0, 0, '', 0, 0, 1)",
            (kim,),
        )


def test_a_month_is_reviewed_with_a_note_and_exported(server: Appliance, chromium: Browser, tmp_path: Path) -> None:
    """The reminder of the first page leads to the review; with the note it is gone."""
    aged(server)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server, "boss")
    reminder = page.get_by_test_id("review-due")
    expect(reminder).to_be_visible(timeout=LONG_MS)
    page.screenshot(path=harness.SCREENSHOTS / "review-reminder.png")
    reminder.locator("a").click()
    expect(page.get_by_test_id("review-row")).to_have_count(3)
    page.get_by_test_id("review-sessions").click()
    expect(page.get_by_test_id("reached")).to_contain_text("POS-7")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("reached")).to_have_count(0)
    page.screenshot(path=harness.SCREENSHOTS / "review.png")
    with page.expect_download() as download:
        page.get_by_test_id("review-export").click()
    file = tmp_path / "review.csv"
    download.value.save_as(file)
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows[1:]] == ["boss", "kim", "lee"]
    page.get_by_test_id("review-note").fill("계정 3개 확인, 조치 없음")
    page.get_by_test_id("review-sign").click()
    expect(page.get_by_test_id("review-signed")).to_contain_text("조치 없음")
    page.screenshot(path=harness.SCREENSHOTS / "review-signed.png")
    page.get_by_test_id("nav-overview").click()
    expect(page.get_by_test_id("counts")).to_be_visible()
    expect(page.get_by_test_id("review-due")).to_have_count(0)
    assert problems == []
