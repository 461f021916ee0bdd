"""Twenty thousand changed messages: none unhandled, none believed, no memory kept."""

from __future__ import annotations

import gc

import fuzz_protocol
import psutil
from fuzz_protocol import Report, Target

from wizhelper.protocol.errors import RemoteProtocolError

ROUNDS = 20_000
SEED = 1
MAX_GROWTH = 32 * 1024 * 1024


def _resident() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def test_changed_messages_are_refused_without_surprise_and_without_growth() -> None:
    targets = fuzz_protocol.targets()
    fuzz_protocol.run(len(targets) * 20, SEED + 1, targets)
    before = _resident()

    report = fuzz_protocol.run(ROUNDS, SEED, targets)

    assert report.rounds == ROUNDS
    assert report.failures == []
    assert report.forgeries == []
    assert report.refused > ROUNDS // 2
    assert _resident() - before < MAX_GROWTH


def test_every_target_takes_its_own_good_samples() -> None:
    """Else the fuzzer would knock at closed doors."""
    for target in fuzz_protocol.targets():
        accepted = 0
        for sample in target.samples:
            try:
                assert target.run(sample) is False
                accepted += 1
            except RemoteProtocolError:
                continue
        assert accepted > 0, target.name


def test_the_fuzzer_notices_a_forgery_and_an_exception() -> None:
    def break_down(data: bytes) -> bool:
        raise IndexError(len(data))

    report = Report()
    fuzz_protocol.try_one(Target("believes", (b"x",), lambda data: True), b"y", report)
    fuzz_protocol.try_one(Target("breaks", (b"x",), break_down), b"y", report)

    assert report.forgeries == [("believes", "79")]
    assert [(name, data) for name, data, _ in report.failures] == [("breaks", "79")]
    assert "IndexError" in report.failures[0][2]


def test_the_same_seed_gives_the_same_run() -> None:
    samples = [b"abc", b"defghi"]
    one, other = fuzz_protocol.Mutator(5), fuzz_protocol.Mutator(5)
    assert [one.mutate(samples) for _ in range(200)] == [other.mutate(samples) for _ in range(200)]
