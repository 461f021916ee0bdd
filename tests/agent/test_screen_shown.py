"""One monitor or all of them: what is shown, and where clicks belong. RC-MON."""

from __future__ import annotations

import numpy as np
import pytest

from agent.capture.interface import Geometry
from agent.features.screen_shown import Origin, Shown, shown
from wizhelper.protocol.screen import ALL_MONITORS, MonitorInfo

LEFT = MonitorInfo(0, 0, 40, 30, "left", True)
RIGHT = MonitorInfo(40, 10, 60, 20, "right", False)
BOTH = Geometry(100, 30, (LEFT, RIGHT))


@pytest.mark.parametrize(
    ("wish", "part"),
    [
        (ALL_MONITORS, Shown(ALL_MONITORS, 0, 0, 100, 30)),
        (0, Shown(0, 0, 0, 40, 30)),
        (1, Shown(1, 40, 10, 60, 20)),
        (2, Shown(ALL_MONITORS, 0, 0, 100, 30)),
        (-7, Shown(ALL_MONITORS, 0, 0, 100, 30)),
    ],
)
def test_a_number_shows_its_monitor_and_any_other_all(wish: int, part: Shown) -> None:
    assert shown(BOTH, wish) == part


@pytest.mark.parametrize(
    ("monitor", "part"),
    [
        (MonitorInfo(80, 20, 60, 20, "beyond", False), Shown(0, 80, 20, 20, 10)),
        (MonitorInfo(-10, -5, 60, 20, "before", False), Shown(0, 0, 0, 50, 15)),
        (MonitorInfo(200, 0, 60, 20, "elsewhere", False), Shown(ALL_MONITORS, 0, 0, 100, 30)),
        (MonitorInfo(0, 0, 0, 0, "none", False), Shown(ALL_MONITORS, 0, 0, 100, 30)),
    ],
)
def test_only_what_lies_in_the_picture_is_shown(monitor: MonitorInfo, part: Shown) -> None:
    assert shown(Geometry(100, 30, (monitor,)), 0) == part


def test_a_part_is_cut_out_and_the_whole_is_not_copied() -> None:
    frame = np.arange(100 * 30 * 4, dtype=np.uint32).astype(np.uint8).reshape(30, 100, 4)
    part = shown(BOTH, 1).crop(frame)
    assert part.flags["C_CONTIGUOUS"] and np.array_equal(part, frame[10:30, 40:100])
    assert shown(BOTH, ALL_MONITORS).crop(frame) is frame


def test_clicks_belong_to_the_picture_that_was_seen() -> None:
    origin = Origin()
    origin.begun(7, 40, 10)
    origin.acked(6)
    assert origin.place() == (0, 0)
    origin.acked(9)
    assert origin.place() == (40, 10)


def test_the_numbers_of_updates_begin_again() -> None:
    origin = Origin()
    origin.begun(0xFFFFFFFF, 40, 10)
    origin.acked(0xFFFFFFFE)
    assert origin.place() == (0, 0)
    origin.acked(3)
    assert origin.place() == (40, 10)
