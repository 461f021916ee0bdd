"""The audit chain at a syslog server: real sockets on loopback, TCP, TLS and UDP, with an outage in between."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from twisted.python import usage

import wizhelper.server as server
from wizhelper.http import tls
from wizhelper.records import syslog
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine
from wizhelper.store.database import Database

AT = datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC)
FORWARDER = """
import sys
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from wizhelper.records import syslog
from wizhelper.store.database import Database, sqlite_url

folder, url, ca = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None
db = Database(sqlite_url(folder / "wizhelper.db"))
db.start(reactor)
syslog.FIRST_WAIT_S = 0.1
forwarder = syslog.Forwarder(db, reactor, syslog.read_target(url, ca), folder)
reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(forwarder.stop()))
reactor.addSystemEventTrigger("after", "shutdown", db.stop)
LoopingCall(lambda: Deferred.fromCoroutine(forwarder.tick())).start(0.05)
reactor.run()
"""


class Receiver:
    """A syslog server on a port of its own. `messages` grows by itself."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.messages: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self._context = context
        self.port: int = self._server.getsockname()[1]
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            try:
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
            except OSError:  # ssl.SSLError is one; so is a client that hangs up on a certificate
                continue
            self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        data = b""
        while True:
            try:
                more = connection.recv(65536)
            except OSError:
                return
            if not more:
                return
            data += more
            while (found := re.match(rb"(\d+) ", data)) and len(data) >= found.end() + int(found[1]):
                end = found.end() + int(found[1])
                self.messages.append(data[found.end() : end])
                data = data[end:]

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def add(db: Database, number: int) -> None:
    def work(session: Session) -> None:
        for each in range(number):
            audit.append(session, AT, 1, "account:1", "company.changed", {"name": f'이름 "{each}" ]'})

    db.transact(work)


def eventually(check: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def seqs(messages: list[bytes]) -> list[int]:
    return [int(found[1]) for found in (re.search(rb' seq="(\d+)"', m) for m in messages) if found]


@pytest.fixture
def chain(db: Database, tmp_path: Path) -> Database:
    add(db, 3)
    return db


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", FORWARDER, str(tmp_path), *arguments]
        started.append(subprocess.Popen(command))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def test_lines_arrive_with_their_numbers_and_hashes_and_go_on_after_an_outage(
    chain: Database, run: Callable[..., object], tmp_path: Path
) -> None:
    receiver = Receiver()
    run(f"tcp://127.0.0.1:{receiver.port}")
    eventually(lambda: seqs(receiver.messages) == [1, 2, 3])
    line = chain.look(lambda s: s.get_one(AuditLine, 1))
    first = receiver.messages[0].decode()
    head, _, body = first.partition("\ufeff")
    host = re.escape(socket.gethostname())
    assert re.match(rf"<110>1 2026-03-02T01:02:03\.000004Z {host} wizhelper - audit \[audit@32473 seq=\"1\" ", head)
    assert f'hash="{line.hash}"' in head and body == line.body
    receiver.close()
    add(chain, 1200)
    again = Receiver(receiver.port)
    eventually(lambda: set(seqs(again.messages)) >= set(range(4, 1204)))
    again.close()


def test_a_new_start_goes_on_where_the_last_one_stopped(
    chain: Database, run: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    receiver = Receiver()
    first = run(f"tcp://127.0.0.1:{receiver.port}")
    eventually(lambda: (tmp_path / syslog.FILE).exists() and len(receiver.messages) == 3)
    first.terminate()
    first.wait(20)
    add(chain, 2)
    run(f"tcp://127.0.0.1:{receiver.port}")
    eventually(lambda: seqs(receiver.messages) == [1, 2, 3, 4, 5])
    receiver.close()


def test_over_tls_only_to_a_server_that_the_ca_vouches_for(
    chain: Database, run: Callable[..., object], tmp_path: Path
) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    tls.ensure_certificate(folder, ("localhost",), datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    receiver = Receiver(context=context)
    run(f"tls://localhost:{receiver.port}")
    for _ in range(200):  # nor does a line count as sent before the handshake, not even for a moment
        assert not (tmp_path / syslog.FILE).exists()
        time.sleep(0.01)
    assert receiver.messages == []
    run(f"tls://localhost:{receiver.port}", str(folder / "ca.pem"))
    eventually(lambda: seqs(receiver.messages) == [1, 2, 3])
    receiver.close()


def test_over_udp_each_line_is_a_datagram(chain: Database, run: Callable[..., object]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(40)
        run(f"udp://127.0.0.1:{server.getsockname()[1]}")
        assert seqs([server.recv(65536) for _ in range(3)]) == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "tcp://", "http://host:1", "tcp://host:99999", "tcp://host/x", "tls://u@host", "x"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(syslog.BadTarget):
        syslog.read_target(text, None)


def test_ports_and_the_ca(tmp_path: Path) -> None:
    assert syslog.read_target("tls://log.example", None).port == 6514
    assert syslog.read_target("tcp://[::1]:7", None) == syslog.Target("tcp", "::1", 7)
    with pytest.raises(syslog.BadTarget):
        syslog.read_target("tcp://log.example", tmp_path)


def test_a_value_cannot_end_the_structured_data() -> None:
    line = AuditLine(seq=1, company_id=None, at=AT, actor='a"]\\', action="x", body="[]", hash="0")
    assert b'actor="a\\"\\]\\\\" action="x"] \xef\xbb\xbf[]' in syslog.message(line, "h")


def test_the_option_is_read_and_nonsense_refused_before_the_start(tmp_path: Path) -> None:
    options = server.Options()
    options.parseOptions(["--data", str(tmp_path), "--syslog", "udp://127.0.0.1:5514"])
    assert server.read_settings(options).syslog == syslog.Target("udp", "127.0.0.1", 5514)
    options["syslog"] = "ftp://127.0.0.1"
    with pytest.raises(usage.UsageError, match="--syslog"):
        server.read_settings(options)
    options["syslog"] = None
    assert server.read_settings(options).syslog is None
