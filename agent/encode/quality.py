"""What the viewer's choice of quality and colours means: JPEG quality, frame rate, and the colours of a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.encode.interface import Pixels


@dataclass(frozen=True)
class Rule:
    """`photo` and `photo_slow`: JPEG quality of moving photo cells, and the least when the link is too slow for them. `video`:
    whether what keeps moving may be sent by a video codec.

    Text is exact in each of them.
    """

    photo: int
    photo_slow: int
    frames_per_s: int
    video: bool = True


RULES = {
    "auto": Rule(75, 35, 60),
    "sharp": Rule(92, 92, 60, video=False),
    "balanced": Rule(75, 75, 30),
    "economy": Rule(40, 40, 12),
}


class PhotoQuality:
    """The JPEG quality for now: falls while updates do not fit into what the link takes, and rises slowly afterwards."""

    _FALL, _FALL_EVERY_S = 6, 0.1
    _RISE, _RISE_EVERY_S = 3, 0.5

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.value = rule.photo
        self._changed_at = float("-inf")

    def follow(self, left: bool, now: float) -> None:
        """After each update; `left`: something of the picture had to wait."""
        since = now - self._changed_at
        if left and since >= self._FALL_EVERY_S:
            self.value = max(self._rule.photo_slow, self.value - self._FALL)
        elif not left and since >= self._RISE_EVERY_S:
            self.value = min(self._rule.photo, self.value + self._RISE)
        else:
            return
        self._changed_at = now


#: Rows at a time: the intermediate values stay in the processor's cache, which makes it three times as fast.
_BAND = 64


class Palette:
    """Frames in fewer colours: fewer bytes, and on a slow link a faster picture. Works in one buffer that it keeps.

    "reduced" has 4,096 colours (4 bits each, white stays white), "grey" 256 shades by the weights of ITU-R BT.601.
    """

    def __init__(self, colours: str) -> None:
        self._convert = {"full": None, "reduced": _reduce, "grey": _grey}[colours]
        self._buffer: NDArray[np.uint32] = np.empty((0, 0), np.uint32)

    def apply(self, frame: Pixels) -> Pixels:
        """(h, w, 4) BGRX -> the same in the palette's colours; the view is valid until the next call."""
        if self._convert is None:
            return frame
        height, width = frame.shape[:2]
        if self._buffer.shape != (height, width):
            self._buffer = np.empty((height, width), np.uint32)
        words = frame.view(np.uint32)[..., 0]
        for top in range(0, height, _BAND):
            self._convert(words[top : top + _BAND], self._buffer[top : top + _BAND])
        return self._buffer.view(np.uint8).reshape(height, width, 4)


def _reduce(pixels: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    np.bitwise_and(pixels, np.uint32(0xF0F0F0), out=out)
    out |= out >> np.uint32(4)


def _grey(pixels: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    byte, eight = np.uint32(0xFF), np.uint32(8)
    luma = (pixels & byte) * np.uint32(29)
    luma += ((pixels >> eight) & byte) * np.uint32(150)
    luma += ((pixels >> np.uint32(16)) & byte) * np.uint32(77)
    luma >>= eight
    np.multiply(luma, np.uint32(0x010101), out=out)
