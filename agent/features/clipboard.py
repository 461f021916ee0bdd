"""Clipboard text both ways: only after the switch, only what is copied from then on, and the customer sees that it is on."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from agent.platform.interface import Clipboard, PlatformError
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import clipboard
from wizhelper.protocol.channels import CLIPBOARD, Channel
from wizhelper.protocol.control import Activity

log = Logger()

OpenClipboard = Callable[[Callable[[str], None]], Clipboard]
"""As agent.platform.interface.Platform.clipboard."""


class ClipboardTool:
    def __init__(self, outlet: Outlet, open_clipboard: OpenClipboard) -> None:
        self._outlet = outlet
        self._open = open_clipboard
        self._clipboard: Clipboard | None = None

    def received(self, body: bytes) -> None:
        match clipboard.decode_console(body):
            case clipboard.Switch(on):
                self._switch(on)
            case clipboard.Text(text):
                if self._clipboard is not None:
                    self._clipboard.write(text)

    def _switch(self, on: bool) -> None:
        if on == (self._clipboard is not None):
            return
        if on:
            self._start()
        else:
            self._stop()

    def _start(self) -> None:
        try:
            self._clipboard = self._open(self._copied_on_thread)
        except PlatformError as problem:
            log.error("No clipboard on this PC: {code} {detail}", code=str(problem.code), detail=problem.detail)
            return
        self._outlet.activity(Activity.CLIPBOARD, True)
        self._outlet.record("clipboard_on")

    def _stop(self) -> None:
        if self._clipboard is None:
            return
        self._clipboard.close()
        self._clipboard = None
        self._outlet.activity(Activity.CLIPBOARD, False)
        self._outlet.result("clipboard_off")

    def close(self) -> None:
        self._stop()

    def _copied_on_thread(self, text: str) -> None:
        self._outlet.reactor.callFromThread(self._copied, text)

    def _copied(self, text: str) -> None:
        if self._clipboard is None or not text:
            return
        text = text.replace("\r\n", "\n")
        known = clipboard.fits(text)
        self._outlet.send(clipboard.encode(clipboard.Text(text) if known else clipboard.TooLong()))


def kind(open_clipboard: OpenClipboard) -> ToolKind:
    return ToolKind(Channel.CLIPBOARD, frozenset({CLIPBOARD}), lambda outlet: ClipboardTool(outlet, open_clipboard))
