"""Rules of the search for scrolls and moves."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import noise, photo, text_page

from agent.encode import detect
from agent.encode.interface import Pixels
from agent.encode.moves import Move, MoveFinder, vertical_offset


def search(finder: MoveFinder, old: Pixels, new: Pixels) -> Move | None:
    dirty = detect.dirty_cells(old, new)
    return finder.find(old, new, dirty, detect.flatness(new, np.arange(dirty.shape[0])))


def explained(old: Pixels, new: Pixels, move: Move) -> float:
    """Share of the target rectangle that the move gets right."""
    x, y, w, h = move.target
    from_x, from_y = move.source
    target = new[y : y + h, x : x + w]
    return float((target == old[from_y : from_y + h, from_x : from_x + w]).all(-1).mean())


@pytest.mark.parametrize("offset", [-54, -3, 17, 200])
@pytest.mark.parametrize("width", [1366, 1367])
def test_a_scrolled_page_between_still_bars_is_found(offset: int, width: int) -> None:
    page = text_page(width, 1400)
    old, new = page[300:1069].copy(), page[300 - offset : 1069 - offset].copy()
    for frame in (old, new):
        frame[:60] = 70
        frame[-30:] = 200
        frame[:, -20:] = 230
    move = search(MoveFinder(), old, new)
    assert move is not None and (move.dx, move.dy) == (0, offset)
    assert explained(old, new, move) > 0.95
    assert move.w > 0.9 * width and move.h > 0.6 * (769 - abs(offset))


@pytest.mark.parametrize("offset", [(130, 40), (-37, -11), (5, -90), (-210, 3), (64, 32)])
def test_a_dragged_window_over_a_photo_is_found(offset: tuple[int, int]) -> None:
    dx, dy = offset
    window = text_page(800, 500)
    old = photo(1920, 1080)
    new = old.copy()
    old[250:750, 400:1200] = window
    new[250 + dy : 750 + dy, 400 + dx : 1200 + dx] = window
    move = search(MoveFinder(), old, new)
    assert move is not None and (move.dx, move.dy) == offset
    assert explained(old, new, move) > 0.8
    assert move.w * move.h > 0.5 * 800 * 500


def test_new_content_is_no_move() -> None:
    finder = MoveFinder()
    for make in (text_page, photo, noise):
        assert search(finder, make(1280, 720, seed=1), make(1280, 720, seed=2)) is None


def test_a_small_change_is_not_searched() -> None:
    old = text_page(640, 480)
    new = old.copy()
    new[100:110, 100:110] = 0
    assert search(MoveFinder(), old, new) is None


def test_the_search_pauses_while_it_misses_and_resumes_after_rest() -> None:
    finder = MoveFinder()
    frames = [photo(640, 480, seed) for seed in range(2)]
    for _ in range(4):
        assert search(finder, *frames) is None
    old, new = photo(640, 480, 7), photo(640, 480, 7)
    window = text_page(320, 240)
    old[50:290, 60:380], new[70:310, 103:423] = window, window
    assert search(finder, old, new) is None
    finder.rest()
    move = search(finder, old, new)
    assert move is not None and (move.dx, move.dy) == (43, 20)


def test_blank_rows_do_not_vote() -> None:
    blank = np.full((480, 640, 4), 255, np.uint8)
    assert vertical_offset(blank, blank, (0, 0, 640, 480)) == 0
