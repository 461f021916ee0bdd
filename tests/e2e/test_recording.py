"""A recording of a real session in real Chromium: made, told to the customer, played with jumps, saved, deleted."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow

STATE = "data-state"


def start(page: Page) -> None:
    page.get_by_test_id("record").click()
    page.locator(".record-start").click()
    expect(page.get_by_test_id("record")).to_have_attribute(STATE, "on", timeout=LONG_MS)


def colour(screen: Desktop, name: str) -> None:
    screen.run("xsetroot", "-solid", name)


def player_says(page: Page, what: str) -> float:
    found = page.evaluate(f"document.querySelector('[data-testid=recording-player]').{what}")
    return float(found or 0)


def color_at(page: Page, seconds: float) -> list[int]:
    """A place of the recording at that time, away from the pointer."""
    return list(
        page.evaluate(
            """async (seconds) => {
              const video = document.querySelector('[data-testid=recording-player]')
              video.pause()
              const sought = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }))
              video.currentTime = seconds
              await sought
              const canvas = document.createElement('canvas')
              const context = canvas.getContext('2d')
              canvas.width = video.videoWidth
              canvas.height = video.videoHeight
              context.drawImage(video, 0, 0)
              return [...context.getImageData(canvas.width / 4, canvas.height / 4, 1, 1).data.slice(0, 3)]
            }""",
            seconds,
        )
    )


def near(found: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(found, wanted, strict=True))


def activities(agent: AgentProcess) -> list[str]:
    told = agent.events("activities")
    return list(told[-1]["names"]) if told else []


def test_a_recording_is_made_told_played_saved_and_deleted(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-REC RC-ST-REC: a seekable file with what was on the screen when, its length, its marks."""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        colour(screen, "red")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        start(page)
        eventually("the customer is told", lambda: activities(agent) == ["recording"])
        page.wait_for_timeout(1500)
        colour(screen, "blue")
        page.wait_for_timeout(1500)
        with page.expect_download():
            page.get_by_test_id("shot").click()
        expect(page.get_by_test_id("session-recording")).to_contain_text("0:0")
        page.screenshot(path=harness.SCREENSHOTS / "recording.png")
        page.get_by_test_id("record").click()
        expect(page.get_by_test_id("record")).to_have_attribute(STATE, "off", timeout=LONG_MS)
        eventually("the customer is told of the end", lambda: activities(agent) == [])

        player = page.get_by_test_id("recording-player")
        expect(player).to_be_visible(timeout=LONG_MS)
        eventually("the player is ready", lambda: player_says(page, "readyState") >= 2)
        length = player_says(page, "duration")
        assert 2.5 < length < 20
        assert near(color_at(page, 0.7), (255, 0, 0))
        assert near(color_at(page, length - 0.3), (0, 0, 255))
        page.screenshot(path=harness.SCREENSHOTS / "recordings.png")
        expect(page.get_by_test_id("recording-mark")).to_have_count(1)
        with page.expect_download() as download:
            page.get_by_test_id("recording-save").click()
        saved = tmp_path / "saved.webm"
        download.value.save_as(saved)
        assert download.value.suggested_filename.endswith(".webm")
        plays_elsewhere(saved, length)
        page.get_by_test_id("recording-delete").click()
        page.get_by_test_id("confirm-yes").click()
        expect(page.get_by_test_id("recording-row")).to_have_count(0)
        page.keyboard.press("Escape")
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert problems == []


def plays_elsewhere(file: Path, length: float) -> None:
    """Another player reads it: its size, its length, its first picture."""
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", file],
        capture_output=True,
        check=True,
    )
    told = json.loads(shown.stdout)
    (stream,) = told["streams"]
    assert stream["codec_name"] in ("vp9", "vp8")
    assert (stream["width"], stream["height"]) == (1280, 800)
    assert abs(float(told["format"]["duration"]) - length) < 0.2
    picture = file.with_suffix(".png")
    subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-frames:v", "1", picture], check=True)
    assert near(list(Image.open(picture).convert("RGB").getpixel((320, 200))), (255, 0, 0))  # type: ignore[arg-type]


def test_a_recording_is_complete_when_the_session_ends_under_it(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-REC: the file has its length and is in the list of the next session."""
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        start(page)
        page.wait_for_timeout(1000)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        expect(page.get_by_test_id("recording-player")).to_be_visible(timeout=LONG_MS)
        eventually("it has its length", lambda: player_says(page, "duration") > 0.9)
