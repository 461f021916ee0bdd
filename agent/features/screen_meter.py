"""Measures what the viewer gets: latency from capture to drawn, frames and bits per second."""

from __future__ import annotations

import statistics
import threading
from dataclasses import dataclass

#: Frames that are never acknowledged are forgotten, oldest first.
_MAX_OPEN = 256


@dataclass(frozen=True)
class Second:
    """The last period. `latency_ms` is the median, None without an acknowledged frame."""

    latency_ms: float | None
    fps: float
    kbit_s: float


class Meter:
    """Thread-safe: the pipeline thread sends, the reactor thread acknowledges."""

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._since = now
        self._began: dict[int, float] = {}
        self._latencies: list[float] = []
        self._frames = 0
        self._bytes = 0

    def frame(self, frame_id: int, capture_began: float) -> None:
        with self._lock:
            self._began[frame_id] = capture_began
            self._frames += 1
            if len(self._began) > _MAX_OPEN:
                del self._began[next(iter(self._began))]

    def sent(self, size_bytes: int) -> None:
        with self._lock:
            self._bytes += size_bytes

    def drawn(self, frame_id: int, now: float) -> None:
        with self._lock:
            began = self._began.pop(frame_id, None)
            if began is not None:
                self._latencies.append(1000 * (now - began))

    def take(self, now: float) -> Second:
        """What happened since the last call."""
        with self._lock:
            seconds = max(now - self._since, 1e-3)
            latency = round(statistics.median(self._latencies), 1) if self._latencies else None
            result = Second(latency, round(self._frames / seconds, 1), round(8 * self._bytes / 1000 / seconds, 1))
            self._since, self._frames, self._bytes = now, 0, 0
            self._latencies.clear()
            return result
