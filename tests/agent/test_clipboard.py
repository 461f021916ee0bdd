"""Clipboards of each system, and the tool that shares them."""

from __future__ import annotations

import ctypes
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from x_fixture import x_server

from agent.features.clipboard import ClipboardTool
from agent.platform.clipboard_macos import CONCEALED, TEXT, MacClipboard
from agent.platform.clipboard_polled import PolledClipboard
from agent.platform.clipboard_windows import CF_UNICODETEXT, WindowsClipboard
from agent.platform.clipboard_x11 import X11Clipboard
from agent.platform.interface import PlatformCode, PlatformError
from wizhelper.protocol import clipboard
from wizhelper.protocol.channels import Permission
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError


def eventually(what: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- X11, beside xclip ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with x_server(320, 240) as name:
        yield name


def xclip(display: str, *arguments: str, text: str | None = None) -> str:
    command = ["xclip", "-display", display, "-selection", "clipboard", *arguments]
    if text is not None:
        # xclip stays in the background as the owner, holding its output open.
        subprocess.run(command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return ""
    return subprocess.run(command, capture_output=True, check=True, timeout=5).stdout.decode()


@pytest.fixture
def heard(display: str) -> Iterator[tuple[X11Clipboard, list[str]]]:
    texts: list[str] = []
    made = X11Clipboard(texts.append, display)
    yield made, texts
    made.close()


Heard = tuple[X11Clipboard, list[str]]


def test_x11_tells_what_another_program_copies(display: str, heard: Heard) -> None:
    xclip(display, "-i", text="안녕\n😀")
    eventually(lambda: heard[1] == ["안녕\n😀"])


def test_x11_reads_what_comes_in_pieces_and_no_more_than_its_limit(display: str, heard: Heard) -> None:
    xclip(display, "-i", text="x" * 3_000_000)
    eventually(lambda: len(heard[1]) == 1)
    assert clipboard.MAX_TEXT_BYTES < len(heard[1][0]) <= 3_000_000


def test_x11_gives_its_text_to_others_and_does_not_hear_itself(display: str, heard: Heard) -> None:
    heard[0].write("보낸 글")
    eventually(lambda: xclip(display, "-o") == "보낸 글")
    assert "UTF8_STRING" in xclip(display, "-o", "-t", "TARGETS")
    long = "가나다" * 20_000
    heard[0].write(long)
    eventually(lambda: xclip(display, "-o") == long)
    assert heard[1] == []


def test_x11_leaves_secrets_and_pictures_alone(display: str, heard: Heard) -> None:
    xclip(display, "-i", "-t", "x-kde-passwordManagerHint", text="secret")
    xclip(display, "-i", "-t", "image/png", text="png")
    xclip(display, "-i", text="seen")
    eventually(lambda: heard[1] == ["seen"])


def test_x11_without_a_display_says_so() -> None:
    with pytest.raises(PlatformError) as problem:
        X11Clipboard(lambda text: None, ":9999")
    assert problem.value.code is PlatformCode.NO_DISPLAY


# --- counted clipboards -----------------------------------------------------------------------------------------------


@dataclass
class FakeCounted:
    text: str | None = None
    changes: int = 0
    busy: int = 0

    def count(self) -> int:
        return self.changes

    def read(self) -> str | None:
        self._hold()
        return self.text

    def write(self, text: str) -> None:
        self._hold()
        self.copy(text)

    def copy(self, text: str | None) -> None:
        self.text = text
        self.changes += 1

    def _hold(self) -> None:
        if self.busy:
            self.busy -= 1
            raise OSError("held")


def test_a_counted_clipboard_tells_others_changes_only() -> None:
    source, texts = FakeCounted("before"), list[str]()
    polled = PolledClipboard(source, texts.append, 0.01)
    source.copy("one")
    eventually(lambda: texts == ["one"])
    polled.write("mine")
    eventually(lambda: source.text == "mine")
    source.copy(None)
    source.copy("two")
    eventually(lambda: texts == ["one", "two"])
    polled.close()


def test_a_busy_clipboard_is_tried_again_both_ways() -> None:
    source, texts = FakeCounted(), list[str]()
    polled = PolledClipboard(source, texts.append, 0.01)
    source.busy = 2
    polled.write("mine")
    eventually(lambda: source.text == "mine")
    source.busy = 2
    source.copy("theirs")
    eventually(lambda: texts == ["theirs"])
    polled.close()
    assert threading.active_count() >= 1 and not polled._thread.is_alive()


class FakeUser32:
    """user32 and kernel32 with one clipboard; handles are addresses."""

    def __init__(self) -> None:
        self.formats: dict[int, Any] = {}
        self.held = False
        self.open = False
        self.sequence = 1

    def RegisterClipboardFormatW(self, name: str) -> int:
        return 0xC001

    def GetClipboardSequenceNumber(self) -> int:
        return self.sequence

    def OpenClipboard(self, window: None) -> int:
        self.open = not self.held
        return int(self.open)

    def CloseClipboard(self) -> None:
        self.open = False

    def EmptyClipboard(self) -> None:
        self.formats.clear()

    def IsClipboardFormatAvailable(self, kind: int) -> int:
        return int(kind in self.formats)

    def GetClipboardData(self, kind: int) -> int:
        buffer = self.formats.get(kind)
        return ctypes.addressof(buffer) if buffer is not None else 0

    def SetClipboardData(self, kind: int, handle: int) -> int:
        self.formats[kind] = self._buffers.pop(handle)
        self.sequence += 1
        return handle

    _buffers: dict[int, Any] = {}

    def GlobalAlloc(self, flags: int, size: int) -> int:
        made = ctypes.create_string_buffer(size)
        self._buffers[ctypes.addressof(made)] = made
        return ctypes.addressof(made)

    def GlobalLock(self, handle: int) -> int:
        return handle

    def GlobalUnlock(self, handle: int) -> None:
        pass

    def GlobalSize(self, handle: int) -> int:
        return len(next(b for b in self.formats.values() if ctypes.addressof(b) == handle))


def test_windows_has_its_own_line_ends_and_respects_password_managers() -> None:
    system = FakeUser32()
    made = WindowsClipboard(system, system)
    made.write("한\n글")
    assert system.formats[CF_UNICODETEXT].raw.decode("utf-16-le") == "한\r\n글\0"
    assert made.read() == "한\r\n글"
    system.formats[0xC001] = ctypes.create_string_buffer(1)
    assert made.read() is None
    assert not system.open
    system.held = True
    with pytest.raises(OSError, match="OpenClipboard"):
        made.write("x")


class FakePasteboard:
    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.changes = 1

    def changeCount(self) -> int:
        return self.changes

    def types(self) -> list[str]:
        return list(self.kinds)

    def stringForType_(self, kind: str) -> str | None:
        return self.kinds.get(kind)

    def clearContents(self) -> None:
        self.kinds.clear()
        self.changes += 1

    def setString_forType_(self, text: str, kind: str) -> bool:
        self.kinds[kind] = text
        return True


def test_macos_reads_and_writes_and_leaves_secrets_alone() -> None:
    board = FakePasteboard()
    made = MacClipboard(board)
    made.write("한글")
    assert (made.read(), made.count(), board.kinds) == ("한글", 2, {TEXT: "한글"})
    board.kinds[CONCEALED] = ""
    assert made.read() is None


# --- the tool ---------------------------------------------------------------------------------------------------------


@dataclass
class FakeReactor:
    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        function(*arguments)


@dataclass
class FakeOutlet:
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    reactor: FakeReactor = field(default_factory=FakeReactor)

    def send(self, body: bytes) -> None:
        self.calls.append(("send", clipboard.decode_agent(body)))

    def may(self, right: Permission) -> bool:
        return True

    def activity(self, activity: Activity, on: bool) -> None:
        self.calls.append((activity, on))

    def record(self, act: str, **facts: str) -> None:
        self.calls.append((act,))

    result = record

    def tell_customer(self, text: str) -> None:
        self.calls.append((text,))

    def operator(self) -> str:
        return "Lee"


@dataclass
class FakeClipboard:
    changed: Callable[[str], None]
    written: list[str] = field(default_factory=list)
    closed: bool = False

    def write(self, text: str) -> None:
        self.written.append(text)

    def close(self) -> None:
        self.closed = True


@dataclass
class ToolBench:
    refuses: bool = False
    outlet: FakeOutlet = field(default_factory=FakeOutlet)
    made: list[FakeClipboard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tool = ClipboardTool(self.outlet, self._open)

    def _open(self, changed: Callable[[str], None]) -> FakeClipboard:
        if self.refuses:
            raise PlatformError(PlatformCode.NO_DISPLAY)
        self.made.append(FakeClipboard(changed))
        return self.made[-1]

    def say(self, message: clipboard.ConsoleMessage) -> None:
        self.tool.received(clipboard.encode(message))


def test_the_tool_shares_only_while_it_is_on_and_says_so() -> None:
    bench = ToolBench()
    bench.say(clipboard.Text("early"))
    assert bench.made == []
    bench.say(clipboard.Switch(True))
    bench.say(clipboard.Switch(True))
    bench.say(clipboard.Text("now"))
    bench.made[0].changed("a\r\nb")
    bench.made[0].changed("x" * (clipboard.MAX_TEXT_BYTES + 1))
    bench.made[0].changed("")
    bench.say(clipboard.Switch(False))
    bench.made[0].changed("late")
    assert bench.made[0].written == ["now"] and bench.made[0].closed
    assert bench.outlet.calls == [
        (Activity.CLIPBOARD, True),
        ("clipboard_on",),
        ("send", clipboard.Text("a\nb")),
        ("send", clipboard.TooLong()),
        (Activity.CLIPBOARD, False),
        ("clipboard_off",),
    ]


def test_the_end_of_the_link_ends_the_sharing() -> None:
    bench = ToolBench()
    bench.say(clipboard.Switch(True))
    bench.tool.close()
    bench.tool.close()
    assert bench.made[0].closed
    assert bench.outlet.calls[-1] == ("clipboard_off",) and len(bench.outlet.calls) == 4


def test_a_pc_without_a_clipboard_says_nothing_of_sharing() -> None:
    bench = ToolBench(refuses=True)
    bench.say(clipboard.Switch(True))
    bench.say(clipboard.Text("x"))
    assert bench.outlet.calls == []


def test_a_bad_message_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_CLIPBOARD"):
        ToolBench().tool.received(b"\x02\xff")
