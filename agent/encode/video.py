"""Video codecs for the part of the picture that keeps moving. The only file that knows PyAV, which is optional: its wheels link
GPL codecs (docs/licences.md), and without it that part is sent as JPEG."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from twisted.logger import Logger

from agent.encode.interface import Pixels
from wizhelper.protocol.screen import VideoCodec

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

log = Logger()

_THREADS = 2
_NEVER = 1_000_000
"""Pictures between two key frames: a viewer gets each one, in order, or the whole picture anew."""


class VideoEncoder(Protocol):
    """One stream of pictures of one size, each of which comes out at once."""

    codec: VideoCodec

    def encode(self, pixels: Pixels) -> tuple[bytes, bool]:
        """(h, w, 4) BGRX of the stream's size -> one coded picture, and whether it is a key frame. Raises VideoError."""


class VideoError(Exception):
    """The codec failed; the stream is of no use any more."""


MakeVideo = Callable[[int, int, int], VideoEncoder]
"""Width and height, both even; kbit/s. Raises VideoError."""


@dataclass(frozen=True)
class _Candidate:
    """`options` of FFmpeg's encoder; {kbit_s} in a value is the rate."""

    codec: VideoCodec
    encoder: str
    options: dict[str, str]


def _options(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split())


_VP8 = _Candidate(
    VideoCodec.VP8,
    "libvpx",
    _options(
        "deadline=realtime cpu-used=-12 lag-in-frames=0 auto-alt-ref=0 max-intra-rate=600 qmin=8 qmax=54 crf=20"
    ),
)
_X264 = _Candidate(
    VideoCodec.H264,
    "libx264",
    _options(
        "preset=superfast tune=zerolatency profile=main crf=23 maxrate={kbit_s}k bufsize={kbit_s}k"
        " x264-params=keyint=infinite:scenecut=0:sliced-threads=1"
    ),
)
_HARDWARE = {
    "win32": _Candidate(VideoCodec.H264, "h264_mf", _options("rate_control=ld_vbr scenario=display_remoting")),
    "darwin": _Candidate(VideoCodec.H264, "h264_videotoolbox", _options("realtime=1 allow_sw=0")),
}


class _AvEncoder:
    """A codec of FFmpeg without delay, picture by picture."""

    def __init__(self, candidate: _Candidate, width: int, height: int, kbit_s: int) -> None:
        import av
        from av.video.reformatter import Colorspace, VideoReformatter

        self.codec = candidate.codec
        self._frame = av.VideoFrame
        self._errors = (av.error.FFmpegError, ValueError, OSError)
        self._reformat = partial(
            VideoReformatter().reformat,
            format="yuv420p",
            # Browsers take a stream that says nothing for ITU-R BT.601.
            dst_colorspace=Colorspace.ITU601,
            interpolation="POINT",
            threads=_THREADS,
        )
        try:
            self._context = _opened(candidate, width, height, kbit_s)
        except self._errors as problem:
            raise VideoError(f"{candidate.encoder}: {problem}") from problem
        self._began = time.monotonic()
        self._stamp = -1

    def encode(self, pixels: Pixels) -> tuple[bytes, bool]:
        try:
            frame = self._reformat(self._frame.from_numpy_buffer(pixels, "bgra"))
            self._stamp = max(self._stamp + 1, int(1000 * (time.monotonic() - self._began)))
            frame.pts = self._stamp
            packets = self._context.encode(frame)
        except self._errors as problem:
            raise VideoError(str(problem)) from problem
        if len(packets) != 1:
            raise VideoError(f"{len(packets)} packets for one picture")
        return bytes(packets[0]), bool(packets[0].is_keyframe)


def _opened(candidate: _Candidate, width: int, height: int, kbit_s: int) -> VideoCodecContext:
    from av.video.codeccontext import VideoCodecContext

    context = VideoCodecContext.create(candidate.encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 1000), Fraction(30)
    context.bit_rate, context.gop_size, context.max_b_frames = kbit_s * 1000, _NEVER, 0
    context.thread_count = _THREADS
    context.options = {name: value.format(kbit_s=kbit_s) for name, value in candidate.options.items()}
    context.open()
    return context


def find_video(wanted: Sequence[str], system: str = sys.platform) -> MakeVideo | None:
    """The best way that works here to code what the viewer decodes; None: there is none.

    The system's own H.264 first, then VP8, then H.264 by software. Each has to prove itself by a picture, which takes some
    tenths of a second: not for the thread of the pictures.
    """
    try:
        import av  # noqa: F401
    except ImportError:
        return None
    hardware = [_HARDWARE[system]] if system in _HARDWARE else []
    for candidate in (*hardware, _VP8, _X264):
        if candidate.codec.name.lower() in wanted and _works(candidate):
            log.info("video by {encoder}", encoder=candidate.encoder)
            return partial(_AvEncoder, candidate)
    return None


def _works(candidate: _Candidate) -> bool:
    try:
        return _AvEncoder(candidate, 320, 192, 500).encode(np.zeros((192, 320, 4), np.uint8))[1]
    except VideoError as problem:
        log.info("no video by {encoder}: {problem}", encoder=candidate.encoder, problem=str(problem))
        return False
