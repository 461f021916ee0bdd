"""Rules of access in real browsers: devices moved by selection, and a connection that a second person approves."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_devices import device, enroll, make_token, shot
from tests.e2e.test_main_job import LONG_MS

pytestmark = pytest.mark.slow


def boss_at_devices(chromium: Browser, server: Appliance) -> Page:
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("nav-devices").click()
    return admin


def test_devices_move_by_selection_into_a_restricted_group(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """ADM-GROUP: a group for nobody yet hides its devices from operators; an administrator still sees them."""
    admin = boss_at_devices(chromium, server)
    problems = harness.watch_errors(admin)
    secret = make_token(admin)
    enroll(screen, server, tmp_path / "a", "창고 PC", "--token", secret)
    admin.reload()
    admin.get_by_test_id("group-name").fill("금고")
    admin.get_by_test_id("group-save").click()
    expect(admin.get_by_test_id("group-row")).to_contain_text("금고", timeout=LONG_MS)
    admin.get_by_test_id("choose-page").locator("input").check()
    admin.get_by_test_id("move-to").select_option(label="금고")
    shot(admin, "devices-move")
    admin.get_by_test_id("move-chosen").click()
    expect(admin.get_by_test_id("move-bar")).to_have_count(0, timeout=LONG_MS)
    admin.get_by_test_id("group-teams-open").click()
    admin.get_by_test_id("group-restricted").locator("input").check()
    shot(admin, "devices-group-teams")
    admin.get_by_test_id("group-teams-save").click()
    expect(admin.get_by_test_id("group-row")).to_contain_text("제한", timeout=LONG_MS)
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    expect(page.get_by_test_id("device-list")).to_be_visible(timeout=LONG_MS)
    assert page.get_by_test_id("device-row").filter(has_text="창고 PC").count() == 0
    assert problems == []


def test_a_second_person_approves_a_connection_and_sees_the_reason(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """OP-SET-APPROVE: the reason is asked, shown to the approver, and stays with the connection."""
    admin = boss_at_devices(chromium, server)
    enroll(screen, server, tmp_path / "s", "재무팀 PC", "--token", make_token(admin))
    admin.get_by_test_id("company-access").click()
    admin.get_by_test_id("access-two").locator("input").check()
    admin.get_by_test_id("access-limited").locator("input").check()
    for day in (5, 6):
        admin.get_by_test_id(f"access-day-{day}").locator("input").check()
    for clock in admin.get_by_test_id("access-form").locator("input[type=time]").all():
        clock.fill("00:00")
    shot(admin, "devices-access")
    admin.get_by_test_id("access-save").click()
    expect(admin.get_by_test_id("access-form")).to_have_count(0, timeout=LONG_MS)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    with device(screen, tmp_path / "s") as pc:
        eventually("online", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "online")
        page.locator("[data-testid=device-row][data-online=true]", has_text="재무팀 PC").click()
        page.get_by_test_id("device-connect").click()
        page.get_by_test_id("visit-reason").fill("월말 마감 오류 확인")
        shot(page, "device-reason")
        page.get_by_test_id("visit-send").click()
        expect(page.get_by_test_id("device-visit")).to_contain_text("승인 대기", timeout=LONG_MS)
        expect(admin.get_by_test_id("device-visit")).to_contain_text("월말 마감 오류 확인", timeout=LONG_MS)
        shot(admin, "device-visit-admin")
        admin.get_by_test_id("visit-approve").click()
        expect(page.get_by_test_id("device-visit")).to_have_count(0, timeout=LONG_MS)
        page.get_by_test_id("device-connect").click()
        expect(page.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
        eventually("the session ends", lambda: pc.events("ended"))
    page.goto(f"{server.url}/manager/devices")
    page.get_by_test_id("device-row").filter(has_text="재무팀 PC").click()
    expect(page.get_by_test_id("connection-reason")).to_contain_text("월말 마감", timeout=LONG_MS)
    shot(page, "device-recent-reason")
    # A refused connect is an answer of 409, which the browser writes into its console.
    assert [each for each in problems if "409" not in each] == []
