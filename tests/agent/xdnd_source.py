"""A program that drops files on a window, as file managers do: `python xdnd_source.py X Y URI...`. Source: freedesktop.org, XDND 5."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from Xlib import X, display
from Xlib.protocol import event

VERSION = 5


class Source:
    def __init__(self, data: bytes) -> None:
        self.display = display.Display()
        self.root = self.display.screen().root
        self.window = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self._data = data
        self.window.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def aware_at(self, x: int, y: int) -> Any:
        """The window below the place that takes drops, looked for from the outside in."""
        window = self.root
        while True:
            if window.get_full_property(self.atom("XdndAware"), X.AnyPropertyType) is not None:
                return window
            child = window.translate_coords(self.root, x, y).child
            if not child:
                raise LookupError("nothing takes drops there")
            window = child

    def say(self, target: Any, kind: str, data: Sequence[int]) -> None:
        five = [self.window.id, *data, *[0] * (4 - len(data))]
        message = event.ClientMessage(window=target, client_type=self.atom(kind), data=(32, five))
        target.send_event(message)
        self.display.flush()

    def wait_for_aware(self, x: int, y: int, seconds: float = 10.0) -> Any:
        """A window that has just been opened may still be on its way."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.aware_at(x, y)
            except LookupError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def answer(self, wanted: str, seconds: float = 20.0) -> None:
        """Serves the data until the target has said `wanted`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            while self.display.pending_events():
                found = self.display.next_event()
                if found.type == X.SelectionRequest:
                    self._give(found)
                elif found.type == X.ClientMessage and found.client_type == self.atom(wanted):
                    return
            time.sleep(0.01)
        raise TimeoutError(wanted)

    def _give(self, request: Any) -> None:
        request.requestor.change_property(request.property, request.target, 8, self._data)
        notify = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=request.property,
        )
        request.requestor.send_event(notify)
        self.display.flush()


def main(x: int, y: int, uris: Sequence[str]) -> None:
    source = Source("".join(f"{uri}\r\n" for uri in uris).encode())
    target = source.wait_for_aware(x, y)
    kind, copy = source.atom("text/uri-list"), source.atom("XdndActionCopy")
    source.say(target, "XdndEnter", [VERSION << 24, kind])
    source.say(target, "XdndPosition", [0, x << 16 | y, X.CurrentTime, copy])
    source.answer("XdndStatus")
    source.say(target, "XdndDrop", [0, X.CurrentTime])
    source.answer("XdndFinished")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
