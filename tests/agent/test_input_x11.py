"""Input on a real X server: what a program in front of the customer gets."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from x_fixture import x_server
from x_recorder import XRecorder

from agent.platform.child import child_environment
from agent.platform.interface import OsKind, PlatformCode, PlatformError
from agent.platform.keys import KEYS
from agent.platform.linux import LinuxPlatform, X11Device, connect
from agent.platform.x11_typer import KeyboardMap, Stroke, X11Typer, fitting_run, is_spare

HANGUL = "안녕하세요 WizHelper €ß"
SLOW_SETTLE_S = 0.25  # the machine that runs the tests may be busy


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with x_server(800, 600) as name:
        yield name


@pytest.fixture
def recorder(display: str) -> Iterator[XRecorder]:
    window = XRecorder(display)
    yield window
    window.close()


class Editor:
    """tk_editor.py in its own process, as any program of the customer's is."""

    def __init__(self, display: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("tk_editor.py"))],
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment() | {"DISPLAY": display, "LC_ALL": "C.UTF-8"},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.wait_for("") == ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def wait_for(self, text: str, timeout_s: float = 10.0) -> str | None:
        """`text` as soon as the field holds it, else what it held last."""
        until, last = time.monotonic() + timeout_s, None
        while last != text and time.monotonic() < until:
            try:
                last = self._lines.get(timeout=0.1)
            except queue.Empty:
                continue
        return last

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def editor(display: str) -> Iterator[Editor]:
    program = Editor(display)
    yield program
    program.close()


@contextmanager
def slow_device(display: str) -> Iterator[X11Device]:
    device = X11Device(display)
    device.typer.close()
    device.typer = X11Typer(device._connection, SLOW_SETTLE_S)
    yield device
    device.close()


