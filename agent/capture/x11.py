"""The fast way on X11: pictures through a shared memory segment (MIT-SHM), woken up by DAMAGE, pointer from XFIXES.

Damage is subtracted before each grab, so that no change is missed. One thread uses the connection.
"""

from __future__ import annotations

import ctypes
import select
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import xcffib
import xcffib.damage
import xcffib.randr
import xcffib.shm
import xcffib.xfixes
import xcffib.xproto

from agent.capture.interface import CaptureError, CursorShape, CursorState, Geometry, GeometryChangedError
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MAX_CURSOR_SIDE, MonitorInfo

_ALL_PLANES = 0xFFFFFFFF
_IPC_CREATE_PRIVATE = 0o1600
_IPC_RMID = 0


@contextmanager
def _x_errors(code: str = "CAPTURE_LOST") -> Iterator[None]:
    """Every error of the X server or of the connection to it becomes a CaptureError with this code."""
    try:
        yield
    except (xcffib.XcffibException, OSError) as problem:
        raise CaptureError(code, type(problem).__name__) from problem


class X11Display:
    """A connection and its root window. Raises CaptureError("CAPTURE_UNAVAILABLE") without a display."""

    def __init__(self, display: str | None = None) -> None:
        connect: Callable[..., Any] = xcffib.connect
        with _x_errors("CAPTURE_UNAVAILABLE"):
            self.connection = connect(display=display)
        self.screen: Any = self.connection.get_setup().roots[self.connection.pref_screen]
        self.root: int = self.screen.root

    def extension(self, module: Any, *version: int) -> Any:
        """The extension of an xcffib module, its version agreed on; raises CaptureError when the server lacks it."""
        with _x_errors("CAPTURE_UNAVAILABLE"):
            found = self.connection(module.key)
            found.QueryVersion(*version).reply()
            return found

    def size(self) -> tuple[int, int]:
        reply = self.connection.core.GetGeometry(self.root).reply()
        return reply.width, reply.height

    def close(self) -> None:
        # With the server gone there is nothing left to free.
        with suppress(xcffib.ConnectionException):
            self.connection.disconnect()


class X11Cursor:
    """`CursorSource` by XFIXES; with an own connection, or on that of a capture."""

    def __init__(self, display: X11Display) -> None:
        self._display = display
        self._fixes = display.extension(xcffib.xfixes, 5, 0)
        self._fixes.SelectCursorInput(display.root, xcffib.xfixes.CursorNotifyMask.DisplayCursor)
        display.connection.flush()
        self._shape_is_new = True

    def notice(self, event: Any) -> None:
        """Called with every event of the connection."""
        self._shape_is_new |= isinstance(event, xcffib.xfixes.CursorNotifyEvent)

    def read(self) -> CursorState:
        with _x_errors():
            if self._shape_is_new:
                self._shape_is_new = False
                image = self._fixes.GetCursorImage().reply()
                return CursorState(image.x, image.y, _shape(image))
            pointer = self._display.connection.core.QueryPointer(self._display.root).reply()
            return CursorState(pointer.root_x, pointer.root_y)

    def close(self) -> None:
        self._display.close()


class StandaloneX11Cursor(X11Cursor):
    """For captures that do not read X events themselves."""

    def __init__(self, display: str | None = None) -> None:
        super().__init__(X11Display(display))

    def read(self) -> CursorState:
        with _x_errors():
            while event := self._display.connection.poll_for_event():
                self.notice(event)
        return super().read()


