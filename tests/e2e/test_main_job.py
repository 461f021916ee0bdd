"""The main job in a real browser: from the login to a word typed on the customer's PC, and its pixels back again."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from PIL import ImageChops
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually

pytestmark = pytest.mark.slow

LONG_MS = 20_000


def notepad(where: Desktop) -> Path:
    """A terminal whose typed lines land in a file: what a person would call "it arrived"."""
    typed = where.folder / "typed.txt"
    command = f'while read -r line; do echo "$line" >> {typed}; done'
    where.start(
        "xterm",
        "-fa",
        "DejaVu Sans Mono",
        "-fs",
        "16",
        "-geometry",
        "72x18+60+60",
        "-T",
        "notes",
        "-e",
        "bash",
        "-c",
        command,
    )
    eventually("the terminal is on the screen", lambda: "notes" in where.run("xwininfo", "-root", "-tree"))
    return typed


def waiting_number(page: Page) -> str:
    number = page.locator("[data-testid=session-row][data-state=WAITING] [data-testid=session-number]").first
    expect(number).to_be_visible(timeout=LONG_MS)
    return "".join(c for c in number.inner_text() if c.isdigit())


def row_in_state(page: Page, state: str) -> None:
    expect(page.locator(f"[data-testid=session-row][data-state={state}]").first).to_be_visible(timeout=LONG_MS)


def open_control(page: Page) -> None:
    live = [
        f"[data-testid=session-row][data-state={state}] [data-testid=open-control]" for state in ("ACTIVE", "SUSPENDED")
    ]
    page.locator(", ".join(live)).first.click()
    expect(page.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_test_id("lock-state")).to_contain_text("종단 암호화", timeout=LONG_MS)


def type_line(page: Page, text: str) -> None:
    box = page.get_by_test_id("remote-screen").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.keyboard.type(text, delay=20)
    page.keyboard.press("Enter")


def arrives(page: Page, typed: Path, text: str) -> None:
    try:
        eventually(f"{text!r} arrives on the PC", lambda: typed.exists() and text in typed.read_text())
    except AssertionError:
        page.screenshot(path=harness.SCREENSHOTS / "failed.png")
        raise


def same_picture(page: Page, where: Desktop) -> bool:
    """Whether the canvas shows the PC's screen to the pixel, the pointer left out of both."""
    seen, real = harness.canvas_picture(page), where.picture()
    if seen.size != real.size:
        return False
    # Some pixels differ for good: the text cursor of the terminal blinks between the two pictures.
    different = ImageChops.difference(seen, real).convert("L").point(lambda v: 255 if v > 24 else 0)
    return sum(1 for v in different.get_flattened_data() if v) < 500


def test_from_a_number_to_a_typed_word_with_a_server_restart_in_the_middle(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """OP-LOGIN-CO OP-LOGIN-BTN OP-LOGIN-AUTO1 OP-WAIT-LIST RC-TOOLBAR RC-ST-RES RC-ST-NET FAQ-CLOSE: the whole job."""
    screen.run("xsetroot", "-solid", "#31507a")
    screen.start("xcalc", "-geometry", "230x300+1010+420")
    typed = notepad(screen)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as pc:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        type_line(page, "hello wizard")
        arrives(page, typed, "hello wizard")
        eventually("its pixels come back", lambda: same_picture(page, screen))
        expect(page.get_by_test_id("session-latency")).to_contain_text("ms", timeout=LONG_MS)
        expect(page.locator("footer.status")).to_contain_text(re.compile(r"네트워크\s*중계"))
        expect(page.get_by_test_id("session-resolution")).to_contain_text("1280×800")
        expect(page.get_by_test_id("session-rtt")).to_contain_text("ms", timeout=LONG_MS)
        expect(page.get_by_test_id("session-capture")).to_have_text("x11-shm")
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        # The picture of the README: without the passing notes.
        expect(page.locator(".notes .note")).to_have_count(0, timeout=LONG_MS)
        page.screenshot(path=harness.SCREENSHOTS / "console.png")

        server.stop(signal.SIGKILL)
        server.start()
        eventually("the agent has a new link", lambda: len(pc.events("viewer")) >= 2, 40)
        type_line(page, "after the restart")
        arrives(page, typed, "after the restart")
        eventually("the picture goes on", lambda: same_picture(page, screen))

        page.get_by_test_id("end-session").first.click()
        confirm_end(page)
        eventually("the agent is told", lambda: pc.events("ended"))
        assert pc.events("ended")[0]["reason"] == "operator_ended"
        assert pc.process.wait(10) == 0
    page.get_by_test_id("result-select").first.wait_for(timeout=LONG_MS)
    assert problems == []


def confirm_end(page: Page) -> None:
    confirm = page.get_by_test_id("confirm-yes")
    confirm.click(timeout=LONG_MS)


def test_the_customer_ends_and_input_is_dead_at_once(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """Only "end remote" or the customer ends a session; the record names who did."""
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server, "lee")
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as pc:
        row_in_state(page, "ACTIVE")
        open_control(page)
        pc.process.send_signal(signal.SIGTERM)
        assert pc.process.wait(10) == 0
    page.goto(f"{server.url}/manager")
    row_in_state(page, "WRAPUP")


def test_closing_the_tab_does_not_end_the_session_and_reopening_shows_it_again(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """FAQ-CLOSE."""
    context = harness.new_context(chromium)
    page = context.new_page()
    harness.log_in(page, server, "lee")
    typed = notepad(screen)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as pc:
        row_in_state(page, "ACTIVE")
        open_control(page)
        page.close()
        again = context.new_page()
        again.goto(f"{server.url}/manager")
        row_in_state(again, "SUSPENDED")
        open_control(again)
        eventually("the picture is there again", lambda: same_picture(again, screen))
        type_line(again, "still here")
        arrives(again, typed, "still here")
        assert not pc.events("ended")
