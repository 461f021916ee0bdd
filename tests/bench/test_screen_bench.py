"""The screen benchmark's arithmetic: markers, latencies of what was left out, and what is not believed."""

from __future__ import annotations

import numpy as np
import pytest

from bench.screen import marker
from bench.screen.__main__ import row
from bench.screen.measure import Run, latencies, median, plausible
from bench.screen.targets import opener


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256, 12_345, 65_535])
def test_a_marker_reads_back_even_when_it_is_washed_out(number: int) -> None:
    washed = (marker.picture(number).astype(np.int16) // 2 + 60).astype(np.uint8)
    assert marker.picture(number).shape == (marker.HEIGHT, marker.WIDTH, 4)
    assert marker.read(marker.picture(number)) == marker.read(washed) == number


def test_half_a_new_marker_reads_as_the_old_or_the_new_one() -> None:
    for number in range(1, 600):
        torn = marker.picture(number - 1)
        torn[:, 32:] = marker.picture(number)[:, 32:]
        assert marker.read(torn) in (number - 1, number)


def test_a_frame_that_was_left_out_counts_until_a_newer_one_is_seen() -> None:
    drawn = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert latencies([(1, 1.5), (3, 3.25)], drawn) == [0.5, 1.25, 0.25]


def test_numbers_from_the_future_unknown_ones_and_steps_back_are_not_believed() -> None:
    drawn = [(1, 1.0), (2, 2.0), (3, 3.0)]
    seen = [(0, 0.5), (3, 1.1), (1, 1.2), (9, 1.3), (2, 2.1), (1, 2.2), (3, 3.1)]
    assert plausible(seen, drawn) == [(1, 1.2), (2, 2.1), (3, 3.1)]


def test_a_row_has_medians_over_the_rounds_and_says_how_many_markers_never_came() -> None:
    runs = [Run(10, tuple(map(float, range(n, n + 9))), 9.5, 125_000, 5.4, 1, 40, 20) for n in (10, 30, 20)]
    assert (median(runs, "p50"), median(runs, "p95")) == (24, 28)
    assert row("typing", "us", runs) == "| typing | us | 24 / 28 | 9.5 | 1.000 | 5 / 1 / 40 (20) | no | 30 (3 lost) |"


def test_a_scene_without_markers_has_no_latency() -> None:
    quiet = Run(0, (), 0, 250, 0.4, 0, 8, 2, 12.0)
    assert row("idle", "us", [quiet]) == "| idle | us | - | - | 0.002 | 0 / 0 / 8 (2) | 12 | 0 |"


def test_a_fingerprint_tells_pictures_apart_by_value_and_by_place() -> None:
    picture = np.zeros((9, 16, 3), np.uint8)
    picture[2, 3] = (1, 2, 3)
    assert marker.fingerprint(picture) == (1 + (2 << 8) + (3 << 16)) * (2 * (2 * 16 + 3) + 1) % 2**32
    others = [np.roll(picture, 1, axis=1), np.roll(picture, 1, axis=2), picture + np.uint8(1)]
    assert len({marker.fingerprint(other) for other in (picture, *others)}) == 4


@pytest.mark.parametrize(
    "name", ["wizhelper", "wizhelper@main~3", "wizhelper+economy", "wizhelper@HEAD+sharp", "x11vnc"]
)
def test_targets_are_programs_and_the_product_at_a_commit_or_with_a_quality(name: str) -> None:
    assert callable(opener(name))


@pytest.mark.parametrize("name", ["", "vnc", "x11vnc@HEAD", "tigervnc+sharp", "wizhelper+best"])
def test_other_targets_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown target"):
        opener(name)
