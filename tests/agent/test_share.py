"""The operator's screen at the customer: bounded on its way, in a real window, ended by either side. RC-SHARE"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from agent_fakes import ViewerBench
from mss import MSS
from PIL import Image
from x_fixture import x_server

from agent.features.share import ShareTool
from agent.platform.child import child_environment
from agent.tools import ToolKind
from agent.window.share import PictureError, opened
from agent.window.share_wire import PICTURE
from wizhelper.protocol import share
from wizhelper.protocol.channels import SHARE, VIEW, Channel
from wizhelper.protocol.share import MAX_FRAME, MAX_PART, Begin, Closed, Frame, Shown, Stop


class FakeWindow:
    def __init__(self, reactor: Any, name: str, shown: Callable[[int], None], closed: Callable[[str], None]) -> None:
        self.name, self.shown, self.closed = name, shown, closed
        self.pictures: list[tuple[int, bytes]] = []
        self.ended = False

    def show(self, number: int, jpeg: bytes) -> None:
        self.pictures.append((number, jpeg))

    def close(self) -> None:
        self.ended = True


class Bench:
    def __init__(self) -> None:
        self.windows: list[FakeWindow] = []

        def window(*about: Any) -> FakeWindow:
            self.windows.append(FakeWindow(*about))
            return self.windows[-1]

        kind = ToolKind(Channel.SHARE, frozenset({SHARE}), lambda outlet: ShareTool(outlet, window))
        self.viewer = ViewerBench(frozenset({VIEW, SHARE}), tools=(kind,))
        self.console = self.viewer.open()

    def send(self, *messages: share.ConsoleMessage) -> None:
        for message in messages:
            self.console.send(Channel.SHARE, share.encode(message))

    def told(self) -> list[share.AgentMessage]:
        self.console.ferry()
        return [share.decode_agent(event.body) for event in self.console.messages(Channel.SHARE)]

    def calls(self, name: str) -> list[Any]:
        return [call for call in self.viewer.events.calls if call[0] == name]

    @property
    def dead(self) -> bool:
        return self.viewer.socket.calls[-1] == ("close",)


def test_pictures_come_in_parts_and_are_told_when_they_are_seen() -> None:
    bench = Bench()
    bench.send(Begin(), Begin(), Frame(1, False, b"one"), Frame(1, True, b"two"))
    (window,) = bench.windows
    assert window.pictures == [(1, b"onetwo")]
    window.shown(1)
    assert bench.told() == [Shown(1)]
    bench.send(Stop(), Stop(), Frame(2, True, b"late"))
    assert window.ended and len(window.pictures) == 1 and not bench.dead
    assert [call[1:] for call in bench.calls("acted")] == [("share_started", {}), ("share_ended", {"code": ""})]
    assert [call[2] for call in bench.calls("activity")] == [True, False]


def test_the_customer_closes_the_window() -> None:
    bench = Bench()
    bench.send(Begin())
    bench.windows[0].closed("CUSTOMER")
    bench.send(Frame(1, True, b"on its way"))
    assert bench.told() == [Closed("CUSTOMER")] and not bench.dead
    bench.send(Begin())
    assert len(bench.windows) == 2


def test_it_goes_with_the_link() -> None:
    bench = Bench()
    bench.send(Begin())
    bench.viewer.viewer.close()
    assert bench.windows[0].ended


def test_more_than_two_unseen_pictures_end_the_link() -> None:
    bench = Bench()
    bench.send(Begin(), Frame(1, True, b"1"), Frame(2, True, b"2"))
    assert not bench.dead
    bench.send(Frame(3, True, b"3"))
    assert bench.dead


def test_a_picture_without_an_end_ends_the_link() -> None:
    bench = Bench()
    bench.send(Begin(), *(Frame(1, False, b"x" * MAX_PART) for _ in range(MAX_FRAME // MAX_PART)))
    assert not bench.dead
    bench.send(Frame(1, False, b"x"))
    assert bench.dead


# --- the window -------------------------------------------------------------------------------------------------------


def jpeg(size: tuple[int, int], colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("data", [b"", b"\xff\xd8nonsense", jpeg((5000, 10), "red")])
def test_what_is_no_picture_is_not_shown(data: bytes) -> None:
    with pytest.raises(PictureError):
        opened(data, (100, 100))


def test_another_format_is_not_shown() -> None:
    out = BytesIO()
    Image.new("RGB", (10, 10)).save(out, "PNG")
    with pytest.raises(PictureError):
        opened(out.getvalue(), (100, 100))


@pytest.mark.parametrize(("size", "room", "expected"), [((800, 400), (400, 400), (400, 200)), ((80, 40), (400, 400), (80, 40))])
def test_pictures_fit_into_the_window(size: tuple[int, int], room: tuple[int, int], expected: tuple[int, int]) -> None:
    assert opened(jpeg(size, "red"), room).size == expected


class Child:
    def __init__(self, display: str) -> None:
        self.display = display
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.window.share", "김상담"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**child_environment(), "DISPLAY": display, "LANG": "ko_KR.UTF-8"},
        )

    def show(self, number: int, data: bytes) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(PICTURE.pack(number, len(data)) + data)
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def close(self) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        status = self.process.wait(10)
        self.process.stdout.close()
        return status

    def middle(self) -> Any:
        with MSS(display=self.display) as grabber:
            shot = grabber.grab(grabber.monitors[0])
        return shot.pixel(640, 420)


@pytest.fixture
def child() -> Iterator[Child]:
    with x_server() as display:
        made = Child(display)
        yield made
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()


def until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_window_shows_the_newest_picture_and_goes_with_the_agent(child: Child) -> None:
    assert child.show(1, jpeg((640, 480), "#c81e1e")) == "shown 1"
    until(lambda: child.middle()[0] > 150 > child.middle()[1])
    assert child.show(2, jpeg((1600, 900), "#1ec81e")) == "shown 2"
    until(lambda: child.middle()[1] > 150 > child.middle()[0])
    assert child.close() == 0


def test_a_bad_picture_closes_the_window(child: Child) -> None:
    assert child.show(1, b"nonsense") == "closed BAD_PICTURE"
    assert child.process.wait(10) == 0


def test_without_a_display_it_says_so() -> None:
    environment = {**child_environment(), "DISPLAY": ":4998"}
    command = [sys.executable, "-m", "agent.window.share", "x"]
    done = subprocess.run(command, input=b"", capture_output=True, env=environment, check=False)
    assert done.stdout == b"closed NO_WINDOW\n" and done.returncode == 1
