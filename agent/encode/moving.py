"""The rectangle that keeps moving, a film or an animation: found by how often its cells change, sent as one video stream."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from twisted.logger import Logger

from agent.encode.detect import CELL_H, CELL_W, cell_slices, grid
from agent.encode.interface import CellMask, Limits, Pixels
from agent.encode.video import MakeVideo, VideoEncoder, VideoError
from wizhelper.protocol.screen import Op, OpKind, Rect, VideoCodec

log = Logger()

#: A cell's activity follows the share of recent updates that changed it, with this weight for each.
_WEIGHT = 0.15
_HOT, _COLD = 0.6, 0.1
#: A stream begins with a costly picture: it has to be worth it, and what it covers is not sharp while it lasts.
_MIN_CELLS = 24
_MIN_FILLED = 0.6
_STRAY_CELLS = 24
#: Still for this long, the stream ends and its pixels are refined.
_REST_S = 0.25
#: JPEG quality that the link allows (quality.py) -> kbit/s, the best first.
_RATES = ((65, 4000), (50, 1500), (40, 700), (0, 350))
_WORSE_AFTER_S, _BETTER_AFTER_S = 2.0, 12.0
#: Slower than this on a way that carries more than that, JPEG is the quicker one of the two.
_SLOW_S = 0.025
_FAST_LINK = 5_000_000
_JPEG_FOR_S = 10.0
#: A stream's first pictures are not like the others; one slow picture on a busy computer says little.
_SETTLED_S = 0.5
_SHARE = 0.1
_MAX_STREAM_ID = 0x7FFF


class MovingArea:
    """For one picture of fixed size, whose cells it watches. `clock`: seconds."""

    def __init__(self, width: int, height: int, make: MakeVideo | None, clock: Callable[[], float]) -> None:
        self._width, self._height = width, height
        self._clock = clock
        self._make = make
        self._activity = np.zeros(grid(width, height), np.float32)
        self._stream: VideoEncoder | None = None
        self._id = 0
        self._rate = 0
        self._began = self._sent_at = self._jpeg_until = float("-inf")
        self._picture_s = 0.0
        self._picture_bytes = 0.0
        self.rect: Rect | None = None

    @property
    def codec(self) -> VideoCodec | None:
        """Of the stream that is under way."""
        return self._stream.codec if self._stream is not None else None

    def use(self, make: MakeVideo | None) -> None:
        """What can be made from now on; a stream under way is made anew."""
        self._make = make
        self.end()

    def watch(self, photo: CellMask, moved: bool) -> None:
        """After the cells of a new frame were sorted. `photo`: those that changed and are like a photo; `moved`: a part of the
        picture was dragged or scrolled, which is no film."""
        if self._make is None:
            return
        self._activity *= 1 - _WEIGHT
        if moved:
            self.end()
            return
        self._activity[photo] += _WEIGHT
        hot = self._activity > _HOT
        if self.rect is not None and self._outgrown(self.rect, hot):
            self.end()
        if self.rect is None and self._clock() >= self._jpeg_until:
            self.rect = self._found(hot)
            self._sent_at = self._clock()

    def rest(self) -> None:
        """The screen is still, or was: a stream that stands still is over."""
        if self.rect is not None and self._clock() - self._sent_at > _REST_S:
            self.end()
            self._activity[:] = 0

    def end(self) -> None:
        self._stream = None
        self.rect = None

    def _outgrown(self, rect: Rect, hot: CellMask) -> bool:
        cells = cell_slices(rect)
        outside = hot.copy()
        outside[cells] = False
        return bool(self._activity[cells].max() < _COLD) or int(outside.sum()) > _STRAY_CELLS

    def _found(self, hot: CellMask) -> Rect | None:
        """The box around the hot cells, of even size as codecs want it."""
        if int(hot.sum()) < _MIN_CELLS:
            return None
        rows, columns = np.flatnonzero(hot.any(1)), np.flatnonzero(hot.any(0))
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        if float(hot[top:bottom, left:right].mean()) < _MIN_FILLED:
            return None
        # The last cell of an odd picture has an odd number of pixels; it is left to the others.
        right -= right * CELL_W > self._width and self._width % 2
        bottom -= bottom * CELL_H > self._height and self._height % 2
        x, y = left * CELL_W, top * CELL_H
        w, h = min(self._width, right * CELL_W) - x, min(self._height, bottom * CELL_H) - y
        return (x, y, w, h) if w > 0 and h > 0 else None

    # --- the stream --------------------------------------------------------------------------------------------------

    def encode(self, frame: Pixels, limits: Limits) -> Op | None:
        """The rectangle of `frame` as the stream's next picture; None: not now, the way is full, or not at all any more."""
        assert self.rect is not None
        if self._picture_bytes > limits.budget_bytes:
            self._picture_bytes *= 0.9  # it may fit again before its size is known anew
            return None
        x, y, w, h = self.rect
        began = self._clock()
        try:
            stream = self._fitting(limits)
            data, key = stream.encode(np.ascontiguousarray(frame[y : y + h, x : x + w]))
        except VideoError as problem:
            log.warn("No video: {problem}", problem=str(problem))
            self.use(None)
            return None
        self._sent_at = self._clock()
        self._measure(self._sent_at - began, len(data), limits)
        return Op(OpKind.VIDEO, x, y, w, h, int(key), self._id, bytes([stream.codec]) + data)

    def _fitting(self, limits: Limits) -> VideoEncoder:
        """The stream at the rate that the link takes; a new one where that has changed for a while. Raises VideoError."""
        rate = next(kbit_s for quality, kbit_s in _RATES if limits.photo_quality >= quality)
        age = self._clock() - self._began
        worse, better = rate < self._rate and age > _WORSE_AFTER_S, rate > self._rate and age > _BETTER_AFTER_S
        if self._stream is None or worse or better:
            assert self.rect is not None and self._make is not None
            self._stream = self._make(self.rect[2], self.rect[3], rate)
            self._id = (self._id + 1) & _MAX_STREAM_ID
            self._rate, self._began = rate, self._clock()
            self._picture_s = self._picture_bytes = 0.0
        return self._stream

    def _measure(self, took_s: float, size: int, limits: Limits) -> None:
        if self._clock() - self._began < _SETTLED_S:
            return
        self._picture_s += _SHARE * (took_s - self._picture_s)
        self._picture_bytes += 0.2 * (size - self._picture_bytes)
        fast = limits.bytes_per_s is None or limits.bytes_per_s > _FAST_LINK
        if self._picture_s > _SLOW_S and fast:
            self._jpeg_until = self._clock() + _JPEG_FOR_S
            self.end()
