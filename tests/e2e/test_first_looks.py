"""What people see at first: whom to call, which systems can be helped, that everything is encrypted and goes through the relay."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow

CONTACT = "전산팀 내선 1234\n평일 9시-18시 <b>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    with harness.appliance(tmp_path_factory.mktemp("appliance")) as made:
        yield made


def test_the_companys_contact_and_the_systems_are_named(server: Appliance, chromium: Browser) -> None:
    """SYS-MANUAL SYS-OS-PC: the text that an administrator wrote, as text, for customers and operators."""
    boss = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(boss)
    harness.log_in(boss, server, "boss")
    boss.get_by_test_id("nav-company").click()
    boss.locator("#co-contact").fill(CONTACT)
    boss.get_by_test_id("company-save").click()
    expect(boss.locator(".notes .note")).to_be_visible(timeout=LONG_MS)

    customer = chromium.new_context(ignore_https_errors=True, locale="ko-KR", java_script_enabled=False).new_page()
    customer.goto(f"{server.url}/acme")
    expect(customer.locator(".contact")).to_contain_text("평일 9시-18시 <b>")
    for system in ("Windows 10 이상", "Linux(X11)", "macOS 11 이상"):
        expect(customer.locator("body")).to_contain_text(system)
    customer.screenshot(path=harness.SCREENSHOTS / "customer-contact.png", full_page=True)

    kim = harness.new_context(chromium).new_page()
    harness.log_in(kim, server)
    expect(kim.locator("dd.pre")).to_have_text(re.compile("전산팀 내선 1234"), timeout=LONG_MS)
    assert problems == []


def test_encryption_is_on_and_locked_and_the_saved_way_of_capture_is_used(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """SYS-CRYPT-DEFAULT SYS-RELAY OP-SET-CAP: settings before the session, the status bar in it."""
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    page.get_by_test_id("nav-settings").click()
    locked = page.get_by_role("switch", name="보안 통신사용")
    expect(locked).to_be_checked(timeout=LONG_MS)
    expect(locked).to_be_disabled()
    page.locator("#set-capture").select_option("compatible")
    page.get_by_test_id("settings-save").click()
    expect(page.locator(".notes .note")).to_be_visible(timeout=LONG_MS)
    page.screenshot(path=harness.SCREENSHOTS / "settings.png")
    page.get_by_test_id("nav-home").click()
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        expect(page.get_by_test_id("session-capture")).to_have_text("mss", timeout=LONG_MS)
        expect(page.get_by_test_id("session-network")).to_have_text("중계")
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)


def test_a_browser_can_offer_to_install_the_console(server: Appliance, chromium: Browser) -> None:
    """OP-INST-ICON: a manifest with an icon that is there, of a type that browsers take."""
    page = harness.new_context(chromium).new_page()
    page.goto(f"{server.url}/manager")
    place = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.request.get(f"{server.url}{place}").json()
    assert manifest["start_url"] == "/manager" and manifest["display"] == "standalone"
    icon = page.request.get(f"{server.url}{manifest['icons'][0]['src']}")
    assert icon.ok and icon.headers["content-type"].startswith("image/svg+xml")
