"""Recorders for the parts of the input path."""

from __future__ import annotations

from agent.platform.tracked import Device, Guard

Call = tuple[object, ...]


class FakeGuard:
    def __init__(self) -> None:
        self.notes: list[tuple[str, str, bool]] = []
        self.closed = False

    def note(self, kind: str, name: str, down: bool) -> None:
        self.notes.append((kind, name, down))

    def close(self) -> None:
        self.closed = True


class FakeDevice:
    """`refuse`: raised by every event, if given."""

    def __init__(self, refuse: Exception | None = None) -> None:
        self.calls: list[Call] = []
        self.refuse = refuse

    def _record(self, *call: object) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.calls.append(call)

    def key(self, code: str, down: bool) -> None:
        self._record("key", code, down)

    def text(self, text: str) -> None:
        self._record("text", text)

    def move(self, x: int, y: int, buttons: int) -> None:
        self._record("move", x, y, buttons)

    def button(self, button: int, down: bool) -> None:
        self._record("button", button, down)

    def wheel(self, dx: int, dy: int) -> None:
        self._record("wheel", dx, dy)

    def close(self) -> None:
        self.calls.append(("close",))


_device: type[Device] = FakeDevice
_guard: type[Guard] = FakeGuard
