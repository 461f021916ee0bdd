"""Finds what moved on the screen (scrolled pages, dragged windows), so that the viewer copies pixels it already has.

A wrong guess costs bytes, never correctness: the encoder applies the move to its model of the viewer's picture and
compares that with the frame again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from agent.encode.detect import CELL_H, CELL_W
from agent.encode.interface import CellMask, Pixels
from wizhelper.protocol.screen import Rect

#: Below this many changed cells plain encoding is cheaper than any search.
MIN_DIRTY_CELLS = 24
#: Rows that must agree on one vertical offset.
_MIN_SCROLL_ROWS = 48
#: A move must save at least this many cells, and of its rectangle at most this share may be wrong.
_MIN_SAVED_CELLS = 16
_MAX_WRONG_SHARE = 0.25
#: A probe is a row of pixels of the new frame that is looked up in the old one.
_PROBE_PIXELS = 48
_PROBES = 3
_MAX_CANDIDATES = 32
#: Cells flatter than this hold nothing to recognise; below the lower bound they are noise, different in every frame.
_PROBE_FLATNESS = (0.05, 0.95)
#: The search pauses for up to 2**5 - 1 frames while it keeps missing: films would pay for it in every frame.
_MAX_BACKOFF = 5


@dataclass(frozen=True)
class Move:
    """The pixels of the old picture at (x - dx, y - dy) are now at (x, y), for w x h pixels."""

    dx: int
    dy: int
    x: int
    y: int
    w: int
    h: int

    @property
    def target(self) -> Rect:
        return self.x, self.y, self.w, self.h

    @property
    def source(self) -> tuple[int, int]:
        return self.x - self.dx, self.y - self.dy


class MoveFinder:
    """Searches one move per frame: vertical scroll by row hashes first, then any direction with back-off."""

    def __init__(self) -> None:
        self._misses = 0
        self._skip = 0

    def find(self, old: Pixels, new: Pixels, dirty: CellMask, flat: NDArray[np.float32]) -> Move | None:
        """The best move from `old` to `new` or None."""
        if dirty.sum() < MIN_DIRTY_CELLS:
            return None
        box = _bounds(dirty, new)
        scroll = vertical_offset(old, new, box)
        if scroll and (move := verified(old, new, dirty, (0, scroll), box)):
            return move
        return self._search(old, new, dirty, flat, box)

    def rest(self) -> None:
        """The picture is still: whatever comes next may well be a move."""
        self._misses = self._skip = 0

    def _search(self, old: Pixels, new: Pixels, dirty: CellMask, flat: NDArray[np.float32], box: Rect) -> Move | None:
        if self._skip:
            self._skip -= 1
            return None
        for offset in offsets(old, new, dirty, flat, box):
            if move := verified(old, new, dirty, offset, box):
                self.rest()
                return move
        self._misses = min(self._misses + 1, _MAX_BACKOFF)
        self._skip = 2**self._misses - 1
        return None


def _bounds(mask: CellMask, frame: Pixels) -> Rect:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(columns[0]) * CELL_W, int(rows[0]) * CELL_H
    right = min(frame.shape[1], (int(columns[-1]) + 1) * CELL_W)
    bottom = min(frame.shape[0], (int(rows[-1]) + 1) * CELL_H)
    return x, y, right - x, bottom - y


def vertical_offset(old: Pixels, new: Pixels, box: Rect) -> int:
    """Rows by which the middle of the box scrolled (down is positive), by a vote of unique rows; 0 = no scroll.

    Only the middle half of the columns is hashed, so that scroll bars and window frames do not spoil every row.
    """
    x, y, w, h = box
    inner = (x + w // 4, x + w - w // 4)
    before, after = _row_hashes(old, inner, y, h), _row_hashes(new, inner, y, h)
    counts = Counter(before)
    place = {row_hash: row for row, row_hash in enumerate(before) if counts[row_hash] == 1}
    votes = Counter(row - place[value] for row, value in enumerate(after) if value in place and before[row] != value)
    if not votes:
        return 0
    offset, agreed = votes.most_common(1)[0]
    return offset if agreed >= min(_MIN_SCROLL_ROWS, h // 3) else 0


def _row_hashes(frame: Pixels, columns: tuple[int, int], y: int, h: int) -> list[int]:
    digest, stride = xxhash.xxh3_64_intdigest, frame.shape[1] * 4
    data = frame.reshape(-1).data
    left, right = columns[0] * 4, columns[1] * 4
    return [digest(data[at + left : at + right]) for at in range(y * stride, (y + h) * stride, stride)]


def offsets(old: Pixels, new: Pixels, dirty: CellMask, flat: NDArray[np.float32], box: Rect) -> list[tuple[int, int]]:
    """Up to two candidate (dx, dy), the one most probes agree on first."""
    low, high = _PROBE_FLATNESS
    rows, columns = np.nonzero(_interior(dirty & (flat > low) & (flat < high)))
    if len(rows) < _PROBES:
        return []
    x, y, w, h = box
    haystack = old.view(np.uint32)[..., 0][y : y + h, x : x + w]
    votes: Counter[tuple[int, int]] = Counter()
    for pick in np.linspace(0, len(rows) - 1, _PROBES + 2).astype(int)[1:-1]:
        votes.update(_probe_offsets(haystack, new, (int(columns[pick]) * CELL_W, int(rows[pick]) * CELL_H), (x, y)))
    votes.pop((0, 0), None)
    return [offset for offset, _ in votes.most_common(2)]


def _interior(cells: CellMask) -> CellMask:
    """Cells with both horizontal neighbours in the mask: the edge of a moved window shows its background too."""
    inner: CellMask = np.zeros_like(cells)
    inner[:, 1:-1] = cells[:, 1:-1] & cells[:, :-2] & cells[:, 2:]
    return inner


def _probe_offsets(
    haystack: NDArray[np.uint32], new: Pixels, cell: tuple[int, int], origin: tuple[int, int]
) -> list[tuple[int, int]]:
    """Offsets from all places of the haystack that hold the most varied pixel row of one cell to that cell."""
    x, y = cell
    lines = new[y : y + CELL_H, x : x + _PROBE_PIXELS].view(np.uint32)[..., 0]
    if lines.shape[1] < _PROBE_PIXELS:
        return []
    line = int((lines[:, 1:] != lines[:, :-1]).sum(1).argmax())
    rows, columns = _occurrences(haystack, lines[line])
    if len(rows) > _MAX_CANDIDATES:
        return []
    return [
        (x - origin[0] - column, y + line - origin[1] - row)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _occurrences(haystack: NDArray[np.uint32], needle: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where a row of pixels occurs, by its rarest pixel first: numpy only, so other threads run meanwhile."""
    _, first, counts = np.unique(needle, return_index=True, return_counts=True)
    anchor = int(first[counts.argmin()])
    span = haystack.shape[1] - len(needle) + 1
    if span <= 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    # flatnonzero of a contiguous mask is several times faster than nonzero of a two-dimensional one
    rows, columns = np.divmod(np.flatnonzero(haystack[:, anchor : anchor + span] == needle[anchor]), span)
    for step in range(len(needle)):
        if not len(rows):
            break
        keep = haystack[rows, columns + step] == needle[step]
        rows, columns = rows[keep], columns[keep]
    return rows, columns


