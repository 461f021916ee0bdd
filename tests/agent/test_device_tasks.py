"""What a registered device does without a session: commands by its own policy, magic packets for its neighbours."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from agent.device import tasks, wake
from agent.device.tasks import Tasks, last_part
from wizhelper.protocol.device import MAX_OUTPUT_BYTES, Network, Task, TaskDone, Wake
from wizhelper.protocol.device_access import AccessRules
from wizhelper.protocol.errors import RemoteProtocolError

LOOP = Network("00:11:22:33:44:55", "127.0.0.0/24", "127.0.0.1")
ALLOWED = AccessRules(actions=("command",))


class FakeReactor:
    def __init__(self) -> None:
        self.spawned: list[Any] = []
        self.delayed: list[Any] = []

    def spawnProcess(self, protocol: Any, *words: Any, **how: Any) -> None:
        self.spawned.append((protocol, words))

    def callLater(self, seconds: float, call: Any) -> Any:
        self.delayed.append((seconds, call))
        return type("Timer", (), {"active": lambda self: False})()


def test_a_magic_packet_goes_out_by_this_pcs_own_broadcast_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        target = Network(LOOP.mac, LOOP.network, "203.0.113.9")
        assert wake.wake([target], [LOOP], port=listener.getsockname()[1]) == 1
        assert listener.recv(200) == b"\xff" * 6 + bytes.fromhex("001122334455") * 16


def test_nothing_is_sent_into_networks_that_are_not_its_own() -> None:
    assert wake.wake([Network(LOOP.mac, "10.0.0.0/24", "10.0.0.255")], [LOOP]) == 0
    told: list[TaskDone] = []
    Tasks(FakeReactor(), told.append).wake(Wake("t", (Network("no", "10.0.0.0/24", "10.0.0.255"),)))
    assert told == [TaskDone("t", "NOT_SENT", None, "")]


@pytest.mark.parametrize("mac", ["", "00:11", "00:11:22:33:44:zz", "0011:22:33:44:55:6", "00:00:00:00:00:00"])
def test_a_mac_that_is_none_wakes_nobody(mac: str) -> None:
    with pytest.raises(RemoteProtocolError):
        wake.magic_packet(mac)


def test_its_own_networks_are_networks() -> None:
    for each in wake.networks():
        assert len(each.mac) == 17 and "/" in each.network


@pytest.mark.parametrize("access", [None, AccessRules(), AccessRules(actions=())])
def test_no_command_without_its_own_policy_allowing_it(access: AccessRules | None) -> None:
    told: list[TaskDone] = []
    reactor = FakeReactor()
    Tasks(reactor, told.append).run(Task("t", "sh", "true"), access)
    assert told == [TaskDone("t", "NOT_ALLOWED", None, "")] and reactor.spawned == []


@pytest.mark.skipif(sys.platform == "win32", reason="sh")
def test_two_at_once_and_the_end_of_the_output_only() -> None:
    told: list[TaskDone] = []
    reactor = FakeReactor()
    work = Tasks(reactor, told.append)
    for name in "abc":
        work.run(Task(name, "sh", "echo hello"), ALLOWED)
    assert [done.code for done in told] == [tasks.BUSY]
    protocol, words = reactor.spawned[0]
    assert words[1][1:] == ["-c", "echo hello"]
    protocol.outReceived(b"x" * 100_000 + "끝".encode())
    protocol.processEnded(type("Why", (), {"value": type("Exit", (), {"exitCode": 0})()})())
    assert (told[-1].exit, told[-1].output[-1]) == (0, "끝") and len(told[-1].output.encode()) <= MAX_OUTPUT_BYTES


def test_output_is_text_that_a_message_can_carry() -> None:
    assert last_part(b"a\x00\x1b[31mb\n\xff") == "a[31mb\n\ufffd"
    assert len(last_part(b"\xff" * 10_000).encode()) <= MAX_OUTPUT_BYTES
