"""The audit chain as RFC 5424 messages to a syslog server outside of the appliance, over TLS, TCP or UDP.

The chain itself is the buffer: what has been sent is one number (`syslog.position` in the data folder), and lines are read
in batches while the connection takes them. An outage therefore costs no memory and loses no line, and nothing waits for the
syslog server. Syslog has no acknowledgement: after a lost connection the last OVERLAP lines are sent again, and a receiver
tells repeated ones by their `seq`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.internet import ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IPushProducer, IStreamClientEndpoint
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.logger import Logger
from zope.interface import implementer

from wizhelper.store.audit import AuditLine
from wizhelper.store.database import Database

log = Logger()

PRIORITY = 13 * 8 + 6
"""Facility 13 (log audit), severity 6 (informational)."""
SD_ID = "audit@32473"
BATCH = 500
BATCHES_A_TICK = 20
OVERLAP = 1000
CONNECT_S = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
MAX_DATAGRAM = 60_000
DEFAULT_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
FILE = "syslog.position"


class BadTarget(ValueError):
    """Says what is wrong with the address."""


@dataclass(frozen=True)
class Target:
    """`ca`: PEM file with the CA that a TLS server's certificate has to come from; None: the system's."""

    kind: Literal["udp", "tcp", "tls"]
    host: str
    port: int
    ca: Path | None = None


def read_target(text: str, ca: Path | None) -> Target:
    """Reads "tls://host:6514"; the port may be left out. Raises BadTarget."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as problem:
        raise BadTarget(str(problem)) from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path or parts.query or parts.username:
        raise BadTarget("write udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT")
    if ca is not None and (parts.scheme != "tls" or not ca.is_file()):
        raise BadTarget("the CA file is for tls, and has to exist")
    return Target(cast("Any", parts.scheme), parts.hostname, port or DEFAULT_PORTS[parts.scheme], ca)


def message(line: AuditLine, host: str) -> bytes:
    """RFC 5424: what the line says as structured data, its own text as the message."""
    at = line.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = {"seq": line.seq, "hash": line.hash, "actor": line.actor, "action": line.action}
    if line.company_id is not None:
        fields["company"] = line.company_id
    data = " ".join(f'{name}="{_escaped(str(value))}"' for name, value in fields.items())
    head = f"<{PRIORITY}>1 {at} {host} wizhelper - audit [{SD_ID} {data}] "
    return head.encode() + b"\xef\xbb\xbf" + line.body.encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def counted(data: bytes) -> bytes:
    """Octet counting (RFC 6587, RFC 5425)."""
    return b"%d %s" % (len(data), data)


@implementer(IPushProducer, IHandshakeListener)
class _Link(Protocol):
    """A connection; `free`: the other end is who it should be, and the buffer takes more."""

    def __init__(self, lost: Callable[[], None], proven: bool) -> None:
        self._lost = lost
        self._proven = proven  # over TLS not before the handshake: a line written earlier would count as sent
        self._open = True

    @property
    def free(self) -> bool:
        return self._proven and self._open

    def handshakeCompleted(self) -> None:
        self._proven = True

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)  # type: ignore[union-attr]

    def pauseProducing(self) -> None:
        self._open = False

    def resumeProducing(self) -> None:
        self._open = True

    def stopProducing(self) -> None:
        self._open = False

    def send(self, messages: list[bytes]) -> None:
        self.transport.write(b"".join(map(counted, messages)))  # type: ignore[union-attr]

    def connectionLost(self, reason: Any = None) -> None:
        self._open = False
        self._lost()


class _Datagrams(DatagramProtocol):
    """UDP to one address; nobody says whether it arrived."""

    transport: Any

    def __init__(self, target: Target) -> None:
        self._target = target
        self.free = True

    def startProtocol(self) -> None:
        cast(Any, self.transport).connect(self._target.host, self._target.port)

    def connectionRefused(self) -> None:
        """An ICMP answer: the next line tries again."""

    def send(self, messages: list[bytes]) -> None:
        for data in messages:
            cast(Any, self.transport).write(data[:MAX_DATAGRAM])  # connected: no address is given


