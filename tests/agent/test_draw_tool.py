"""Drawing on the agent's side: what is held is bounded, fades, and is told to screen, customer and record. RC-DRAW"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from agent_fakes import ViewerBench

from agent.features.draw import AGE_S, BURST, DrawTool
from agent.overlay.board import MAX_ALL_POINTS, MAX_MARKS, Board
from agent.overlay.process import FreePlace
from agent.overlay.wire import MAX_POINTS, Mark
from agent.tools import ToolKind
from wizhelper.protocol import draw
from wizhelper.protocol.channels import CONTROL, DRAW, VIEW, Channel
from wizhelper.protocol.draw import Clear, Draw, Fade, Laser, LaserOff, More, Shape, State, Undo

RED = 0xE53935


def pen(number: int, *points: tuple[int, int]) -> Draw:
    return Draw(number, Shape.PEN, 4, RED, points or ((1, 2),))


class FakeOverlay:
    """Shows at once what it is told."""

    def __init__(self, reactor: Any, free: FreePlace, shown: Callable[[int], None], refused: Callable[[str], None]) -> None:
        self.shown, self.refuse = shown, refused
        self.pictures: list[tuple[dict[int, Mark], tuple[int, int] | None]] = []
        self.closed = False

    def show(self, marks: Mapping[int, Mark], light: tuple[int, int] | None, tag: int) -> None:
        self.pictures.append((dict(marks), light))
        self.shown(tag)

    def close(self) -> None:
        self.closed = True


class Bench:
    def __init__(self, rights: frozenset[Any] = frozenset({VIEW, CONTROL, DRAW})) -> None:
        self.overlays: list[FakeOverlay] = []

        def overlay(*about: Any) -> FakeOverlay:
            self.overlays.append(FakeOverlay(*about))
            return self.overlays[-1]

        kind = ToolKind(Channel.DRAWING, frozenset({DRAW}), lambda outlet: DrawTool(outlet, FreePlace(), overlay))
        self.viewer = ViewerBench(rights, tools=(kind,))
        self.console = self.viewer.open()

    def send(self, *messages: draw.ConsoleMessage) -> None:
        for message in messages:
            self.console.send(Channel.DRAWING, draw.encode(message))
        self.console.ferry()

    @property
    def marks(self) -> dict[int, Mark]:
        return self.overlays[-1].pictures[-1][0]

    def drawing(self) -> list[bool]:
        """What the customer was told, each time it changed."""
        return [call[2] for call in self.viewer.events.calls if call[:2] == ("activity", "drawing")]

    def told(self) -> list[draw.AgentMessage]:
        return [draw.decode_agent(event.body) for event in self.console.messages(Channel.DRAWING)]


def test_a_stroke_is_held_in_desktop_pixels_and_confirmed() -> None:
    bench = Bench()
    bench.viewer.screens[0].begins_at = (1280, 100)
    bench.send(pen(1, (10, 20)), More(1, ((30, 40), (50, 60))))
    assert (bench.marks[1].x, bench.marks[1].y) == ((1290, 1310, 1330), (120, 140, 160))
    assert bench.told() == [State(1, 1)]


def test_undo_and_clear_and_messages_that_come_too_late() -> None:
    bench = Bench()
    bench.send(pen(1), pen(2), Undo(), More(2, ((5, 5),)), pen(2), pen(1))
    assert list(bench.marks) == [1]
    bench.send(pen(3), Clear(), Undo(), More(3, ((5, 5),)))
    assert bench.marks == {}
    bench.send(Draw(4, Shape.LINE, 4, RED, ((1, 1), (2, 2))), Draw(4, Shape.LINE, 4, RED, ((1, 1), (9, 9))), More(4, ((7, 7),)))
    assert [(mark.x, mark.y) for mark in bench.marks.values()] == [((1, 9), (1, 9))]


def test_the_customer_and_the_record_are_told() -> None:
    bench = Bench()
    bench.send(Laser(3, 4), LaserOff(), pen(1), pen(2))
    assert bench.overlays[0].pictures[0][1] == (3, 4) and bench.overlays[0].pictures[1][1] is None
    bench.send(Clear())
    assert bench.drawing() == [True, False, True, False]
    assert [call for call in bench.viewer.events.calls if call[0] == "acted"] == [("acted", "drawn", {})]
    bench.viewer.viewer.close()
    assert bench.overlays[0].closed


def test_a_mark_fades_and_goes_by_itself() -> None:
    bench = Bench()
    bench.send(Fade(3), pen(1))
    for _ in range(int(2.5 / AGE_S)):
        bench.viewer.reactor.advance(AGE_S)
    assert 0 < bench.marks[1].alpha < 255
    for _ in range(int(1 / AGE_S)):
        bench.viewer.reactor.advance(AGE_S)
    assert bench.marks == {}
    bench.console.ferry()
    assert bench.told()[-1] == State(1, 0)
    bench.send(Fade(0), pen(2))
    bench.viewer.reactor.advance(60)
    assert bench.marks[2].alpha == 255


def test_drawing_works_where_the_operator_may_only_look_and_not_without_its_right() -> None:
    looking = Bench(frozenset({VIEW, DRAW}))
    looking.send(Laser(1, 1))
    assert looking.overlays[0].pictures
    assert Bench(frozenset({VIEW, CONTROL})).overlays == []


def test_a_hundred_thousand_strokes_hold_no_more_than_the_limits() -> None:
    board = Board()
    for number in range(1, 100_001):
        board.draw(pen(number, (number % 1000, 5), (6, 7)), (0, 0), 0.0)
    assert len(board) == MAX_MARKS
    assert list(board.marks())[-1] == 100_000


def test_long_strokes_hold_no_more_than_the_limits() -> None:
    board = Board()
    for number in range(1, 200):
        board.draw(pen(number), (0, 0), 0.0)
        for _ in range(4):
            board.more(More(number, ((1, 1),) * draw.MAX_POINTS), (0, 0), 0.0)
    marks = board.marks().values()
    assert max(len(mark.x) for mark in marks) == MAX_POINTS
    assert sum(len(mark.x) for mark in marks) <= MAX_ALL_POINTS


def test_a_storm_in_one_go_ends_the_link() -> None:
    bench = Bench()
    bench.send(*(pen(number) for number in range(1, BURST + 1)))
    assert not bench.overlays[0].closed
    bench.send(*(pen(number) for number in range(BURST + 1, BURST + 50)))
    assert bench.overlays[0].closed


def test_a_console_that_draws_for_an_hour_at_the_permitted_pace_goes_on() -> None:
    bench = Bench()
    for number in range(1, 3000):
        bench.send(pen(number))
        bench.viewer.reactor.advance(1 / 60)
    assert not bench.overlays[0].closed and len(bench.marks) == MAX_MARKS


def test_a_pc_that_cannot_show_it_says_so_and_holds_nothing() -> None:
    bench = Bench()
    bench.send(pen(1))
    bench.overlays[0].refuse("NO_OVERLAY")
    bench.send(pen(2))
    assert bench.told()[-1] == draw.Refused("NO_OVERLAY")
    assert len(bench.overlays[0].pictures) == 1
    assert bench.drawing() == [True, False]


@pytest.mark.parametrize("body", [b"\x00", b"\x01", b"\x06\x00"])
def test_nonsense_ends_the_link(body: bytes) -> None:
    bench = Bench()
    bench.console.send(Channel.DRAWING, body)
    bench.console.ferry()
    assert bench.overlays[0].closed
