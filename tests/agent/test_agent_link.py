"""Rules of the agent's way to the server: never in clear, never unverified, and no answer is trusted to be well-formed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from agent_fakes import FakeReactor
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.web._newclient import RequestTransmissionFailed
from twisted.web.client import ResponseDone, ResponseNeverReceived
from twisted.web.iweb import UNKNOWN_LENGTH

from agent.link import (
    MAX_ANSWER_BYTES,
    MAX_CODE_LENGTH,
    MAX_SENTENCE_LENGTH,
    REQUEST_TIMEOUT_S,
    AgentSocket,
    LinkError,
    Server,
    ServerLink,
    SocketEvents,
    parse_server,
)
from wizhelper.http.tls import ensure_certificate

# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("support.example.com", "https://support.example.com:443"),
        ("https://support.example.com", "https://support.example.com:443"),
        ("HTTPS://Support.Example.com:8443/customer?x=1#y", "https://support.example.com:8443"),
        ("192.0.2.7:8443", "https://192.0.2.7:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://[::1]", "https://[::1]:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://한글.example", "https://한글.example:443"),
    ],
)
def test_addresses_that_are_taken(url: str, base: str) -> None:
    assert parse_server(url).base == base


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "https://host:65536",
        "https://host:-1",
        "https://host:0",
        "https://host:http",
        "https://[::1",
        "https://[not-an-address]",
        "https://support.example@evil.example",
        "https://user:password@support.example",
        "ftp://support.example",
        "ws://support.example",
        "file:///etc/passwd",
        "javascript://support.example",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(LinkError) as caught:
        parse_server(url)
    assert caught.value.code == "BAD_SERVER_URL"


@pytest.mark.parametrize(
    "url",
    [
        "http://support.example",
        "http://192.168.0.7",
        "http://0.0.0.0",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://[::2]",
        "HTTP://support.example:443",
    ],
)
def test_plain_http_does_not_leave_this_machine(url: str) -> None:
    with pytest.raises(LinkError) as caught:
        parse_server(url)
    assert caught.value.code == "BAD_SERVER_URL"


# --- the CA -----------------------------------------------------------------------------------------------------------


def test_a_missing_ca_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LinkError) as caught:
        parse_server("support.example", tmp_path / "missing.pem")
    assert caught.value.code == "BAD_CA_FILE"


def test_the_ca_of_the_command_line_goes_before_that_of_the_connection_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"from the command line")
    assert parse_server("support.example", file, b"from the file").ca == b"from the command line"


@pytest.mark.parametrize("pem", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_that_is_none_never_falls_back_to_the_systems(pem: bytes) -> None:
    reactor = MemoryReactorClock()
    link = ServerLink(reactor, Server("https", "support.example", 443, pem), "en")
    with pytest.raises(LinkError) as caught:
        link.connect("/ws/agent", SocketEvents())
    assert caught.value.code == "BAD_CA_FILE"
    assert reactor.tcpClients == []


# --- answers ----------------------------------------------------------------------------------------------------------


class FakeResponse:
    """`pieces` arrive at once, then the answer ends unless `endless`."""

    length: Any = UNKNOWN_LENGTH

    def __init__(self, code: int, pieces: list[bytes], endless: bool = False) -> None:
        self.code = code
        self._pieces = pieces
        self._endless = endless
        self.delivered = 0
        self.cut = False

    def loseConnection(self) -> None:
        self.cut = True

    abortConnection = loseConnection

    def deliverBody(self, protocol: Protocol) -> None:
        protocol.transport = cast(Any, self)
        for piece in self._pieces:
            if self.cut:
                break
            self.delivered += len(piece)
            protocol.dataReceived(piece)
        if not self._endless:
            protocol.connectionLost(Failure(ResponseDone()))


class FakeHttp:
    """In place of treq's client: `answer` is a response or an exception."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def get(self, url: str, **options: Any) -> Deferred[Any]:
        return self.request("GET", url, **options)

    def request(self, method: str, url: str, **options: Any) -> Deferred[Any]:
        self.calls.append((method, url, options))
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def asked(answer: Any, act: Callable[[ServerLink], Any] | None = None) -> tuple[Any, FakeHttp, FakeReactor, list[Any]]:
    reactor, http = FakeReactor(), FakeHttp(answer)
    link = ServerLink(MemoryReactorClock(), parse_server("https://support.example"), "ko")
    link._reactor, link._http = reactor, cast(Any, http)
    results: list[Any] = []
    work = act(link) if act else link.get("/anything")
    Deferred.fromCoroutine(work).addBoth(results.append)
    return (results[0] if results else None), http, reactor, results


