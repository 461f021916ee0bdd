"""The log: whatever a peer sends, an event is one line of JSON and nothing secret (security entry point E19)."""

from __future__ import annotations

import io
import json

import pytest
from fakes import Browser
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from world import PASSWORD, World

from wizhelper import logs

HOSTILE = [
    "a\nb",
    '\r\n{"at":"2026","level":"critical","text":"forged"}',
    "\x1b[2J\x1b[31mred",
    "\u2028\u2029\x85\x0b\x0c",
    '"}, {"x": "',
    "\0",
    "\ud800",
    "{0.__class__}",
    "{missing}",
    "%s%n",
]


def _line(**fields: object) -> dict[str, object]:
    text = logs.line({"log_format": "from {peer}", "log_level": LogLevel.warn, "log_time": 0.0, **fields})
    assert text.splitlines() == [text] and text.isascii() and text.isprintable()
    found: dict[str, object] = json.loads(text)
    return found


@pytest.mark.parametrize("value", HOSTILE)
def test_an_event_is_one_line_whatever_its_fields_say(value: str) -> None:
    assert _line(peer=value)["peer"] == value


@given(st.text(), st.text())
def test_no_text_forges_a_line_or_a_field(peer: str, other: str) -> None:
    found = _line(peer=peer, other=other)
    assert (found["peer"], found["other"], found["level"], found["at"]) == (
        peer,
        other,
        "warn",
        "1970-01-01T00:00:00.000+00:00",
    )


def test_a_traceback_is_part_of_its_line() -> None:
    try:
        raise ValueError("bad\nvalue")
    except ValueError:
        failure = Failure()
    found = _line(peer="x", log_failure=failure)
    assert "ValueError" in str(found["traceback"])


def test_the_observer_writes_a_line_and_flushes_it() -> None:
    out = io.StringIO()
    log = Logger(namespace="here", observer=logs.observer(out))
    log.info("hello {name}", name="x\ny")
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["from"] == "here"


def test_times_are_utc_with_their_offset() -> None:
    assert str(_line(peer="")["at"]).endswith("+00:00")


def test_nothing_secret_is_logged_of_logins_joins_and_tickets(world: World) -> None:
    out = io.StringIO()
    observer = logs.observer(out)
    globalLogPublisher.addObserver(observer)
    try:
        secrets = _everything_secret(world)
    finally:
        globalLogPublisher.removeObserver(observer)
    assert out.getvalue().count("\n") >= 3
    for secret in secrets:
        assert secret not in out.getvalue()


def _everything_secret(world: World) -> list[str]:
    kim: Browser = world.browser()
    wrong = "wr0ng-but-Telling"
    kim.api("POST", "/login", {"company": "alpha", "id": "kim", "password": wrong})
    kim.csrf = kim.api("POST", "/login", {"company": "alpha", "id": "kim", "password": PASSWORD}).json["csrf"]
    (session,) = kim.api("GET", "/sessions").json["items"]
    host = {"host_name": "PC", "user_name": "u", "os": "linux", "os_version": "12"}
    world.browser().api("POST", "/join", {"number": "111111", "host": host})
    joined = world.browser().api("POST", "/join", {"number": session["number"], "host": host}).json
    ticket = kim.api("POST", "/live-tickets").json["ticket"]
    world.socket("/ws/live", origin="https://evil.example")
    relay = world.socket("/ws/relay")
    relay.send({"type": "join", "ticket": "not-a-ticket"})
    assert kim.csrf
    return [PASSWORD, wrong, kim.cookies["__Host-wizhelper"], kim.csrf, joined["secret"], ticket, "not-a-ticket"]
