"""The real window on a virtual screen, used as a person does: keys, clicks on what is seen, and the lines it writes."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from mss import MSS
from numpy.typing import NDArray

from agent.platform.child import child_environment
from agent.window.theme import BRAND
from agent.window.ui import WINDOW_SIZE
from wizhelper.protocol import local

Indices = NDArray[np.intp]
Area = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the screen."""

BAR_HEIGHT = 95


class WindowDriver:
    """A running `python -m agent.window.ui`. `shots`: where screenshots go, for a person to look at."""

    def __init__(self, display: str, language: str, shots: Path) -> None:
        self.display = display
        self.places: list[local.BarPlace] = []  # the bar tells by itself where it is
        self._shots = shots
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.window.ui", "--lang", language],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment() | {"DISPLAY": display},
        )
        self._lines: queue.SimpleQueue[local.FromWindow] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = local.decode_from_window(line.rstrip(b"\n"))
            if isinstance(message, local.BarPlace):
                self.places.append(message)
            else:
                self._lines.put(message)

    def tell(self, *messages: local.ToWindow) -> None:
        assert self.process.stdin is not None
        for message in messages:
            self.process.stdin.write(local.encode(message) + b"\n")
            self.process.stdin.flush()

    def hear(self, timeout_s: float = 5.0) -> local.FromWindow | None:
        """What the person's last act made the window say; None for silence."""
        with suppress(queue.Empty):
            return self._lines.get(timeout=timeout_s)
        return None

    def silent(self) -> bool:
        return self.hear(0.5) is None

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "20", text)

    def press(self, *keys: str) -> None:
        self._xdotool("key", "--delay", "50", *keys)

    def click(self, x: int, y: int) -> None:
        self._xdotool("mousemove", str(x), str(y), "sleep", "0.1", "click", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        down = ("mousemove", str(start[0]), str(start[1]), "mousedown", "1", "sleep", "0.1")
        self._xdotool(*down, "mousemove", str(end[0]), str(end[1]), "sleep", "0.2", "mouseup", "1")

    def _xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=dict(os.environ, DISPLAY=self.display),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def window(self) -> Area:
        """Where the page's window is, once it is there and drawn: its header has the brand's colour."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            header = self.extent(BRAND, (0, BAR_HEIGHT, *self.colours().shape[::-1]))
            if header is not None and header[2] - header[0] == WINDOW_SIZE[0]:
                time.sleep(0.3)
                return header[0], header[1], header[2], header[1] + WINDOW_SIZE[1]
            time.sleep(0.1)
        raise AssertionError("no window")

    def colours(self) -> NDArray[np.uint32]:
        """The screen as 0xRRGGBB."""
        with MSS(display=self.display) as screen:
            shot = screen.grab(screen.monitors[0])
        pixels = np.frombuffer(shot.bgra, np.uint8).reshape(shot.height, shot.width, 4).astype(np.uint32)
        return np.asarray(pixels[:, :, 2] << 16 | pixels[:, :, 1] << 8 | pixels[:, :, 0])

    def find(self, colour: str, area: Area | None = None, timeout_s: float = 5.0) -> tuple[int, int]:
        """The median of what has this colour, in the area: the middle of the largest thing; waits until it is there."""
        until = time.monotonic() + timeout_s
        while True:
            rows, columns = self._where(colour, area)
            if rows.size:
                return int(np.median(columns)), int(np.median(rows))
            assert time.monotonic() < until, f"nothing is {colour}"
            time.sleep(0.1)

    def extent(self, colour: str, area: Area | None = None) -> Area | None:
        """The box around all pixels of this colour in the area."""
        rows, columns = self._where(colour, area)
        if rows.size == 0:
            return None
        return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1

    def _where(self, colour: str, area: Area | None) -> tuple[Indices, Indices]:
        screen = self.colours()
        left, top, right, bottom = area or (0, 0, screen.shape[1], screen.shape[0])
        rows, columns = np.nonzero(screen[top:bottom, left:right] == int(colour[1:], 16))
        return rows + top, columns + left

    def shoot(self, name: str) -> None:
        subprocess.run(["import", "-display", self.display, "-window", "root", str(self._shots / name)], check=True)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_window(display: str, shots: Path, language: str = "ko") -> Iterator[WindowDriver]:
    driver = WindowDriver(display, language, shots)
    try:
        yield driver
    finally:
        driver.close()
