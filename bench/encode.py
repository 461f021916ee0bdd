"""Encode time and bytes per frame, on scenes drawn in memory at 1920 x 1080: `python -m bench.encode`.

Each scene runs through the tile encoder and through plain JPEG tiles (quality 75, 4:2:0) in the same process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agent.encode.detect import dirty_cells, rectangles
from agent.encode.interface import Limits, Pixels
from agent.encode.stream import jpeg
from agent.encode.tiles import TileEncoder
from wizhelper.protocol.screen import Op, Update

WIDTH, HEIGHT = 1920, 1080
FRAMES = 60

_WORDS = "def encode frame return for rect in self rows if not none import while class budget cells move update"


@dataclass(frozen=True)
class Result:
    """Of all frames after the first: encode time in ms and bytes per frame."""

    median_ms: float
    p95_ms: float
    median_bytes: int
    first_ms: float
    first_bytes: int


class PlainJpeg:
    """The yardstick: every changed rectangle as JPEG."""

    def __init__(self) -> None:
        self._sent = np.zeros((HEIGHT, WIDTH, 4), np.uint8)

    def encode(self, frame: Pixels) -> tuple[Op, ...]:
        rects = rectangles(dirty_cells(self._sent, frame), WIDTH, HEIGHT, waste=0.3)
        ops = tuple(jpeg(frame, rect, 75) for rect in rects)
        np.copyto(self._sent, frame)
        return ops


def text_page(width: int, height: int) -> Pixels:
    """A page of dark anti-aliased text on white."""
    rng = np.random.default_rng(1)
    font = ImageFont.load_default(14)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for row, y in enumerate(range(2, height, 18)):
        line = f"{row:4d} " + " ".join(rng.choice(_WORDS.split(), width // 48))
        draw.text((4, y), line, fill=(20, 20, 30 + row % 90), font=font)
    return _bgrx(np.asarray(page))


def photo(width: int, height: int, seed: int) -> Pixels:
    """Soft colours with grain."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (height // 40, width // 40, 3), np.uint8)
    large = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    return _bgrx(np.clip(large + rng.integers(-3, 4, large.shape, np.int16), 0, 255).astype(np.uint8))


def _bgrx(rgb: Pixels) -> Pixels:
    frame = np.zeros((*rgb.shape[:2], 4), np.uint8)
    frame[..., :3] = rgb[..., ::-1]
    return frame


def typing() -> Iterator[Pixels]:
    frame = text_page(WIDTH, HEIGHT)
    for step in range(FRAMES):
        frame[500:512, 300 + 8 * step : 306 + 8 * step, :3] = 20
        yield frame


def scroll() -> Iterator[Pixels]:
    page = text_page(WIDTH, HEIGHT + 54 * FRAMES)
    frame = np.full((HEIGHT, WIDTH, 4), 70, np.uint8)
    for step in range(FRAMES):
        frame[60:-30] = page[54 * step : 54 * step + HEIGHT - 90]
        yield frame


def drag() -> Iterator[Pixels]:
    background, window = photo(WIDTH, HEIGHT, 1), text_page(800, 590)
    for step in range(FRAMES):
        frame = background.copy()
        x, y = 100 + 14 * step, 60 + 6 * step
        frame[y : y + 590, x : x + 800] = window
        yield frame


def slides() -> Iterator[Pixels]:
    for step in range(FRAMES // 4):
        yield photo(WIDTH, HEIGHT, step)


def measure(scene: Callable[[], Iterator[Pixels]], encode: Callable[[Pixels], tuple[Op, ...]]) -> Result:
    times, sizes = [], []
    for frame in scene():
        began = time.perf_counter()
        body = Update(0, 0, encode(frame)).encode()
        times.append(1000 * (time.perf_counter() - began))
        sizes.append(len(body))
    p95 = sorted(times[1:])[int(0.95 * (len(times) - 1))]
    return Result(statistics.median(times[1:]), p95, int(statistics.median(sizes[1:])), times[0], sizes[0])


def main() -> None:
    limits = Limits(budget_bytes=1 << 30)
    print(f"{'scene':8}{'encoder':8}{'median ms':>10}{'p95 ms':>8}{'bytes':>9}{'first ms':>10}{'first bytes':>12}")
    for scene in (typing, scroll, drag, slides):
        tiles, plain = TileEncoder(WIDTH, HEIGHT), PlainJpeg()
        for name, encode in (("tiles", lambda f, e=tiles: e.encode(f, limits).ops), ("jpeg", plain.encode)):
            r = measure(scene, encode)
            numbers = f"{r.median_ms:10.2f}{r.p95_ms:8.2f}{r.median_bytes:9d}{r.first_ms:10.1f}{r.first_bytes:12d}"
            print(f"{scene.__name__:8}{name:8}{numbers}")


if __name__ == "__main__":
    main()
