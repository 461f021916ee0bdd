"""What the child knows of the drawing, and which parts of the screen have changed since they were painted."""

from __future__ import annotations

from agent.overlay import paint
from agent.overlay.interface import Box, Surface
from agent.overlay.wire import Drop, KeepFree, Light, Mark, Put

MAX_BOXES = 16
"""More changed parts than that are painted as one."""


class Scene:
    """`apply` what the agent says, `paint` when it says so."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._marks: dict[int, Mark] = {}
        self._light: tuple[int, int] | None = None
        self._free: list[Box] = []
        self._changed: list[Box] = []

    def apply(self, message: Put | Drop | Light | KeepFree) -> None:
        match message:
            case Put(mark):
                self._put(mark)
            case Drop(number):
                self._forget(number)
            case Light(x, y):
                self._move_light(None if x is None or y is None else (x, y))
            case KeepFree():
                self._keep_free(message)

    def _put(self, mark: Mark) -> None:
        old = self._marks.get(mark.number)
        if old is not None and _goes_on(old, mark):
            self._changed.append(paint.box_of(mark, len(old.x) - 1))
        else:
            self._forget(mark.number)
            self._changed.append(paint.box_of(mark))
        self._marks[mark.number] = mark

    def _forget(self, number: int) -> None:
        old = self._marks.pop(number, None)
        if old is not None:
            self._changed.append(paint.box_of(old))

    def _move_light(self, place: tuple[int, int] | None) -> None:
        self._changed += [paint.light_box(*spot) for spot in (self._light, place) if spot is not None]
        self._light = place

    def _keep_free(self, message: KeepFree) -> None:
        left, top = self._surface.origin
        boxes = [Box(r.x - left, r.y - top, r.x - left + r.width, r.y - top + r.height) for r in message.rects]
        self._changed += self._free + boxes
        self._free = boxes

    def paint(self) -> None:
        """What has changed. Raises SurfaceError."""
        width, height = self._surface.size
        desktop = Box(0, 0, width, height)
        changed, self._changed = self._changed, []
        for box in _few(changed):
            part = box.within(desktop)
            if not part.empty:
                self._paint(part)
        self._surface.flush()

    def paint_all(self) -> None:
        """After everything was lost."""
        self._changed = [*map(paint.box_of, self._marks.values()), *self._free]
        self._move_light(self._light)
        self.paint()

    def _paint(self, box: Box) -> None:
        rgba = paint.picture(self._marks.values(), self._light, box)
        for free in self._free:
            part = free.within(box)
            if not part.empty:
                rgba[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left] = 0
        self._surface.paint(box, rgba)


def _goes_on(old: Mark, new: Mark) -> bool:
    """Whether a stroke only got longer."""
    same = (old.shape, old.width, old.colour, old.alpha, old.text) == (new.shape, new.width, new.colour, new.alpha, new.text)
    known = len(old.x)
    return same and len(new.x) > known and new.x[:known] == old.x and new.y[:known] == old.y


def _few(boxes: list[Box]) -> list[Box]:
    if len(boxes) <= MAX_BOXES:
        return boxes
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return [Box(min(lefts), min(tops), max(rights), max(bottoms))]
