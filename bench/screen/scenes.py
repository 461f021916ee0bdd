"""What happens on the screen: `python -m bench.screen.scenes SCENE SECONDS` on $DISPLAY, at 1920 x 1080.

Writes "ready" when the first picture stands, waits for a line on standard input, plays, and writes a JSON list of
[marker, CLOCK_MONOTONIC when the X server had drawn it]. Pictures lie in shared memory: drawing costs a copy in the server.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xcffib
import xcffib.shm
from PIL import Image
from xcffib.xproto import CW, ConfigWindow, ImageFormat, WindowClass

from agent.encode.interface import Pixels
from bench.encode import photo, text_page
from bench.screen import marker

WIDTH, HEIGHT = 1920, 1080
FILM_W, FILM_H, FILM_FRAMES = 1280, 720, 60
FILM_AT = (320, 192)
DISPLAY_FRAME_S = 1 / 60
_GOLDEN = 0.618034
_SCROLL_STEP = 54
_FILM_FRAMES_PER_KEY = 3
_WINDOW_W, _WINDOW_H = 800, 590
_IPC_CREATE_PRIVATE = 0o1600
_IPC_RMID = 0

Size = tuple[int, int]
Place = tuple[int, int]
Part = tuple[int, int, int, int]
"""x, y, width, height."""
Draw = Callable[[int], None]
"""Draws step n; the marker is the caller's."""


@dataclass(frozen=True)
class Scene:
    """`prepare` draws the first picture and gives what draws the others."""

    prepare: Callable[[Stage], Draw]
    steps_per_s: float
    marker_at: Place = (0, 0)
    mark_every: int = 1


