"""How much may be sent now: a byte window that follows the queueing delay to the viewer, and a frame rate cap.

Rules only: no sockets, no sleeping, the clock is an argument. Why a delay-based window on top of TCP: TCP fills
every buffer on the way, and each buffered byte is latency; the window keeps about 50 ms of data queued and leaves the
rest of the picture for later, when fresher pixels can be sent instead. A viewer that draws slowly is no slow link: it gets
fewer messages ahead, of the same size.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class PaceLimits:
    """Window sizes in bytes, times in seconds."""

    first_window: int = 48 * KIB
    min_window: int = 12 * KIB
    max_window: int = 8192 * KIB
    #: Below this queueing delay the window grows, above the second it shrinks.
    grow_below_s: float = 0.020
    shrink_above_s: float = 0.040
    max_in_flight: int = 12
    #: Messages at the viewer: one that it draws and one that waits for its turn.
    at_viewer: int = 2
    #: The bandwidth estimate is the best one of this period.
    bandwidth_memory_s: float = 2.0


@dataclass(frozen=True)
class _InFlight:
    sent_at: float
    size: int
    delivered_before: int
    window_was_used: bool


class Pace:
    """Thread-safe. Every message counts from `sent` until its `ack`, which the viewer gives after drawing."""

    def __init__(self, clock: Callable[[], float], limits: PaceLimits | None = None) -> None:
        self._clock, self._limits = clock, limits or PaceLimits()
        self._lock = threading.Lock()
        self._out: dict[int, _InFlight] = {}
        self._in_flight = 0
        self._delivered = 0
        self._base_s: float | None = None
        self._bandwidths: list[tuple[float, float]] = []
        self._window = self._limits.first_window
        self._cut_at = float("-inf")
        self._drawing_s = 0.0
        self._ack_at = float("-inf")

    @property
    def window(self) -> int:
        """Bytes that may be under way at once."""
        with self._lock:
            return self._window

    @property
    def bandwidth(self) -> float | None:
        """Bytes per second that the way to the viewer carried when it was last busy; None: it never was."""
        with self._lock:
            return self._bandwidth()

    def budget(self) -> int:
        """Bytes that the next message may use, 0 = wait for an ack. At most a third of the window: messages stay short."""
        with self._lock:
            if len(self._out) >= self._most_in_flight():
                return 0
            budget = min(self._window - self._in_flight, self._window // 3)
            return budget if budget >= self._window // 8 else 0

    def idle(self) -> bool:
        """Whether nothing is under way."""
        with self._lock:
            return not self._out

    def sent(self, frame_id: int, size: int) -> None:
        with self._lock:
            self._in_flight += size
            used = self._in_flight > self._window // 2
            self._out[frame_id] = _InFlight(self._clock(), size, self._delivered, used)

    def ack(self, frame_id: int, drawing_s: float) -> bool:
        """The viewer has drawn the message. False for an id that is not under way: a repeated or invented one."""
        with self._lock:
            message = self._out.pop(frame_id, None)
            if message is None:
                return False
            now = self._clock()
            round_trip = max(now - message.sent_at - drawing_s, 1e-6)
            # What waited for its turn at the viewer was not drawn all that time.
            self._drawing_s += 0.2 * (min(drawing_s, now - self._ack_at) - self._drawing_s)
            self._ack_at = now
            self._in_flight -= message.size
            self._delivered += message.size
            self._base_s = round_trip if self._base_s is None else min(self._base_s, round_trip)
            if message.window_was_used:
                self._measure(message, now, round_trip)
                self._adapt(message, now, round_trip)
            return True

    def pong(self, round_trip_s: float) -> None:
        """A ping's round trip. When nothing is under way it may also raise the base a little: routes change."""
        with self._lock:
            if self._base_s is None or round_trip_s < self._base_s:
                self._base_s = round_trip_s
            elif not self._out:
                self._base_s = min(round_trip_s, self._base_s * 1.02 + 0.0005)

    def forget(self) -> None:
        """The messages under way will never be acknowledged: the viewer is another one now."""
        with self._lock:
            self._out.clear()
            self._in_flight = 0

    def _most_in_flight(self) -> int:
        """As many as are on the way while the viewer draws one, and those that are at the viewer."""
        if self._base_s is None or self._drawing_s <= 0:
            return self._limits.max_in_flight
        on_the_way = int(self._base_s / self._drawing_s)
        return min(self._limits.max_in_flight, self._limits.at_viewer + on_the_way)

    def _measure(self, message: _InFlight, now: float, round_trip: float) -> None:
        rate = (self._delivered - message.delivered_before) / round_trip
        recent = [entry for entry in self._bandwidths if now - entry[0] < self._limits.bandwidth_memory_s]
        self._bandwidths = [*recent, (now, rate)]

    def _bandwidth(self) -> float | None:
        return max((rate for _, rate in self._bandwidths), default=None)

    def _adapt(self, message: _InFlight, now: float, round_trip: float) -> None:
        bandwidth = self._bandwidth()
        if bandwidth is None or self._base_s is None:
            return
        limits = self._limits
        queued_s = round_trip - self._base_s - message.size / bandwidth
        if queued_s < limits.grow_below_s:
            self._window = min(limits.max_window, self._window + message.size)
        elif queued_s > limits.shrink_above_s and now - self._cut_at > round_trip:
            share = max(0.5, 1 - (queued_s - limits.shrink_above_s) / round_trip)
            self._window = max(limits.min_window, int(self._window * share))
            self._cut_at = now


class FrameCap:
    """A token bucket with a burst of two frames: the first change after a quiet spell goes out at once."""

    BURST = 2.0
    #: What a captured frame costs that turned out to hold no change.
    UNCHANGED = 0.25

    def __init__(self, clock: Callable[[], float], frames_per_s: float) -> None:
        self._clock, self._rate = clock, frames_per_s
        self._tokens, self._at = self.BURST, clock()

    def limit(self, frames_per_s: float) -> None:
        """Another rate from now on."""
        self._rate = frames_per_s

    def wait_s(self) -> float:
        """Seconds until the next frame may be captured; 0 = now."""
        now = self._clock()
        self._tokens = min(self.BURST, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._tokens) / self._rate)

    def spend(self, changed: bool) -> None:
        self._tokens -= 1.0 if changed else self.UNCHANGED