def refusal(answer: Any) -> LinkError:
    result, *_ = asked(answer)
    assert isinstance(result, Failure)
    result.trap(LinkError)
    return cast(LinkError, result.value)


def body(value: Any, status: int = 200) -> FakeResponse:
    return FakeResponse(status, [json.dumps(value).encode()])


def test_a_call_carries_language_and_secret_in_headers_only() -> None:
    result, http, *_ = asked(body({"a": 1}), lambda link: link.post("/join", {"number": "1"}, "s3cret"))
    ((method, url, options),) = http.calls
    assert result == {"a": 1}
    assert (method, url) == ("POST", "https://support.example:443/api/v1/join")
    assert options["headers"]["Authorization"] == "Bearer s3cret"
    assert options["headers"]["Accept-Language"] == "ko"
    assert options["data"] == b'{"number":"1"}'


def test_the_language_can_be_changed_later() -> None:
    def act(link: ServerLink) -> Any:
        link.language = "en"
        return link.get("/x")

    _, http, *_ = asked(body({}), act)
    assert http.calls[0][2]["headers"]["Accept-Language"] == "en"


def test_redirects_are_not_followed() -> None:
    """One could lead into the clear, or to a host whose certificate nobody looked at."""
    _, http, *_ = asked(body({}))
    assert http.calls[0][2]["allow_redirects"] is False
    assert refusal(body({}, 302)).code == "BAD_ANSWER"


def test_the_servers_refusal_keeps_its_words() -> None:
    problem = refusal(body({"error": {"code": "NUMBER_UNKNOWN", "message": "없는 번호", "next_step": "다시"}}, 404))
    assert (problem.code, problem.text, problem.next_step) == ("NUMBER_UNKNOWN", "없는 번호", "다시")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": "X"}, ("X", "", "")),
        ({"code": "X", "message": None, "next_step": 7}, ("X", "", "")),
        ({"code": "X", "message": ["a"], "next_step": {}}, ("X", "", "")),
        ({"code": "X" * 999, "message": "m" * 9999}, ("X" * MAX_CODE_LENGTH, "m" * MAX_SENTENCE_LENGTH, "")),
        ({"code": "X", "message": "half \ud800 pair"}, ("X", "half ? pair", "")),
    ],
)
def test_ill_formed_words_of_a_refusal_are_not_shown(error: dict[str, Any], words: tuple[str, str, str]) -> None:
    problem = refusal(body({"error": error}, 400))
    assert (problem.code, problem.text, problem.next_step) == words


@pytest.mark.parametrize(
    "answer",
    [
        body({"error": {}}, 400),
        body({"error": {"code": 7}}, 400),
        body({"error": "text"}, 500),
        body({}, 500),
        body([], 200),
        body("text", 200),
        body(None, 200),
        FakeResponse(200, [b""]),
        FakeResponse(200, [b"<html>"]),
        FakeResponse(200, [b"\xff\xfe"]),
        FakeResponse(200, [b'{"a":1,"a":2}']),
        FakeResponse(200, [b'{"a":NaN}']),
        FakeResponse(200, [b"[" * 200_000]),
        FakeResponse(502, [b"Bad Gateway"]),
        FakeResponse(100, [b"{}"]),
    ],
)
def test_a_hostile_answer_is_refused(answer: FakeResponse) -> None:
    assert refusal(answer).code == "BAD_ANSWER"


