"""Pictures made in memory for tests: text-like, photo-like and noisy. BGRX, deterministic."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from agent.encode.interface import Pixels

_WORDS = "def encode frame return for rect in self rows if not none import while class budget cells move update"


def text_page(width: int, height: int, seed: int = 1) -> Pixels:
    """A page of dark words on white, every line different."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for row, y in enumerate(range(2, height, 14)):
        indent = " " * int(rng.integers(0, 12))
        line = f"{row:4d} {indent}" + " ".join(rng.choice(_WORDS.split(), max(1, width // 24)))
        draw.text((4, y), line, fill=(20, 20, 30 + row % 90))
    return bgrx(np.asarray(page))


def photo(width: int, height: int, seed: int = 1) -> Pixels:
    """Smooth blobs of colour with some grain, as a camera sees them."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (max(2, height // 40 + 2), max(2, width // 40 + 2), 3), np.uint8)
    large = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = rng.integers(-3, 4, large.shape, np.int16)
    return bgrx(np.clip(large + grain, 0, 255).astype(np.uint8))


def film(width: int, height: int, count: int, seed: int = 3) -> list[Pixels]:
    """A camera that zooms over a photo: no part of a picture is the shifted one of another."""
    large = Image.fromarray(np.ascontiguousarray(photo(2 * width, 2 * height, seed)[..., 2::-1]))
    zooms = [1 + 0.01 * (step % 90) for step in range(count)]
    sizes = [(zoom * width, zoom * height) for zoom in zooms]
    views = [large.resize((width, height), Image.Resampling.BILINEAR, (0, 0, w, h)) for w, h in sizes]
    return [bgrx(np.asarray(view)) for view in views]


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    """What nothing compresses."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def bgrx(rgb: Pixels) -> Pixels:
    frame = np.zeros((*rgb.shape[:2], 4), np.uint8)
    frame[..., :3] = rgb[..., ::-1]
    return frame