class Stage:
    """A window over the whole screen, above every other."""

    def __init__(self) -> None:
        connect: Callable[..., Any] = xcffib.connect
        self.connection = connect()
        self.core = self.connection.core
        self.shm = self.connection(xcffib.shm.key)
        self._screen = self.connection.get_setup().roots[self.connection.pref_screen]
        self.window = self.child(self._screen.root, WIDTH, HEIGHT)
        self._gc = self.connection.generate_id()
        self.core.CreateGC(self._gc, self.window, 0, [])

    def child(self, parent: int, width: int, height: int, background: int = 0) -> int:
        """A mapped window that no window manager touches; `background` is a pixmap (0: none)."""
        made: int = self.connection.generate_id()
        depth, visual = self._screen.root_depth, self._screen.root_visual
        values = (CW.BackPixmap | CW.OverrideRedirect, [background, 1])
        self.core.CreateWindow(depth, made, parent, 0, 0, width, height, 0, WindowClass.InputOutput, visual, *values)
        self.core.MapWindow(made)
        return made

    def share(self, pictures: Pixels) -> int:
        """Copies BGRX pictures, one below the other, into shared memory -> segment id."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        shm_id = libc.shmget(0, ctypes.c_size_t(pictures.nbytes), _IPC_CREATE_PRIVATE)
        address = libc.shmat(shm_id, None, 0)
        if shm_id < 0 or address == ctypes.c_void_p(-1).value:
            raise MemoryError(f"no shared memory of {pictures.nbytes} bytes")
        ctypes.memmove(address, np.ascontiguousarray(pictures).ctypes.data, pictures.nbytes)
        segment: int = self.connection.generate_id()
        self.shm.Attach(segment, shm_id, False, is_checked=True).check()
        libc.shmctl(shm_id, _IPC_RMID, None)
        return segment

    def put(
        self, drawable: int, segment: int, size: Size, at: Place, offset: int = 0, part: Part | None = None
    ) -> None:
        """The picture of `size` that begins `offset` bytes into the segment, or a part of it."""
        source = part or (0, 0, *size)
        depth, form = self._screen.root_depth, ImageFormat.ZPixmap
        self.shm.PutImage(drawable, self._gc, *size, *source, *at, depth, form, False, segment, offset)

    def pixmap(self, picture: Pixels) -> int:
        height, width = picture.shape[:2]
        made: int = self.connection.generate_id()
        self.core.CreatePixmap(self._screen.root_depth, made, self._screen.root, width, height)
        self.put(made, self.share(picture), (width, height), (0, 0))
        return made

    def mark(self, number: int, at: tuple[int, int]) -> float:
        """Puts the marker and waits until the server has drawn everything -> CLOCK_MONOTONIC."""
        data = marker.picture(number).tobytes()
        size = (marker.WIDTH, marker.HEIGHT)
        depth = self._screen.root_depth
        self.core.PutImage(ImageFormat.ZPixmap, self.window, self._gc, *size, *at, 0, depth, len(data), data)
        self.core.GetInputFocus().reply()
        return time.monotonic()


def _whole(stage: Stage, picture: Pixels) -> None:
    stage.put(stage.window, stage.share(picture), (WIDTH, HEIGHT), (0, 0))


def typing(stage: Stage) -> Draw:
    """A character each step in a free line of a page of text, and a caret behind it."""
    page = text_page(WIDTH, HEIGHT)
    page[486:540] = 255
    _whole(stage, page)
    glyphs = stage.share(np.ascontiguousarray(page[2:20, 40:800]))
    caret = np.full((18, 10, 4), 255, np.uint8)
    caret[:, 8:] = 0
    caret_at = stage.share(caret)

    def draw(step: int) -> None:
        x, y = 60 + 10 * (step % 180), 500
        stage.put(stage.window, glyphs, (760, 18), (x, y), part=(10 * (step % 70), 0, 10, 18))
        stage.put(stage.window, caret_at, (10, 18), (x + 10, y))

    return draw


def scroll(stage: Stage) -> Draw:
    """A page of text under a title bar moves up by three lines each step."""
    view = HEIGHT - 90
    page = text_page(WIDTH, view + _SCROLL_STEP * 90)
    frame = np.full((HEIGHT, WIDTH, 4), 70, np.uint8)
    _whole(stage, frame)
    segment = stage.share(page)

    def draw(step: int) -> None:
        stage.put(stage.window, segment, (WIDTH, view), (0, 60), step % 90 * _SCROLL_STEP * WIDTH * 4)

    draw(0)
    return draw


def drag(stage: Stage) -> Draw:
    """A real window full of text moves over a photo; the X server moves its pixels and repaints what it uncovers."""
    background = stage.pixmap(photo(WIDTH, HEIGHT, 1))
    stage.core.ChangeWindowAttributes(stage.window, CW.BackPixmap, [background])
    stage.core.ClearArea(False, stage.window, 0, 0, 0, 0)
    window = stage.child(stage.window, _WINDOW_W, _WINDOW_H, stage.pixmap(text_page(_WINDOW_W, _WINDOW_H)))

    def draw(step: int) -> None:
        x = 80 + int((WIDTH - _WINDOW_W - 100) * (0.5 + 0.5 * math.sin(step / 40)))
        y = 48 + int((HEIGHT - _WINDOW_H - 60) * (0.5 + 0.5 * math.cos(step / 54)))
        stage.core.ConfigureWindow(window, ConfigWindow.X | ConfigWindow.Y, [x, y])

    draw(0)
    return draw


def film(count: int = FILM_FRAMES) -> Pixels:
    """(count, 720, 1280, 4): a camera that pans, zooms and turns over a photo, a ball in front, grain over all."""
    source = Image.fromarray(photo(2000, 1300, 2)[..., :3])
    rng = np.random.default_rng(3)
    grain = rng.integers(-4, 5, (FILM_H + 64, FILM_W + 64, 1), np.int16)
    y, x = np.mgrid[0:FILM_H, 0:FILM_W]
    made = np.zeros((count, FILM_H, FILM_W, 4), np.uint8)
    for index in range(count):
        turn = 2 * math.pi * index / count
        zoom, angle = 1.2 + 0.15 * math.sin(turn), 0.06 * math.sin(2 * turn)
        a, b = zoom * math.cos(angle), zoom * math.sin(angle)
        matrix = (a, b, 150 + 120 * math.sin(turn), -b, a, 200 + 90 * math.cos(turn))
        view = source.transform((FILM_W, FILM_H), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        frame = np.asarray(view).astype(np.int16)
        ball = (x - 640 - 400 * math.cos(turn)) ** 2 + (y - 360 - 200 * math.sin(2 * turn)) ** 2 < 80**2
        frame[ball] = (40, 80, 220)
        top, left = rng.integers(0, 64, 2)
        made[index, ..., :3] = np.clip(frame + grain[top : top + FILM_H, left : left + FILM_W], 0, 255)
    return made


def video(stage: Stage) -> Draw:
    """The film in a window on a page of text; it repeats without a cut."""
    _whole(stage, text_page(WIDTH, HEIGHT))
    segment = stage.share(film())

    def draw(step: int) -> None:
        offset = step % FILM_FRAMES * FILM_W * FILM_H * 4
        stage.put(stage.window, segment, (FILM_W, FILM_H), FILM_AT, offset)

    draw(0)
    return draw


def busy(stage: Stage) -> Draw:
    """Typing as above, with the marker at the page's top, while the film plays in its window."""
    page = text_page(WIDTH, HEIGHT)
    page[972:1026] = 255
    _whole(stage, page)
    segment, glyphs = stage.share(film()), stage.share(np.ascontiguousarray(page[2:20, 40:800]))

    def draw(step: int) -> None:
        offset = step % FILM_FRAMES * FILM_W * FILM_H * 4
        stage.put(stage.window, segment, (FILM_W, FILM_H), FILM_AT, offset)
        if step % _FILM_FRAMES_PER_KEY == 0:
            key = step // _FILM_FRAMES_PER_KEY
            stage.put(stage.window, glyphs, (760, 18), (60 + 10 * (key % 180), 985), part=(10 * (key % 70), 0, 10, 18))

    draw(0)
    return draw