def test_the_longest_answer_is_taken_and_one_byte_more_is_not() -> None:
    frame = len(json.dumps({"a": ""}).encode())
    longest = body({"a": "x" * (MAX_ANSWER_BYTES - frame)})
    assert len(asked(longest)[0]["a"]) == MAX_ANSWER_BYTES - frame
    assert refusal(body({"a": "x" * (MAX_ANSWER_BYTES - frame + 1)})).code == "BAD_ANSWER"


def test_an_endless_answer_is_cut_at_the_limit() -> None:
    endless = FakeResponse(200, [b"x" * 65536] * 1000, endless=True)
    assert refusal(endless).code == "BAD_ANSWER"
    assert endless.cut and endless.delivered <= MAX_ANSWER_BYTES + 65536


def test_an_answer_that_never_ends_is_given_up() -> None:
    _, _, reactor, results = asked(FakeResponse(200, [b"{"], endless=True))
    assert results == []
    reactor.advance(REQUEST_TIMEOUT_S)
    assert results[0].value.code == "SERVER_UNREACHABLE"


# --- files --------------------------------------------------------------------------------------------------------------


def fetched(answer: Any, size_bytes: int = 10, write: Callable[[bytes], Any] | None = None) -> tuple[Any, bytes, Any]:
    """-> the result (None: whole), what was written, the reactor and its call."""
    found = bytearray()
    result, http, reactor, results = asked(answer, lambda link: link.download("/file", size_bytes, write or found.extend))
    assert http.calls[0][:2] == ("GET", "https://support.example:443/file")
    assert http.calls[0][2]["allow_redirects"] is False
    return (result.value if isinstance(result, Failure) else result), bytes(found), (reactor, results)


def test_a_file_is_handed_on_as_it_comes() -> None:
    result, found, (reactor, _) = fetched(FakeResponse(200, [b"01234", b"56789"]))
    assert (result, found) == (None, b"0123456789") and reactor.waits == []


@pytest.mark.parametrize("pieces", [[b"0123", b"45678"], [], [b"0123456789", b"!"]])
def test_a_file_of_another_length_is_none(pieces: list[bytes]) -> None:
    result, *_ = fetched(FakeResponse(200, pieces))
    assert isinstance(result, LinkError) and result.code in ("SERVER_UNREACHABLE", "BAD_ANSWER")


def test_an_announced_length_that_does_not_fit_is_not_even_read() -> None:
    answer = FakeResponse(200, [b"0123456789"])
    answer.length = 11
    result, found, _ = fetched(answer)
    assert result.code == "BAD_ANSWER" and found == b"" and answer.delivered == 0


def test_a_refusal_is_no_file() -> None:
    result, found, _ = fetched(FakeResponse(404, [b"0123456789"]))
    assert result.code == "BAD_ANSWER" and found == b""


def test_a_server_that_falls_silent_is_given_up() -> None:
    answer = FakeResponse(200, [b"01234"], endless=True)
    result, _, (reactor, results) = fetched(answer)
    assert result is None and results == []
    reactor.advance(REQUEST_TIMEOUT_S)
    assert results[0].value.code == "SERVER_UNREACHABLE" and answer.cut


def test_a_full_disk_ends_the_transfer() -> None:
    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    answer = FakeResponse(200, [b"01234", b"56789"])
    result, *_ = fetched(answer, write=full)
    assert isinstance(result, OSError) and answer.cut and answer.delivered == 5


