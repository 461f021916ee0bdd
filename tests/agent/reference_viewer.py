"""A viewer in Python: applies updates to a picture exactly as the console must. Shared by the tests of this folder."""

from __future__ import annotations

import numpy as np
import simplejpeg
import zstandard
from av import Packet
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from wizhelper.protocol.screen import Op, OpKind, Update, VideoCodec, decode_update, decode_zstd_data


class ReferenceViewer:
    """`picture` is (h, w, 3) BGR. Raises AssertionError on an operation that does not fit the picture."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.picture: NDArray[np.uint8] = np.zeros((height, width, 3), np.uint8)
        self.cursor: Op | None = None
        self.cursor_at: tuple[int, int] | None = None
        self.resizes: list[Op] = []
        self._stream = zstandard.ZstdDecompressor().decompressobj()
        self._film: tuple[int, VideoCodecContext] = (-1, _decoder(VideoCodec.VP8))

    def receive(self, body: bytes) -> Update:
        assert len(body) < 2 * 1024 * 1024
        update = decode_update(body)
        self.apply(update.ops)
        return update

    def apply(self, ops: tuple[Op, ...]) -> None:
        for op in ops:
            self._draw(op)

    def _draw(self, op: Op) -> None:
        match op.kind:
            case OpKind.COPY:
                source = self._area(op.a, op.b, op.w, op.h).copy()
                self._area(op.x, op.y, op.w, op.h)[:] = source
            case OpKind.ZSTD:
                self._draw_zstd(op.data)
            case OpKind.JPEG:
                decoded = simplejpeg.decode_jpeg(op.data, "BGR")
                self._area(op.x, op.y, op.w, op.h)[:] = decoded
            case OpKind.VIDEO:
                self._area(op.x, op.y, op.w, op.h)[:] = self._film_picture(op)
            case OpKind.CURSOR:
                assert len(op.data) == op.w * op.h * 4
                self.cursor = op
            case OpKind.CURPOS:
                self.cursor_at = (op.x, op.y)
            case OpKind.RESIZE:
                self.picture = np.zeros((op.h, op.w, 3), np.uint8)
                self.resizes.append(op)
            case OpKind.ZRESET:
                self._stream = zstandard.ZstdDecompressor().decompressobj()

    def _film_picture(self, op: Op) -> NDArray[np.uint8]:
        assert op.w % 2 == op.h % 2 == 0
        if op.b != self._film[0]:
            assert op.a == 1, "a stream begins with a key frame"
            self._film = (op.b, _decoder(VideoCodec(op.data[0])))
        (frame,) = self._film[1].decode(Packet(op.data[1:]))
        picture: NDArray[np.uint8] = frame.to_ndarray(format="bgr24", src_colorspace="ITU601")
        return picture

    def _draw_zstd(self, data: bytes) -> None:
        rects, chunk = decode_zstd_data(data)
        pixels = np.frombuffer(self._stream.decompress(chunk), np.uint8)
        assert pixels.size == sum(w * h * 4 for _, _, w, h in rects)
        for x, y, w, h in rects:
            part, pixels = pixels[: w * h * 4], pixels[w * h * 4 :]
            self._area(x, y, w, h)[:] = part.reshape(h, w, 4)[..., :3]

    def _area(self, x: int, y: int, w: int, h: int) -> NDArray[np.uint8]:
        height, width = self.picture.shape[:2]
        assert min(w, h) > 0 and min(x, y) >= 0 and x + w <= width and y + h <= height, (x, y, w, h)
        return self.picture[y : y + h, x : x + w]


def _decoder(codec: VideoCodec) -> VideoCodecContext:
    made = VideoCodecContext.create({VideoCodec.VP8: "vp8", VideoCodec.H264: "h264"}[codec], "r")
    assert isinstance(made, VideoCodecContext)
    made.thread_count = 1
    return made


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Decibels between two pictures of the same shape; infinite for equal ones."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))
