"""Rules of the access program without a window, and of its command line."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from agent_fakes import HOST, Call, FakePC, FakeReactor, FakeServer, FakeSocket, hello
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from agent import access, main
from agent.access import ScriptDesk, Workshop
from agent.features.input import InputFeature
from agent.link import LinkError
from agent.platform.interface import PlatformCode, PlatformError
from agent.session import GOODBYE_S
from wizhelper.protocol import input, live
from wizhelper.protocol.control import SasPolicy, Trust

JOIN: dict[str, Any] = {
    "session": "s-1",
    "secret": "secret",
    "company": "한빛전산",
    "operator": "김상담",
    "consent": None,
}


class FakeWorkshop:
    host = HOST

    def __init__(self) -> None:
        self.pc = FakePC()

    def parts(self) -> Any:
        return self.pc.parts()


class Bench:
    """A script's run; `results` gets the exit status, `said` what was printed."""

    def __init__(
        self, number: str | None = "123456", token: str | None = None, answers: dict[str, Any] | None = None
    ) -> None:
        self.reactor, self.server, self.out = FakeReactor(), FakeServer(), io.StringIO()
        self.server.answers = {"/join": JOIN, "/join/token": JOIN, "/join/s-1/consent": {}, **(answers or {})}
        workshop = cast(Workshop, FakeWorkshop())
        self.desk = ScriptDesk(self.reactor, self.server.link, workshop, number, token, self.out)
        self.results: list[Any] = []
        Deferred.fromCoroutine(self.desk.run()).addBoth(self.results.append)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.said]

    def online(self) -> FakeSocket:
        socket = FakeSocket()
        session = self.server.connections[-1].events
        session.opened(socket)
        session.text(live.encode(hello()))
        return socket

    def say(self, message: live.ServerMessage) -> None:
        self.server.connections[0].events.text(live.encode(message))


def test_a_session_from_number_to_end() -> None:
    bench = Bench()
    bench.online()
    bench.say(live.Ended("operator_ended"))
    bench.reactor.advance(GOODBYE_S)
    assert bench.events == ["joined", "started", "online", "ended"]
    assert bench.said[0] == {"event": "joined", "company": "한빛전산", "operator": "김상담"}
    assert bench.results == [0]


def test_the_token_goes_before_the_number() -> None:
    bench = Bench(token="t")
    assert [request[1] for request in bench.server.requests] == ["/join/token"]


def test_the_consent_of_the_command_line_is_recorded_as_such() -> None:
    """CUST-CONSENT: --yes is an answer, and the record says where it came from."""
    bench = Bench(answers={"/join": {**JOIN, "consent": {"id": 4, "version": 3, "lang": "ko", "body": "동의"}}})
    body = {"accepted": True, "text": 4, "source": "command_line"}
    assert bench.server.requests[-1] == ("POST", "/join/s-1/consent", body, "secret")
    assert bench.said[-1] == {"event": "consented", "version": 3}
    assert len(bench.server.connections) == 1


def test_a_consent_that_is_not_recorded_starts_nothing() -> None:
    consent = {"id": 4, "version": 3, "lang": "ko", "body": "동의"}
    bench = Bench(answers={"/join": {**JOIN, "consent": consent}, "/join/s-1/consent": LinkError("SERVER_UNREACHABLE")})
    assert bench.server.connections == []
    assert isinstance(bench.results[0], Failure)


def test_yes_answers_the_approval_too() -> None:
    bench = Bench()
    socket = bench.online()
    bench.say(live.ApprovalAsked("김상담", 60.0))
    assert socket.texts[-1] == {"type": "approval", "accepted": True}
    assert bench.events[-1] == "approved"


def test_a_session_that_never_began_is_a_failure() -> None:
    bench = Bench()
    session = bench.server.connections[0].events
    session.opened(FakeSocket())
    session.closed(4403, "NOT_FOUND")
    assert bench.events[-1] == "ended" and bench.results == [1]


def test_the_end_of_the_process_ends_the_session() -> None:
    bench = Bench()
    socket = bench.online()
    (trigger,) = bench.reactor.triggers
    waiting = trigger()
    assert isinstance(waiting, Deferred)
    assert socket.texts[-1]["type"] == "end_session" and socket.is_closed
    bench.reactor.advance(GOODBYE_S)
    assert bench.results == [0]


@pytest.mark.parametrize(
    ("policy", "number"), [(SasPolicy.SHOWN, "123456"), (SasPolicy.REQUIRED, ""), (SasPolicy.OFF, "")]
)
def test_the_number_is_printed_only_where_it_may_be_seen(policy: SasPolicy, number: str) -> None:
    """Where it must be typed, showing it here would make the comparison worthless."""
    bench = Bench()
    bench.desk.viewer_changed(True, "123456", policy, Trust.UNVERIFIED)
    assert bench.said[-1] == {"event": "viewer", "number": number, "trust": "unverified"}


