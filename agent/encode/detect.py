"""Which cells of a frame changed, which of them are flat (text, windows) and which rectangles cover them.

A cell is 64 x 32 pixels, less at the right and bottom edge. The heavy steps (memcmp, numpy) release the GIL.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator

import numpy as np
import zstandard
from numpy.typing import NDArray

from agent.encode.interface import CellMask, Pixels
from wizhelper.protocol.screen import Rect

CELL_W = 64
CELL_H = 32

#: Rows per memcmp; divides CELL_H. Shorter bands find less to compare column by column, longer ones cost fewer calls.
_BAND = 16

#: Flatness is measured on every 4th line: enough to tell text from photos, at a quarter of the cost.
_FLAT_STEP = 4

_memcmp = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None).memcmp
_memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
_memcmp.restype = ctypes.c_int


def grid(width: int, height: int) -> tuple[int, int]:
    """-> (rows, columns) of cells that cover a picture."""
    return -(-height // CELL_H), -(-width // CELL_W)


def same_pixels(a: Pixels, b: Pixels) -> bool:
    """Whether two contiguous pictures of the same shape are equal, bytes compared by memcmp."""
    return a.shape == b.shape and not _memcmp(a.ctypes.data, b.ctypes.data, a.nbytes)


def dirty_cells(a: Pixels, b: Pixels) -> CellMask:
    """Cells in which two contiguous pictures of the same shape differ."""
    height, width = a.shape[:2]
    mask: CellMask = np.zeros(grid(width, height), bool)
    word, words_per_row = (np.uint64, width // 2) if width % 2 == 0 else (np.uint32, width)
    cell_starts = np.arange(0, words_per_row, CELL_W * words_per_row // width)
    stride = width * 4
    at_a, at_b = a.ctypes.data, b.ctypes.data
    for y in range(0, height, _BAND):
        rows = min(_BAND, height - y)
        if _memcmp(at_a + y * stride, at_b + y * stride, rows * stride):
            band_a = a[y : y + rows].reshape(rows, stride).view(word)
            band_b = b[y : y + rows].reshape(rows, stride).view(word)
            mask[y // CELL_H] |= np.logical_or.reduceat((band_a != band_b).any(0), cell_starts)
    return mask


def flatness(frame: Pixels, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Per cell, the share of pixels equal to their left neighbour; measured in the given cell rows, 1.0 elsewhere."""
    height, width = frame.shape[:2]
    flat = np.ones(grid(width, height), np.float32)
    starts = np.arange(0, width, CELL_W)
    widths = np.diff(np.append(starts, width))
    for row in rows.tolist():
        lines = frame[row * CELL_H : (row + 1) * CELL_H : _FLAT_STEP]
        pixels = lines.reshape(lines.shape[0], width * 4).view(np.uint32)
        equal = np.ones(pixels.shape, bool)
        np.equal(pixels[:, 1:], pixels[:, :-1], out=equal[:, 1:])
        counts = np.add.reduceat(equal.view(np.uint8).sum(0, dtype=np.int32), starts)
        flat[row] = counts / (widths * pixels.shape[0])
    return flat


class CompressionTrial:
    """Decides by compressing it whether a busy cell is cheap to send exactly: text on a gradient, dithered icons."""

    #: Cells of text compress to about 0.2 of their raw size, those of photos to 0.8; what is tiny may always be exact.
    MAX_SHARE = 0.32
    ALWAYS_BYTES = 1024

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1)

    def cheap_cells(self, frame: Pixels, cells: CellMask, limit: int) -> CellMask:
        """Those of the first `limit` cells of the mask that compress well."""
        cheap = np.zeros_like(cells)
        rows, columns = np.nonzero(cells)
        for row, column in zip(rows[:limit].tolist(), columns[:limit].tolist(), strict=True):
            y, x = row * CELL_H, column * CELL_W
            raw = frame[y : y + CELL_H, x : x + CELL_W].tobytes()
            cheap[row, column] = len(self._compressor.compress(raw)) <= max(
                self.MAX_SHARE * len(raw), self.ALWAYS_BYTES
            )
        return cheap


def cell_slices(rect: Rect) -> tuple[slice, slice]:
    """The cells that a pixel rectangle touches, as an index into a cell map."""
    x, y, w, h = rect
    return slice(y // CELL_H, -(-(y + h) // CELL_H)), slice(x // CELL_W, -(-(x + w) // CELL_W))


def rectangles(mask: CellMask, width: int, height: int, waste: float = 0.0) -> list[Rect]:
    """Cell mask -> disjoint pixel rectangles inside the picture that cover it, top to bottom.

    With `waste` > 0 neighbouring runs are joined as long as no more than that share of the union lies outside the mask
    when it grows: fewer, larger rectangles that may overlap and cover cells outside the mask.
    """
    found: list[Rect] = []
    open_runs: dict[tuple[int, int], int] = {}
    for row in range(mask.shape[0] + 1):
        runs = _runs(mask[row]) if row < mask.shape[0] else iter(())
        still_open: dict[tuple[int, int], int] = {}
        for run in runs:
            partner = _partner(run, row, open_runs, waste)
            if partner is None:
                still_open[run] = min(row, still_open.get(run, row))
            else:
                top = open_runs.pop(partner)
                union = (min(partner[0], run[0]), max(partner[1], run[1]))
                still_open[union] = min(top, still_open.get(union, top))
        found += [_pixel_rect(run, top, row, width, height) for run, top in open_runs.items()]
        open_runs = still_open
    return found


def _runs(cells: CellMask) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], cells.view(np.int8), [0])))).tolist()
    return zip(edges[::2], edges[1::2], strict=True)


def _partner(
    run: tuple[int, int], row: int, open_runs: dict[tuple[int, int], int], waste: float
) -> tuple[int, int] | None:
    """The open run above that `run` may continue."""
    if run in open_runs or not waste:
        return run if run in open_runs else None
    for (left, right), top in open_runs.items():
        if left < run[1] and run[0] < right:
            union = (max(right, run[1]) - min(left, run[0])) * (row + 1 - top)
            if union * (1 - waste) <= (right - left) * (row - top) + run[1] - run[0]:
                return left, right
    return None


def _pixel_rect(run: tuple[int, int], top: int, bottom: int, width: int, height: int) -> Rect:
    x, y = run[0] * CELL_W, top * CELL_H
    return x, y, min(width, run[1] * CELL_W) - x, min(height, bottom * CELL_H) - y


def blocks(rects: list[Rect], max_w: int, max_h: int) -> Iterator[Rect]:
    """The same area in pieces of at most max_w x max_h: multiples of the cell size, so that pieces end at cell edges."""
    for x, y, w, h in rects:
        for top in range(y, y + h, max_h):
            for left in range(x, x + w, max_w):
                yield left, top, min(max_w, x + w - left), min(max_h, y + h - top)
