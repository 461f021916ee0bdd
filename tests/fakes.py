"""Stand-ins that the server's tests share: time that is moved by hand, a database without threads, browsers without ports."""

from __future__ import annotations

import http.client
import io
import json
import os
import struct
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from wizhelper.relay.pairing import CloseCode, End
from wizhelper.store.database import Database

T = TypeVar("T")

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


class ManualTime:
    """The three clocks of the server, moved together and only by `advance`."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self.elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> datetime:
        self.elapsed += seconds + 60 * minutes + 3600 * hours
        return self.now()


class ImmediateDatabase(Database):
    """Does the work of `run` and `read` at once in the caller's thread: coroutines then finish synchronously."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _hurry)

    def start(self, reactor: Any) -> None:
        """No threads to start."""

    def stop(self) -> None:
        self.engine.dispose()

    async def run(self, work: Callable[[Session], T]) -> T:
        return self.transact(work)

    async def read(self, work: Callable[[Session], T]) -> T:
        return self.look(work)


def _hurry(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


def finish(work: Awaitable[T]) -> T:
    """The result of a coroutine that must not have to wait for anything; its exception is raised."""

    async def awaited() -> T:
        return await work

    results: list[Any] = []
    Deferred.fromCoroutine(awaited()).addBoth(results.append)
    assert results, "the coroutine waits for something"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]  # type: ignore[no-any-return]