def test_lines_are_ascii_so_that_no_console_refuses_them() -> None:
    bench = Bench(answers={"/join": {**JOIN, "operator": "김상담 🙂"}})
    assert bench.out.getvalue().isascii()
    assert bench.said[0]["operator"] == "김상담 🙂"


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["connect", "--yes"],
        ["connect", "--yes", "--server", "x"],
        ["connect", "--lang", "fr"],
        ["nonsense"],
        ["--nonsense"],
    ],
)
def test_wrong_use_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_without_arguments_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double click gives none."""
    seen: list[Any] = []

    def connect(options: Any) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(main, "_connect", connect)
    assert main.main([]) == 0
    assert (seen[0].command, seen[0].yes) == ("connect", False)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (LinkError("BAD_CA_FILE", "no PEM certificate"), "BAD_CA_FILE: no PEM certificate"),
        (LinkError("NUMBER_UNKNOWN", text="No such number.", next_step="Ask."), "NUMBER_UNKNOWN: No such number. Ask."),
        (PlatformError(PlatformCode.NO_DISPLAY, "detail"), "NO_DISPLAY: detail"),
    ],
)
def test_what_went_wrong_is_told_on_standard_error(
    problem: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert access._explained(Failure(problem)) == 1
    assert capsys.readouterr().err == words + "\n"


def test_a_script_needs_a_server() -> None:
    options = SimpleNamespace(lang="en", file=None, server=None, yes=True)
    results: list[Any] = []
    work = access._run(options, FakeReactor())
    Deferred.fromCoroutine(work).addErrback(results.append)
    assert results[0].value.code == "NO_SERVER"


def test_an_empty_ca_in_a_connection_file_does_not_mean_the_systems() -> None:
    options = SimpleNamespace(ca=None, yes=True, number="1")
    workshop = cast(Workshop, FakeWorkshop())
    connection = access.ConnectionFile("https://support.example", ca="")
    desk = access._desk(options, FakeReactor(), connection, workshop, "en")
    assert cast(Any, desk)._server.server.ca == b""


# --- this PC ----------------------------------------------------------------------------------------------------------


class FakeInjector:
    """`refuse`: raised by every call."""

    def __init__(self, refuse: PlatformError | None = None) -> None:
        self.calls: list[Call] = []
        self.refuse = refuse

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refuse is not None:
            raise self.refuse

    def key(self, code: str, down: bool) -> None:
        self._note("key", code, down)

    def text(self, text: str) -> None:
        self._note("text", text)

    def pointer(self, x: int, y: int, buttons: int) -> None:
        self._note("pointer", x, y, buttons)

    def wheel(self, x: int, y: int, dx: int, dy: int) -> None:
        self._note("wheel", x, y, dx, dy)

    def release_all(self) -> None:
        self._note("release_all")

    def close(self) -> None:
        self._note("close")


def test_every_input_message_has_its_call() -> None:
    injector = FakeInjector()
    feature = InputFeature(injector)
    for message in (
        input.Key("KeyA", True),
        input.Text("가"),
        input.Pointer(1, 2, 3),
        input.Wheel(1, 2, 0, -120),
        input.Release(),
    ):
        feature.handle(message, (100, 200))
    feature.release()
    feature.close()
    assert injector.calls == [
        ("key", "KeyA", True),
        ("text", "가"),
        ("pointer", 101, 202, 3),
        ("wheel", 101, 202, 0, -120),
        ("release_all",),
        ("release_all",),
        ("close",),
    ]


def test_a_system_that_refuses_input_is_told_once_and_never_stops_the_end() -> None:
    refused: list[str] = []
    injector = FakeInjector(PlatformError(PlatformCode.INPUT_REFUSED, "elevated window"))
    feature = InputFeature(injector)
    feature.tell_refusals(refused.append)
    for _ in range(3):
        feature.handle(input.Key("KeyA", True))
    feature.release()
    feature.close()
    assert refused == ["INPUT_REFUSED"]
    assert len(injector.calls) == 5


class FakePlatform:
    def __init__(self, injector: Any) -> None:
        self._injector = injector

    def host(self) -> Any:
        return HOST

    def injector(self) -> Any:
        if isinstance(self._injector, Exception):
            raise self._injector
        return self._injector

    def clipboard(self, changed: Any) -> Any:
        raise PlatformError(PlatformCode.NO_DISPLAY)


def test_a_pc_without_input_can_still_be_looked_at() -> None:
    workshop = Workshop(FakePlatform(PlatformError(PlatformCode.NO_DISPLAY)))
    assert workshop.parts().input_part is None
    workshop.close()


def test_the_workshop_gives_back_what_it_took() -> None:
    injector = FakeInjector()
    workshop = Workshop(FakePlatform(injector))
    assert workshop.parts().input_part is workshop.parts().input_part
    workshop.close()
    assert injector.calls == [("close",)]


def test_the_identity_names_this_pc() -> None:
    identity = Workshop(FakePlatform(FakeInjector())).parts().identity("ab")
    assert (identity.kind, identity.name, identity.key, identity.user, identity.os) == (
        "one_time",
        "PC",
        "ab",
        "kim",
        "linux",
    )