def _shape(image: Any) -> CursorShape:
    """An XFIXES cursor image (rows of premultiplied ARGB words) -> straight alpha RGBA."""
    words = np.array(list(image.cursor_image), np.uint32).reshape(image.height, image.width)
    words = words[:MAX_CURSOR_SIDE, :MAX_CURSOR_SIDE]
    alpha = (words >> 24).astype(np.uint16)
    channels = [(words >> shift & 0xFF).astype(np.uint16) for shift in (16, 8, 0)]
    straight = [np.minimum(255, channel * 255 // np.maximum(alpha, 1)) for channel in channels]
    rgba = np.stack([*straight, alpha], axis=-1).astype(np.uint8)
    return CursorShape(rgba.shape[1], rgba.shape[0], image.xhot, image.yhot, rgba.tobytes())


class _Segment:
    """A shared memory segment that both sides have attached; freed when the last array on it is gone."""

    def __init__(self, display: X11Display, shm: Any, width: int, height: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        size = width * height * 4
        shm_id = libc.shmget(0, size, _IPC_CREATE_PRIVATE)
        address = libc.shmat(shm_id, None, 0) if shm_id >= 0 else None
        if address is None or address == ctypes.c_void_p(-1).value:
            raise CaptureError("CAPTURE_UNAVAILABLE", f"no shared memory of {size} bytes")
        memory = (ctypes.c_uint8 * size).from_address(address)
        weakref.finalize(memory, libc.shmdt, ctypes.c_void_p(address))
        self.id = display.connection.generate_id()
        try:
            shm.Attach(self.id, shm_id, False, is_checked=True).check()
        except xcffib.ProtocolException as problem:
            raise CaptureError("CAPTURE_UNAVAILABLE", "the X server is on another computer") from problem
        finally:
            libc.shmctl(shm_id, _IPC_RMID, None)
        self.pixels: Pixels = np.ctypeslib.as_array(memory).reshape(height, width, 4)


class X11Capture:
    """`Capture` through shared memory."""

    name = "x11-shm"

    def __init__(self, display: str | None = None) -> None:
        self._display_name = display
        self._display: X11Display | None = None
        self._changed = True

    def start(self) -> Geometry:
        display = self._display = X11Display(self._display_name)
        if display.screen.root_depth not in (24, 32):
            raise CaptureError("CAPTURE_UNAVAILABLE", f"{display.screen.root_depth} bits per pixel")
        self._shm = display.extension(xcffib.shm)
        self._randr = display.extension(xcffib.randr, 1, 5)
        self._damage = display.extension(xcffib.damage, 1, 1)
        self._cursor = X11Cursor(display)
        with _x_errors("CAPTURE_UNAVAILABLE"):
            changes = xcffib.randr.NotifyMask.ScreenChange | xcffib.randr.NotifyMask.CrtcChange
            self._randr.SelectInput(display.root, changes)
            self._damage_id = display.connection.generate_id()
            self._damage.Create(self._damage_id, display.root, xcffib.damage.ReportLevel.NonEmpty)
            self._geometry = self._read_geometry()
            self._segment = _Segment(display, self._shm, self._geometry.width, self._geometry.height)
        self.frame()
        self._changed = True
        return self._geometry

    def geometry(self) -> Geometry:
        return self._geometry

    def wait(self, timeout_s: float) -> bool:
        connection = self._open().connection
        deadline = time.monotonic() + timeout_s
        with _x_errors():
            while True:
                self._read_events()
                remaining = deadline - time.monotonic()
                if self._changed or remaining <= 0:
                    return self._changed
                select.select([connection.get_file_descriptor()], [], [], remaining)

    def frame(self) -> Pixels:
        with _x_errors():
            self._damage.Subtract(self._damage_id, 0, 0)
            try:
                self._grab()
            except xcffib.xproto.MatchError:
                # The screen became smaller than the segment and the event about it is still on its way.
                self._adapt()
                raise
        self._changed = False
        return self._segment.pixels

    def _grab(self) -> None:
        width, height = self._geometry.width, self._geometry.height
        form, segment = xcffib.xproto.ImageFormat.ZPixmap, self._segment.id
        self._shm.GetImage(self._open().root, 0, 0, width, height, _ALL_PLANES, form, segment, 0).reply()

    def cursor(self) -> CursorState:
        self._open()
        return self._cursor.read()

    def close(self) -> None:
        if self._display:
            self._display.close()
            self._display = None

    def _open(self) -> X11Display:
        if self._display is None:
            raise CaptureError("CAPTURE_LOST", "closed")
        return self._display

    def _read_events(self) -> None:
        """Raises GeometryChangedError after the last event that was there."""
        connection = self._open().connection
        resized = False
        while event := connection.poll_for_event():
            self._changed |= isinstance(event, xcffib.damage.NotifyEvent)
            resized |= isinstance(event, (xcffib.randr.ScreenChangeNotifyEvent, xcffib.randr.NotifyEvent))
            self._cursor.notice(event)
        if resized:
            self._adapt()

    def _adapt(self) -> None:
        """Take over a changed geometry; raises GeometryChangedError if there is one."""
        geometry = self._read_geometry()
        if geometry == self._geometry:
            return
        if (geometry.width, geometry.height) != (self._geometry.width, self._geometry.height):
            self._shm.Detach(self._segment.id)
            self._segment = _Segment(self._open(), self._shm, geometry.width, geometry.height)
        self._geometry = geometry
        self._changed = True
        raise GeometryChangedError

    def _read_geometry(self) -> Geometry:
        display = self._open()
        width, height = display.size()
        monitors = tuple(
            MonitorInfo(m.x, m.y, m.width, m.height, self._atom_name(m.name), bool(m.primary))
            for m in self._randr.GetMonitors(display.root, True).reply().monitors
        )
        return Geometry(width, height, monitors or (MonitorInfo(0, 0, width, height, "screen", True),))

    def _atom_name(self, atom: int) -> str:
        name = self._open().connection.core.GetAtomName(atom).reply().name
        return str(name.to_string())