def test_no_content_is_an_empty_answer() -> None:
    assert asked(FakeResponse(204, []))[0] == {}


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Refused(), "SERVER_UNREACHABLE"),
        (DNSLookupError(), "SERVER_UNREACHABLE"),
        (ResponseNeverReceived([Failure(connectionDone.value)]), "SERVER_UNREACHABLE"),
        (ResponseNeverReceived([Failure(SSL.Error([("a", "b", "certificate verify failed")]))]), "CERTIFICATE_REFUSED"),
        (ResponseNeverReceived([Failure(VerificationError(errors=[]))]), "CERTIFICATE_REFUSED"),
        (RequestTransmissionFailed([Failure(SSL.Error())]), "CERTIFICATE_REFUSED"),
        (RequestTransmissionFailed([Failure(connectionDone.value)]), "SERVER_UNREACHABLE"),
        (SSL.Error(), "CERTIFICATE_REFUSED"),
    ],
    ids=lambda p: p if isinstance(p, str) else type(p).__name__,
)
def test_certificate_trouble_is_told_apart_from_a_dead_network(problem: Exception, code: str) -> None:
    """The cures differ. Neither has words for people: those are chosen in the language of the person."""
    found = refusal(problem)
    assert found.code == code
    assert (found.text, found.next_step) == ("", "")


# --- sockets ----------------------------------------------------------------------------------------------------------


class FakeProtocol:
    def __init__(self, state: int) -> None:
        self.state = state
        self.transport = SimpleNamespace(abortConnection=lambda: self.calls.append(("abort",)))
        self.calls: list[Any] = []

    def sendMessage(self, data: bytes, binary: bool) -> None:
        if self.state != 3:
            raise RuntimeError("Attempt to send on a closed protocol")
        self.calls.append((data, binary))

    def sendClose(self, code: int) -> None:
        self.calls.append(("close", code))


def test_an_open_socket_sends() -> None:
    protocol = FakeProtocol(3)
    socket = AgentSocket(cast(Any, protocol))
    socket.send_text(b"a")
    socket.send_binary(b"b")
    socket.close()
    socket.abort()
    assert protocol.calls == [(b"a", False), (b"b", True), ("close", 1000), ("abort",)]


@pytest.mark.parametrize("state", [0, 1, 2])
def test_a_socket_that_is_closing_swallows_what_is_sent(state: int) -> None:
    """The customer's End must not fail because the relay has just begun to close."""
    protocol = FakeProtocol(state)
    socket = AgentSocket(cast(Any, protocol))
    socket.send_text(b"a")
    socket.send_binary(b"b")
    assert protocol.calls == []


# --- for real ---------------------------------------------------------------------------------------------------------


def probe(folder: Path, ca: Path, name: str = "127.0.0.1") -> dict[str, Any]:
    top = Path(__file__).parent.parent.parent
    command = [sys.executable, str(Path(__file__).parent / "tls_probe.py"), str(folder), str(ca), name]
    environment = {**os.environ, "PYTHONPATH": str(top)}
    run = subprocess.run(command, capture_output=True, timeout=60, env=environment, check=False, text=True)
    assert run.stdout.startswith("{"), run.stdout + run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.slow
def test_a_server_of_another_ca_never_gets_one_byte(tmp_path: Path) -> None:
    """Someone in between with a certificate of his own: neither the number nor even a request line reaches him."""
    mine, his = tmp_path / "mine", tmp_path / "his"
    for folder in (mine, his):
        folder.mkdir()
        ensure_certificate(folder, ("127.0.0.1",), datetime.now(UTC))

    trusted = probe(mine, mine / "ca.pem")
    assert trusted["post"] == "ok" and trusted["post_bytes"] > 0 and trusted["bytes"] > trusted["post_bytes"]

    assert probe(his, mine / "ca.pem") == {"post": "CERTIFICATE_REFUSED", "post_bytes": 0, "bytes": 0, "opened": 0}


@pytest.mark.slow
def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    ensure_certificate(tmp_path, ("support.example",), datetime.now(UTC))
    found = probe(tmp_path, tmp_path / "ca.pem", "support.example")
    assert found == {"post": "CERTIFICATE_REFUSED", "post_bytes": 0, "bytes": 0, "opened": 0}