def immediate_thread(_reactor: Any, _pool: Any, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
    """In place of deferToThreadPool."""

    async def run() -> T:
        return work(*arguments)

    return Deferred.fromCoroutine(run())


# --- relay ------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class RecordingListener:
    """A live socket of the hub: what it was told."""

    calls: list[tuple[str, Any]] = field(default_factory=list)

    def send(self, message: dict[str, Any]) -> None:
        self.calls.append(("send", message))

    def close(self, reason: str) -> None:
        self.calls.append(("close", reason))

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [m for name, m in self.calls if name == "send" and m["type"] == kind]


@dataclass(eq=False)
class RecordingEnd:
    """One end of a relay room: what it was told."""

    name: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def joined(self) -> None:
        self.calls.append(("joined", None))

    def paired(self, peer: End) -> None:
        self.calls.append(("paired", peer))

    def forward(self, data: bytes) -> None:
        self.calls.append(("forward", data))

    def close(self, code: CloseCode) -> None:
        self.calls.append(("close", code))

    @property
    def closes(self) -> list[CloseCode]:
        return [what for name, what in self.calls if name == "close"]

    @property
    def received(self) -> list[bytes]:
        return [what for name, what in self.calls if name == "forward"]


# --- HTTP -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A parsed response; header names in lower case. `raw` is everything that came over the wire."""

    status: int
    headers: Mapping[str, str]
    all_headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        """The error code of a refusal, "" for anything else."""
        try:
            return str(self.json["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""

    def cookie(self, name: str) -> str | None:
        for key, value in self.all_headers:
            if key.lower() == "set-cookie" and value.partition("=")[0] == name:
                return value.partition("=")[2].partition(";")[0]
        return None


class _Wire(StringTransport):
    """A TCP connection in memory; data goes to whoever holds it, so that a WebSocket can take it over."""

    protocol: Any = None

    def __init__(self, address: str) -> None:
        super().__init__(IPv4Address("TCP", "192.0.2.10", 8443), IPv4Address("TCP", address, 40000))

    def receive(self, data: bytes) -> None:
        self.protocol.dataReceived(data)


def open_wire(site: Any, address: str) -> _Wire:
    wire = _Wire(address)
    channel = site.buildProtocol(wire.getPeer())
    wire.protocol = channel
    channel.makeConnection(wire)
    return wire


class _ReadOnly:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_args: Any, **_more: Any) -> io.BytesIO:
        return io.BytesIO(self._data)


def parse_answer(raw: bytes, method: str) -> Answer:
    response = http.client.HTTPResponse(_ReadOnly(raw), method=method)  # type: ignore[arg-type]
    response.begin()
    headers = tuple(response.getheaders())
    return Answer(response.status, {k.lower(): v for k, v in headers}, headers, response.read(), raw)


class Browser:
    """Sends requests to a twisted.web Site through an in-memory connection, one connection each, and keeps cookies."""

    def __init__(self, site: Any, host: str = "support.example:8443", address: str = "198.51.100.7") -> None:
        self.site = site
        self.host = host
        self.address = address
        self.cookies: dict[str, str] = {}
        self.csrf: str | None = None

    def raw(self, data: bytes, method: str = "GET") -> Answer:
        wire = open_wire(self.site, self.address)
        wire.receive(data)
        answer = parse_answer(wire.value(), method)
        for key, value in answer.all_headers:
            if key.lower() == "set-cookie":
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.partition(";")[0]
        return answer

    def request(
        self,
        method: str,
        path: str | bytes,
        body: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> Answer:
        """`body` is sent as JSON, `data` as it is. A header None is left out."""
        content = data if data is not None else (b"" if body is None else json.dumps(body).encode())
        known: dict[str, str | bytes | None] = {"Host": self.host, "Connection": "close"}
        if self.cookies:
            known["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items() if v)
        if self.csrf is not None and method != "GET":
            known["X-CSRF-Token"] = self.csrf
        if content or method in ("POST", "PUT", "PATCH"):
            known["Content-Type"] = "application/json"
            known["Content-Length"] = str(len(content))
        known.update(headers or {})
        lines = [method.encode() + b" " + (path if isinstance(path, bytes) else path.encode()) + b" HTTP/1.1"]
        for name, value in known.items():
            if value is not None:
                lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        return self.raw(b"\r\n".join([*lines, b"", content]), method)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, body: Any = None, **how: Any) -> Answer:
        return self.request("POST", path, body, **how)

    def form(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        from urllib.parse import urlencode

        kind = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self.request("POST", path, data=urlencode(fields).encode(), headers=kind)

    def api(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        return self.request(method, "/api/v1" + path, body, **how)


# --- WebSocket --------------------------------------------------------------------------------------------------------

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


def client_frame(opcode: int, payload: bytes, *, final: bool = True, announce: int | None = None) -> bytes:
    """RFC 6455 5.2, masked. `announce`: a payload length that need not be true."""
    length = len(payload) if announce is None else announce
    head = bytes([(0x80 if final else 0) | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", length)
    mask = os.urandom(4)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def server_frames(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while len(data) >= 2:
        length, offset = data[1] & 0x7F, 2
        if length == 126:
            length, offset = struct.unpack(">H", data[2:4])[0], 4
        elif length == 127:
            length, offset = struct.unpack(">Q", data[2:10])[0], 10
        found.append((data[0] & 0x0F, data[offset : offset + length]))
        data = data[offset + length :]
    return found


class SocketClient:
    """A WebSocket client of our own on an in-memory connection: `frames` are what the server sent."""

    def __init__(
        self,
        site: Any,
        path: str,
        *,
        origin: str | None = None,
        host: str = "support.example:8443",
        address: str = "198.51.100.7",
    ) -> None:
        self.wire = open_wire(site, address)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *([f"Origin: {origin}"] if origin is not None else []),
        ]
        self.wire.receive(("\r\n".join(lines) + "\r\n\r\n").encode())
        head, _, _ = self.wire.value().partition(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1]) if head else 0

    def send(self, message: Any) -> None:
        """A dict as JSON text, bytes as a binary message."""
        if isinstance(message, bytes):
            self.wire.receive(client_frame(BINARY, message))
        else:
            self.wire.receive(client_frame(TEXT, json.dumps(message).encode()))

    def send_raw(self, data: bytes) -> None:
        self.wire.receive(data)

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        return server_frames(self.wire.value().partition(b"\r\n\r\n")[2])

    @property
    def messages(self) -> list[Any]:
        """JSON messages and binary payloads in the order in which they came."""
        return [json.loads(p) if op == TEXT else p for op, p in self.frames if op in (TEXT, BINARY)]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if isinstance(m, dict) and m.get("type") == kind]

    @property
    def close_code(self) -> int | None:
        for opcode, payload in self.frames:
            if opcode == CLOSE:
                return int(struct.unpack(">H", payload[:2])[0])
        return None

    @property
    def close_reason(self) -> str:
        return next((p[2:].decode() for op, p in self.frames if op == CLOSE), "")

    def drop(self) -> None:
        """The line is cut."""
        from twisted.internet.error import ConnectionLost

        self.wire.protocol.connectionLost(Failure(ConnectionLost()))


def random_id() -> str:
    return str(uuid.uuid4())
