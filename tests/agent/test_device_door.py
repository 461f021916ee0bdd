"""The local socket of the device service: who may come, and what a bad tray costs (security entry point E16)."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import FakeReactor
from twisted.internet.testing import StringTransport

from agent.device import door as door_module
from agent.device import peer
from agent.device.door import (
    HELLO_S,
    MAX_MESSAGES,
    MAX_STRANGERS,
    MAX_VISITORS,
    MESSAGES_S,
    Door,
    TrayConnection,
    socket_of,
)
from wizhelper.protocol import local_device as wire

STATE = wire.State("online", True, "https://a", "한빛전산", "d", "POS", "9f86", "0.1.0", False, ())
HELLO = wire.Hello("", "ko")


class FakeTransport(StringTransport):
    """`uid`: whose program it is."""

    def __init__(self, uid: int | None = None) -> None:
        super().__init__()
        self.socket = uid
        self.aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class FakeHost:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def state(self, visitor: Any) -> wire.State:
        return STATE

    def asked(self, visitor: Any, message: wire.FromTray) -> None:
        self.calls.append((message, visitor.owner))


class Entrance:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, token: str | None = None) -> None:
        monkeypatch.setattr(door_module, "peer_uid", lambda connection: connection)
        monkeypatch.setattr(peer.os, "geteuid", lambda: 1000)
        self.reactor, self.host = FakeReactor(), FakeHost()
        self.door = Door(self.reactor, self.host, token)

    def comes(self, uid: int | None = 1000) -> tuple[TrayConnection, FakeTransport]:
        tray, transport = self.door.buildProtocol(None), FakeTransport(uid)
        tray.makeConnection(transport)
        return tray, transport


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch) -> Entrance:
    return Entrance(monkeypatch)


def says(tray: TrayConnection, *messages: wire.FromTray) -> None:
    for message in messages:
        tray.dataReceived(wire.encode(message) + b"\n")


def heard(transport: FakeTransport) -> list[wire.ToTray]:
    return [wire.decode_to_tray(line) for line in transport.value().splitlines()]


def test_a_tray_that_says_hello_is_told_the_state_and_every_change(entrance: Entrance) -> None:
    tray, transport = entrance.comes()
    entrance.door.tell()
    assert heard(transport) == []
    says(tray, HELLO)
    entrance.door.tell()
    assert heard(transport) == [STATE, STATE] and tray.lang == "ko"


@pytest.mark.parametrize(("uid", "owner"), [(1000, True), (0, True), (1001, False), (None, False)])
def test_the_system_says_whose_tray_it_is(entrance: Entrance, uid: int | None, owner: bool) -> None:
    tray, _ = entrance.comes(uid)
    says(tray, HELLO, wire.Unregister())
    assert entrance.host.calls == [(wire.Unregister(), owner)]


@pytest.mark.parametrize("line", [b"\xff\xfe\n", b"{}\n", b"x" * (wire.MAX_FROM_TRAY_BYTES + 1), b'{"type":"unregister"}\n'])
def test_nonsense_or_no_hello_costs_the_connection_and_nothing_else(entrance: Entrance, line: bytes) -> None:
    good, told = entrance.comes()
    says(good, HELLO)
    tray, transport = entrance.comes()
    tray.dataReceived(line)
    assert transport.aborted and entrance.host.calls == []
    entrance.door.tell()
    assert len(heard(told)) == 2 and not told.aborted


def test_it_reads_one_byte_at_a_time_too(entrance: Entrance) -> None:
    tray, _ = entrance.comes()
    for byte in wire.encode(HELLO) + b"\n" + wire.encode(wire.AskHistory()) + b"\n":
        tray.dataReceived(bytes([byte]))
    assert entrance.host.calls == [(wire.AskHistory(), True)]


def test_a_flood_ends_at_its_limit_and_what_came_before_was_served(entrance: Entrance) -> None:
    tray, transport = entrance.comes()
    says(tray, HELLO, *[wire.AskHistory()] * (MAX_MESSAGES - 1))
    assert not transport.aborted
    flood = (wire.encode(wire.AskHistory()) + b"\n") * 5
    tray.dataReceived(flood)
    assert transport.aborted and len(entrance.host.calls) == MAX_MESSAGES - 1


def test_somebody_who_clicks_all_day_is_no_flood(entrance: Entrance) -> None:
    tray, transport = entrance.comes()
    says(tray, HELLO)
    for _ in range(5):
        entrance.reactor.advance(MESSAGES_S)
        says(tray, *[wire.AskHistory()] * (MAX_MESSAGES - 1))
    assert not transport.aborted


def test_who_never_says_hello_is_sent_away(entrance: Entrance) -> None:
    _, silent = entrance.comes()
    tray, transport = entrance.comes()
    says(tray, HELLO)
    entrance.reactor.advance(HELLO_S)
    assert silent.aborted and not transport.aborted and len(entrance.door.visitors) == 1


def test_other_users_cannot_take_the_owners_places(entrance: Entrance) -> None:
    strangers = [entrance.comes(1001)[1] for _ in range(MAX_STRANGERS + 1)]
    assert [each.aborted for each in strangers] == [False] * MAX_STRANGERS + [True]
    owners = [entrance.comes()[1] for _ in range(MAX_VISITORS - MAX_STRANGERS + 1)]
    assert [each.aborted for each in owners] == [False] * (MAX_VISITORS - MAX_STRANGERS) + [True]


def test_a_place_is_free_again_when_a_tray_dies(entrance: Entrance) -> None:
    for _ in range(MAX_VISITORS + 5):
        tray, transport = entrance.comes()
        assert not transport.aborted
        tray.connectionLost()
    assert entrance.reactor.waits == []


def test_a_tray_that_does_not_read_gets_the_newest_state_later_and_nothing_is_kept_for_it(entrance: Entrance) -> None:
    tray, transport = entrance.comes()
    says(tray, HELLO)
    tray.pauseProducing()
    for _ in range(1000):
        entrance.door.tell()
        tray.send(wire.History(()))
    assert len(heard(transport)) == 1
    tray.resumeProducing()
    assert heard(transport) == [STATE, STATE]


@pytest.mark.parametrize("token", ["", "wrong", "tokem"])
def test_on_a_loopback_socket_the_token_opens(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    entrance = Entrance(monkeypatch, "token")
    tray, transport = entrance.comes(None)
    says(tray, wire.Hello(token, "en"))
    assert transport.aborted and heard(transport) == []
    tray, transport = entrance.comes(None)
    says(tray, wire.Hello("token", "en"), wire.Unregister())
    assert entrance.host.calls == [(wire.Unregister(), True)]


def test_a_service_of_root_keeps_its_socket_where_everybody_finds_it() -> None:
    assert str(socket_of(Path("/var/lib/wizhelper-agent"))) == "/run/wizhelper-agent/tray.sock"
    assert socket_of(Path("/home/kim/.local/state/wizhelper-agent")).parent.name == "wizhelper-agent"


def test_the_systems_word_is_read_on_linux_and_macos() -> None:
    one, other = socket.socketpair()
    with one, other:
        import os

        assert peer.peer_uid(one, "linux") == os.geteuid()
        assert peer.peer_uid(one, "win32") is None

    class Mac:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            assert (level, option, size) == (0, 1, 76)
            return self.data

    credentials: Any = Mac(struct.pack("=IIhxx", 0, 501, 1) + bytes(64))
    assert peer.peer_uid(credentials, "darwin") == 501
    for bad in (struct.pack("=II", 9, 0), b""):
        refused: Any = Mac(bad)
        assert peer.peer_uid(refused, "darwin") is None


def test_a_message_that_grew_too_long_is_left_out(entrance: Entrance) -> None:
    tray, transport = entrance.comes()
    says(tray, HELLO)
    tray.send(wire.Groups("", ("x" * 600,) * 200))
    assert [json.loads(line)["type"] for line in transport.value().splitlines()] == ["state"]
