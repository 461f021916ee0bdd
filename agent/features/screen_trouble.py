"""Tells the viewer in a word why there is no picture, or only a black one, and when that is over."""

from __future__ import annotations

from collections.abc import Callable

from agent.encode.interface import Pixels

#: A screen is black for a moment when its resolution changes or a program starts; that is nobody's trouble.
BLACK_AFTER_S = 1.5
#: One pixel of this many in each direction tells most pictures from black ones before all are looked at.
_COARSE = 16


class Trouble:
    """`tell(code)` gets a code of `protocol.screen.TROUBLES`, or "" when the picture is back; each only once in a row."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._told = ""
        self._black_since: float | None = None

    def failed(self, code: str) -> None:
        """Capturing failed for good or for now."""
        self._black_since = None
        self._say(code)

    def frame(self, frame: Pixels) -> None:
        """A frame was captured. Windows that forbid capturing, and some drivers, give black pixels instead of an error."""
        if not is_black(frame):
            self._black_since = None
            self._say("")
            return
        if self._black_since is None:
            self._black_since = self._clock()
        if self._told != "SCREEN_BLACK":
            self._say("")

    def look(self) -> None:
        """Call now and then: a black screen that stays black brings no new frame."""
        if self._black_since is not None and self._clock() - self._black_since >= BLACK_AFTER_S:
            self._say("SCREEN_BLACK")

    def _say(self, code: str) -> None:
        if code != self._told:
            self._told = code
            self._tell(code)


def is_black(frame: Pixels) -> bool:
    """Whether no pixel has a colour; the unused fourth byte does not count."""
    return not frame[::_COARSE, ::_COARSE, :3].any() and not frame[..., :3].any()
