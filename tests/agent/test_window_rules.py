"""What the window decides without a screen, and the agent's end of the pipe."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from agent.platform.child import child_environment
from agent.window import rules
from agent.window.process import WindowProcess
from agent.window.texts import ENGLISH, KOREAN, Language, system_language
from agent.window.theme import korean_family
from wizhelper.protocol import local
from wizhelper.protocol.control import Activity


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12\u201334", "1234"),
        ("１２３４", "1234"),
        ("123", None),
        ("1234567890", None),
        ("12a4", None),
        ("", None),
        ("١٢٣٤", None),
    ],
)
def test_connection_numbers_as_people_type_them(typed: str, number: str | None) -> None:
    """CUSTP-NUM"""
    assert rules.connection_number(typed) == number


def test_a_confirmation_number_has_six_digits() -> None:
    assert [rules.confirmation_number(typed) for typed in ("948 977", "94897", "9489777")] == ["948977", None, None]


def test_numbers_are_grouped_for_the_ear() -> None:
    assert [rules.grouped(digits) for digits in ("948977", "12345", "")] == ["948 977", "123 45", ""]


def test_names_are_short_and_without_tricks() -> None:
    assert rules.shown_name("김\n상담\u202e") == "김 상담"
    assert len(rules.shown_name("x" * 65)) == rules.MAX_NAME_LENGTH
    assert rules.shown_name("x" * 64) == "x" * 64


def test_bodies_keep_their_lines_and_show_control_characters() -> None:
    assert rules.shown_body("a\r\nb\tc\x07\u202ed") == "a\nb\tc\ufffd\ufffdd"


def test_elapsed_time() -> None:
    assert [rules.elapsed(seconds) for seconds in (-5, 67.9, 3600, 36_061)] == ["00:00", "01:07", "1:00:00", "10:01:01"]


def test_clamping_keeps_the_whole_thing_inside() -> None:
    assert [rules.clamped(position, 300, 1000) for position in (-5, 200, 900)] == [0, 200, 700]
    assert rules.clamped(10, 2000, 1000) == 0


def test_every_text_is_there_in_both_languages_with_the_same_fields() -> None:
    for field in fields(KOREAN):
        korean, english = getattr(KOREAN, field.name), getattr(ENGLISH, field.name)
        assert korean
        assert english
        if field.name != "activities":
            assert placeholders(korean) == placeholders(english), field.name


def test_every_activity_has_words_in_both_languages() -> None:
    for texts in (KOREAN, ENGLISH):
        assert all(texts.activity(activity) for activity in Activity)


def placeholders(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


def test_the_language_follows_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for value, language in (("ko_KR.UTF-8", Language.KOREAN), ("de_DE.UTF-8", Language.ENGLISH)):
        monkeypatch.setenv("LANG", value)
        assert system_language() is language


def test_a_font_with_hangul_is_chosen() -> None:
    assert korean_family({"Arial", "NanumGothic", "Noto Sans CJK KR"}) == "NanumGothic"
    assert korean_family({"Arial"}) == "TkDefaultFont"


class FakeTransport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.signals: list[str] = []

    def writeToChild(self, fd: int, data: bytes) -> None:
        assert fd == 0
        self.written.append(data)

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


class FakeReactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.transport = FakeTransport()

    def spawnProcess(self, protocol: Any, program: str, args: list[str], env: dict[str, str]) -> FakeTransport:
        self.protocol, self.args = protocol, args
        assert program == args[0]
        return self.transport


class Rig:
    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.heard: list[local.FromWindow] = []
        self.exits: list[bool] = []
        self.window = WindowProcess(self.reactor, self.heard.append, self.exits.append, "ko")


def test_messages_go_both_ways_in_any_pieces() -> None:
    rig = Rig()

    rig.window.send(local.Busy("잠시만"))
    rig.reactor.protocol.outReceived(b'{"type":"end"}\n{"type":"re')
    rig.reactor.protocol.outReceived(b'port"}\n')

    assert rig.reactor.args[-2:] == ["--lang", "ko"]
    assert rig.reactor.transport.written == [local.encode(local.Busy("잠시만")) + b"\n"]
    assert rig.heard == [local.EndSession(), local.Report()]


@pytest.mark.parametrize("data", [b"nonsense\n", b"x" * (local.MAX_LINE_BYTES + 1)])
def test_a_window_that_sends_nonsense_is_ended(data: bytes) -> None:
    rig = Rig()

    rig.reactor.protocol.outReceived(data)

    assert rig.reactor.transport.signals == ["KILL"]
    assert rig.heard == []


def test_the_end_of_the_window_is_told_once_and_nothing_is_sent_afterwards() -> None:
    for reason, in_order in ((ProcessDone(0), True), (ProcessTerminated(1, None, 256), False)):
        rig = Rig()

        rig.reactor.protocol.processEnded(Failure(reason))
        rig.window.send(local.Busy("x"))
        rig.window.close()
        rig.reactor.advance(10)

        assert rig.exits == [in_order]
        assert rig.reactor.transport.written == []
        assert rig.reactor.transport.signals == []


def test_a_window_that_does_not_go_is_ended() -> None:
    rig = Rig()

    rig.window.close()
    rig.reactor.advance(5)

    assert rig.reactor.transport.written == [local.encode(local.Quit()) + b"\n"]
    assert rig.reactor.transport.signals == ["KILL"]


REAL = """
import sys
from twisted.internet import reactor
from agent.window.process import WindowProcess
def gone(in_order):
    print("in order" if in_order else "failed")
    reactor.stop()
reactor.callWhenRunning(lambda: WindowProcess(reactor, print, gone).close())
reactor.run()
"""


def test_without_a_screen_the_real_window_ends_and_the_agent_hears_it() -> None:
    environment = child_environment() | {"DISPLAY": ":9999"}

    done = subprocess.run(
        [sys.executable, "-c", REAL], env=environment, capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout == "failed\n"
