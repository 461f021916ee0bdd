"""The window of files on simulated lines: it fills a free line, keeps its queue short, and gives way to the screen."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest

from agent.features.files.window import MIN_WINDOW, BulkWindow
from wizhelper.protocol.files import MAX_CHUNK, MAX_WINDOW

KIB = 1024


@dataclass
class Line:
    """A rate in bytes/s and a round trip in s; what waits for the line stands in one queue, whoever sent it."""

    rate: float
    round_trip_s: float
    now: float = 0.0
    free_at: float = 0.0
    sent: int = 0
    delays: list[float] = field(default_factory=list)

    def carry(self, size: int) -> float:
        """-> when its acknowledgement is back."""
        self.free_at = max(self.free_at, self.now) + size / self.rate
        return self.free_at + self.round_trip_s

    def queue_s(self) -> float:
        return max(0.0, self.free_at - self.now)


def run(line: Line, window: BulkWindow, seconds: float, other_bytes_per_s: float = 0.0) -> float:
    """A file as long as wanted for so many seconds, beside somebody who sends 20 ms' worth at a time. -> bytes/s of the file."""
    acks: list[tuple[float, int, int]] = []
    window.forget(lambda key: True)
    offset = delivered = 0
    end, other_at = line.now + seconds, line.now
    while line.now < end:
        while size := window.room():
            window.sent(offset, size)
            heapq.heappush(acks, (line.carry(size), offset, size))
            offset += size
        at = acks[0][0]
        if other_bytes_per_s and other_at < at:
            line.now = max(line.now, other_at)
            line.delays.append(line.queue_s())
            line.carry(int(other_bytes_per_s * 0.02))
            other_at += 0.02
            continue
        line.now, key, size = heapq.heappop(acks)
        delivered += window.acknowledged(key, 0.0)
    return delivered / seconds


@pytest.mark.parametrize(
    ("rate", "round_trip_s"),
    [(125_000, 0.02), (1_250_000, 0.02), (1_250_000, 0.1), (12_500_000, 0.005), (100_000_000, 0.001)],
)
def test_a_free_line_is_used(rate: float, round_trip_s: float) -> None:
    line = Line(rate, round_trip_s)
    window = BulkWindow(lambda: line.now)
    run(line, window, 5)
    assert run(line, window, 10) > 0.8 * rate


@pytest.mark.parametrize(("rate", "round_trip_s"), [(625_000, 0.04), (1_250_000, 0.02), (12_500_000, 0.005)])
def test_whoever_else_sends_waits_less_than_30_ms(rate: float, round_trip_s: float) -> None:
    line = Line(rate, round_trip_s)
    window = BulkWindow(lambda: line.now)
    run(line, window, 5)
    line.delays.clear()
    run(line, window, 10, other_bytes_per_s=rate / 5)
    ordered = sorted(line.delays)
    assert ordered[int(0.95 * len(ordered))] < 0.030


def test_it_gives_way_to_a_screen_that_fills_the_line() -> None:
    line = Line(1_250_000, 0.02)
    window = BulkWindow(lambda: line.now)
    run(line, window, 5)
    share = run(line, window, 10, other_bytes_per_s=1_200_000) / line.rate
    assert share < 0.15


def test_one_late_acknowledgement_is_a_busy_processor_and_no_queue() -> None:
    now = 0.0
    window = BulkWindow(lambda: now)
    for number in range(200):
        size = window.room()
        assert size
        window.sent(number, size)
        now += 0.060 if number % 4 == 0 else 0.001
        window.acknowledged(number, 0.0)
    before = window.window
    assert before >= 64 * KIB


def test_it_has_a_least_and_a_most() -> None:
    now = 0.0
    window = BulkWindow(lambda: now)
    for number in range(3000):
        sizes = []
        while size := window.room():
            window.sent((number, len(sizes)), size)
            sizes.append(size)
        now += 0.001
        for index in range(len(sizes)):
            window.acknowledged((number, index), 0.0)
    assert window.window <= MAX_WINDOW and max(sizes) <= MAX_CHUNK
    for number in range(200):
        window.sent(-number, window.room() or 1)
        now += 5.0
        window.acknowledged(-number, 0.0)
    assert window.window >= MIN_WINDOW and window.room() > 0


def test_what_is_over_takes_no_room() -> None:
    window = BulkWindow(lambda: 0.0)
    number = 0
    while size := window.room():
        window.sent((7, number), size)
        number += 1
    window.forget(lambda key: isinstance(key, tuple) and key[0] == 7)
    assert window.room() > 0
    assert window.acknowledged((7, 0), 0.0) == 0
