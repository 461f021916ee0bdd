"""What cannot be captured is said to the operator, once, and taken back when the picture returns."""

from __future__ import annotations

import numpy as np
import pytest

from agent.features.screen_trouble import BLACK_AFTER_S, Trouble, is_black

BLACK = np.zeros((100, 200, 4), np.uint8)


class Bench:
    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.trouble = Trouble(self.told.append, lambda: self.now)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def bright() -> np.ndarray:
    frame = BLACK.copy()
    frame[50, 77, 1] = 1
    return frame


def test_a_single_coloured_pixel_is_no_black_screen() -> None:
    unused = BLACK.copy()
    unused[..., 3] = 255
    assert is_black(BLACK)
    assert is_black(unused)
    assert not is_black(bright())


def test_a_screen_that_stays_black_is_named_after_a_while(bench: Bench) -> None:
    bench.trouble.frame(BLACK)
    bench.now = BLACK_AFTER_S - 0.01
    bench.trouble.look()
    assert bench.told == []

    bench.now = BLACK_AFTER_S
    bench.trouble.look()
    bench.trouble.look()
    bench.trouble.frame(BLACK)
    assert bench.told == ["SCREEN_BLACK"]

    bench.trouble.frame(bright())
    bench.trouble.look()
    assert bench.told == ["SCREEN_BLACK", ""]


def test_a_picture_that_was_never_missed_is_not_announced(bench: Bench) -> None:
    bench.trouble.frame(bright())
    assert bench.told == []


def test_a_failed_capture_is_told_until_a_frame_comes(bench: Bench) -> None:
    bench.trouble.failed("CAPTURE_LOST")
    bench.trouble.failed("CAPTURE_LOST")
    bench.now = 10
    bench.trouble.look()
    bench.trouble.frame(BLACK)
    assert bench.told == ["CAPTURE_LOST", ""]