class Forwarder:
    """`tick` is called again and again, by one caller at a time; `folder`: where the position is kept."""

    def __init__(self, db: Database, reactor: Any, target: Target, folder: Path) -> None:
        self._db = db
        self._reactor = reactor
        self._target = target
        self._file = folder / FILE
        self._host = socket.gethostname()[:255] or "-"
        self._sent = self._saved = self._load()
        self._link: _Link | _Datagrams | None = None
        self._wait, self._not_before = FIRST_WAIT_S, 0.0
        self._stopped = False

    async def tick(self) -> None:
        """Sends what is new, as far as the connection takes it."""
        if self._link is None and not self._stopped and self._reactor.seconds() >= self._not_before:
            await self._connect()
        for _ in range(BATCHES_A_TICK):
            if self._link is None or not self._link.free or not await self._next(self._link):
                break
        self._save()

    async def _next(self, link: _Link | _Datagrams) -> bool:
        """Sends one batch; False: there is no more for now."""
        after = self._sent
        lines = await self._db.read(lambda session: _after(session, after))
        if not lines or link is not self._link:
            return False
        link.send([message(line, self._host) for line in lines])
        self._sent = lines[-1].seq
        return len(lines) == BATCH

    async def _connect(self) -> None:
        try:
            self._link = await self._open()
        except Exception as problem:  # whatever the network or a wrong certificate does, it is tried again
            log.warn("Syslog server {host}: {problem}", host=self._target.host, problem=str(problem))
            self._later()
            return
        self._wait = FIRST_WAIT_S
        log.info("Audit lines go to syslog server {host}", host=self._target.host)

    async def _open(self) -> _Link | _Datagrams:
        if self._target.kind == "udp":
            address = await self._reactor.resolve(self._target.host)
            made = _Datagrams(Target("udp", address, self._target.port))
            self._reactor.listenUDP(0, made)
            return made
        factory = Factory.forProtocol(lambda: _Link(self._lost, self._target.kind != "tls"))  # type: ignore[arg-type]
        link: Deferred[Any] = self._endpoint().connect(factory)
        return cast("_Link", await link)

    def _endpoint(self) -> IStreamClientEndpoint:
        plain = HostnameEndpoint(self._reactor, self._target.host, self._target.port, timeout=CONNECT_S)
        if self._target.kind == "tcp":
            return plain
        roots = ssl.platformTrust()
        if self._target.ca is not None:
            roots = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(self._target.ca.read_bytes())])
        return wrapClientTLS(ssl.optionsForClientTLS(self._target.host, trustRoot=roots), plain)

    def _lost(self) -> None:
        if self._link is not None and not self._stopped:
            log.warn("Syslog server {host}: connection lost", host=self._target.host)
        self._link = None
        self._sent = max(0, self._sent - OVERLAP)
        self._later()

    def _later(self) -> None:
        self._not_before = self._reactor.seconds() + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT_S)

    async def stop(self) -> None:
        self._save()
        self._stopped = True
        link, self._link = self._link, None
        if isinstance(link, _Link):
            link.transport.loseConnection()  # type: ignore[union-attr]
        elif link is not None:
            await cast("Any", link.transport).stopListening()

    def _load(self) -> int:
        try:
            return int(self._file.read_text())
        except (OSError, ValueError):
            return 0

    def _save(self) -> None:
        if self._sent != self._saved:
            written = self._file.with_suffix(".new")
            written.write_text(str(self._sent))
            written.replace(self._file)
            self._saved = self._sent


def _after(session: Session, seq: int) -> list[AuditLine]:
    return list(session.scalars(select(AuditLine).where(AuditLine.seq > seq).order_by(AuditLine.seq).limit(BATCH)))