def idle(stage: Stage) -> Draw:
    """A page of text on which nothing happens."""
    _whole(stage, text_page(WIDTH, HEIGHT))
    return lambda step: None


SCENES = {
    "typing": Scene(typing, 10),
    "scroll": Scene(scroll, 30),
    "drag": Scene(drag, 60),
    "video": Scene(video, 30, FILM_AT),
    "busy": Scene(busy, 30, mark_every=_FILM_FRAMES_PER_KEY),
    "idle": Scene(idle, 0),
}


def play(stage: Stage, scene: Scene, draw: Draw, seconds: float) -> list[tuple[int, float]]:
    """Steps at their times; a step that comes too late is drawn at once, and none is left out.

    Each comes at another phase of the browser's display frame: in step with it a latency would be one number by chance.
    """
    begin = time.monotonic()
    drawn = []
    spread_s = min(DISPLAY_FRAME_S, 0.5 / scene.steps_per_s) if scene.steps_per_s else 0.0
    for step in range(1, int(seconds * scene.steps_per_s)):
        due = begin + step / scene.steps_per_s + spread_s * (step * _GOLDEN % 1)
        time.sleep(max(0.0, due - time.monotonic()))
        draw(step)
        if step % scene.mark_every == 0:
            drawn.append((step, stage.mark(step, scene.marker_at)))
    time.sleep(max(0.0, begin + seconds - time.monotonic()))
    return drawn


def main() -> int:
    scene, seconds = SCENES[sys.argv[1]], float(sys.argv[2])
    stage = Stage()
    draw = scene.prepare(stage)
    stage.mark(0, scene.marker_at)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(play(stage, scene, draw, seconds)), flush=True)
    # The last picture stands until it has been seen.
    sys.stdin.readline()
    return 0


if __name__ == "__main__":
    sys.exit(main())
