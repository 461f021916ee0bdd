"""The operator draws on the customer's real screen: seen there and in the picture, never in the way. RC-DRAW"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
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

RED, BLUE, GROUND = (229, 57, 53), (30, 136, 229), (49, 80, 122)


def drag(page: Page, begin: tuple[int, int], end: tuple[int, int]) -> None:
    """From one pixel of the remote screen to another."""
    box = page.get_by_test_id("remote-screen").bounding_box()
    assert box is not None
    scale = box["width"] / 1280
    page.mouse.move(box["x"] + begin[0] * scale, box["y"] + begin[1] * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * scale, box["y"] + end[1] * scale, steps=8)
    page.mouse.up()


def press(page: Page, place: tuple[int, int]) -> None:
    drag(page, place, place)


def near(picture: Any, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Within three pixels: the console's picture is smaller than the screen."""
    x, y = place
    part = picture.crop((x - 3, y - 3, x + 4, y + 4))
    return any(found == colour for _, found in part.getcolors())


def on_screen(where: Desktop, place: tuple[int, int], colour: tuple[int, int, int]) -> Callable[[], bool]:
    return lambda: near(where.picture(), place, colour)


def gone(where: Desktop, place: tuple[int, int], colour: tuple[int, int, int]) -> Callable[[], bool]:
    return lambda: not near(where.picture(), place, colour)


def test_marks_are_on_the_real_screen_and_input_goes_through_them(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    screen.run("xsetroot", "-solid", "#31507a")
    typed = notepad(screen)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        page.get_by_test_id("panel-draw").click()
        drag(page, (700, 300), (900, 300))
        eventually("the stroke is on the real screen", on_screen(screen, (800, 300), RED))
        eventually("and in the picture", lambda: near(harness.canvas_picture(page), (800, 300), RED))
        assert agent.events("activities")[-1]["names"] == ["drawing"]
        page.get_by_test_id("draw-colour-blue").click()
        page.keyboard.press("4")
        drag(page, (700, 400), (900, 500))
        eventually("the rectangle is there", on_screen(screen, (700, 450), BLUE))
        page.get_by_test_id("draw-arrow").click()
        drag(page, (950, 450), (1150, 350))
        page.get_by_test_id("draw-ellipse").click()
        drag(page, (950, 500), (1150, 600))
        page.get_by_test_id("draw-step").click()
        press(page, (660, 300))
        press(page, (660, 450))
        page.get_by_test_id("draw-text").click()
        press(page, (700, 620))
        page.keyboard.type("여기를 누르세요")
        page.keyboard.press("Enter")
        eventually("the words are there", on_screen(screen, (702, 640), BLUE))
        eventually("all of it comes back", lambda: same_picture(page, screen))
        expect(page.locator("[data-testid=draw-layer] svg g")).to_have_count(0, timeout=LONG_MS)
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=harness.SCREENSHOTS / "draw.png")

        page.keyboard.press("Control+z")
        eventually("the words are gone", on_screen(screen, (702, 640), GROUND))
        page.get_by_test_id("draw-pen").click()
        drag(page, (200, 240), (500, 240))
        eventually("a stroke lies over the terminal", on_screen(screen, (384, 240), BLUE))
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("draw-bar")).to_have_count(0)
        type_line(page, "through the marks")
        arrives(page, typed, "through the marks")
        page.get_by_test_id("panel-draw").click()
        page.get_by_test_id("draw-clear").click()
        eventually("the screen is clean", gone(screen, (800, 300), RED))
        eventually("the customer is told", lambda: agent.events("activities")[-1]["names"] == [])

        page.get_by_test_id("draw-laser").click()
        box = page.get_by_test_id("remote-screen").bounding_box()
        assert box is not None
        scale = box["width"] / 1280
        page.mouse.move(box["x"] + 1000 * scale, box["y"] + 700 * scale)
        eventually("the light is there", on_screen(screen, (1000, 700), (229, 0, 40)))
        page.keyboard.press("Escape")
        eventually("the light is out", on_screen(screen, (1000, 700), GROUND))

        page.get_by_test_id("panel-draw").click()
        page.get_by_test_id("draw-pen").click()
        page.get_by_test_id("draw-fade").select_option("3")
        drag(page, (700, 300), (900, 300))
        eventually("it is drawn", on_screen(screen, (800, 300), BLUE))
        eventually("it goes by itself", gone(screen, (800, 300), BLUE), 8)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        eventually("the agent ends", lambda: agent.process.poll() is not None)
    assert problems == []


def agree(where: Desktop) -> None:
    """The person at the PC ticks the box, which has the focus, and presses the next button."""
    asked = eventually("the question is there", lambda: "WizHelper" in where.run("xdotool", "getwindowfocus", "getwindowname"))
    assert asked
    where.run("xdotool", "sleep", "1", "key", "space", "sleep", "0.3", "key", "Tab", "sleep", "0.3", "key", "space")


def test_nothing_is_drawn_over_the_session_bar(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-DRAW: the customer always sees who looks, and the way out. Also where the operator may only look."""
    screen.run("xsetroot", "-solid", "#31507a")
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("logout").wait_for()
    admin.goto(f"{server.url}/manager/admin/company")
    admin.get_by_test_id("right-control").click()
    admin.get_by_test_id("company-form").locator("button[type=submit]").click()
    expect(admin.locator(".notes .note")).to_have_count(1, timeout=LONG_MS)
    admin.context.close()

    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--lang", "ko"):
        agree(screen)
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        before = screen.picture().crop((560, 2, 720, 20)).getcolors(10_000)
        page.get_by_test_id("panel-draw").click()
        page.get_by_test_id("draw-width-thick").click()
        drag(page, (60, 14), (1240, 14))
        eventually("it is drawn beside the bar", on_screen(screen, (80, 14), RED))
        eventually("and to its other side", on_screen(screen, (1220, 14), RED))
        after = screen.picture()
        after.save(harness.SCREENSHOTS / "draw_bar.png")
        assert all(colour != RED for _, colour in after.crop((560, 2, 720, 20)).getcolors(10_000)), before
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        eventually("the drawing goes with the session", on_screen(screen, (80, 14), GROUND))
    assert problems == []
