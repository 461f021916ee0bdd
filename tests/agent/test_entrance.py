"""Rules of the calls that lead into a session, and of the connection file beside a downloaded program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agent_fakes import HOST, FakeServer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from agent.access import MAX_CONNECTION_FILE, ConnectionFile, read_connection_file
from agent.entrance import Consent, Entrance
from agent.link import LinkError
from agent.platform.interface import HostInfo, OsKind
from agent.session import Joined

JOINED = Joined("s-1", "secret", "한빛전산", "김상담")
JOIN: dict[str, Any] = {
    "session": "s-1",
    "secret": "secret",
    "company": "한빛전산",
    "operator": "김상담",
    "consent": None,
}
TEXT: dict[str, Any] = {"id": 4, "version": 3, "lang": "ko", "body": "동의"}
ABOUT = {"host_name": "PC", "user_name": "kim", "os": "linux", "os_version": "12"}


def done(work: Any) -> Any:
    """The result of a coroutine that has nothing to wait for."""
    results: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def entrance(path: str, answer: Any) -> tuple[Entrance, FakeServer]:
    server = FakeServer()
    server.answers[path] = answer
    return Entrance(server.link, HOST), server


def test_by_number() -> None:
    """CUSTP-NUM: the number and what this PC is called."""
    door, server = entrance("/join", JOIN)
    assert done(door.by_number("123456")) == (JOINED, None)
    assert server.requests == [("POST", "/join", {"number": "123456", "host": ABOUT}, None)]


def test_by_token_with_a_consent_to_be_given() -> None:
    """CUST-RUN, CUST-CONSENT: the download carries the number; the text is the company's."""
    door, server = entrance("/join/token", {**JOIN, "consent": TEXT})
    assert done(door.by_token("t")) == (JOINED, Consent("한빛전산", "김상담", 4, 3, "동의"))
    assert server.requests[0][2] == {"token": "t", "host": ABOUT}


def test_by_operator() -> None:
    """CUSTP-PICK."""
    door, server = entrance("/join/pick", JOIN)
    assert done(door.by_operator("hanbit", 7)) == (JOINED, None)
    assert server.requests[0][2] == {"company": "hanbit", "operator": 7, "host": ABOUT}


@pytest.mark.parametrize(
    ("company", "path"),
    [
        ("hanbit", "hanbit"),
        ("a&b=c/../d?e#f", "a%26b%3Dc%2F..%2Fd%3Fe%23f"),
        ("한빛", "%ED%95%9C%EB%B9%9B"),
    ],
)
def test_a_company_code_stays_one_parameter(company: str, path: str) -> None:
    items = {"items": [{"id": 7, "display_name": "김상담"}]}
    door, _ = entrance(f"/join/operators?company={path}", items)
    assert done(door.operators(company)) == [(7, "김상담")]


def test_answering_the_consent_uses_the_sessions_secret() -> None:
    door, server = entrance("/join/s-1/consent", {})
    done(door.consent(JOINED, 4, True, "window"))
    body = {"accepted": True, "text": 4, "source": "window"}
    assert server.requests == [("POST", "/join/s-1/consent", body, "secret")]


def test_reporting_uses_the_sessions_secret() -> None:
    door, server = entrance("/join/s-1/report", {})
    done(door.report(JOINED))
    assert server.requests == [("POST", "/join/s-1/report", {}, "secret")]


def test_long_names_of_this_pc_are_cut_to_what_the_server_takes() -> None:
    server = FakeServer()
    server.answers["/join"] = JOIN
    long = HostInfo("h" * 999, "u" * 999, OsKind.WINDOWS, "v" * 999, "windows")
    done(Entrance(server.link, long).by_number("1"))
    sent = server.requests[0][2]["host"]
    assert [len(sent[name]) for name in ("host_name", "user_name", "os_version")] == [255, 255, 100]


def test_a_newer_server_may_say_more() -> None:
    door, _ = entrance("/join", {**JOIN, "region": "kr", "consent": {**TEXT, "title": "x"}})
    assert done(door.by_number("1"))[0] == JOINED


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {k: v for k, v in JOIN.items() if k != "secret"},
        {k: v for k, v in JOIN.items() if k != "consent"},
        {**JOIN, "session": 7},
        {**JOIN, "session": None},
        {**JOIN, "company": ["x"]},
        {**JOIN, "operator": {"a": 1}},
        {**JOIN, "operator": "half \ud800"},
        {**JOIN, "consent": "text"},
        {**JOIN, "consent": []},
        {**JOIN, "consent": {**TEXT, "id": "4"}},
        {**JOIN, "consent": {**TEXT, "id": True}},
        {**JOIN, "consent": {**TEXT, "body": None}},
        {**JOIN, "consent": {**TEXT, "version": 2**60}},
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answer: dict[str, Any]) -> None:
    door, _ = entrance("/join", answer)
    with pytest.raises(LinkError, match="BAD_ANSWER"):
        done(door.by_number("1"))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"items": None},
        {"items": {"id": 1}},
        {"items": [7]},
        {"items": [{"id": "7", "display_name": "x"}]},
        {"items": [{"id": 7}]},
        {"items": [{"id": 7, "display_name": "x"}] * 1025},
    ],
)
def test_a_list_of_operators_that_does_not_fit_is_refused(answer: dict[str, Any]) -> None:
    door, _ = entrance("/join/operators?company=c", answer)
    with pytest.raises(LinkError, match="BAD_ANSWER"):
        done(door.operators("c"))


# --- the connection file ----------------------------------------------------------------------------------------------


def test_a_connection_file(tmp_path: Path) -> None:
    file = tmp_path / "connect.wizhelper"
    file.write_text('{"server":"https://support.example","ca":"PEM","token":"t"}')
    assert read_connection_file(file) == ConnectionFile("https://support.example", "PEM", "t")
    file.write_text('{"server":"support.example"}')
    assert read_connection_file(file) == ConnectionFile("support.example", None, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"server":7}',
        b'{"server":null}',
        b'{"server":"a","more":"b"}',
        b'{"server":"a","server":"b"}',
        b'{"server":"a","ca":7}',
        b'{"server":"a","token":["x"]}',
        b'{"server":"half \\ud800"}',
        b'{"server":"\xff"}',
        b"MZ\x90\x00" * 100,
        b"[" * 60_000,
        b'{"server":"a"}' + b" " * MAX_CONNECTION_FILE,
        b"x" * (10 * MAX_CONNECTION_FILE),
    ],
)
def test_a_connection_file_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "connect.wizhelper"
    file.write_bytes(content)
    with pytest.raises(LinkError) as caught:
        read_connection_file(file)
    assert caught.value.code == "BAD_CONNECTION_FILE"
    assert caught.value.text == ""


def test_the_longest_connection_file_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "connect.wizhelper"
    text = b'{"server":"a"}'
    file.write_bytes(text + b" " * (MAX_CONNECTION_FILE - len(text)))
    assert read_connection_file(file).server == "a"


def test_a_missing_connection_file_is_told(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(LinkError, match="BAD_CONNECTION_FILE"):
            read_connection_file(missing)
