"""Clipboards of systems that count changes: Windows and macOS. A thread looks at the counter four times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

log = Logger()

LOOK_S = 0.25


class Counted(Protocol):
    """The system's clipboard. `read` and `write` raise OSError while another program holds it."""

    def count(self) -> int:
        """Another number after each change."""

    def read(self) -> str | None:
        """None: no text, or one that a password manager marked as not to be read by others."""

    def write(self, text: str) -> None: ...


class PolledClipboard:
    """`changed(text)` is called on the clipboard's thread, for what other programs copied."""

    def __init__(self, source: Counted, changed: Callable[[str], None], look_s: float = LOOK_S) -> None:
        self._source = source
        self._changed = changed
        self._look_s = look_s
        self._condition = threading.Condition()
        self._text: str | None = None
        self._closing = False
        self._seen = source.count()
        self._thread = threading.Thread(target=self._work, name="clipboard", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """The last text counts, if several come quickly."""
        with self._condition:
            self._text = text
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(2)

    def _work(self) -> None:
        while not self._closing:
            self._turn()
            with self._condition:
                if self._text is None and not self._closing:
                    self._condition.wait(self._look_s)

    def _turn(self) -> None:
        """A clipboard that is held by another program is tried again at the next turn."""
        try:
            self._give()
            self._take()
        except OSError as problem:
            log.debug("The clipboard is busy: {problem}", problem=str(problem))
            with self._condition:
                if not self._closing:
                    self._condition.wait(self._look_s)

    def _give(self) -> None:
        with self._condition:
            text = self._text
        if text is None:
            return
        self._source.write(text)
        self._seen = self._source.count()
        with self._condition:
            if self._text is text:
                self._text = None

    def _take(self) -> None:
        count = self._source.count()
        if count == self._seen:
            return
        text = self._source.read()
        self._seen = count
        if text:
            self._changed(text)
