"""What the viewer shows, as the encoder knows it: the pixels of when each cell was last sent, and how well it has them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from agent.encode.detect import CELL_H, CELL_W, cell_slices, dirty_cells, grid
from agent.encode.interface import CellMask, Pixels
from agent.encode.moves import Move
from wizhelper.protocol.screen import Rect


class Quality(IntEnum):
    """How the viewer shows a cell of `ViewerModel.sent`; a larger value is a worse picture."""

    EXACT = 0
    FINE = 1
    DRAFT = 2


class ViewerModel:
    """Starts as the all black picture of a RESIZE operation.

    A cell that was not sent keeps differing from the frame, so partial updates and skipped frames need no bookkeeping.
    """

    def __init__(self, width: int, height: int) -> None:
        cells = grid(width, height)
        self.width, self.height = width, height
        # A fourth byte that no capture has: also an all-black screen is sent once, so that the viewer knows it has a picture.
        self.sent: Pixels = np.full((height, width, 4), (0, 0, 0, 1), np.uint8)
        self.quality: NDArray[np.uint8] = np.full(cells, Quality.EXACT, np.uint8)
        #: When the viewer's picture of a cell last changed.
        self.changed_at = np.zeros(cells)
        #: Since when a cell differs from the frame; inf where it does not.
        self.dirty_since = np.full(cells, np.inf)

    def compare(self, frame: Pixels, now: float) -> CellMask:
        """Cells that the viewer does not have yet; also remembers since when."""
        dirty = dirty_cells(self.sent, frame)
        self.dirty_since = np.where(dirty, np.minimum(self.dirty_since, now), np.inf)
        return dirty

    def mark_sent(self, frame: Pixels, rect: Rect, quality: Quality, now: float) -> None:
        """The rectangle of whole cells was sent from `frame`."""
        x, y, w, h = rect
        self.sent[y : y + h, x : x + w] = frame[y : y + h, x : x + w]
        cells = cell_slices(rect)
        self.quality[cells] = quality
        self.changed_at[cells] = now
        self.dirty_since[cells] = np.inf

    def copy(self, move: Move, now: float) -> None:
        """Do what a COPY does to the viewer's picture; numpy copies overlapping areas correctly."""
        x, y, w, h = move.target
        from_x, from_y = move.source
        self.sent[y : y + h, x : x + w] = self.sent[from_y : from_y + h, from_x : from_x + w]
        cells = cell_slices(move.target)
        moved = self._moved_quality(move, cells)
        self.changed_at[cells][moved == Quality.DRAFT] = now
        self.quality[cells] = moved

    def _moved_quality(self, move: Move, cells: tuple[slice, slice]) -> NDArray[np.uint8]:
        """The worst quality of what a target cell's pixels came from, and of what the move left alone of it."""
        rows, columns = np.arange(cells[0].start, cells[0].stop), np.arange(cells[1].start, cells[1].stop)
        row_limit, column_limit = self.quality.shape[0] - 1, self.quality.shape[1] - 1
        from_rows = [np.clip((rows * CELL_H - move.dy + d) // CELL_H, 0, row_limit) for d in (0, CELL_H - 1)]
        from_columns = [np.clip((columns * CELL_W - move.dx + d) // CELL_W, 0, column_limit) for d in (0, CELL_W - 1)]
        worst: NDArray[np.uint8] = np.maximum.reduce(
            [self.quality[np.ix_(row, column)] for row in from_rows for column in from_columns]
        )
        partly_y = (rows * CELL_H < move.y) | ((rows + 1) * CELL_H > move.y + move.h)
        partly_x = (columns * CELL_W < move.x) | ((columns + 1) * CELL_W > move.x + move.w)
        partly = partly_y[:, None] | partly_x[None, :]
        return np.where(partly, np.maximum(worst, self.quality[cells]), worst)
