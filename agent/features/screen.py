"""The screen channel of one viewer: a pipeline thread that captures, encodes and sends, driven by damage and pace.

Not here: how to capture (`agent.capture`), what to encode (`agent.encode`), the encrypted link (the `send` argument).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from twisted.logger import Logger

from agent.capture.interface import Capture, CaptureError, CursorShape, Geometry, GeometryChangedError
from agent.encode.interface import Limits
from agent.encode.pacing import FrameCap, Pace
from agent.encode.quality import RULES, Palette, PhotoQuality
from agent.encode.tiles import TileEncoder
from agent.encode.video import MakeVideo, find_video
from agent.features.screen_meter import Meter, Second
from agent.features.screen_shown import Origin, Shown, shown
from agent.features.screen_trouble import Trouble
from agent.features.screen_video import FindVideo, VideoChoice
from wizhelper.protocol.screen import (
    ALL_MONITORS,
    MAX_PIXELS,
    Ack,
    Caps,
    Op,
    OpKind,
    Pause,
    Refresh,
    Stats,
    Update,
    ViewerMessage,
    ViewRequest,
    encode_stats,
    encode_trouble,
    resize_data,
)

#: The longest time in which a wish of the viewer or a moved pointer goes unnoticed while the picture stands still: soon
#: after the last update, and later, when nobody is working and each look at the pointer is wasted CPU.
_IDLE_WAIT_S = 0.04
_QUIET_WAIT_S = 0.1
_QUIET_AFTER_S = 1.0
_PAUSED_WAIT_S = 0.5
#: An ack ends the wait for room in the window; this is only the limit.
_WINDOW_WAIT_S = 0.05
_CURSOR_INTERVAL_S = 1 / 30
_STATS_INTERVAL_S = 1.0
#: Refinement takes only what a link has to spare.
_MIN_REFINE_BUDGET = 4000


@dataclass(frozen=True)
class _Wishes:
    """What the viewer has asked for; `refresh` counts, so that none is lost."""

    capture: str = "fast"
    cursor: bool = True
    quality: str = "auto"
    colours: str = "full"
    monitor: int = ALL_MONITORS
    paused: bool = False
    refresh: int = 0


class _Ladder:
    """What to do after a capture failed: the same again, then the compatible way, then report and try again later."""

    _RECENT_S = 5.0
    _RETRY_S = 2.0
    _HOPELESS = 3

    def __init__(self) -> None:
        self._failures = 0
        self._failed_at = float("-inf")
        self._reported = False
        self.limited = False

    def failed(self, now: float, opened: bool) -> bool:
        """Note a failure, after or while opening the capture; whether it must be reported now."""
        recent = self._failures if now - self._failed_at < self._RECENT_S else 0
        self._failures = recent + 1 if opened else max(recent + 1, self._HOPELESS)
        self._failed_at = now
        self.limited |= self._failures > 1
        must_report = self._failures >= self._HOPELESS and not self._reported
        self._reported |= must_report
        return must_report

    def worked(self, now: float) -> None:
        """A frame was captured. The next outage is a new one if this one has been over for a while."""
        if self._reported and now - self._failed_at > self._RECENT_S:
            self._reported = False

    def pause_s(self) -> float:
        """Seconds to wait before the next try."""
        return self._RETRY_S if self._failures >= self._HOPELESS else 0.0


class ScreenFeature:
    """Shows this computer's screen to one viewer.

    `open_capture(mode)` gives a started capture or raises CaptureError. `send(body)` is thread-safe, delivers the
    message in order or ends the session, and returns the bytes that travel. `report` is called once a second while
    pictures are sent; `on_error` once per outage with a code of CaptureError (the feature keeps trying), or with
    SCREEN_FAILED for a bug of ours (the feature is dead). Both are called on the pipeline thread; like `send` they
    must not call `stop`.
    """

    log = Logger()

    def __init__(
        self,
        open_capture: Callable[[str], Capture],
        send: Callable[[bytes], int],
        *,
        report: Callable[[Stats], None],
        on_error: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        find_video: FindVideo = find_video,
    ) -> None:
        self._open_capture, self._send, self._clock = open_capture, send, clock
        self._report, self._on_error = report, on_error
        self._wishes, self._obeyed = _Wishes(), _Wishes()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._pace, self._cap, self._meter = Pace(clock), FrameCap(clock, RULES["auto"].frames_per_s), Meter(clock())
        self._frame_ids = itertools.count(1)
        self._ladder = _Ladder()
        self._trouble = Trouble(self._tell_trouble, clock)
        self._capture: Capture | None = None
        self._geometry: Geometry | None = None
        self._shown = Shown(ALL_MONITORS, 0, 0, 1, 1)
        self._origin = Origin()
        self._encoder = TileEncoder(1, 1, clock)
        self._video = VideoChoice(find_video, self._wake.set)
        self._making: MakeVideo | None = None
        self._palette = Palette("full")
        self._quality = PhotoQuality(RULES["auto"])
        self._pending = False
        self._cursor_shape: CursorShape | None = None
        self._cursor_shape_due = False
        self._cursor_at: tuple[int, int] | None = None
        self._cursor_read_at = self._stats_at = self._sent_at = clock()
        self._last_fps = 0.0

    def start(self) -> None:
        """Start the pipeline thread; once."""
        self._thread.start()

    def stop(self) -> None:
        """End the pipeline and wait for it; nothing is sent afterwards. May be called without `start` and twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def handle(self, message: ViewerMessage) -> None:
        """A message of the viewer; returns at once. Called on one thread, the reactor's."""
        match message:
            case Ack(frame_id, drawn_ms):
                self._origin.acked(frame_id)
                if self._pace.ack(frame_id, drawn_ms / 1000):
                    self._meter.drawn(frame_id, self._clock())
            case Refresh():
                self._wishes = replace(self._wishes, refresh=self._wishes.refresh + 1)
            case ViewRequest():
                self._wishes = replace(self._wishes, **asdict(message))
            case Pause(paused):
                self._wishes = replace(self._wishes, paused=paused)
            case Caps(decoders):
                self._video.decoders(decoders)
        self._wake.set()

    def origin(self) -> tuple[int, int]:
        """Where in the whole desktop the picture begins that the viewer has drawn; on the reactor's thread."""
        return self._origin.place()

    def pong(self, round_trip_s: float) -> None:
        """The round trip of a ping on the same link; thread-safe."""
        self._pace.pong(round_trip_s)

    # Everything below runs on the pipeline thread.

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._round()
        except BaseException:
            self.log.failure("the screen pipeline broke")
            self._on_error("SCREEN_FAILED")
            raise
        finally:
            self._close_capture()

    def _round(self) -> None:
        self._wake.clear()
        self._obey()
        self._trouble.look()
        self._report_stats()
        if self._obeyed.paused:
            self._close_capture()
            self._wake.wait(_PAUSED_WAIT_S)
            return
        try:
            self._show(self._opened())
        except CaptureError as problem:
            self._recover(problem)

    def _obey(self) -> None:
        """Act on what changed in the viewer's wishes."""
        wishes, before = self._wishes, self._obeyed
        self._obeyed = wishes
        if wishes.capture != before.capture:
            self._close_capture()
            self._ladder = _Ladder()
        if wishes.cursor and not before.cursor:
            self._forget_cursor()
        if wishes.quality != before.quality:
            self._cap.limit(RULES[wishes.quality].frames_per_s)
            self._quality = PhotoQuality(RULES[wishes.quality])
        self._choose_video()
        if wishes.colours != before.colours:
            self._palette = Palette(wishes.colours)
            self._pending = True
        if wishes.refresh != before.refresh:
            self._pace.forget()
        if (wishes.refresh, wishes.monitor) != (before.refresh, before.monitor) and self._geometry:
            self._begin_picture(self._geometry)

    def _choose_video(self) -> None:
        """None where the viewer wants every picture sharp."""
        wanted = self._video.make if RULES[self._obeyed.quality].video else None
        if wanted is not self._making:
            self._making = wanted
            self._encoder.moving.use(wanted)

    def _opened(self) -> Capture:
        """The capture; opened when there is none. A picture of the same geometry goes on where it was."""
        if self._capture is None:
            self._capture = self._open_capture("compatible" if self._ladder.limited else self._obeyed.capture)
            self.log.info("screen capture by {name}", name=self._capture.name)
            self._pending = True
            if self._capture.geometry() != self._geometry:
                self._begin_picture(self._capture.geometry())
        return self._capture

    def _recover(self, problem: CaptureError) -> None:
        self.log.warn("screen capture failed: {problem}", problem=problem)
        opened = self._capture is not None
        self._close_capture()
        if self._ladder.failed(self._clock(), opened):
            self._on_error(problem.code)
            self._trouble.failed(problem.code)
        self._stopping.wait(self._ladder.pause_s())

    def _tell_trouble(self, code: str) -> None:
        self._meter.sent(self._send(encode_trouble(code)))

    def _close_capture(self) -> None:
        if self._capture:
            self._capture.close()
            self._capture = None

    def _begin_picture(self, geometry: Geometry) -> None:
        """A new, black picture at the viewer, for a new size and when the viewer has lost the old one."""
        if geometry.width * geometry.height > MAX_PIXELS:
            raise CaptureError("CAPTURE_UNAVAILABLE", f"{geometry.width} x {geometry.height} is too large")
        self._geometry = geometry
        self._shown = shown(geometry, self._obeyed.monitor)
        self._encoder = TileEncoder(self._shown.width, self._shown.height, self._clock, self._making)
        self._pending = True
        self._forget_cursor()
        data = resize_data(geometry.monitors, self._shown.monitor)
        resize = Op(OpKind.RESIZE, w=self._shown.width, h=self._shown.height, data=data)
        self._emit((Op(OpKind.ZRESET), resize))

    def _show(self, capture: Capture) -> None:
        """One look at the screen, and at most one update of the picture."""
        try:
            self._pending |= capture.wait(0.0 if self._pending else self._idle_wait_s())
            self._show_cursor(capture)
            if self._pending:
                self._show_frame(capture)
            else:
                self._refine()
        except GeometryChangedError:
            self._begin_picture(capture.geometry())

    def _idle_wait_s(self) -> float:
        return _QUIET_WAIT_S if self._clock() - self._sent_at > _QUIET_AFTER_S else _IDLE_WAIT_S

    def _show_frame(self, capture: Capture) -> None:
        self._stopping.wait(self._cap.wait_s())
        budget = self._pace.budget()
        if not budget:
            self._wake.wait(_WINDOW_WAIT_S)
            return
        began = self._clock()
        frame = capture.frame()
        self._ladder.worked(began)
        self._trouble.frame(frame)
        limits = Limits(budget, self._quality.value, self._cursor_at, self._pace.bandwidth)
        step = self._encoder.encode(self._palette.apply(self._shown.crop(frame)), limits)
        self._quality.follow(step.left, began)
        self._cap.spend(changed=bool(step.ops))
        self._pending = step.left
        self._emit(step.ops, began)

    def _refine(self) -> None:
        if self._encoder.refinable() and (budget := self._pace.budget()) > _MIN_REFINE_BUDGET:
            self._emit(self._encoder.refine(budget).ops)

    def _forget_cursor(self) -> None:
        self._cursor_at = None
        self._cursor_shape_due = True

    def _show_cursor(self, capture: Capture) -> None:
        now = self._clock()
        if not self._obeyed.cursor or now - self._cursor_read_at < _CURSOR_INTERVAL_S or not self._pace.budget():
            return
        self._cursor_read_at = now
        state = capture.cursor()
        ops: list[Op] = []
        if state.shape is not None:
            self._cursor_shape, self._cursor_shape_due = state.shape, True
        if self._cursor_shape_due and self._cursor_shape is not None:
            self._cursor_shape_due = False
            ops.append(_cursor_op(self._cursor_shape))
        if (place := self._inside(state.x, state.y)) != self._cursor_at:
            self._cursor_at = place
            ops.append(Op(OpKind.CURPOS, *place))
        self._emit(tuple(ops))

    def _inside(self, x: int, y: int) -> tuple[int, int]:
        part = self._shown
        return max(0, min(x - part.x, part.width - 1)), max(0, min(y - part.y, part.height - 1))

    def _emit(self, ops: Sequence[Op], capture_began: float | None = None) -> None:
        """Send one update; `capture_began` only for a frame, which counts for latency and frame rate."""
        if not ops:
            return
        frame_id = next(self._frame_ids) & 0xFFFFFFFF
        began = self._clock() if capture_began is None else capture_began
        if any(op.kind is OpKind.RESIZE for op in ops):
            self._origin.begun(frame_id, self._shown.x, self._shown.y)
        body = Update(frame_id, int(1000 * began), tuple(ops)).encode()
        if capture_began is not None:
            self._meter.frame(frame_id, capture_began)
        self._sent_at = self._clock()
        # Before sending: the ack may arrive on the other thread before `send` returns.
        self._pace.sent(frame_id, len(body))
        self._meter.sent(self._send(body))

    def _report_stats(self) -> None:
        """Once a second, and once more after the last frame so that the viewer sees 0; silent while nothing changes."""
        now = self._clock()
        if now - self._stats_at < _STATS_INTERVAL_S:
            return
        self._stats_at = now
        second = self._meter.take(now)
        if second.fps or self._last_fps:
            stats = self._stats(second)
            self._meter.sent(self._send(encode_stats(stats)))
            self._report(stats)
        self._last_fps = second.fps

    def _stats(self, second: Second) -> Stats:
        width, height = self._shown.width, self._shown.height
        name = self._capture.name if self._capture else ""
        codec = self._encoder.moving.codec
        by = codec.name.lower() if codec is not None else ""
        return Stats(second.latency_ms, second.fps, second.kbit_s, name, width, height, by)


def _cursor_op(shape: CursorShape) -> Op:
    return Op(OpKind.CURSOR, w=shape.width, h=shape.height, a=shape.hot_x, b=shape.hot_y, data=shape.rgba)
