"""Drawing on the customer's screen: what the console sends goes to a board, the board to the overlay. RC-DRAW"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.overlay.board import Board
from agent.overlay.process import FreePlace, Light, Overlay
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import draw
from wizhelper.protocol.channels import DRAW, Channel
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError

MAX_PER_S = 300
"""Messages; a console sends one for each picture of its own screen."""
BURST = 900
AGE_S = 0.25

MakeOverlay = Callable[[Any, FreePlace, Callable[[int], None], Callable[[str], None]], Any]


class DrawTool:
    """The drawing goes with the link. `make_overlay` as agent.overlay.process.Overlay."""

    def __init__(self, outlet: Outlet, free: FreePlace, make_overlay: MakeOverlay = Overlay) -> None:
        self._outlet = outlet
        self._board = Board()
        self._light: Light = None
        self._overlay = make_overlay(outlet.reactor, free, self._shown, self._refused)
        self._clock: Callable[[], float] = outlet.reactor.seconds
        self._budget = float(BURST)
        self._at = self._clock()
        self._told = draw.State(0, 0)
        self._useless = False
        self._ageing: Any = None
        self._recorded = False

    def received(self, body: bytes) -> None:
        message = draw.decode_console(body)
        self._spend()
        if self._useless:
            return
        if isinstance(message, draw.Draw | draw.Laser) and not self._recorded:
            self._recorded = True
            self._outlet.record("drawn")
        self._apply(message)
        self._show()

    def _spend(self) -> None:
        now = self._clock()
        self._budget = min(BURST, self._budget + (now - self._at) * MAX_PER_S) - 1
        self._at = now
        if self._budget < 0:
            raise RemoteProtocolError("DRAW_FLOOD")

    def _apply(self, message: draw.ConsoleMessage) -> None:
        origin, now = self._outlet.origin(), self._clock()
        match message:
            case draw.Draw():
                self._board.draw(message, origin, now)
            case draw.More():
                self._board.more(message, origin, now)
            case draw.Undo():
                self._board.undo()
            case draw.Clear():
                self._board.clear()
            case draw.Fade(seconds):
                self._board.fade_after(seconds, now)
            case draw.Laser(x, y):
                self._light = (x + origin[0], y + origin[1])
            case draw.LaserOff():
                self._light = None

    def _show(self) -> None:
        self._outlet.activity(Activity.DRAWING, len(self._board) > 0 or self._light is not None)
        self._overlay.show(self._board.marks(), self._light, self._board.last)
        self._age_later()

    def _age_later(self) -> None:
        if self._board.fades and self._ageing is None:
            self._ageing = self._outlet.reactor.callLater(AGE_S, self._age)

    def _age(self) -> None:
        self._ageing = None
        before = self._board.marks()
        self._board.age(self._clock())
        if self._board.marks() != before:
            self._show()
        self._age_later()

    def _shown(self, number: int) -> None:
        state = draw.State(number, len(self._board))
        if state != self._told:
            self._told = state
            self._outlet.send(draw.encode(state))

    def _refused(self, code: str) -> None:
        self._useless = True
        self._board.clear()
        self._outlet.activity(Activity.DRAWING, False)
        self._outlet.send(draw.encode(draw.Refused(code)))

    def close(self) -> None:
        if self._ageing is not None:
            self._ageing.cancel()
            self._ageing = None
        self._overlay.close()


def kind(free: FreePlace) -> ToolKind:
    return ToolKind(Channel.DRAWING, frozenset({DRAW}), lambda outlet: DrawTool(outlet, free))
