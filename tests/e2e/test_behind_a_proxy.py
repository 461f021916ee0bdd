"""A customer behind the firm's proxy: the access program goes by it as the system says, and the proxy reads nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import (
    arrives,
    notepad,
    open_control,
    row_in_state,
    same_picture,
    type_line,
    waiting_number,
)

pytestmark = pytest.mark.slow


@dataclass
class ConnectProxy:
    """An HTTP proxy that knows CONNECT only. `carried`: what it could read of all tunnels; `status`: its answer."""

    status: bytes = b"200 OK"
    targets: list[str] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.targets.append(target)
        client.sendall(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        if not self.status.startswith(b"200"):
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
        threading.Thread(target=self._carry, args=(server, client), daemon=True).start()
        self._carry(client, server)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.carried += data
                sink.sendall(data)
        except OSError:
            pass  # one end is gone: so is the tunnel
        finally:
            sink.close()


@contextmanager
def connect_proxy(status: bytes = b"200 OK") -> Iterator[ConnectProxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = ConnectProxy(status, port=listener.getsockname()[1])
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        yield made


def test_the_main_job_goes_through_the_proxy(server: Appliance, screen: Desktop, chromium: Browser) -> None:
    """SYS-RELAY FAQ-CFG: everything between agent and appliance goes by the proxy, sealed."""
    typed = notepad(screen)
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    number = waiting_number(page)
    with connect_proxy() as proxy:
        screen.extra_environment["https_proxy"] = f"http://127.0.0.1:{proxy.port}"
        with harness.agent(screen, server, "--number", number, "--yes"):
            row_in_state(page, "ACTIVE")
            open_control(page)
            eventually("the picture arrives", lambda: same_picture(page, screen))
            type_line(page, "by the proxy")
            arrives(page, typed, "by the proxy")
        assert len(proxy.targets) >= 3 and set(proxy.targets) == {f"127.0.0.1:{server.port}"}
        for word in (b"HTTP/1.1", b"agent", number.encode()):
            assert word not in proxy.carried


def test_a_proxy_that_wants_a_login_is_named(server: Appliance, screen: Desktop) -> None:
    with connect_proxy(b"407 Proxy Authentication Required") as proxy:
        screen.extra_environment["https_proxy"] = f"http://127.0.0.1:{proxy.port}"
        with harness.agent(screen, server, "--number", "123456", "--yes") as pc:
            assert pc.process.wait(60) == 1
            assert "PROXY_LOGIN" in pc.log.read_text()
