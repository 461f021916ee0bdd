"""The device service waits for its registration, takes it over its local socket, and outlives those who misuse that."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e import harness
from tests.e2e.harness import PYTHON_BIN, AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_devices import device, enroll
from wizhelper.protocol import local_device as wire

pytestmark = pytest.mark.slow


def state_of(pc: AgentProcess) -> str:
    states = pc.events("device")
    return str(states[-1]["state"]) if states else ""


class Tray:
    """A tray that has no icon: its end of the socket."""

    def __init__(self, state: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(str(state / "tray.sock"))
        self._stream = self._socket.makefile("rb")

    def say(self, *messages: wire.FromTray) -> None:
        self._socket.sendall(b"".join(wire.encode(message) + b"\n" for message in messages))

    def hears(self) -> wire.ToTray:
        return wire.decode_to_tray(self._stream.readline().rstrip(b"\n"))

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def test_enroll_hands_the_registration_to_the_service_that_waits(server: Appliance, screen: Desktop, tmp_path: Path) -> None:
    """AG-FORM from the command line, with the service running already; floods, nonsense and dying trays change nothing."""
    state = tmp_path / "s"
    with device(screen, state, "--wait") as pc:
        eventually("it waits", lambda: pc.events("waiting"))
        eventually("its socket is there", (state / "tray.sock").is_socket)
        assert (state / "tray.sock").stat().st_mode & 0o777 == 0o600
        registered = enroll(screen, server, state, "매장 7")
        assert registered["standing"] == "pending" and registered["name"] == "매장 7" and registered["key"]
        eventually("it is linked", lambda: state_of(pc) == "pending")

        for rude in (b"\xff" * 70_000, b"{}\n", (wire.encode(wire.AskHistory()) + b"\n") * 500):
            tray = Tray(state)
            tray.say(wire.Hello("", "ko"))
            assert isinstance(tray.hears(), wire.State)
            try:
                tray._socket.sendall(rude)
                while tray._stream.readline():
                    pass
            except ConnectionError:
                pass
            tray.close()
        tray = Tray(state)
        tray.say(wire.Hello("", "en"), wire.Rename("매장 8"))
        heard = [tray.hears() for _ in range(2)]
        assert isinstance(heard[0], wire.State) and heard[0].owner and heard[0].name == "매장 7"
        assert heard[1] == wire.Result("rename", "", "", "")
        renamed = tray.hears()
        assert isinstance(renamed, wire.State) and renamed.name == "매장 8"
        tray.say(wire.Unregister())
        heard = [tray.hears(), tray.hears()]
        assert heard[0] == wire.Result("unregister", "", "", "")
        assert isinstance(heard[1], wire.State) and heard[1].condition == "unregistered"
        tray.close()
        assert enroll(screen, server, state, "매장 9")["name"] == "매장 9"
        eventually("it is linked again", lambda: state_of(pc) == "pending")
        assert pc.process.poll() is None


def test_a_wrong_registration_is_refused_by_the_waiting_service_in_words(server: Appliance, screen: Desktop, tmp_path: Path) -> None:
    with device(screen, tmp_path / "s", "--wait") as pc:
        eventually("its socket is there", (tmp_path / "s" / "tray.sock").is_socket)
        command = [PYTHON_BIN / "wizhelper-agent", "enroll", "--server", server.url, "--ca", server.ca, "--company", "nobody"]
        environment = harness.code_of(harness.TOP, screen.environment)
        done = subprocess.run(
            [*command, "--state", tmp_path / "s"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1 and "COMPANY_UNKNOWN" in done.stderr
        assert enroll(screen, server, tmp_path / "s", "매장")["standing"] == "pending"
        os.kill(pc.process.pid, signal.SIGTERM)
        pc.process.wait(20)
    with device(screen, tmp_path / "s", "--wait") as pc:
        eventually("a left-over socket is no hindrance", lambda: state_of(pc) == "pending")
