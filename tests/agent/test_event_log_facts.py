"""The system's event log: three systems' own words become the same rows, whatever stands in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from agent.facts import PcFacts
from agent.facts import event_log as module
from agent.facts.event_log import MAX_EVENT_TEXT, MAX_EVENTS, event_log
from agent.facts.output import decoded
from agent.platform.interface import PlatformError
from wizhelper.protocol import info
from wizhelper.protocol.info import LogEvent

AT = datetime(2026, 11, 23, 3, 4, 5, 250000, tzinfo=UTC).timestamp()


class Ran:
    """agent.facts.output.output: keeps what was run, gives `texts` one after the other, the last one again."""

    def __init__(self, *texts: str) -> None:
        self.commands: list[Sequence[str]] = []
        self._texts = list(texts)

    def __call__(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        return self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]


def line(**fields: object) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(int(AT * 1_000_000)), **fields})


def test_the_journal_of_systemd() -> None:
    ran = Ran(
        "\n".join(
            [
                line(PRIORITY="3", SYSLOG_IDENTIFIER="kernel", MESSAGE="<b>디스크</b>"),
                line(PRIORITY="4", _COMM="cron", _PID="7", MESSAGE=[65, 255]),
                line(MESSAGE=None),
                "{broken",
            ]
        )
    )
    assert event_log("linux", "error", ran) == [
        LogEvent(AT, "error", "kernel", "", "<b>디스크</b>"),
        LogEvent(AT, "warning", "cron", "7", "A\ufffd"),
        LogEvent(AT, "information", "", "", ""),
    ]
    assert ran.commands[0][0] == "journalctl" and "--priority=3" in ran.commands[0]
    event_log("linux", "", ran)
    assert not any(word.startswith("--priority") for word in ran.commands[1])


def rendered(level: int, message: str, at: str = "2026-11-23T03:04:05.2500000Z") -> str:
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Disk'/>"
        f"<EventID Qualifiers='1'>41</EventID><Level>{level}</Level><TimeCreated SystemTime='{at}'/></System>"
        f"<RenderingInfo Culture='ko-KR'><Message>{message}</Message></RenderingInfo></Event>\r\n"
    )


def test_the_windows_event_log_newest_first_from_both_logs() -> None:
    later = rendered(4, "later", "2026-11-23T03:04:06Z")
    ran = Ran("\ufeff" + rendered(2, "&lt;i&gt;꺼짐") + rendered(3, "bad \x01 XML"), later)
    assert event_log("win32", "warning", ran) == [
        LogEvent(AT + 0.75, "information", "Disk", "41", "later"),
        LogEvent(AT, "error", "Disk", "41", "<i>꺼짐"),
    ]
    assert [command[:3] for command in ran.commands] == [
        ("wevtutil", "qe", "System"),
        ("wevtutil", "qe", "Application"),
    ]
    assert ran.commands[0][-1] == "/q:*[System[(Level=1 or Level=2 or Level=3)]]"


def test_no_document_type_is_taken_from_a_log() -> None:
    with pytest.raises(PlatformError):
        event_log("win32", "", Ran('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + rendered(2, "&a;")))


def test_the_unified_log_of_macos_is_turned_around() -> None:
    def entry(text: str, kind: str) -> str:
        at = "2026-11-23 12:04:05.250000+0900"
        return json.dumps(
            {"timestamp": at, "eventMessage": text, "messageType": kind, "processImagePath": "/usr/x/sshd"}
        )

    ran = Ran("\n".join([entry("first", "Default"), entry("second", "Fault"), '{"count":2}']))
    assert event_log("darwin", "error", ran) == [
        LogEvent(AT, "error", "sshd", "", "second"),
        LogEvent(AT, "information", "sshd", "", "first"),
    ]
    assert ran.commands[0][:4] == ("log", "show", "--style", "ndjson")


def test_an_endless_log_and_endless_lines_are_cut() -> None:
    text = "\n".join(line(MESSAGE="x" * 5000) for _ in range(MAX_EVENTS + 10))
    found = event_log("linux", "", Ran(text))
    assert len(found) == MAX_EVENTS
    assert all(len(event.text) == MAX_EVENT_TEXT for event in found)


def test_the_answer_comes_in_pages_that_keep_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def fake(platform: str, level: str) -> Sequence[LogEvent]:
        asked.append((platform, level))
        return [LogEvent(AT, "error", "s" * 2000, "1", "가" * MAX_EVENT_TEXT) for _ in range(200)]

    monkeypatch.setattr("agent.facts.pc.event_log", fake)
    rows = PcFacts("linux").rows("events", "error")
    pages = list(info.pages("events", 1, rows))
    assert asked == [("linux", "error")]
    assert sum(len(page.rows) for page in pages) == 200 and all(len(info.encode(page)) < 40_000 for page in pages)
    assert [info.decode_agent(info.encode(page)) for page in pages] == pages


@pytest.mark.parametrize("text", ["", "2026", "2026-11-23T03:04:05.x", "9999999999", "nonsense.123Z"])
def test_a_time_that_is_none_is_zero(text: str) -> None:
    read: Callable[[str], float] = module._iso_time
    assert read(text) == 0.0


def test_output_of_windows_programs_may_be_wide() -> None:
    assert decoded("\ufeff가나".encode("utf-16-le")) == "가나"
    assert decoded("<Event ".encode("utf-16-le")) == "<Event "
    assert decoded("가나".encode()) == "가나"
