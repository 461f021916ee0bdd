"""The X11 clipboard (ICCCM 2, selection CLIPBOARD), told of changes by XFIXES. One thread of its own, one hidden window.

What a password manager marks as secret (target x-kde-passwordManagerHint) is left alone.
"""

from __future__ import annotations

import os
import select
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.xfixes
import xcffib.xproto
from twisted.logger import Logger

from agent.platform.interface import PlatformCode, PlatformError

log = Logger()

SET_OWNER_MASK = 1
ANY_TYPE = 0
MAX_BYTES = 1024 * 1024
"""A longer text is read this far; nobody wants more than its being too long."""
SECRET = "x-kde-passwordManagerHint"
TEXT_TARGETS = ("UTF8_STRING", "text/plain;charset=utf-8", "STRING")


class X11Clipboard:
    """`changed(text)` is called on the clipboard's thread. Raises PlatformError(NO_DISPLAY)."""

    def __init__(self, changed: Callable[[str], None], display: str | None = None) -> None:
        self._changed = changed
        try:
            connection: Any = xcffib.connect(display)  # type: ignore[no-untyped-call]
            self._fixes = connection(xcffib.xfixes.key)
            self._fixes.QueryVersion(5, 0).reply()
        except xcffib.XcffibException as problem:
            raise PlatformError(PlatformCode.NO_DISPLAY, str(problem)) from problem
        self._connection = connection
        self._core = connection.core
        self._window = self._make_window()
        self._atoms: dict[str, int] = {}
        self._mine: str | None = None
        self._incoming: bytearray | None = None
        self._waiting: deque[str | None] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._fixes.SelectSelectionInput(self._window, self._atom("CLIPBOARD"), SET_OWNER_MASK)
        self._connection.flush()
        self._thread = threading.Thread(target=self._work, name="clipboard", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        self._tell(text)

    def close(self) -> None:
        self._tell(None)
        self._thread.join(2)
        if not self._thread.is_alive():
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _tell(self, text: str | None) -> None:
        self._waiting.append(text)
        os.write(self._wake_write, b"x")

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._serve():
                select.select([self._connection.get_file_descriptor(), self._wake_read], [], [])
        except xcffib.XcffibException as problem:
            log.error("The clipboard is gone: {problem}", problem=str(problem))
        finally:
            self._connection.disconnect()

    def _serve(self) -> bool:
        """Everything that waits now; False when it is time to end."""
        if select.select([self._wake_read], [], [], 0)[0]:
            os.read(self._wake_read, 4096)
        while self._waiting:
            text = self._waiting.popleft()
            if text is None:
                return False
            self._own(text)
        while (event := self._connection.poll_for_event()) is not None:
            self._handle(event)
        self._connection.flush()
        return True

    def _handle(self, event: Any) -> None:
        match event:
            case xcffib.xfixes.SelectionNotifyEvent():
                self._owner_changed(event)
            case xcffib.xproto.SelectionNotifyEvent():
                self._converted(event)
            case xcffib.xproto.PropertyNotifyEvent():
                self._more(event)
            case xcffib.xproto.SelectionRequestEvent():
                self._answer(event)
            case xcffib.xproto.SelectionClearEvent():
                self._mine = None
            case _:
                pass

    # --- reading ------------------------------------------------------------------------------------------------------

    def _owner_changed(self, event: Any) -> None:
        self._incoming = None
        if event.owner not in (0, self._window):
            self._convert("TARGETS")

    def _convert(self, target: str) -> None:
        names = (self._atom("CLIPBOARD"), self._atom(target), self._atom("WIZHELPER_CLIPBOARD"))
        self._core.ConvertSelection(self._window, *names, xcffib.CurrentTime)

    def _converted(self, event: Any) -> None:
        if event.property == 0:
            return
        kind, data = self._take_property()
        if event.target == self._atom("TARGETS"):
            self._choose({atom for (atom,) in struct.iter_unpack("=I", data[: len(data) // 4 * 4])})
        elif kind == self._atom("INCR"):
            self._incoming = bytearray()
        else:
            self._read(data, kind)

    def _choose(self, offered: set[int]) -> None:
        if self._atom(SECRET) in offered:
            return
        target = next((name for name in TEXT_TARGETS if self._atom(name) in offered), None)
        if target is not None:
            self._convert(target)

    def _more(self, event: Any) -> None:
        """The next piece of a long text (INCR); an empty one is its end."""
        if self._incoming is None or event.state != 0 or event.atom != self._atom("WIZHELPER_CLIPBOARD"):
            return
        kind, data = self._take_property()
        if data and len(self._incoming) < MAX_BYTES:
            self._incoming += data
            return
        whole, self._incoming = bytes(self._incoming), None
        self._read(whole, kind)

    def _read(self, data: bytes, kind: int) -> None:
        encoding = "latin-1" if kind == self._atom("STRING") else "utf-8"
        text = data.decode(encoding, "replace").rstrip("\0")
        if text and text != self._mine:
            self._changed(text)

    def _take_property(self) -> tuple[int, bytes]:
        """Type and content; the property is deleted, which asks for the next piece."""
        name = self._atom("WIZHELPER_CLIPBOARD")
        found = self._core.GetProperty(True, self._window, name, ANY_TYPE, 0, MAX_BYTES // 4).reply()
        if found.bytes_after:
            self._core.DeleteProperty(self._window, name)
        return found.type, b"".join(bytes(part) for part in found.value)

    # --- owning -------------------------------------------------------------------------------------------------------

    def _own(self, text: str) -> None:
        self._mine = text
        self._core.SetSelectionOwner(self._window, self._atom("CLIPBOARD"), xcffib.CurrentTime)

    def _answer(self, request: Any) -> None:
        """Another program pastes."""
        where = request.property or request.target
        given = self._give(request.requestor, where, request.target)
        event = struct.pack(
            "=B3xIIIII8x", 31, request.time, request.requestor, request.selection, request.target, where if given else 0
        )
        self._core.SendEvent(False, request.requestor, 0, event)

    def _give(self, requestor: int, where: int, target: int) -> bool:
        if self._mine is None:
            return False
        if target == self._atom("TARGETS"):
            atoms = [self._atom(name) for name in ("TARGETS", *TEXT_TARGETS)]
            self._put(requestor, where, self._atom("ATOM"), 32, atoms)
            return True
        name = next((name for name in TEXT_TARGETS if self._atom(name) == target), None)
        if name is None:
            return False
        encoding = "latin-1" if name == "STRING" else "utf-8"
        self._put(requestor, where, target, 8, self._mine.encode(encoding, "replace"))
        return True

    def _put(self, window: int, where: int, kind: int, bits: int, data: Any) -> None:
        self._core.ChangeProperty(xcffib.xproto.PropMode.Replace, window, where, kind, bits, len(data), data)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _make_window(self) -> int:
        window: int = self._connection.generate_id()
        screen = self._connection.get_setup().roots[self._connection.pref_screen]
        events = xcffib.xproto.EventMask.PropertyChange
        kind = xcffib.xproto.WindowClass.InputOnly
        mask = xcffib.xproto.CW.EventMask
        self._core.CreateWindow(0, window, screen.root, 0, 0, 1, 1, 0, kind, screen.root_visual, mask, [events])
        return window

    def _atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self._core.InternAtom(False, len(name), name).reply().atom
        return self._atoms[name]
