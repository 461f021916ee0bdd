"""The agent's end of the overlay: the child is started by the first mark, and has one picture at a time in the making.

A console that draws faster than the child paints costs nothing: what is sent is the difference between what the child has and
what is wanted by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.overlay import wire
from agent.overlay.wire import Mark
from agent.platform.child import child_command, child_environment
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.local import LineBuffer

log = Logger()

OPTION = "--overlay"
QUIT_TIMEOUT_S = 2.0
NO_OVERLAY = "NO_OVERLAY"
Light = tuple[int, int] | None


class FreePlace:
    """What is never drawn over: the session bars. It is kept for overlays that come later, too."""

    def __init__(self) -> None:
        self.changed: set[Callable[[], None]] = set()
        self._rects: dict[object, wire.Rect] = {}

    def rects(self) -> wire.KeepFree:
        return wire.KeepFree(tuple(self._rects.values()))

    def move(self, owner: object, x: int, y: int, width: int, height: int) -> None:
        """Where the bar of `owner` is; width 0: there is none any more."""
        self._rects.pop(owner, None)
        if width:
            self._rects[owner] = wire.Rect(x, y, width, height)
        for tell in list(self.changed):
            tell()


class Overlay:
    """`shown(tag)`: what came with that tag can be seen, and all before it. `refused(code)`: once, nothing can be shown here."""

    def __init__(
        self, reactor: Any, free: FreePlace, shown: Callable[[int], None], refused: Callable[[str], None]
    ) -> None:
        self._reactor = reactor
        self._free = free
        self._shown = shown
        self._refused = refused
        self._child: IProcessTransport | None = None
        self._lines = LineBuffer()
        self._wanted: Mapping[int, Mark] = {}
        self._light: Light = None
        self._known: dict[int, Mark] = {}
        self._known_light: Light = None
        self._known_free = wire.KeepFree(())
        self._tag = self._sent_tag = 0
        self._revision = 0
        self._stale = self._busy = False
        self._closed = False
        free.changed.add(self._changed)

    def show(self, marks: Mapping[int, Mark], light: Light, tag: int) -> None:
        """The whole picture from now on. `tag` is for `shown`."""
        if self._closed:
            return
        self._wanted, self._light, self._tag = marks, light, tag
        if self._child is None and not self._start():
            return
        self._changed()

    def _changed(self) -> None:
        self._stale = True
        self._go_on()

    def close(self) -> None:
        """The picture goes with the child, which leaves at the end of its input."""
        self._free.changed.discard(self._changed)
        self._closed = True
        if self._child is not None:
            self._child.closeStdin()  # type: ignore[attr-defined]
            self._reactor.callLater(QUIT_TIMEOUT_S, self._kill)

    def _start(self) -> bool:
        command = child_command("agent.overlay.program", OPTION)
        try:
            self._child = self._reactor.spawnProcess(_Pipe(self), command[0], command, env=child_environment())
        except OSError as problem:
            self._fail(str(problem))
        return self._child is not None

    def _go_on(self) -> None:
        if self._busy or not self._stale or self._closed or self._child is None:
            return
        self._busy, self._stale = True, False
        self._sent_tag = self._tag
        self._revision += 1
        lines = [wire.encode(message) for message in self._difference()]
        self._child.writeToChild(0, b"".join([*lines, wire.encode(wire.Show(self._revision))]))

    def _difference(self) -> list[wire.ToChild]:
        found: list[wire.ToChild] = [wire.Drop(number) for number in self._known if number not in self._wanted]
        found += [wire.Put(mark) for number, mark in self._wanted.items() if self._known.get(number) is not mark]
        self._known = dict(self._wanted)
        if self._light != self._known_light:
            self._known_light = self._light
            found.append(wire.Light(*(self._light or (None, None))))
        free = self._free.rects()
        if free != self._known_free:
            self._known_free = free
            found.append(free)
        return found

    def received(self, data: bytes) -> None:
        try:
            for line in self._lines.add(data):
                self._told(wire.decode_from_child(line))
        except RemoteProtocolError as problem:
            self._fail(f"nonsense: {problem}")
            self._kill()

    def _told(self, message: wire.FromChild) -> None:
        if isinstance(message, wire.Failed):
            self._fail(message.detail)
            return
        self._busy = False
        if self._closed:
            return
        self._shown(self._sent_tag)
        self._go_on()

    def ended(self, reason: Failure) -> None:
        self._child = None
        if not self._closed:
            self._fail(reason.getErrorMessage())

    def _fail(self, detail: str) -> None:
        if self._closed:
            return
        log.warn("Nothing can be drawn on this screen: {detail}", detail=detail)
        self.close()
        self._refused(NO_OVERLAY)

    def _kill(self) -> None:
        if self._child is not None:
            try:
                self._child.signalProcess("KILL")
            except ProcessExitedAlready:
                log.debug("the overlay was gone already")


class _Pipe(ProcessProtocol):
    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def outReceived(self, data: bytes) -> None:
        self._overlay.received(data)

    def errReceived(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            log.warn("overlay: {line}", line=line)

    def processEnded(self, reason: Failure) -> None:
        self._overlay.ended(reason)
