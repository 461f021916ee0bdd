"""Rules of change detection and of rectangles, also for sizes that are no multiple of anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import noise, photo, text_page

from agent.encode import detect
from agent.encode.detect import CELL_H, CELL_W

SIZES = [(1920, 1080), (1366, 768), (1367, 769), (33, 17), (1, 1), (64, 32), (65, 33)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_equal_pictures_have_no_dirty_cell(width: int, height: int) -> None:
    frame = noise(width, height)
    assert not detect.dirty_cells(frame, frame.copy()).any()
    assert detect.same_pixels(frame, frame.copy())


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_one_changed_byte_marks_exactly_its_cell(width: int, height: int) -> None:
    old = noise(width, height)
    for x, y in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 2, height // 2)]:
        new = old.copy()
        new[y, x, 1] ^= 1
        dirty = detect.dirty_cells(old, new)
        assert dirty.shape == detect.grid(width, height)
        assert list(zip(*np.nonzero(dirty), strict=True)) == [(y // CELL_H, x // CELL_W)]
        assert not detect.same_pixels(old, new)


def test_text_is_flat_and_photos_are_not() -> None:
    for make, is_flat in [(text_page, True), (photo, False), (noise, False)]:
        frame = make(1367, 769)
        flat = detect.flatness(frame, np.arange(detect.grid(1367, 769)[0]))
        assert (np.median(flat) > 0.6) == is_flat
        assert flat.min() >= 0 and flat.max() <= 1


def test_flatness_is_one_where_it_was_not_measured() -> None:
    flat = detect.flatness(noise(200, 100), np.array([1]))
    assert (flat[[0, 2, 3]] == 1).all() and (flat[1] < 0.5).all()


def test_the_trial_tells_compressible_cells_from_noise() -> None:
    frame = np.concatenate([noise(128, 64), np.tile(noise(8, 64), (1, 16, 1))], axis=1)
    cheap = detect.CompressionTrial().cheap_cells(frame, np.ones((2, 4), bool), limit=8)
    assert cheap.tolist() == [[False, False, True, True]] * 2


masks = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: st.lists(
        st.lists(st.booleans(), min_size=size[0], max_size=size[0]), min_size=size[1], max_size=size[1]
    )
)
cuts = st.tuples(st.integers(0, CELL_W - 1), st.integers(0, CELL_H - 1))


@settings(max_examples=200, deadline=None)
@given(mask=masks, cut=cuts, waste=st.sampled_from([0, 0.4]))
def test_rectangles_cover_the_mask(mask: list[list[bool]], cut: tuple[int, int], waste: float) -> None:
    cells = np.array(mask)
    width, height = cells.shape[1] * CELL_W - cut[0], cells.shape[0] * CELL_H - cut[1]
    painted = np.zeros((height, width), int)
    for x, y, w, h in detect.blocks(detect.rectangles(cells, width, height, waste), 2 * CELL_W, 2 * CELL_H):
        assert x + w <= width and y + h <= height and 0 < w <= 2 * CELL_W and 0 < h <= 2 * CELL_H
        painted[y : y + h, x : x + w] += 1
    wanted = np.repeat(np.repeat(cells, CELL_H, 0), CELL_W, 1)[:height, :width]
    assert (painted[wanted] >= 1).all()
    if not waste:
        assert (painted == wanted).all()


def test_waste_joins_ragged_runs() -> None:
    ragged = np.array([[1, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 1, 1, 0]], bool)
    assert len(detect.rectangles(ragged, 320, 96)) == 3
    assert detect.rectangles(ragged, 320, 96, waste=0.4) == [(0, 0, 320, 96)]
