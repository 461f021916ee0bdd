"""Linux with X11: XTEST for physical keys, pointer and wheel; x11_typer.py for text. Wayland is refused with a code."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.randr
import xcffib.xproto
import xcffib.xtest

from agent.platform.clipboard_x11 import X11Clipboard
from agent.platform.interface import Clipboard, HostInfo, Injector, OsKind, PlatformCode, PlatformError
from agent.platform.keys import KEYS
from agent.platform.queued import QueuedInjector
from agent.platform.release_guard import ReleaseGuard
from agent.platform.tracked import TrackedInjector, WheelSteps
from agent.platform.x11_typer import X11Typer

KEY_PRESS, KEY_RELEASE, BUTTON_PRESS, BUTTON_RELEASE, MOTION = 2, 3, 4, 5, 6
ABSOLUTE = 0
MAX_COORDINATE = 0x7FFF

X11_BUTTONS = {1: 1, 2: 3, 4: 2, 8: 8, 16: 9}
"""Bit of MouseEvent.buttons -> X11 button."""

NOTCH = 120
WHEEL_UP, WHEEL_DOWN, WHEEL_LEFT, WHEEL_RIGHT = 4, 5, 6, 7


class LinuxPlatform:
    """`display` is for tests; the default is $DISPLAY."""

    def __init__(self, display: str | None = None) -> None:
        self._display = display

    def host(self) -> HostInfo:
        return HostInfo(
            host_name=platform.node(),
            user_name=_user_name(),
            os=OsKind.LINUX,
            os_version=_os_version(),
            session_type=session_type(self._display),
        )

    def injector(self) -> Injector:
        device = X11Device(self._display)
        guard = ReleaseGuard({"DISPLAY": self._display} if self._display else None)
        return QueuedInjector(TrackedInjector(device, guard), device.typer)

    def clipboard(self, changed: Callable[[str], None]) -> Clipboard:
        return X11Clipboard(changed, self._display)


def session_type(display: str | None = None) -> str:
    """As in HostInfo. Wayland wins over X11: under Wayland an X display is there too, but only for old programs."""
    if is_wayland():
        return "wayland"
    return "x11" if display or os.environ.get("DISPLAY") else "none"


def is_wayland() -> bool:
    return os.environ.get("XDG_SESSION_TYPE") == "wayland" or bool(os.environ.get("WAYLAND_DISPLAY"))


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in containers
        return ""


def _os_version() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.release())
    except OSError:
        return platform.release()


def connect(display: str | None = None) -> Any:
    """A connection to an X server that takes input for the whole desktop. Raises PlatformError."""
    try:
        connection: Any = xcffib.connect(display)  # type: ignore[no-untyped-call]
        connection.core.GetInputFocus().reply()
    except xcffib.XcffibException as problem:
        code = PlatformCode.WAYLAND_UNSUPPORTED if is_wayland() else PlatformCode.NO_DISPLAY
        raise PlatformError(code, str(problem)) from problem
    if is_wayland() and _is_xwayland(connection):
        connection.disconnect()
        raise PlatformError(PlatformCode.WAYLAND_UNSUPPORTED, "XWayland passes input to X programs only")
    return connection


def _is_xwayland(connection: Any) -> bool:
    """By the extension that newer servers have, else by the names of the screens (XWAYLAND0, XWAYLAND1, ...)."""
    if connection.core.QueryExtension(len("XWAYLAND"), "XWAYLAND").reply().present:
        return True
    randr = connection(xcffib.randr.key)
    root = connection.get_setup().roots[connection.pref_screen].root
    resources = randr.GetScreenResourcesCurrent(root).reply()
    names = [
        bytes(randr.GetOutputInfo(output, resources.config_timestamp).reply().name) for output in resources.outputs
    ]
    return any(name.startswith(b"XWAYLAND") for name in names)


class X11Device:
    """The Device of X11 (see tracked.py)."""

    def __init__(self, display: str | None = None) -> None:
        self._connection = connect(display)
        try:
            self._xtest = self._connection(xcffib.xtest.key)
            self._xtest.GetVersion(2, 2).reply()
            self.typer = X11Typer(self._connection)
        except xcffib.XcffibException as problem:
            self._connection.disconnect()
            raise PlatformError(PlatformCode.INPUT_REFUSED, f"no XTEST: {problem}") from problem
        self._root = self._connection.get_setup().roots[self._connection.pref_screen].root
        self._down: set[str] = set()
        self._wheel_x = WheelSteps(NOTCH)
        self._wheel_y = WheelSteps(NOTCH)

    def key(self, code: str, down: bool) -> None:
        if down and code in self._down:
            return  # the X server repeats held keys itself
        self._fake(KEY_PRESS if down else KEY_RELEASE, KEYS[code].x11)
        if down:
            self._down.add(code)
        else:
            self._down.discard(code)

    def text(self, text: str) -> None:
        try:
            self.typer.type(text)
        except xcffib.XcffibException as problem:
            raise PlatformError(PlatformCode.INPUT_REFUSED, str(problem)) from problem

    def move(self, x: int, y: int, buttons: int) -> None:
        """What lies outside of the screen goes to its edge: the server takes any place, but 16 bits of it only."""
        self._fake(MOTION, ABSOLUTE, min(max(x, 0), MAX_COORDINATE), min(max(y, 0), MAX_COORDINATE))

    def button(self, button: int, down: bool) -> None:
        self._fake(BUTTON_PRESS if down else BUTTON_RELEASE, X11_BUTTONS[button])

    def wheel(self, dx: int, dy: int) -> None:
        """X11 knows whole notches only."""
        notches_x, notches_y = self._wheel_x.add(dx), self._wheel_y.add(dy)
        self._click(WHEEL_RIGHT if notches_x > 0 else WHEEL_LEFT, abs(notches_x))
        self._click(WHEEL_DOWN if notches_y > 0 else WHEEL_UP, abs(notches_y))

    def close(self) -> None:
        try:
            self.typer.close()
            # A round trip: events still under way to the server are lost with the connection.
            self._connection.core.GetInputFocus().reply()
        except xcffib.XcffibException as problem:
            raise PlatformError(PlatformCode.INPUT_REFUSED, str(problem)) from problem
        finally:
            self._connection.disconnect()

    def _click(self, button: int, times: int) -> None:
        for _ in range(times):
            self._fake(BUTTON_PRESS, button)
            self._fake(BUTTON_RELEASE, button)

    def _fake(self, event: int, detail: int, x: int = 0, y: int = 0) -> None:
        try:
            self._xtest.FakeInput(event, detail, 0, self._root, x, y, 0)
            self._connection.flush()
            self._connection.invalid()
            self._drain()
        except xcffib.XcffibException as problem:
            raise PlatformError(PlatformCode.INPUT_REFUSED, str(problem)) from problem

    def _drain(self) -> None:
        """Notices of keyboard changes come unasked and would pile up; errors of earlier requests are raised here."""
        while self._connection.poll_for_event() is not None:
            pass
