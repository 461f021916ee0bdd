"""The overlay on a real X server: pixels where they belong, no input taken, over other windows but never over the bar. RC-DRAW"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import mss
import pytest
import xcffib
import xcffib.xproto
from PIL import Image
from x_fixture import x_server

from agent.overlay import wire
from agent.overlay.program import read
from agent.overlay.wire import Drop, KeepFree, Light, Mark, Put, Rect, Show, Shown
from agent.platform.child import child_environment
from wizhelper.protocol.draw import Shape

RED, BLUE, GROUND = (229, 57, 53), (30, 136, 229), (49, 80, 122)


def mark(number: int, shape: Shape, points: list[tuple[int, int]], colour: int = 0xE53935, **more: Any) -> Mark:
    x, y = zip(*points, strict=True)
    given = {"width": 6, "alpha": 255, "text": "", **more}
    return Mark(number, shape, given["width"], colour, given["alpha"], x, y, given["text"])


class Child:
    def __init__(self, display: str) -> None:
        environment = {**child_environment(), "DISPLAY": display}
        command = [sys.executable, "-m", "agent.overlay.program"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.revision = 0

    def show(self, *messages: wire.ToChild) -> None:
        assert self.process.stdin and self.process.stdout
        self.revision += 1
        for message in (*messages, Show(self.revision)):
            self.process.stdin.write(wire.encode(message))
        self.process.stdin.flush()
        assert wire.decode_from_child(self.process.stdout.readline()) == Shown(self.revision)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        assert self.process.stdout
        self.process.stdout.close()


class Screen:
    def __init__(self, display: str) -> None:
        self.display = display
        environment = {**os.environ, "DISPLAY": display}
        subprocess.run(["xsetroot", "-solid", "#31507a"], env=environment, check=True)

    def picture(self) -> Image.Image:
        with mss.MSS(display=self.display) as grabber:
            shot = grabber.grab(grabber.monitors[0])
            return Image.frombytes("RGB", shot.size, shot.rgb)

    def at(self, x: int, y: int) -> Any:
        return self.picture().getpixel((x, y))


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_server() as display:
        yield Screen(display)


@pytest.fixture
def child(screen: Screen) -> Iterator[Child]:
    made = Child(screen.display)
    yield made
    made.close()


def until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_shape_is_where_it_was_drawn_and_goes_again(screen: Screen, child: Child) -> None:
    child.show(
        Put(mark(1, Shape.PEN, [(100, 300), (200, 300), (200, 400)])),
        Put(mark(2, Shape.LINE, [(300, 300), (400, 300)], 0x1E88E5)),
        Put(mark(3, Shape.ARROW, [(450, 300), (550, 300)])),
        Put(mark(4, Shape.RECTANGLE, [(700, 400), (600, 300)])),
        Put(mark(5, Shape.ELLIPSE, [(750, 300), (850, 400)])),
        Put(mark(6, Shape.STEP, [(950, 350)], 0x1E88E5, text="3")),
        Put(mark(7, Shape.TEXT, [(1000, 300)], text="여기를\n누르세요")),
        Light(1200, 600),
    )
    picture = screen.picture()
    for place in [(150, 300), (200, 350), (500, 300), (545, 300), (600, 350), (650, 302), (752, 350)]:
        assert picture.getpixel(place) == RED, place
    assert picture.getpixel((350, 300)) == picture.getpixel((938, 350)) == BLUE
    assert picture.getpixel((1200, 600)) == (229, 0, 40)
    for place in [(650, 350), (800, 350), (150, 350), (350, 310)]:
        assert picture.getpixel(place) == GROUND, place
    child.show(*(Drop(number) for number in range(1, 8)), Light(None, None))
    assert screen.picture().getcolors() == [(1280 * 800, GROUND)]


def test_a_stroke_goes_on_and_words_are_seen(screen: Screen, child: Child) -> None:
    points = [(100, 100), (150, 100)]
    child.show(Put(mark(1, Shape.PEN, points)))
    child.show(Put(mark(1, Shape.PEN, [*points, (150, 500), (900, 500)])))
    assert screen.at(120, 100) == screen.at(150, 400) == screen.at(700, 500) == RED
    child.show(Put(mark(2, Shape.TEXT, [(300, 600)], text="글")))
    words = screen.picture().crop((300, 600, 340, 640)).getcolors(4096)
    assert words and {RED, (255, 255, 255)} <= {colour for _, colour in words}


def test_nothing_is_painted_over_the_session_bar(screen: Screen, child: Child) -> None:
    child.show(KeepFree((Rect(400, 0, 300, 60),)), Put(mark(1, Shape.LINE, [(0, 30), (1279, 30)], width=32)))
    assert screen.at(399, 30) == screen.at(700, 30) == RED
    assert screen.at(400, 30) == screen.at(699, 30) == screen.at(550, 20) == GROUND
    child.show(KeepFree((Rect(600, 0, 300, 60),)))
    assert screen.at(450, 30) == RED and screen.at(800, 30) == GROUND


def test_a_window_that_comes_over_it_is_drawn_over_and_gets_the_clicks(screen: Screen, child: Child) -> None:
    child.show(Put(mark(1, Shape.LINE, [(100, 700), (600, 700)])))
    connection: Any = xcffib.connect(screen.display)  # type: ignore[no-untyped-call]
    try:
        window, root = connection.generate_id(), connection.get_setup().roots[0].root
        events = xcffib.xproto.EventMask.ButtonPress
        mask = xcffib.xproto.CW.BackPixel | xcffib.xproto.CW.OverrideRedirect | xcffib.xproto.CW.EventMask
        kind = xcffib.xproto.WindowClass.InputOutput
        connection.core.CreateWindow(0, window, root, 50, 650, 600, 100, 0, kind, 0, mask, [0xFFFFFF, 1, events])
        connection.core.MapWindow(window)
        connection.flush()
        until(lambda: screen.at(60, 660) == (255, 255, 255) and screen.at(300, 700) == RED)
        environment = {**os.environ, "DISPLAY": screen.display}
        subprocess.run(["xdotool", "mousemove", "300", "700", "click", "1"], env=environment, check=True)
        event = connection.wait_for_event()
        while not isinstance(event, xcffib.xproto.ButtonPressEvent):
            event = connection.wait_for_event()
        assert (event.root_x, event.root_y) == (300, 700)
    finally:
        connection.disconnect()


def test_a_fading_mark_grows_thin(screen: Screen, child: Child) -> None:
    def seen(alpha: int) -> int:
        child.show(Put(mark(1, Shape.LINE, [(100, 500), (400, 500)], alpha=alpha, width=16)))
        colours = screen.picture().crop((100, 490, 400, 510)).getcolors() or []
        return sum(count for count, colour in colours if colour == RED)

    full, half, little = seen(255), seen(128), seen(64)
    assert full > 1.8 * half > 3 * little > 0


def test_without_a_display_it_says_so() -> None:
    environment = {**child_environment(), "DISPLAY": ":4999"}
    done = subprocess.run([sys.executable, "-m", "agent.overlay.program"], input=b"", capture_output=True, env=environment)
    told = wire.decode_from_child(done.stdout.strip())
    assert isinstance(told, wire.Failed) and told.code == "NO_OVERLAY"
    assert done.returncode == 1


def test_nonsense_ends_the_reading() -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"type":"drop","number":1}\n{"type":"drop","number":"1"}\n{"type":"drop","number":2}\n')
    os.close(writing)
    inbox: Any = queue.SimpleQueue()
    read(reading, inbox)
    os.close(reading)
    assert [inbox.get(), inbox.get()] == [Drop(1), None]
