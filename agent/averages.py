"""Five-second averages of what a viewer got, for the session's record: seconds in, samples out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from wizhelper.protocol.live import Sample
from wizhelper.protocol.screen import Stats

BUCKET_S = 5.0
BATCH = 12
"""Samples that are told together: a message a minute while the screen moves, none while it stands still."""


@dataclass(frozen=True)
class _Second:
    stats: Stats
    rtt_ms: float | None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), 1) if known else None


class Averages:
    """`tell(samples)` is called with a full batch, and with what there is by `flush`."""

    def __init__(self, clock: Callable[[], float], tell: Callable[[tuple[Sample, ...]], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._bucket: list[_Second] = []
        self._began = 0.0
        self._done: list[tuple[float, Sample]] = []

    def add(self, stats: Stats, rtt_ms: float | None) -> None:
        """What was measured over the second that is over now."""
        now = self._clock()
        if self._bucket and now - self._began >= BUCKET_S:
            self._close_bucket()
        if not self._bucket:
            self._began = now
        self._bucket.append(_Second(stats, rtt_ms))
        if len(self._done) >= BATCH:
            self._send()

    def flush(self) -> None:
        if self._bucket:
            self._close_bucket()
        if self._done:
            self._send()

    def _close_bucket(self) -> None:
        seconds, self._bucket = self._bucket, []
        sample = Sample(
            0.0,
            _mean([second.stats.latency_ms for second in seconds]),
            _mean([second.rtt_ms for second in seconds]),
            round(fmean(second.stats.fps for second in seconds), 1),
            round(fmean(second.stats.kbit_s for second in seconds), 1),
        )
        self._done.append((self._began, sample))

    def _send(self) -> None:
        now = self._clock()
        done, self._done = self._done, []
        self._tell(tuple(Sample(round(now - began, 1), s.latency_ms, s.rtt_ms, s.fps, s.kbit_s) for began, s in done))
