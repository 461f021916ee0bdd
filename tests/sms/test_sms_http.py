"""The gateway that is any HTTP service: its templates, its patterns, and the addresses that it must not reach.

ADM-SMSCFG; security entry point E8
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fakes import finish
from pydantic import SecretStr, ValidationError
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refusal
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.web.client import URI, ResponseDone, ResponseFailed
from twisted.web.iweb import IAgent
from zope.interface import implementer

from wizhelper.sms import exchange, outgoing
from wizhelper.sms.gateway import BadSignature, OutgoingText, Refused, TextKind, Uncertain
from wizhelper.sms.http_kind import HttpGateway, HttpKind, HttpSettings, between, matches

TEXT = OutgoingText(
    key="k-1", to="+821012345678", sender="0212345678", text='안녕 "1&2" <3>\n끝', kind=TextKind.SMS, subject=""
)


class Answer:
    """A response whose body comes in pieces, and how it ends."""

    def __init__(self, code: int, *pieces: bytes, end: Exception | None = None) -> None:
        self.code, self.pieces, self.end = code, pieces, end or ResponseDone()

    def deliverBody(self, protocol: Any) -> None:
        for piece in self.pieces:
            protocol.dataReceived(piece)
        protocol.connectionLost(Failure(self.end))


@implementer(IAgent)
class RecordingAgent:
    """Gives one answer, or fails; `requests`: (method, address, headers, body)."""

    def __init__(self, answer: Answer | Exception | None) -> None:
        self.answer = answer
        self.requests: list[tuple[bytes, bytes, dict[str, str], bytes]] = []

    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Deferred[Any]:
        written: list[bytes] = []
        if bodyProducer is not None:
            consumer: Any = type("Consumer", (), {"write": lambda _self, data: written.append(data)})()
            bodyProducer.startProducing(consumer)
            assert bodyProducer.length == len(b"".join(written))
        raw = {name.decode(): values[0].decode("latin-1") for name, values in headers.getAllRawHeaders()}
        self.requests.append((method, uri, raw, b"".join(written)))
        if self.answer is None:
            return Deferred()
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def send(answer: Answer | Exception, **settings: Any) -> tuple[Any, RecordingAgent]:
    agent = RecordingAgent(answer)
    made = HttpSettings(**{"url": "https://sms.example/send", **settings})
    gateway = HttpKind().open(made, Clock(), agent)
    return finish(gateway.send(TEXT)), agent


OK = Answer(200, b'{"code": "00", "id": "abc-9"}')


def test_a_form_is_escaped_in_the_chosen_character_set() -> None:
    _, agent = send(
        OK, body="to={{phone}}&text={{message}}&from={{sender}}&key={{secret}}", charset="cp949", secret="s&3"
    )
    ((method, uri, headers, body),) = agent.requests
    assert (method, uri) == (b"POST", b"https://sms.example/send")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; charset=cp949"
    assert body == b"to=01012345678&text=%BE%C8%B3%E7+%221%262%22+%3C3%3E%0A%B3%A1&from=0212345678&key=s%263"


def test_a_json_body_stays_json_whatever_the_text_says() -> None:
    _, agent = send(OK, format="json", body='{"to": "{{international}}", "text": "{{message}}", "id": "{{key}}"}')
    assert json.loads(agent.requests[0][3]) == {"to": "821012345678", "text": TEXT.text, "id": "k-1"}


def test_an_xml_body_stays_xml() -> None:
    _, agent = send(OK, format="xml", body="<m kind='{{kind}}'>{{message}}</m>")
    assert agent.requests[0][3].decode() == "<m kind='SMS'>안녕 &quot;1&amp;2&quot; &lt;3&gt;\n끝</m>"


def test_an_address_is_escaped_and_a_get_has_no_body() -> None:
    _, agent = send(OK, method="GET", url="https://sms.example/a/{{phone}}?t={{message}}", body="ignored")
    assert agent.requests[0][
        1
    ] == b"https://sms.example/a/01012345678?t=%EC%95%88%EB%85%95%20%221%262%22%20%3C3%3E%0A%EB%81%9D".replace(
        b'"', b"%22"
    )
    assert agent.requests[0][3] == b""


def test_a_header_holds_the_secret_and_no_line_of_its_own() -> None:
    _, agent = send(OK, headers="Authorization: Bearer {{secret}}\nX-Text: {{message}}", secret="abc")
    headers = {name.lower(): value for name, value in agent.requests[0][2].items()}
    assert headers["authorization"] == "Bearer abc"
    assert "\n" not in headers["x-text"]


def test_a_good_answer_names_the_message() -> None:
    accepted, _ = send(OK, success='"code": "00"*', id='"id": "*"')
    assert (accepted.provider_id, accepted.raw_status) == ("abc-9", "HTTP_200")
    assert send(OK)[0].provider_id == "k-1"


def test_an_answer_without_the_words_of_success_is_a_refusal_for_good() -> None:
    with pytest.raises(Refused) as problem:
        send(Answer(200, b'{"code": "-101", "echo": "s3cret"}'), success='"code": "00"', secret="s3cret")
    assert (problem.value.code, problem.value.retry) == ("HTTP_200", False)
    assert "s3cret" not in problem.value.detail


@pytest.mark.parametrize(
    ("status", "retry"), [(301, False), (400, False), (401, False), (404, False), (429, True), (503, True)]
)
def test_these_status_codes_say_that_it_was_not_taken(status: int, retry: bool) -> None:
    with pytest.raises(Refused) as problem:
        send(Answer(status, b"no"))
    assert problem.value.retry is retry


@pytest.mark.parametrize("status", [500, 502, 504])
def test_these_status_codes_say_nothing(status: int) -> None:
    with pytest.raises(Uncertain):
        send(Answer(status, b""))


@pytest.mark.parametrize("problem", [Refusal(), DNSLookupError("x")])
def test_without_a_connection_nothing_was_sent(problem: Exception) -> None:
    with pytest.raises(Refused) as found:
        send(problem)
    assert (found.value.code, found.value.retry) == (exchange.NOT_CONNECTED, True)


@pytest.mark.parametrize(
    "answer",
    [
        ResponseFailed([Failure(ValueError("x"))]),
        OSError("broken pipe"),
        Answer(200, b"half", end=ResponseFailed([Failure(ValueError("x"))])),
        Answer(200, b"x" * (exchange.MAX_ANSWER + 1)),
    ],
)
def test_after_the_connection_everything_else_is_uncertain(answer: Any) -> None:
    with pytest.raises(Uncertain):
        send(answer)


def test_no_answer_in_time_is_uncertain() -> None:
    clock, found = Clock(), list[Any]()
    gateway = HttpGateway(HttpSettings(url="https://sms.example/"), clock, RecordingAgent(None))
    gateway.send(TEXT).addBoth(found.append)
    clock.advance(exchange.ANSWER_S + 1)
    assert found[0].check(Uncertain)


def test_it_takes_no_callbacks_and_knows_no_delivery() -> None:
    gateway = HttpGateway(HttpSettings(url="https://sms.example/"), Clock(), RecordingAgent(OK))
    assert finish(gateway.poll(["x"])) == []
    with pytest.raises(BadSignature):
        gateway.callback({}, b"", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x/"},
        {"url": "https://"},
        {"url": "https://{{phone}}.example/"},
        {"url": "https://예.example/"},
        {"url": "https://sms.example/{{password}}"},
        {"body": "{{nothing}}"},
        {"headers": "no colon"},
        {"headers": "A B: c"},
        {"headers": "X-A: b\x00"},
        {"id": "no star"},
        {"id": "*two*"},
        {"method": "DELETE"},
        {"charset": "utf-7"},
    ],
)
def test_settings_that_make_no_request_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(**{"url": "https://sms.example/", **wrong})


def test_patterns_are_pieces_in_order_and_cannot_hold_up_the_server() -> None:
    assert matches("", "anything") and matches("a*c", "xxabcxx") and matches("ok", "not ok")
    assert not matches("a*c", "cba") and not matches("b*b", "b")
    assert (between('id="*"', 'x id="7" y'), between("id=*", "id=7\nrest"), between("id=*;", "id=7")) == (
        "7",
        "7",
        None,
    )
    assert not matches("*a" * 90 + "b", "a" * exchange.MAX_ANSWER)


def test_the_settings_show_no_secret() -> None:
    assert "abc" not in repr(HttpSettings(url="https://sms.example/", secret=SecretStr("abc")))


# --- where it may go --------------------------------------------------------------------------------------------------


class Names:
    """A resolver that knows what it is told."""

    def __init__(self, **known: list[str]) -> None:
        self._known = known

    def resolveHostName(self, receiver: Any, host: str, port: int = 0, *_more: Any) -> Any:
        receiver.resolutionBegan(None)
        for address in self._known.get(host.partition(".")[0], [host] if host[:1].isdigit() or ":" in host else []):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()


def connect(address: str, names: Names, allowed: bool = False) -> tuple[Any, list[Any]]:
    reactor: Any = MemoryReactorClock()
    reactor.nameResolver = names
    endpoint = outgoing._Endpoints(reactor, allowed).endpointForURI(URI.fromBytes(address.encode()))
    found: list[Any] = []
    endpoint.connect(Factory()).addErrback(found.append)
    return found[0].value if found else None, [(host, port) for host, port, *_ in reactor.tcpClients]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://127.9.9.9:8080/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/",
        "http://224.0.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "https://inside.example/",
        "http://mixed.example/",
    ],
)
def test_a_gateway_reaches_nothing_on_this_machine_nor_its_metadata(address: str) -> None:
    problem, connections = connect(address, Names(inside=["127.0.0.1"], mixed=["203.0.113.5", "::1"]))
    assert isinstance(problem, outgoing.AddressRefused)
    assert connections == []


def test_such_an_address_is_a_refusal_for_good() -> None:
    with pytest.raises(Refused) as found:
        send(outgoing.AddressRefused(string="inside.example"))
    assert (found.value.code, found.value.detail, found.value.retry) == ("ADDRESS_REFUSED", "inside.example", False)


def test_the_address_that_was_checked_is_the_one_that_is_reached() -> None:
    assert connect("https://sms.example/", Names(sms=["203.0.113.5"])) == (None, [("203.0.113.5", 443)])
    assert connect("http://10.0.0.9:81/", Names()) == (None, [("10.0.0.9", 81)])


def test_the_system_can_allow_this_machine() -> None:
    assert connect("http://127.0.0.1:9000/", Names(), allowed=True) == (None, [("127.0.0.1", 9000)])


def test_a_name_without_an_address_is_said() -> None:
    problem, connections = connect("http://nowhere.example/", Names())
    assert isinstance(problem, DNSLookupError) and connections == []


def test_a_long_text_brings_its_subject() -> None:
    agent = RecordingAgent(OK)
    gateway = HttpGateway(HttpSettings(url="https://sms.example/", body="{{subject}}|{{kind}}"), Clock(), agent)
    finish(gateway.send(replace(TEXT, kind=TextKind.LMS, subject="제목")))
    assert agent.requests[0][3] == b"%EC%A0%9C%EB%AA%A9|LMS"
