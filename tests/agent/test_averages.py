"""Five-second averages for the session's record."""

from __future__ import annotations

from twisted.internet.task import Clock

from agent.averages import BATCH, Averages
from wizhelper.protocol.live import Sample
from wizhelper.protocol.screen import Stats


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.told: list[tuple[Sample, ...]] = []
        self.averages = Averages(self.clock.seconds, self.told.append)

    def second(self, fps: float, latency_ms: float | None = 10.0, rtt_ms: float | None = 5.0) -> None:
        self.averages.add(Stats(latency_ms, fps, 100.0, "x11-shm", 800, 600), rtt_ms)
        self.clock.advance(1)


def test_five_seconds_become_one_sample_with_its_age() -> None:
    bench = Bench()
    for fps, latency in ((10, 10.0), (20, None), (30, 20.0), (30, 30.0), (30, 40.0)):
        bench.second(fps, latency)
    bench.averages.flush()
    assert bench.told == [(Sample(5.0, 25.0, 5.0, 24.0, 100.0),)]


def test_a_minute_is_told_together_and_stillness_is_not_told() -> None:
    bench = Bench()
    for _ in range(5 * BATCH):
        bench.second(30)
    assert bench.told == []
    bench.clock.advance(3600)
    bench.second(1)
    assert [len(batch) for batch in bench.told] == [BATCH]
    assert bench.told[0][0].ago_s == 5 * BATCH + 3600


def test_what_was_not_measured_is_none_and_nothing_is_not_told() -> None:
    bench = Bench()
    bench.averages.flush()
    bench.second(1, None, None)
    bench.averages.flush()
    bench.averages.flush()
    assert bench.told == [(Sample(1.0, None, None, 1.0, 100.0),)]
