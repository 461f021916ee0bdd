"""Two operators at one PC in real browsers: watch, hand over, and what the customer sees of it (RC-HANDOVER, RC-MON)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_main_job import (
    LONG_MS,
    arrives,
    notepad,
    open_control,
    row_in_state,
    same_picture,
    type_line,
    waiting_number,
)

pytestmark = pytest.mark.slow


def shot(page: Page, name: str) -> None:
    harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=harness.SCREENSHOTS / f"two-operators-{name}.png")


def invite(page: Page, how: str) -> None:
    if not page.get_by_test_id("people-panel").is_visible():
        page.get_by_test_id("panel-people").click()
    page.get_by_test_id("invite").click()
    expect(page.get_by_test_id("colleague")).to_have_count(1, timeout=LONG_MS)
    shot(page, f"ask-{how}")
    page.get_by_test_id(f"ask-{how}").click()


def people(pc: AgentProcess) -> list[tuple[str, bool]]:
    told = pc.events("people")
    return [(person["name"], person["controls"]) for person in told[-1]["people"]] if told else []


def test_a_colleague_watches_then_takes_over_and_the_first_stays(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-HANDOVER: the same picture for both, input from whoever controls only."""
    typed = notepad(screen)
    kim, lee = harness.new_context(chromium).new_page(), harness.new_context(chromium).new_page()
    problems = [harness.watch_errors(page) for page in (kim, lee)]
    harness.log_in(kim, server, "kim")
    harness.log_in(lee, server, "lee")
    waiting_number(lee)
    with harness.agent(screen, server, "--number", waiting_number(kim), "--yes") as pc:
        row_in_state(kim, "ACTIVE")
        open_control(kim)
        eventually("kim has the picture", lambda: same_picture(kim, screen))

        invite(kim, "watch")
        expect(lee.get_by_test_id("offer")).to_contain_text("함께 보자고", timeout=LONG_MS)
        shot(lee, "asked")
        lee.get_by_test_id("offer-accept").click()
        expect(lee.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
        eventually("lee sees the same picture", lambda: same_picture(lee, screen))
        expect(lee.get_by_test_id("view-only")).to_be_visible(timeout=LONG_MS)
        eventually("the customer sees both", lambda: people(pc) == [("김상담", True), ("이상담", False)])
        type_line(lee, "lee may not")
        type_line(kim, "kim types")
        arrives(kim, typed, "kim types")
        assert "lee may not" not in typed.read_text()
        whisper(kim, lee)
        shot(kim, "watched")

        invite(kim, "handover")
        expect(lee.get_by_test_id("offer")).to_contain_text("이관", timeout=LONG_MS)
        lee.get_by_test_id("offer-accept").click()
        eventually("lee controls", lambda: people(pc) == [("김상담", False), ("이상담", True)])
        expect(lee.get_by_test_id("view-only")).to_have_count(0, timeout=LONG_MS)
        expect(kim.get_by_test_id("view-only")).to_be_visible(timeout=LONG_MS)
        type_line(kim, "kim may not")
        type_line(lee, "lee types")
        arrives(lee, typed, "lee types")
        assert "kim may not" not in typed.read_text()
        eventually("kim still sees everything", lambda: same_picture(kim, screen))
        shot(kim, "after")
        shot(lee, "owner")

        kim.get_by_test_id("leave-session").click()
        eventually("the customer sees that kim has gone", lambda: people(pc) == [("이상담", True)])
        expect(kim.get_by_test_id("wait-new")).to_be_visible(timeout=LONG_MS)
        eventually("nothing stops for lee", lambda: same_picture(lee, screen))
    assert problems == [[], []]


def whisper(kim: Page, lee: Page) -> None:
    kim.get_by_test_id("whisper-text").fill("계정이 두 개예요")
    kim.get_by_test_id("whisper-send").click()
    lee.get_by_test_id("panel-people").click()
    expect(lee.get_by_test_id("whisper")).to_contain_text("계정이 두 개예요", timeout=LONG_MS)


def test_a_refused_hand_over_changes_nothing(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    kim, lee = harness.new_context(chromium).new_page(), harness.new_context(chromium).new_page()
    harness.log_in(kim, server, "kim")
    harness.log_in(lee, server, "lee")
    waiting_number(lee)
    with harness.agent(screen, server, "--number", waiting_number(kim), "--yes") as pc:
        row_in_state(kim, "ACTIVE")
        open_control(kim)
        invite(kim, "handover")
        lee.get_by_test_id("offer-refuse").click(timeout=LONG_MS)
        expect(kim.locator(".notes .note").filter(has_text="거절")).to_be_visible(timeout=LONG_MS)
        expect(kim.get_by_test_id("person")).to_have_count(1)
        assert people(pc) == [("김상담", True)]


def test_a_second_window_of_the_same_operator_shows_and_controls_as_well(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-MON: what the menu "monitor in a window" opens."""
    typed = notepad(screen)
    context = harness.new_context(chromium)
    first = context.new_page()
    harness.log_in(first, server, "kim")
    with harness.agent(screen, server, "--number", waiting_number(first), "--yes") as pc:
        row_in_state(first, "ACTIVE")
        open_control(first)
        eventually("the first window has the picture", lambda: same_picture(first, screen))
        second = context.new_page()
        second.goto(f"{first.url}?monitor=0")
        expect(second.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
        eventually("the second has it, too", lambda: same_picture(second, screen))
        type_line(second, "from the second")
        arrives(second, typed, "from the second")
        first.bring_to_front()
        eventually("the first goes on", lambda: same_picture(first, screen))
        second.close()
        type_line(first, "from the first")
        arrives(first, typed, "from the first")
        assert people(pc) == [("김상담", True)] and len(pc.events("viewer")) >= 2
