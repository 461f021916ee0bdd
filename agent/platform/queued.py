"""An Injector whose work is done in order by one thread: on X11 typing text has to wait for the programs to follow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

from agent.platform.interface import Injector, PlatformCode, PlatformError

MAX_QUEUED_EVENTS = 4096
CLOSE_TIMEOUT_S = 5.0


class Cancellable(Protocol):
    """Typing that can be told to stop in the middle, from another thread, and that does nothing until `resume`."""

    def cancel(self) -> None: ...

    def resume(self) -> None: ...


class QueuedInjector:
    """Passes every call on to `injector`, in the same order, from its own thread.

    A failure there is raised by the next call here. More than `limit` waiting events are refused: that many can only
    wait when something is stuck.
    """

    log = Logger()

    def __init__(self, injector: Injector, typing: Cancellable, limit: int = MAX_QUEUED_EVENTS) -> None:
        self._injector = injector
        self._typing = typing
        self._limit = limit
        self._waiting: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: PlatformError | None = None
        self._thread = threading.Thread(target=self._work, name="input", daemon=True)
        self._thread.start()

    def key(self, code: str, down: bool) -> None:
        self._add(lambda: self._injector.key(code, down))

    def text(self, text: str) -> None:
        self._add(lambda: self._injector.text(text))

    def pointer(self, x: int, y: int, buttons: int) -> None:
        self._add(lambda: self._injector.pointer(x, y, buttons))

    def wheel(self, x: int, y: int, dx: int, dy: int) -> None:
        self._add(lambda: self._injector.wheel(x, y, dx, dy))

    def release_all(self) -> None:
        """Overtakes what still waits: input that came before is not done any more."""
        with self._changed:
            self._waiting.clear()
            self._typing.cancel()
        self._add(self._release)

    def _release(self) -> None:
        self._typing.resume()
        self._injector.release_all()

    def close(self) -> None:
        with self._changed:
            self._waiting.clear()
            self._typing.cancel()
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            self.log.warn("the input thread did not end within {seconds} s", seconds=CLOSE_TIMEOUT_S)

    def _add(self, work: Callable[[], None]) -> None:
        with self._changed:
            failure, self._failure = self._failure, None
            if len(self._waiting) >= self._limit:
                failure = failure or PlatformError(PlatformCode.INPUT_REFUSED, "too many events are waiting")
            else:
                self._waiting.append(work)
                self._changed.notify()
        if failure is not None:
            raise failure

    def _work(self) -> None:
        while (work := self._next()) is not None:
            self._attempt(work)
        self._attempt(self._injector.close)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting else None

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except PlatformError as problem:
            self.log.warn("input was refused: {problem}", problem=problem)
            with self._changed:
                self._failure = problem
        except Exception:
            # The thread must live on: without it every later key would vanish without a word.
            self.log.failure("input failed")
            with self._changed:
                self._failure = PlatformError(PlatformCode.INPUT_REFUSED, "see the log")
