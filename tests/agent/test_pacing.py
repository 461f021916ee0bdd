"""Rules of pacing, on a simulated link: time is advanced, never slept."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest

from agent.encode.pacing import FrameCap, Pace, PaceLimits

MBIT = 125_000


@dataclass
class Link:
    """A bottleneck with an endless queue and a fixed delay each way; acknowledges `drawing_s` after arrival."""

    bytes_per_s: float
    one_way_s: float
    drawing_s: float = 0.003
    now: float = 100.0
    free_at: float = 0.0
    delivered: int = 0
    queueing: list[float] = field(default_factory=list)
    _acks: list[tuple[float, int, int]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def send(self, frame_id: int, size: int) -> None:
        start = max(self.now, self.free_at)
        self.queueing.append(start - self.now)
        self.free_at = start + size / self.bytes_per_s
        heapq.heappush(self._acks, (self.free_at + 2 * self.one_way_s + self.drawing_s, frame_id, size))

    def stall(self, seconds: float) -> None:
        """Nothing passes for a while; what is on its way comes later."""
        self.free_at = max(self.free_at, self.now) + seconds
        self._acks = [(at + seconds, frame_id, size) for at, frame_id, size in self._acks]

    def waiting(self) -> int:
        """Bytes that were sent and not acknowledged."""
        return sum(size for _, _, size in self._acks)

    def advance(self, seconds: float, pace: Pace) -> None:
        self.now += seconds
        while self._acks and self._acks[0][0] <= self.now:
            _, frame_id, size = heapq.heappop(self._acks)
            self.delivered += size
            pace.ack(frame_id, self.drawing_s)


def greedy(link: Link, seconds: float) -> Pace:
    """A sender that always has more to send and uses each budget fully."""
    pace = Pace(link.clock)
    pace.pong(2 * link.one_way_s)
    for frame_id in range(int(seconds * 1000)):
        if budget := pace.budget():
            link.send(frame_id, budget)
            pace.sent(frame_id, budget)
        link.advance(0.001, pace)
    return pace


def test_queueing_stays_short_on_a_slow_link() -> None:
    link = Link(2 * MBIT, 0.020)
    greedy(link, 20)
    settled = sorted(link.queueing[len(link.queueing) // 4 :])
    assert settled[int(0.95 * len(settled))] < 0.150
    assert link.delivered > 0.7 * 20 * link.bytes_per_s


@pytest.mark.parametrize("mbit", [50, 200])
def test_a_fast_link_is_used_fully(mbit: int) -> None:
    link = Link(mbit * MBIT, 0.005)
    greedy(link, 3)
    before = link.delivered
    pace = greedy(link, 3)
    assert link.delivered - before > 0.75 * 3 * link.bytes_per_s
    assert (pace.bandwidth or 0) == pytest.approx(link.bytes_per_s, rel=0.35)


def test_the_window_shrinks_when_the_link_slows_down() -> None:
    link = Link(50 * MBIT, 0.010)
    pace = Pace(link.clock)
    pace.pong(0.020)
    for frame_id in range(12_000):
        if frame_id == 4000:
            link.bytes_per_s = 2 * MBIT
        if budget := pace.budget():
            link.send(frame_id, budget)
            pace.sent(frame_id, budget)
        link.advance(0.001, pace)
    assert max(link.queueing[-20:]) < 0.2


def test_after_a_stall_at_most_a_moment_of_old_picture_is_under_way() -> None:
    """RC-QUALITY: what waits on a line that stood still for three seconds is through at once when it moves again."""
    link = Link(5 * MBIT, 0.020)
    pace = Pace(link.clock)
    pace.pong(0.040)
    for frame_id in range(9000):
        if frame_id == 5000:
            link.stall(3.0)
        if budget := pace.budget():
            link.send(frame_id, budget)
            pace.sent(frame_id, budget)
        link.advance(0.001, pace)
        if frame_id == 7999:
            waiting = link.waiting()
    assert 0 < waiting / link.bytes_per_s < 0.15
    assert link.queueing[-1] < 0.1


def test_a_viewer_that_draws_slowly_has_one_message_waiting_and_keeps_its_window() -> None:
    """A busy browser is not a slow link: what it gets stays whole pictures, one behind the other."""
    viewer = Link(100 * MBIT, 0.001, drawing_s=0.060)
    pace = Pace(viewer.clock)
    pace.pong(0.002)
    free_at = viewer.now
    due: list[tuple[float, int, float]] = []
    most = 0
    for frame_id in range(6000):
        viewer.now += 0.001
        if pace.budget():
            free_at = max(free_at, viewer.now) + viewer.drawing_s
            due.append((free_at, frame_id, free_at - viewer.now))
            pace.sent(frame_id, 20_000)
        while due and due[0][0] <= viewer.now:
            _, done, drawing_s = due.pop(0)
            pace.ack(done, drawing_s)
        if frame_id > 1000:
            most = max(most, len(due))
    assert most == 2
    assert pace.window >= PaceLimits().first_window


def test_nothing_may_be_sent_while_the_viewer_is_silent() -> None:
    link = Link(MBIT, 0.01)
    pace = Pace(link.clock)
    for frame_id in range(100):
        pace.sent(frame_id, 4000)
    link.now += 60
    assert pace.budget() == 0
    pace.forget()
    assert pace.budget() > 0 and pace.idle()


def test_many_small_messages_are_limited_by_number() -> None:
    pace = Pace(Link(MBIT, 0.01).clock, PaceLimits(max_in_flight=3))
    for frame_id in range(3):
        assert pace.budget() > 0
        pace.sent(frame_id, 1)
    assert pace.budget() == 0


def test_an_unknown_ack_changes_nothing() -> None:
    pace = Pace(Link(MBIT, 0.01).clock)
    pace.sent(1, 100)
    assert not pace.ack(2, 0.0)
    assert pace.ack(1, 0.0)
    assert not pace.ack(1, 0.0)


def test_small_messages_do_not_open_the_window() -> None:
    link = Link(100 * MBIT, 0.001)
    pace = Pace(link.clock)
    before = pace.window
    for frame_id in range(500):
        link.send(frame_id, 100)
        pace.sent(frame_id, 100)
        link.advance(0.02, pace)
    assert pace.window == before and pace.bandwidth is None


def test_frame_cap_lets_a_burst_of_two_through_then_the_rate() -> None:
    link = Link(MBIT, 0.0)
    cap = FrameCap(link.clock, 60)
    for _ in range(2):
        assert cap.wait_s() == 0
        cap.spend(changed=True)
    assert cap.wait_s() == pytest.approx(1 / 60)
    link.now += 1 / 60
    assert cap.wait_s() == pytest.approx(0)


def test_a_frame_without_change_costs_a_quarter() -> None:
    cap = FrameCap(Link(MBIT, 0.0).clock, 60)
    for _ in range(4):
        assert cap.wait_s() == 0
        cap.spend(changed=False)
    assert cap.wait_s() == 0
    cap.spend(changed=False)
    assert cap.wait_s() > 0
