"""The tile encoder: moves as COPY, flat cells exactly by one zstd stream, photo cells as JPEG and refined when still, what
keeps moving as video."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.encode.detect import CELL_H, CompressionTrial, blocks, cell_slices, flatness, rectangles
from agent.encode.interface import CellMask, Limits, Pixels, Step
from agent.encode.model import Quality, ViewerModel
from agent.encode.moves import MoveFinder
from agent.encode.moving import MovingArea
from agent.encode.stream import PixelStream, jpeg
from agent.encode.video import MakeVideo
from wizhelper.protocol.screen import Op, OpKind, Rect

#: Flatter cells are text and windows, the others photo-like: cells of text are rarely below it, photos above it.
FLAT = 0.6
#: From here up to FLAT a compression trial of about 16 us decides already for moving content; fewer on a busy computer.
_MAYBE_FLAT = 0.3
_TRIALS_PER_FRAME = 512
_TRIALS_WHEN_SLOW = 64
_TRIALS_PER_REFINEMENT = 256

#: A soft limit: with one further block, what zstd holds back and the repairs an update still stays below 2 MiB.
MAX_UPDATE_BYTES = 768 * 1024
_MAX_REPAIR_BYTES = 512 * 1024
_MAX_JOBS = 1024

#: An update that may not fit is cut into small blocks with exact sizes, unless a block more or less does not matter.
_TIGHT_BYTES = 200_000
_TIGHT_BLOCK = (512, 64)
#: What a cell may take: more than most, since a block too much is a queue and many small blocks are only work.
_PHOTO_CELL_BYTES = 400
_EXACT_CELL_BYTES = 300
_FLAT_BLOCK = (2048, CELL_H)
_PHOTO_BLOCK = (1024, 256)
#: JPEG rectangles may cover this share of other cells: a few large pictures decode much faster than many small ones.
_PHOTO_WASTE = 0.4

STILL_S = 0.25
_REFINE_BYTES = 150_000
_REFINE_QUALITY = 95
#: Slower than this per frame the computer is busy with something else, and fewer cells are tried.
_SLOW_ENCODE_S = 0.025
#: When not everything fits, a few cells of text, and what was still and is this near to the pointer, go as if they had
#: waited half a second longer. A film under the pointer does not: it would take everything.
_FOCUS_PIXELS = 160
_BONUS_S = 0.5
_FEW_CELLS = 96


class TileEncoder:
    """`Encoder` for a picture of fixed size that the viewer starts as all black with no zstd stream."""

    def __init__(
        self, width: int, height: int, clock: Callable[[], float] = time.monotonic, video: MakeVideo | None = None
    ) -> None:
        self._model = ViewerModel(width, height)
        self.moving = MovingArea(width, height, video, clock)
        self._clock = clock
        self._stream = PixelStream()
        self._moves = MoveFinder()
        self._trial = CompressionTrial()
        self._encode_s = 0.0

    def encode(self, frame: Pixels, limits: Limits) -> Step:
        """Operations towards `frame`; raises ValueError when it has another size than the encoder."""
        if frame.shape != self._model.sent.shape:
            raise ValueError(f"frame is {frame.shape}, encoder is for {self._model.sent.shape}")
        began = self._clock()
        dirty = self._model.compare(frame, began)
        if not dirty.any():
            return Step()
        flat = flatness(frame, np.flatnonzero(dirty.any(1)))
        copies = self._copies(frame, dirty, flat, began)
        if copies:
            dirty = self._model.compare(frame, began)
        photo = dirty & ~self._exactly(frame, dirty, flat)
        self.moving.watch(photo, moved=bool(copies))
        film, waits = self._film(frame, dirty, photo, limits)
        rest = replace(limits, budget_bytes=limits.budget_bytes - sum(len(op.data) for op in film))
        step = _Update(self._model, self._stream, frame, rest, began).run(dirty, photo, flat >= _MAYBE_FLAT)
        self._encode_s += 0.2 * (self._clock() - began - self._encode_s)
        return Step((*copies, *step.ops, *film), step.left or waits)

    def _film(self, frame: Pixels, dirty: CellMask, photo: CellMask, limits: Limits) -> tuple[list[Op], bool]:
        """What keeps moving, taken out of the masks; and whether it has to wait."""
        self.moving.rest()
        rect = self.moving.rect
        if rect is None or not dirty[cell_slices(rect)].any():
            return [], False
        op = self.moving.encode(frame, limits)
        if self.moving.rect is None and op is None:
            return [], False
        dirty[cell_slices(rect)] = photo[cell_slices(rect)] = False
        if op is None:
            return [], True
        self._model.mark_sent(frame, rect, Quality.DRAFT, self._clock())
        return [op], False

    def refinable(self) -> bool:
        return bool((self._model.quality == Quality.DRAFT).any())

    def refine(self, budget_bytes: int) -> Step:
        """A slice of the draft cells that have been still for 250 ms: exact where that is cheap, else fine JPEG."""
        self._moves.rest()
        self.moving.rest()
        model = self._model
        still = (model.quality == Quality.DRAFT) & (self._clock() - model.changed_at > STILL_S)
        if not still.any() or budget_bytes <= 0:
            return Step()
        budget = min(budget_bytes, _REFINE_BYTES)
        exact = still & (flatness(model.sent, np.flatnonzero(still.any(1))) >= FLAT)
        tried = _first_cells(still & ~exact, _TRIALS_PER_REFINEMENT)
        exact |= self._trial.cheap_cells(model.sent, tried, _TRIALS_PER_REFINEMENT)
        budget -= self._refine_exact(exact, budget)
        ops = self._stream.take() + self._refine_photo(tried & ~exact, budget)
        return Step(tuple(ops), left=self.refinable())

    def _copies(self, frame: Pixels, dirty: CellMask, flat: NDArray[np.float32], now: float) -> list[Op]:
        """The move in this frame, if any, already applied to the model.

        `flat` stays valid: it is of the new frame. Cells that only the move made dirty may be unmeasured, thus flat.
        """
        move = self._moves.find(self._model.sent, frame, dirty, flat)
        if not move:
            return []
        self._model.copy(move, now)
        return [Op(OpKind.COPY, *move.target, *move.source)]

    def _exactly(self, frame: Pixels, dirty: CellMask, flat: NDArray[np.float32]) -> CellMask:
        """Changed cells to be sent losslessly."""
        maybe = dirty & (flat >= _MAYBE_FLAT) & (flat < FLAT)
        trials = _TRIALS_WHEN_SLOW if self._slow() else _TRIALS_PER_FRAME
        return (dirty & (flat >= FLAT)) | self._trial.cheap_cells(frame, maybe, trials)

    def _slow(self) -> bool:
        return self._encode_s > _SLOW_ENCODE_S

    def _refine_exact(self, cells: CellMask, budget: int) -> int:
        """Add cells to the stream until the budget is used up; returns the bytes."""
        used = 0
        rects = blocks(rectangles(cells, self._model.width, self._model.height), *_TIGHT_BLOCK)
        for rect in itertools.islice(rects, _MAX_JOBS):
            if used >= budget:
                break
            used += self._stream.add(self._model.sent, rect, exact_size=True)
            self._model.quality[cell_slices(rect)] = Quality.EXACT
        return used

    def _refine_photo(self, cells: CellMask, budget: int) -> list[Op]:
        ops: list[Op] = []
        for rect in blocks(rectangles(cells, self._model.width, self._model.height), *_TIGHT_BLOCK):
            if budget <= 0:
                break
            ops.append(jpeg(self._model.sent, rect, _REFINE_QUALITY, full_chroma=True))
            budget -= len(ops[-1].data)
            self._model.quality[cell_slices(rect)] = Quality.FINE
        return ops


class _Update:
    """What is left to send after the move: spends one update's budget on changed cells."""

    def __init__(self, model: ViewerModel, stream: PixelStream, frame: Pixels, limits: Limits, now: float) -> None:
        self._model, self._stream, self._frame, self._limits, self._now = model, stream, frame, limits, now
        self._budget = min(limits.budget_bytes, MAX_UPDATE_BYTES)
        self._tight = False
        self._left = False

    def run(self, dirty: CellMask, photo: CellMask, flat: CellMask) -> Step:
        """`photo` is the part of `dirty` that is not sent exactly; `flat` tells which covered cells must stay sharp."""
        exact = int((dirty & ~photo).sum())
        expected = exact * _EXACT_CELL_BYTES + int(photo.sum()) * _PHOTO_CELL_BYTES
        self._tight = self._budget < min(_TIGHT_BYTES, expected)
        if self._tight:
            return self._run_tight(dirty & ~photo, photo, few=exact <= _FEW_CELLS)
        photo_rects = self._rects(photo, _PHOTO_BLOCK, _PHOTO_WASTE)
        under = _covered(photo.shape, photo_rects) & ~photo
        repairable = under & (dirty | flat | (self._model.quality == Quality.EXACT))
        self._send_flat(self._rects(dirty & ~photo & ~under, _FLAT_BLOCK))
        ops = self._stream.take()
        pictures = self._send_photo(photo_rects)
        self._repair(_covered(photo.shape, ((op.x, op.y, op.w, op.h) for op in pictures)) & repairable)
        return Step((*ops, *pictures, *self._stream.take()), self._left)

    def _run_tight(self, exact: CellMask, photo: CellMask, few: bool) -> Step:
        """Small blocks with exact sizes, the longest waiting and those near the pointer first; `few`: text before these."""
        jobs = [(rect, False) for rect in self._rects(exact, _TIGHT_BLOCK)]
        jobs += [(rect, True) for rect in self._rects(photo, _TIGHT_BLOCK)]
        pictures: list[Op] = []
        for rect, is_photo in sorted(jobs, key=lambda job: self._urgency(job[0], few and not job[1])):
            if is_photo:
                pictures += self._send_photo([rect])
            else:
                self._send_flat([rect])
        return Step((*self._stream.take(), *pictures), self._left)

    def _urgency(self, rect: Rect, urgent: bool) -> tuple[float, int]:
        """A sort key: since when it waits, then how near to the pointer."""
        cells = cell_slices(rect)
        since = float(self._model.dirty_since[cells].min())
        if self._limits.focus is None:
            return since - _BONUS_S * urgent, 0
        distance = _distance(rect, self._limits.focus)
        was_still = self._now - float(self._model.changed_at[cells].max()) > STILL_S
        return since - _BONUS_S * (urgent or (distance <= _FOCUS_PIXELS and was_still)), distance

    def _rects(self, cells: CellMask, block: tuple[int, int], waste: float = 0.0) -> list[Rect]:
        found = list(blocks(rectangles(cells, self._model.width, self._model.height, waste), *block))
        self._left |= len(found) > _MAX_JOBS
        return found[:_MAX_JOBS]

    def _send_flat(self, rects: Iterable[Rect]) -> None:
        for rect in rects:
            if self._budget <= 0:
                self._left = True
                return
            self._budget -= self._stream.add(self._frame, rect, exact_size=self._tight)
            self._model.mark_sent(self._frame, rect, Quality.EXACT, self._now)

    def _send_photo(self, rects: Iterable[Rect]) -> list[Op]:
        ops: list[Op] = []
        for rect in rects:
            if self._budget <= 0:
                self._left = True
                break
            ops.append(jpeg(self._frame, rect, self._limits.photo_quality))
            self._budget -= len(ops[-1].data)
            self._model.mark_sent(self._frame, rect, Quality.DRAFT, self._now)
        return ops

    def _repair(self, cells: CellMask) -> None:
        """Make exact again what JPEG rectangles covered besides photo cells; beyond the limit it stays draft."""
        room = _MAX_REPAIR_BYTES
        for rect in self._rects(cells, _FLAT_BLOCK):
            if room <= 0:
                return
            room -= self._stream.add(self._frame, rect)
            self._model.mark_sent(self._frame, rect, Quality.EXACT, self._now)


def _first_cells(mask: CellMask, limit: int) -> CellMask:
    """The first cells of the mask in reading order."""
    first = np.zeros_like(mask)
    first.flat[np.flatnonzero(mask)[:limit]] = True
    return first


def _covered(shape: tuple[int, ...], rects: Iterable[Rect]) -> CellMask:
    mask: CellMask = np.zeros(shape, bool)
    for rect in rects:
        mask[cell_slices(rect)] = True
    return mask


def _distance(rect: Rect, point: tuple[int, int]) -> int:
    """Pixels from the rectangle to the point along the farther axis; 0 inside."""
    (x, y, w, h), (px, py) = rect, point
    return max(x - px, px - (x + w - 1), y - py, py - (y + h - 1), 0)