def verified(old: Pixels, new: Pixels, dirty: CellMask, offset: tuple[int, int], box: Rect) -> Move | None:
    """The largest rectangle of `box` in which the offset explains the changes, or None where it explains too few."""
    dx, dy = offset
    valid = _valid_target(box, offset, new)
    x0, y0 = -(-valid[0] // CELL_W), -(-valid[1] // CELL_H)
    x1, y1 = valid[2] // CELL_W, valid[3] // CELL_H
    if x1 <= x0 or y1 <= y0:
        return None
    wrong = _differing_cells(old, new, (x0, y0, x1, y1), offset)
    explained = ~wrong & dirty[y0:y1, x0:x1]
    rows = np.flatnonzero(explained.sum(1) > 0.1 * explained.shape[1])
    columns = np.flatnonzero(explained.sum(0) > 0.1 * explained.shape[0])
    if not len(rows) or not len(columns) or explained.sum() < _MIN_SAVED_CELLS:
        return None
    area = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    if wrong[area].mean() > _MAX_WRONG_SHARE:
        return None
    left = valid[0] if columns[0] == 0 else (x0 + int(columns[0])) * CELL_W
    top = valid[1] if rows[0] == 0 else (y0 + int(rows[0])) * CELL_H
    right = valid[2] if columns[-1] == x1 - x0 - 1 else (x0 + int(columns[-1]) + 1) * CELL_W
    bottom = valid[3] if rows[-1] == y1 - y0 - 1 else (y0 + int(rows[-1]) + 1) * CELL_H
    return Move(dx, dy, left, top, right - left, bottom - top)


def _valid_target(box: Rect, offset: tuple[int, int], frame: Pixels) -> tuple[int, int, int, int]:
    """Edges (left, top, right, bottom) of the part of the box whose source lies inside the picture.

    A vertical scroll also stays inside the box: what is above and below a scrolled page does not move with it.
    """
    (x, y, w, h), (dx, dy) = box, offset
    if dx == 0:
        return x, max(y, y + dy), x + w, min(y + h, y + h + dy)
    height, width = frame.shape[:2]
    return max(x, dx, 0), max(y, dy, 0), min(x + w, width + dx), min(y + h, height + dy)


def _differing_cells(old: Pixels, new: Pixels, cells: tuple[int, int, int, int], offset: tuple[int, int]) -> CellMask:
    """For whole cells (left, top, right, bottom): where the shifted old picture is not the new one."""
    x0, y0, x1, y1 = cells[0] * CELL_W, cells[1] * CELL_H, cells[2] * CELL_W, cells[3] * CELL_H
    dx, dy = offset
    after = new[y0:y1, x0:x1].view(np.uint32)[..., 0]
    before = old[y0 - dy : y1 - dy, x0 - dx : x1 - dx].view(np.uint32)[..., 0]
    shape = (cells[3] - cells[1], CELL_H, cells[2] - cells[0], CELL_W)
    wrong: CellMask = (after != before).reshape(shape).any(1).any(-1)
    return wrong
