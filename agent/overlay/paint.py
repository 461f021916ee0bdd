"""Marks -> pixels, the same on every system."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

from agent.encode.interface import Pixels
from agent.overlay.fonts import Fonts
from agent.overlay.interface import Box
from agent.overlay.wire import Mark
from wizhelper.protocol.draw import Shape

Colour = tuple[int, int, int, int]
Points = list[tuple[int, int]]

LIGHT_RADIUS = 13
_HEAD_MIN, _HEAD_WIDTHS, _HEAD_ANGLE = 14, 4, math.radians(28)
_PLATE_MARGIN = 6
_DARK_FROM = 150
"""Brightness of 255 from which a colour is read on black better than on white."""

_fonts = Fonts()


def box_of(mark: Mark, first: int = 0) -> Box:
    """All pixels that a mark may touch; of a stroke: from its point `first` on."""
    margin = _reach(mark)
    x, y = mark.x[first:], mark.y[first:]
    box = Box(min(x) - margin, min(y) - margin, max(x) + margin + 1, max(y) + margin + 1)
    if mark.shape == Shape.TEXT:
        _, plate = _plate(mark, (0, 0))
        return Box(box.left, box.top, max(box.right, math.ceil(plate[2]) + 2), max(box.bottom, math.ceil(plate[3]) + 2))
    return box


def _reach(mark: Mark) -> int:
    if mark.shape == Shape.STEP:
        return _step_radius(mark) + 2
    return (_head_length(mark.width) if mark.shape == Shape.ARROW else 0) + mark.width + 2


def light_box(x: int, y: int) -> Box:
    reach = LIGHT_RADIUS + 1
    return Box(x - reach, y - reach, x + reach + 1, y + reach + 1)


def picture(marks: Iterable[Mark], light: tuple[int, int] | None, box: Box) -> Pixels:
    """RGBA with straight alpha of that part of the desktop; later marks cover earlier ones."""
    image = Image.new("RGBA", (box.right - box.left, box.bottom - box.top))
    brush = ImageDraw.Draw(image)
    for mark in marks:
        if not box_of(mark).within(box).empty:
            _mark(brush, mark, box)
    if light is not None:
        _light(brush, light[0] - box.left, light[1] - box.top)
    return np.array(image)


def _mark(brush: ImageDraw.ImageDraw, mark: Mark, box: Box) -> None:
    points = [(x - box.left, y - box.top) for x, y in zip(mark.x, mark.y, strict=True)]
    colour = _colour(mark)
    match mark.shape:
        case Shape.PEN | Shape.LINE:
            _stroke(brush, points, colour, mark.width)
        case Shape.ARROW:
            _arrow(brush, points, colour, mark.width)
        case Shape.RECTANGLE:
            brush.rectangle(_ordered(points), outline=colour, width=mark.width)
        case Shape.ELLIPSE:
            brush.ellipse(_ordered(points), outline=colour, width=mark.width)
        case Shape.STEP:
            _step(brush, mark, points[0])
        case Shape.TEXT:
            _text(brush, mark, (box.left, box.top))


def _colour(mark: Mark) -> Colour:
    return mark.colour >> 16, mark.colour >> 8 & 0xFF, mark.colour & 0xFF, mark.alpha


def _contrast(colour: Colour) -> Colour:
    red, green, blue, alpha = colour
    bright = (red * 299 + green * 587 + blue * 114) / 1000
    return (20, 20, 20, alpha) if bright >= _DARK_FROM else (255, 255, 255, alpha)


def _stroke(brush: ImageDraw.ImageDraw, points: Points, colour: Colour, width: int) -> None:
    if len(points) > 1:
        brush.line(points, fill=colour, width=width, joint="curve")
    for x, y in (points[0], points[-1]):
        _disc(brush, x, y, (width - 1) / 2, colour)


def _disc(brush: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: Colour) -> None:
    brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)


def _head_length(width: int) -> int:
    return max(_HEAD_MIN, _HEAD_WIDTHS * width)


def _arrow(brush: ImageDraw.ImageDraw, points: Points, colour: Colour, width: int) -> None:
    (from_x, from_y), (to_x, to_y) = points
    angle, length = math.atan2(to_y - from_y, to_x - from_x), _head_length(width)
    sides = [
        (to_x - length * math.cos(angle + turn), to_y - length * math.sin(angle + turn))
        for turn in (_HEAD_ANGLE, -_HEAD_ANGLE)
    ]
    # The line ends inside of the head: a thick one would blunt its tip.
    neck = length * math.cos(_HEAD_ANGLE) * 0.8
    end = (round(to_x - neck * math.cos(angle)), round(to_y - neck * math.sin(angle)))
    if math.hypot(to_x - from_x, to_y - from_y) > neck:
        _stroke(brush, [(from_x, from_y), end], colour, width)
    brush.polygon([(to_x, to_y), *sides], fill=colour)


def _ordered(points: Points) -> list[tuple[int, int]]:
    (ax, ay), (bx, by) = points
    return [(min(ax, bx), min(ay, by)), (max(ax, bx), max(ay, by))]


def _step_radius(mark: Mark) -> int:
    return 12 + mark.width


def _step(brush: ImageDraw.ImageDraw, mark: Mark, place: tuple[int, int]) -> None:
    colour, radius = _colour(mark), _step_radius(mark)
    words = _contrast(colour)
    _disc(brush, *place, radius, words)
    _disc(brush, *place, radius - 2, colour)
    size = round(radius * (1.2 if len(mark.text) < 3 else 0.8))
    brush.text(place, mark.text, font=_fonts.of_size(size), fill=words, anchor="mm")


def _plate(mark: Mark, origin: tuple[int, int]) -> tuple[tuple[float, float], tuple[float, float, float, float]]:
    """Where the words begin, and the plate around them: their place is the plate's top left corner."""
    x, y = mark.x[0] - origin[0] + _PLATE_MARGIN, mark.y[0] - origin[1] + _PLATE_MARGIN
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = measure.multiline_textbbox((0, 0), mark.text, font=_fonts.of_size(_text_size(mark)))
    plate = (
        x - _PLATE_MARGIN,
        y - _PLATE_MARGIN,
        x + right - left + _PLATE_MARGIN,
        y + bottom - top + _PLATE_MARGIN,
    )
    return (x - left, y - top), plate


def _text_size(mark: Mark) -> int:
    return 14 + 2 * mark.width


def _text(brush: ImageDraw.ImageDraw, mark: Mark, origin: tuple[int, int]) -> None:
    colour = _colour(mark)
    begin, plate = _plate(mark, origin)
    brush.rounded_rectangle(plate, radius=5, fill=_contrast(colour), outline=colour, width=2)
    brush.multiline_text(begin, mark.text, font=_fonts.of_size(_text_size(mark)), fill=colour)


def _light(brush: ImageDraw.ImageDraw, x: int, y: int) -> None:
    _disc(brush, x, y, LIGHT_RADIUS, (255, 255, 255, 255))
    _disc(brush, x, y, LIGHT_RADIUS - 3, (229, 0, 40, 255))