def eventually(true: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    until = time.monotonic() + timeout_s
    while not (held := true()) and time.monotonic() < until:
        time.sleep(0.02)
    return held


def test_physical_keys_arrive_as_keycodes(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()

    for code, down in (("ShiftLeft", True), ("KeyA", True), ("KeyA", False), ("ShiftLeft", False), ("Lang1", True)):
        injector.key(code, down)
    injector.key("Lang1", False)

    assert recorder.wait_for(6) == [
        ("press", KEYS["ShiftLeft"].x11),
        ("press", KEYS["KeyA"].x11),
        ("release", KEYS["KeyA"].x11),
        ("release", KEYS["ShiftLeft"].x11),
        ("press", KEYS["Lang1"].x11),
        ("release", KEYS["Lang1"].x11),
    ]
    injector.close()


def test_repeats_and_unknown_keys_and_lone_releases_send_nothing(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()

    for code, down in (("KeyA", False), ("Hyper", True), ("ControlLeft", True), ("ControlLeft", True)):
        injector.key(code, down)
    injector.key("ControlLeft", False)

    control = KEYS["ControlLeft"].x11
    assert recorder.wait_for(2) == [("press", control), ("release", control)]
    injector.close()


def test_pointer_sends_only_what_changed(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()

    for x, buttons in ((10, 0), (20, 1), (30, 1), (30, 3), (30, 4), (30, 24), (40, 0)):
        injector.pointer(x, 50, buttons)

    assert recorder.wait_for(10) == [
        ("down", 1),
        ("down", 3),
        ("up", 1),
        ("up", 3),
        ("down", 2),
        ("up", 2),
        ("down", 8),
        ("down", 9),
        ("up", 8),
        ("up", 9),
    ]
    assert recorder.pointer() == (40, 50, 0)
    injector.close()


def test_wheel_adds_up_to_notches(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()

    for dx, dy in ((0, 50), (0, 50), (0, 50), (0, -240), (120, 0), (-130, 0)):
        injector.wheel(100, 100, dx, dy)

    clicks = [5, 4, 7, 6]
    assert recorder.wait_for(8) == [(kind, button) for button in clicks for kind in ("down", "up")]
    injector.close()


def test_release_all_releases_held_keys_and_buttons(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()
    injector.key("ControlLeft", True)
    injector.key("KeyX", True)
    injector.pointer(5, 5, 2)
    recorder.wait_for(3)

    injector.release_all()

    assert eventually(lambda: not recorder.pressed_keys() and recorder.pointer()[2] == 0)
    injector.close()


def test_release_all_overtakes_text_that_is_still_typed(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()
    injector.text("가나다라마바사아자차카타파하" * 50 + "갸냐댜랴먀뱌샤야쟈챠캬탸퍄햐" * 50)
    injector.text("abc")

    injector.release_all()
    injector.key("F5", True)

    assert eventually(lambda: recorder.pressed_keys() == {KEYS["F5"].x11}, timeout_s=1.0)
    injector.close()


def test_close_releases_what_is_held(display: str, recorder: XRecorder) -> None:
    injector = LinuxPlatform(display).injector()
    injector.key("AltLeft", True)
    recorder.wait_for(1)

    injector.close()

    assert recorder.pressed_keys() == set()


HOLDER = """
import sys, time
from agent.platform.linux import LinuxPlatform
injector = LinuxPlatform(sys.argv[1]).injector()
injector.key("ControlLeft", True)
injector.key("KeyB", True)
injector.pointer(3, 3, 1)
time.sleep(60)
"""


def test_guard_releases_keys_after_the_agent_was_killed(display: str, recorder: XRecorder) -> None:
    held = {KEYS["ControlLeft"].x11, KEYS["KeyB"].x11}
    agent = subprocess.Popen([sys.executable, "-c", HOLDER, display], env=child_environment())
    assert eventually(lambda: recorder.pressed_keys() == held and recorder.pointer()[2] == 1, timeout_s=15)

    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()

    assert eventually(lambda: not recorder.pressed_keys() and recorder.pointer()[2] == 0, timeout_s=15)


def test_text_of_any_script_arrives_exactly(display: str, editor: Editor) -> None:
    """Also with a held Shift and with Caps Lock on, and over several lines."""
    text = HANGUL + "\n\tabc ABC {}[]|\\~ 漢字 かな é"
    with slow_device(display) as device:
        device.key("CapsLock", True)
        device.key("CapsLock", False)
        device.text(text)
        assert editor.wait_for(text) == text
        device.key("CapsLock", True)
        device.key("CapsLock", False)


def test_more_characters_than_free_keycodes_arrive_exactly(display: str, editor: Editor) -> None:
    text = "다람쥐 헌 쳇바퀴에 타고파 물컹한 무르팍 콩닥콩닥 뛰놀던 봄볕"
    with slow_device(display) as device:
        device.text(text)
        assert editor.wait_for(text) == text


def test_characters_behind_altgr_arrive(display: str, editor: Editor) -> None:
    subprocess.run(["setxkbmap", "-display", display, "-layout", "de"], check=True)
    text = "a@b €[]{}\\ yzYZ ßäö 한"
    with slow_device(display) as device:
        device.text(text)
        assert editor.wait_for(text) == text
    subprocess.run(["setxkbmap", "-display", display, "-layout", "us"], check=True)


def test_held_shift_does_not_change_typed_text(display: str, editor: Editor) -> None:
    injector = LinuxPlatform(display).injector()
    injector.key("ShiftLeft", True)
    injector.text("abc 1")
    injector.key("KeyD", True)
    injector.key("KeyD", False)
    injector.key("ShiftLeft", False)

    assert editor.wait_for("abc 1D") == "abc 1D"
    injector.close()


def bound_characters(display: str) -> set[int]:
    """Keycodes of no real key that type something now."""
    connection = connect(display)
    first = connection.get_setup().min_keycode
    reply = connection.core.GetKeyboardMapping(first, 256 - first).reply()
    width, keysyms = reply.keysyms_per_keycode, list(reply.keysyms)
    rows = {first + i // width: keysyms[i : i + width] for i in range(0, len(keysyms), width)}
    connection.disconnect()
    return {keycode for keycode, row in rows.items() if any(row) and is_spare(keycode, row)}


def test_keycodes_are_given_back_on_close(display: str) -> None:
    device = X11Device(display)
    device.text("한글 ß")
    assert len(bound_characters(display)) == 3

    device.close()

    assert bound_characters(display) == set()


def test_keycodes_of_a_killed_typer_are_reclaimed_at_the_next_start(display: str) -> None:
    killed = X11Device(display)
    killed.text("한글 ß")
    killed._connection.disconnect()
    assert bound_characters(display)

    X11Device(display).close()

    assert bound_characters(display) == set()


def test_no_display_is_refused_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    with pytest.raises(PlatformError) as refused:
        LinuxPlatform(":9999").injector()

    assert refused.value.code == PlatformCode.NO_DISPLAY


def test_wayland_without_x_is_refused_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")

    with pytest.raises(PlatformError) as refused:
        LinuxPlatform(":9999").injector()

    assert refused.value.code == PlatformCode.WAYLAND_UNSUPPORTED
    assert LinuxPlatform().host().session_type == "wayland"


def test_a_real_x_server_is_used_even_from_a_wayland_session(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")

    connect(display).disconnect()


def test_a_lost_display_is_reported_by_a_later_call() -> None:
    with x_server(320, 200) as name:
        injector = LinuxPlatform(name).injector()

    def press() -> bool:
        try:
            injector.key("KeyA", True)
        except PlatformError as problem:
            return problem.code == PlatformCode.INPUT_REFUSED
        return False

    assert eventually(press)
    injector.close()


def test_host_says_who_and_where(display: str) -> None:
    host = LinuxPlatform(display).host()

    assert host.os is OsKind.LINUX
    assert host.host_name
    assert host.session_type in ("x11", "wayland")


def test_map_takes_the_active_group_and_falls_back_to_the_first() -> None:
    rows = {24: (0x71, 0x51, 0x6CA, 0x6EA), 25: (0x77, 0x57, 0, 0)}

    second = KeyboardMap.from_rows(rows, group=1, modifiers=frozenset())

    assert second.strokes[0x6CA] == Stroke(24, shift=False)
    assert second.strokes[0x57] == Stroke(25, shift=True)
    assert 0x71 not in second.strokes


def test_a_run_holds_no_more_new_characters_than_there_is_room() -> None:
    assert fitting_run([1, 2, 3, 2, 4, 5], known={1}, room=2) == 4
    assert fitting_run([1, 1, 1], known={1}, room=0) == 3


def test_rows_of_a_keyboard_are_never_spare() -> None:
    assert not is_spare(KEYS["IntlYen"].x11, (0, 0, 0, 0))
    assert not is_spare(8, (0x61, 0x41, 0, 0))
    assert not is_spare(8, (0xFF08, 0xFF08, 0, 0))
    assert is_spare(8, (0x0100AC00, 0x0100AC00, 0x0100AC00, 0))
