"""Input of one session: messages of channel 2 -> the platform's injector."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from agent.platform.interface import Injector, PlatformError
from wizhelper.protocol import input

log = Logger()


class InputFeature:
    """Refusals of the system are told once each."""

    def __init__(self, injector: Injector) -> None:
        self._injector = injector
        self._refused: Callable[[str], None] = lambda _code: None
        self._told: set[str] = set()

    def tell_refusals(self, refused: Callable[[str], None]) -> None:
        """Who is told the code when the system takes no input: once per code, on the caller's thread."""
        self._refused = refused

    def handle(self, message: input.InputMessage, origin: tuple[int, int] = (0, 0)) -> None:
        """`origin`: the place in the desktop where the picture begins to which the message's places belong."""
        try:
            self._inject(message, origin)
        except PlatformError as problem:
            self._tell(problem)

    def _inject(self, message: input.InputMessage, origin: tuple[int, int]) -> None:
        left, top = origin
        match message:
            case input.Key(code, down):
                self._injector.key(code, down)
            case input.Text(text):
                self._injector.text(text)
            case input.Pointer(x, y, buttons):
                self._injector.pointer(left + x, top + y, buttons)
            case input.Wheel(x, y, dx, dy):
                self._injector.wheel(left + x, top + y, dx, dy)
            case input.Release():
                self._injector.release_all()

    def release(self) -> None:
        """The view lost its focus or its link: nothing stays pressed."""
        try:
            self._injector.release_all()
        except PlatformError as problem:
            self._tell(problem)

    def close(self) -> None:
        try:
            self._injector.close()
        except PlatformError as problem:
            self._tell(problem)

    def _tell(self, problem: PlatformError) -> None:
        if problem.code not in self._told:
            self._told.add(problem.code)
            log.warn("Input refused: {code} {detail}", code=str(problem.code), detail=problem.detail)
            self._refused(str(problem.code))
