"""Pixels -> data of ZSTD and JPEG operations."""

from __future__ import annotations

import numpy as np
import simplejpeg
import zstandard

from agent.encode.interface import Pixels
from wizhelper.protocol.screen import Op, OpKind, Rect, zstd_data

#: 4 MiB of history: half a full-HD page, so that scrolled-in glyphs are found again. Larger windows gain little.
_WINDOW_LOG = 22


class PixelStream:
    """The session's one zstd stream. Everything it returns must be decoded by the viewer, in order.

    `add` rectangles, then `take` the operation with all of them.
    """

    def __init__(self) -> None:
        parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=_WINDOW_LOG)
        self._compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self._rects: list[Rect] = []
        self._chunks: list[bytes] = []

    def add(self, frame: Pixels, rect: Rect, exact_size: bool = False) -> int:
        """Compress one rectangle; returns the bytes known to be added so far.

        With `exact_size` the block ends here, so that the number is right; without it up to one zstd block of 128 KiB
        is still held back, and the total is some per cent smaller.
        """
        before = len(self._chunks)
        self._chunks.append(self._compressor.compress(_packed(frame, rect).reshape(-1).data))
        if exact_size:
            self._chunks.append(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        self._rects.append(rect)
        return 8 + sum(map(len, self._chunks[before:]))

    def take(self) -> list[Op]:
        """The operation for all rectangles added since the last call; empty without any."""
        if not self._rects:
            return []
        chunk = b"".join(self._chunks) + self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        op = Op(OpKind.ZSTD, data=zstd_data(self._rects, chunk))
        self._rects, self._chunks = [], []
        return [op]


def jpeg(frame: Pixels, rect: Rect, quality: int, full_chroma: bool = False) -> Op:
    """A JPEG operation; `full_chroma` (4:4:4) keeps coloured edges sharp and doubles the work."""
    x, y, w, h = rect
    subsampling = "444" if full_chroma else "420"
    data = simplejpeg.encode_jpeg(_packed(frame, rect), quality, "BGRX", subsampling, fastdct=not full_chroma)
    return Op(OpKind.JPEG, x, y, w, h, data=data)


def _packed(frame: Pixels, rect: Rect) -> Pixels:
    x, y, w, h = rect
    return np.ascontiguousarray(frame[y : y + h, x : x + w])
