"""The captures of X11 on a real X server: pictures, damage, pointer, resolutions, a dying server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
import pytest
import xcffib
import xcffib.randr
import xcffib.xproto
from conftest import SCREEN, Screen
from reference_viewer import ReferenceViewer

from agent.capture import choose
from agent.capture.compatible import CompatibleCapture
from agent.capture.interface import Capture, CaptureError, GeometryChangedError
from agent.capture.x11 import StandaloneX11Cursor, X11Capture, X11Display
from agent.features.screen import ScreenFeature
from wizhelper.protocol.screen import Ack, ScreenType, Stats

WIDTH, HEIGHT = SCREEN


class Painter:
    """Another program that draws on the same screen."""

    def __init__(self, display: str) -> None:
        self.x = X11Display(display)
        self.core: Any = self.x.connection.core
        self.context = self.x.connection.generate_id()
        self.core.CreateGC(self.context, self.x.root, 0, [])

    def fill(self, x: int, y: int, w: int, h: int, colour: int) -> None:
        self.core.ChangeGC(self.context, xcffib.xproto.GC.Foreground, [colour])
        rectangle = xcffib.xproto.RECTANGLE.synthetic(x, y, w, h)
        self.core.PolyFillRectangle(self.x.root, self.context, 1, [rectangle])
        self.sync()

    def move_pointer(self, x: int, y: int) -> None:
        self.core.WarpPointer(0, self.x.root, 0, 0, 0, 0, x, y)
        self.sync()

    def set_cursor(self, glyph: int) -> None:
        font, cursor = self.x.connection.generate_id(), self.x.connection.generate_id()
        self.core.OpenFont(font, len("cursor"), "cursor")
        self.core.CreateGlyphCursor(cursor, font, font, glyph, glyph + 1, 65535, 0, 0, 0, 0, 65535)
        self.core.ChangeWindowAttributes(self.x.root, xcffib.xproto.CW.Cursor, [cursor])
        self.sync()

    def resize(self, width: int, height: int) -> None:
        """Only smaller ones: Xvfb has no room for more. Its one output is switched off by that."""
        randr = self.x.extension(xcffib.randr, 1, 5)
        resources = randr.GetScreenResources(self.x.root).reply()
        randr.SetCrtcConfig(resources.crtcs[0], 0, resources.config_timestamp, 0, 0, 0, 1, 0, []).reply()
        randr.SetScreenSize(self.x.root, width, height, 300, 200, is_checked=True).check()

    def sync(self) -> None:
        self.core.GetInputFocus().reply()


@pytest.fixture
def painter(xvfb: Screen) -> Iterator[Painter]:
    made = Painter(xvfb.display)
    yield made
    made.x.close()


def compatible(display: str) -> Capture:
    return CompatibleCapture(lambda: StandaloneX11Cursor(display), display=display)


@pytest.fixture(params=[X11Capture, compatible])
def capture(request: pytest.FixtureRequest, xvfb: Screen) -> Iterator[Capture]:
    make: Callable[[str], Capture] = request.param
    made = make(xvfb.display)
    made.start()
    yield made
    made.close()
    made.close()


def wait_for_change(capture: Capture) -> None:
    assert capture.wait(2.0)


def test_the_screen_is_read_pixel_by_pixel(capture: Capture, painter: Painter) -> None:
    geometry = capture.geometry()
    assert (geometry.width, geometry.height) == SCREEN
    assert [(m.x, m.y, m.width, m.height) for m in geometry.monitors] == [(0, 0, WIDTH, HEIGHT)]
    painter.fill(WIDTH - 3, HEIGHT - 2, 3, 2, 0x123456)
    wait_for_change(capture)
    frame = capture.frame()
    assert frame.shape == (HEIGHT, WIDTH, 4)
    assert frame[-2:, -3:, :3].tolist() == [[[0x56, 0x34, 0x12]] * 3] * 2
    assert frame[-3, -4, :3].tolist() == [0, 0, 0]


def test_only_changes_wake_up(capture: Capture, painter: Painter) -> None:
    capture.wait(0)
    capture.frame()
    assert not capture.wait(0.1)
    painter.fill(10, 10, 5, 5, 0xFF0000)
    began = time.monotonic()
    wait_for_change(capture)
    assert time.monotonic() - began < 0.2
    assert capture.frame()[12, 12, :3].tolist() == [0, 0, 255]
    assert not capture.wait(0.1)


def test_the_pointer_is_read_apart_and_its_shape_only_when_new(capture: Capture, painter: Painter) -> None:
    first = capture.cursor()
    assert first.shape is not None and len(first.shape.rgba) == first.shape.width * first.shape.height * 4
    painter.move_pointer(100, 50)
    state = capture.cursor()
    assert (state.x, state.y, state.shape) == (100, 50, None)
    painter.set_cursor(68)
    capture.wait(0.05)
    shape = capture.cursor().shape
    assert shape is not None and shape.rgba != first.shape.rgba
    pixels = np.frombuffer(shape.rgba, np.uint8).reshape(-1, 4)
    assert {tuple(p) for p in pixels[pixels[:, 3] == 255].tolist()} == {(255, 0, 0, 255), (0, 0, 255, 255)}
    assert capture.cursor().shape is None


def test_another_resolution_is_taken_over(capture: Capture, painter: Painter) -> None:
    """RC-MON: monitors and resolutions come and go during the session."""
    capture.frame()
    painter.resize(1024, 600)
    with pytest.raises(GeometryChangedError):
        for _ in range(40):
            if capture.wait(0.1):
                capture.frame()
    assert (capture.geometry().width, capture.geometry().height) == (1024, 600)
    painter.fill(1020, 596, 4, 4, 0x00FF00)
    wait_for_change(capture)
    assert capture.frame().shape == (600, 1024, 4)
    assert capture.frame()[-1, -1, :3].tolist() == [0, 255, 0]


def test_a_dead_server_is_a_capture_error(capture: Capture, xvfb: Screen) -> None:
    capture.frame()
    xvfb.server.terminate()
    xvfb.server.wait(10)
    with pytest.raises(CaptureError):
        for _ in range(50):
            capture.wait(0.1)
            capture.frame()
    capture.close()


@pytest.mark.parametrize("make", [X11Capture, compatible])
def test_a_missing_display_is_a_capture_error(make: Callable[[str], Capture]) -> None:
    with pytest.raises(CaptureError, match="CAPTURE_UNAVAILABLE"):
        make(":987").start()


def test_a_frame_outlives_its_capture(xvfb: Screen) -> None:
    """The shared memory stays mapped as long as an array looks at it."""
    capture = X11Capture(xvfb.display)
    capture.start()
    frame = capture.frame()
    capture.close()
    del capture
    assert int(frame[..., :3].max()) == 0


@pytest.mark.parametrize(("mode", "name"), [("fast", "x11-shm"), ("compatible", "mss")])
def test_the_mode_chooses_the_way(mode: str, name: str, xvfb: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """RC-CAPMODE, OP-SET-CAP."""
    monkeypatch.setenv("DISPLAY", xvfb.display)
    capture = choose.open_capture(mode)
    assert capture.name == name and capture.frame().shape == (HEIGHT, WIDTH, 4)
    capture.close()


def test_fast_falls_back_to_compatible(xvfb: Screen) -> None:
    ways = {"fast": lambda: X11Capture(":987"), "compatible": lambda: compatible(xvfb.display)}
    capture = choose.open_capture("fast", ways)
    assert capture.name == "mss"
    capture.close()


def test_the_last_failure_is_told_when_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(CaptureError, match="CAPTURE_UNAVAILABLE"):
        choose.open_capture("fast")


def test_the_feature_shows_a_real_screen_and_idles(xvfb: Screen, painter: Painter) -> None:
    """From the X server to the viewer; a still screen costs next to no CPU."""
    viewer, reports = ReferenceViewer(), list[Stats]()
    capture = X11Capture(xvfb.display)
    capture.start()

    def send(body: bytes) -> int:
        if body[0] != ScreenType.STATS:
            feature.handle(Ack(viewer.receive(body).frame_id, 1))
        return len(body)

    feature = ScreenFeature(lambda mode: capture, send, report=reports.append, on_error=pytest.fail)
    feature.start()
    try:
        painter.fill(100, 100, 700, 300, 0x3366CC)
        deadline = time.monotonic() + 3
        while viewer.picture.shape[0] != HEIGHT or viewer.picture[399, 799].tolist() != [0xCC, 0x66, 0x33]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process, began = psutil.Process(), time.monotonic()
        before = sum(process.cpu_times()[:2])
        time.sleep(2)
        share = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
        assert share < 0.03
    finally:
        feature.stop()
