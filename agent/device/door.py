"""The local socket of the device service: trays come and go, see the state, and ask.

A tray that floods, sends nonsense, reads nothing or never says Hello loses its connection, and nothing else happens. On
POSIX it is a Unix socket whose peers the system names; on Windows a loopback socket whose token lies in a file that only
those may read who may read the state folder.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

from twisted.internet.interfaces import IListeningPort, IPushProducer
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as StreamProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from agent.device.peer import may_administrate, peer_uid
from agent.device.store import replace_file
from wizhelper.protocol import local, local_device
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

log = Logger()

SOCKET_FILE, TOKEN_FILE = "tray.sock", "tray.json"
#: A service that runs as root keeps its state to itself, and its socket where everybody finds it.
SYSTEM_FOLDER, SYSTEM_SOCKET_FOLDER = Path("/var/lib/wizhelper-agent"), Path("/run/wizhelper-agent")
HELLO_S = 10.0
#: Trays of the owner have places of their own: others cannot take them all.
MAX_VISITORS, MAX_STRANGERS = 16, 8
MAX_MESSAGES, MESSAGES_S = 60, 10.0
TOKEN_BYTES = 32


class Visitor(Protocol):
    """A tray as the service sees it."""

    owner: bool
    lang: str

    def send(self, message: local_device.ToTray) -> None: ...


class Host(Protocol):
    """What the door asks of the service."""

    def state(self, visitor: Visitor) -> local_device.State: ...

    def asked(self, visitor: Visitor, message: local_device.FromTray) -> None:
        """Anything but Hello. Whether the visitor may, is the service's to say."""


@implementer(IPushProducer)
class TrayConnection(StreamProtocol):
    """One tray. Says nothing before a Hello that fits."""

    owner = False
    lang = "en"

    def __init__(self, door: Door) -> None:
        self._door = door
        self._lines = local.LineBuffer(local_device.MAX_FROM_TRAY_BYTES)
        self._times: deque[float] = deque()
        self._greeted = False
        self._full = self._due = False
        self._patience: Any = None

    def connectionMade(self) -> None:
        transport = cast(Any, self.transport)
        connection = getattr(transport, "socket", None)
        if self._door.token is None and connection is not None:
            self.owner = may_administrate(peer_uid(connection))
        if not self._door.has_room(self.owner):
            transport.abortConnection()
            return
        self._door.visitors.add(self)
        self._patience = self._door.reactor.callLater(HELLO_S, self._refuse, "no hello")
        transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._door.visitors.discard(self)
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()

    def dataReceived(self, data: bytes) -> None:
        try:
            for line in self._lines.add(data):
                if self not in self._door.visitors:
                    return
                self._count()
                self._received(local_device.decode_from_tray(line))
        except RemoteProtocolError as problem:
            self._refuse(f"{problem.code} {problem.detail}")

    def _count(self) -> None:
        """Raises RemoteProtocolError for a tray that floods."""
        now = self._door.reactor.seconds()
        self._times.append(now)
        while self._times[0] <= now - MESSAGES_S:
            self._times.popleft()
        if len(self._times) > MAX_MESSAGES:
            raise RemoteProtocolError(local_device.BAD_LINE, "too many messages")

    def _received(self, message: local_device.FromTray) -> None:
        """Raises RemoteProtocolError."""
        if isinstance(message, local_device.Hello):
            self._greet(message)
        elif not self._greeted:
            raise RemoteProtocolError(local_device.BAD_LINE, "no hello")
        else:
            self._door.host.asked(self, message)

    def _greet(self, hello: local_device.Hello) -> None:
        """Raises RemoteProtocolError: no token, or a wrong one."""
        token = self._door.token
        if token is not None:
            if not hmac.compare_digest(hello.token.encode(), token.encode()):
                raise RemoteProtocolError(local_device.BAD_LINE, "token")
            self.owner = True
        self.lang, self._greeted = hello.lang, True
        self._stop_waiting()
        self.tell_state()

    def tell_state(self) -> None:
        if self._greeted:
            self._due = self._full
            if not self._full:
                self.send(self._door.host.state(self))

    def send(self, message: local_device.ToTray) -> None:
        """What a tray does not read is not kept for it, but for the newest state."""
        if self._full or self.transport is None:
            return
        try:
            self.transport.write(local_device.encode(message) + b"\n")
        except LocalProtocolError as problem:
            log.error("An answer to the tray was left out: {problem}", problem=str(problem))

    def _refuse(self, why: str) -> None:
        log.warn("A tray is sent away: {why}", why=why)
        self._door.visitors.discard(self)
        self._stop_waiting()
        cast(Any, self.transport).abortConnection()

    # --- IPushProducer: Twisted tells that the other end does not read ------------------------------------------------

    def pauseProducing(self) -> None:
        self._full = True

    def resumeProducing(self) -> None:
        self._full = False
        if self._due:
            self.tell_state()

    def stopProducing(self) -> None:
        self._full = True


class Door(Factory):
    """`open` before trays can come; `tell` after every change of the state."""

    noisy = False

    def __init__(self, reactor: Any, host: Host, token: str | None = None) -> None:
        """`token`: what a tray has to know where the system does not say who it is."""
        self.reactor = reactor
        self.host = host
        self.token = token
        self.visitors: set[TrayConnection] = set()
        self._port: IListeningPort | None = None

    def buildProtocol(self, addr: Any) -> TrayConnection:
        return TrayConnection(self)

    def has_room(self, owner: bool) -> bool:
        strangers = sum(not visitor.owner for visitor in self.visitors)
        return len(self.visitors) < MAX_VISITORS and (owner or self.token is not None or strangers < MAX_STRANGERS)

    def tell(self) -> None:
        for visitor in list(self.visitors):
            visitor.tell_state()

    def open(self, folder: Path) -> None:
        """Raises OSError. The state folder's lock is held: whatever lies in the socket's place is left over."""
        if sys.platform == "win32":
            self._open_loopback(folder)
        else:
            self._open_unix(socket_of(folder))

    def _open_unix(self, file: Path) -> None:
        everybody = file.parent == SYSTEM_SOCKET_FOLDER
        if everybody:
            file.parent.mkdir(mode=0o755, exist_ok=True)
        file.unlink(missing_ok=True)
        self._port = _listening(lambda: self.reactor.listenUNIX(str(file), self, mode=0o666 if everybody else 0o600))

    def _open_loopback(self, folder: Path) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._port = _listening(lambda: self.reactor.listenTCP(0, self, interface="127.0.0.1"))
        address = cast(Any, self._port).getHost()
        replace_file(folder / TOKEN_FILE, json.dumps({"port": address.port, "token": self.token}).encode())

    def close(self) -> None:
        if self._port is not None:
            self._port.stopListening()
            self._port = None
        for visitor in list(self.visitors):
            cast(Any, visitor.transport).abortConnection()


def _listening(listen: Callable[[], IListeningPort]) -> IListeningPort:
    from twisted.internet.error import CannotListenError

    try:
        return listen()
    except CannotListenError as problem:
        raise OSError(str(problem)) from None


def socket_of(folder: Path) -> Path:
    return (SYSTEM_SOCKET_FOLDER if folder == SYSTEM_FOLDER else folder) / SOCKET_FILE


