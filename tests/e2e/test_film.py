"""A film on the customer's screen: a video stream in the real browser, in its own colours, and sharp when it stands still."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bench.screen.scenes import FILM_AT, FILM_H, FILM_W, film
from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow

MARKED = 64


def nearest_psnr(page: Page, pictures: np.ndarray) -> float:
    """Between what the page shows of the film, below its marker, and the picture of it that is most like that."""
    x, y = FILM_AT
    shown = np.asarray(harness.canvas_picture(page), np.float32)[y + MARKED : y + FILM_H, x : x + FILM_W]
    pictures, small = pictures[:, MARKED:], shown[::8, ::8]
    errors = [float(np.mean((picture[::8, ::8, 2::-1] - small) ** 2)) for picture in pictures.astype(np.float32)]
    error = float(np.mean((pictures[int(np.argmin(errors))][..., 2::-1].astype(np.float32) - shown) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def play(where: Desktop) -> subprocess.Popen[bytes]:
    """The scene waits for a line."""
    command = [sys.executable, "-m", "bench.screen.scenes", "video", "150"]
    player = subprocess.Popen(command, env=where.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    where.processes.append(player)
    assert player.stdin is not None
    player.stdin.write(b"\n")
    player.stdin.flush()
    return player


def test_a_film_is_sent_as_video_in_its_colours_and_is_sharp_when_it_stops(
    server: Appliance, chromium: Browser, tmp_path: Path
) -> None:
    """The status bar says which codec; the picture of a stopped film is refined as any other."""
    pictures = film()
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with (
        harness.desktop(tmp_path, "1920x1080") as where,
        harness.agent(where, server, "--number", waiting_number(page), "--yes"),
    ):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, where))
        expect(page.get_by_test_id("session-codec")).to_have_text("무손실·JPEG", timeout=LONG_MS)
        player = play(where)
        expect(page.get_by_test_id("session-codec")).to_have_text("VP8", timeout=3 * LONG_MS)
        page.screenshot(path=harness.SCREENSHOTS / "film.png")
        eventually("the film is shown in its colours", lambda: nearest_psnr(page, pictures) > 28)
        player.send_signal(signal.SIGSTOP)
        eventually("it is sharp when it stands still", lambda: nearest_psnr(page, pictures) > 38)
        player.send_signal(signal.SIGCONT)
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
    assert problems == []
