"""What the screen feature needs from an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wizhelper.protocol.screen import Op

#: (h, w, 4) uint8, C-contiguous, BGRX.
Pixels = NDArray[np.uint8]

#: One bool per cell, (rows, columns).
CellMask = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """Operations of one update. `left`: not everything fitted; call again, with a fresh frame if there is one."""

    ops: tuple[Op, ...] = ()
    left: bool = False


@dataclass(frozen=True)
class Limits:
    """What one update may cost. `photo_quality` is the JPEG quality of moving photo cells.

    `focus` is the pointer's place: when not everything fits, its surroundings go first. `bytes_per_s`: what the way to the
    viewer carries, None: it was never busy.
    """

    budget_bytes: int
    photo_quality: int = 75
    focus: tuple[int, int] | None = None
    bytes_per_s: float | None = None


class Encoder(Protocol):
    """Turns frames into updates for one viewer, whose picture it models: every step must reach that viewer, in order."""

    def encode(self, frame: Pixels, limits: Limits) -> Step:
        """Operations that bring the viewer towards `frame`; no operations when nothing changed."""

    def refine(self, budget_bytes: int) -> Step:
        """Better pixels for what was sent in draft quality and has been still since; uses no new frame."""

    def refinable(self) -> bool:
        """Whether `refine` will have work, now or after some stillness."""
