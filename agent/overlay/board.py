"""What is drawn on the screen now: a bounded list of marks, whatever a console sends. No screen, no clock of its own. RC-DRAW"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.overlay.wire import MAX_POINTS, Mark
from wizhelper.protocol.draw import Draw, More, Place, Shape

MAX_MARKS = 300
MAX_ALL_POINTS = 20_000
FADE_STEPS = (192, 128, 64)
"""Alpha in the parts of a mark's last second."""
FADING_S = 1.0


@dataclass
class _Held:
    mark: Mark
    touched_s: float


class Board:
    """Marks in their order; past the limits the oldest go. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._points = 0
        self._fade_s = 0
        self.last = 0
        """The highest number so far, of marks that are gone, too."""

    def __len__(self) -> int:
        return len(self._held)

    def marks(self) -> dict[int, Mark]:
        return {number: held.mark for number, held in self._held.items()}

    def draw(self, drawn: Draw, origin: Place, now_s: float) -> None:
        """`origin`: of the picture on the desktop. What is older than the last mark came too late and does nothing."""
        if drawn.number < self.last or (drawn.number == self.last and drawn.number not in self._held):
            return
        self.last = drawn.number
        x, y = _on_desktop(drawn.points, origin)
        self._put(Mark(drawn.number, drawn.shape, drawn.width, drawn.colour, 255, x, y, drawn.text), now_s)

    def more(self, more: More, origin: Place, now_s: float) -> None:
        """A stroke that is full takes no more points: the console begins another one."""
        held = self._held.get(more.number)
        if held is None or more.number != self.last or held.mark.shape != Shape.PEN:
            return
        x, y = _on_desktop(more.points, origin)
        mark = held.mark
        self._put(replace(mark, alpha=255, x=(mark.x + x)[:MAX_POINTS], y=(mark.y + y)[:MAX_POINTS]), now_s)

    def undo(self) -> None:
        if self._held:
            self._drop(next(reversed(self._held)))

    def clear(self) -> None:
        self._held.clear()
        self._points = 0

    def fade_after(self, seconds: int, now_s: float) -> None:
        """0: marks stay. What is there begins its time anew."""
        self._fade_s = seconds
        for held in self._held.values():
            held.touched_s = now_s
            if held.mark.alpha != 255:
                held.mark = replace(held.mark, alpha=255)

    @property
    def fades(self) -> bool:
        """Whether `age` has to be called now and then."""
        return bool(self._fade_s and self._held)

    def age(self, now_s: float) -> None:
        """Marks grow pale in their last second, and go."""
        if not self._fade_s:
            return
        for number, held in list(self._held.items()):
            left_s = held.touched_s + self._fade_s - now_s
            if left_s <= 0:
                self._drop(number)
            elif left_s < FADING_S:
                alpha = FADE_STEPS[min(int((FADING_S - left_s) * len(FADE_STEPS)), len(FADE_STEPS) - 1)]
                if held.mark.alpha != alpha:
                    held.mark = replace(held.mark, alpha=alpha)

    def _put(self, mark: Mark, now_s: float) -> None:
        self._drop(mark.number)
        self._held[mark.number] = _Held(mark, now_s)
        self._points += len(mark.x)
        while len(self._held) > MAX_MARKS or (self._points > MAX_ALL_POINTS and len(self._held) > 1):
            self._drop(next(iter(self._held)))

    def _drop(self, number: int) -> None:
        held = self._held.pop(number, None)
        if held is not None:
            self._points -= len(held.mark.x)


def _on_desktop(points: tuple[Place, ...], origin: Place) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(x + origin[0] for x, _ in points), tuple(y + origin[1] for _, y in points)
