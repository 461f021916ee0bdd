"""How much of a file may be under way: a window that gives way as soon as the line has a queue.

Files have the lowest priority. TCP alone would fill every buffer on the way, and pictures and keys would wait behind megabytes;
so the window follows the delay (as LEDBAT, RFC 6817, does): it grows while acknowledgements come back as fast as on an idle
line and shrinks at a queue half as long as the one that the screen keeps (agent/encode/pacing.py). Where both want to send, the
screen's queue makes the file's window shrink to its least.

Rules only; the clock is an argument. Mirrored by web/src/remote/files/window.ts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from wizhelper.protocol.files import MAX_CHUNK, MAX_WINDOW

KIB = 1024
FIRST_WINDOW = 64 * KIB
MIN_WINDOW = 8 * KIB
MIN_CHUNK = 4 * KIB
#: Below this queueing delay the window grows, above the second it shrinks.
GROW_BELOW_S = 0.006
SHRINK_ABOVE_S = 0.012
#: What a chunk takes on the line at most.
CHUNK_S = 0.008
#: How long the shortest round trip is believed: routes change.
BASE_MEMORY_S = 30.0
BANDWIDTH_MEMORY_S = 2.0
#: A queue delays every chunk; one that alone was late waited for a busy processor (RFC 6817, 4.2: the least of a few).
RECENT = 4


@dataclass(frozen=True)
class _UnderWay:
    sent_at: float
    size: int
    acknowledged_before: int


class BulkWindow:
    """One direction of one link. Each chunk counts from `sent` to its `acknowledged` or `forget`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = FIRST_WINDOW
        self._out: dict[Hashable, _UnderWay] = {}
        self._in_flight = 0
        self._acknowledged = 0
        self._base: list[tuple[float, float]] = []
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._rates: list[tuple[float, float]] = []
        self._cut_at = float("-inf")

    @property
    def window(self) -> int:
        return self._window

    def room(self) -> int:
        """Bytes of the next chunk; 0: wait for an acknowledgement. Small on a slow line: nothing overtakes a chunk."""
        rate = self._rates[0][1] if self._rates else 0.0
        chunk = min(MAX_CHUNK, self._window // 2, max(MIN_CHUNK, int(rate * CHUNK_S)))
        return chunk if self._in_flight == 0 or self._in_flight + chunk <= self._window else 0

    def sent(self, key: Hashable, size: int) -> None:
        """Said again for the same chunk: its time begins anew."""
        if (before := self._out.pop(key, None)) is not None:
            self._in_flight -= before.size
        self._out[key] = _UnderWay(self._clock(), size, self._acknowledged)
        self._in_flight += size

    def acknowledged(self, key: Hashable, held_s: float) -> int:
        """`held_s`: how long the chunk was at the other end before it was on the disk. -> its size; 0: it was not under way."""
        chunk = self._out.pop(key, None)
        if chunk is None:
            return 0
        was_used = self._in_flight + MIN_CHUNK > self._window // 2
        self._in_flight -= chunk.size
        self._acknowledged += chunk.size
        now = self._clock()
        round_trip = max(now - chunk.sent_at - held_s, 1e-6)
        self._remember(now, round_trip, chunk)
        if was_used:
            self._adapt(now, round_trip, chunk.size)
        return chunk.size

    def forget(self, belongs: Callable[[Hashable], bool]) -> None:
        """Chunks whose transfer is over: nobody acknowledges them any more."""
        for key in [key for key in self._out if belongs(key)]:
            self._in_flight -= self._out.pop(key).size

    def _remember(self, now: float, round_trip: float, chunk: _UnderWay) -> None:
        self._base = [b for b in self._base if now - b[0] < BASE_MEMORY_S and b[1] < round_trip]
        self._base.append((now, round_trip))
        self._recent.append(round_trip)
        rate = (self._acknowledged - chunk.acknowledged_before) / max(now - chunk.sent_at, 1e-6)
        self._rates = [r for r in self._rates if now - r[0] < BANDWIDTH_MEMORY_S and r[1] > rate]
        self._rates.append((now, rate))

    def _adapt(self, now: float, round_trip: float, size: int) -> None:
        queued = min(self._recent) - self._base[0][1] - size / self._rates[0][1]
        if queued < GROW_BELOW_S:
            # At first twice as much with each round trip, later by little: a line that is known is not tried out again.
            share = 1.0 if self._cut_at < 0 else min(1.0, size / (4 * self._window))
            self._window = min(MAX_WINDOW, self._window + int(size * share) + 1)
        elif queued > SHRINK_ABOVE_S and now - self._cut_at > round_trip:
            self._window = max(MIN_WINDOW, int(self._window * max(0.5, 1 - (queued - SHRINK_ABOVE_S) / round_trip)))
            self._cut_at = now
