"""A TCP proxy that counts bytes and can be as slow as a real line: a rate, a delay and a bounded queue each way.

`Proxy(port)` alone only counts. The loss and jitter of real lines are not imitated.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

QUEUE_BYTES = 256 * 1024
_PACKET = 1460
_FAST_CHUNK = 64 * 1024
_SLOW_SOCKET_BYTES = 32 * 1024
_UNITS = {"kbit": 125, "mbit": 125_000}


@dataclass(frozen=True)
class Link:
    """`rate` in bytes/s (None: unlimited) and one-way `delay_s`, the same in both directions."""

    rate: float | None = None
    delay_s: float = 0.0
    queue_bytes: int = QUEUE_BYTES

    @property
    def slow(self) -> bool:
        return self.rate is not None or self.delay_s > 0

    @classmethod
    def parse(cls, text: str) -> Link:
        """ "5mbit,40ms" or "800kbit,0ms"; raises ValueError."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(kbit|mbit),(\d+)ms", text.strip().lower())
        if found is None or float(found[1]) == 0:
            raise ValueError(f"not a link like 5mbit,40ms: {text!r}")
        return cls(float(found[1]) * _UNITS[found[2]], int(found[3]) / 1000)


class _Direction:
    """One way of the line, shared by all its connections as a router's port is."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._free_at = 0.0
        self._queued = 0
        self._room = asyncio.Condition()
        self.carried = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the sender has no more; the receiver is told so."""
        if self._link.slow:
            await self._carry_slowly(reader, writer)
        else:
            while data := await reader.read(_FAST_CHUNK):
                await self._hand_over(data, writer)
        writer.write_eof()

    async def _carry_slowly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._enter(reader, queue))
            both.create_task(self._leave(queue, writer))

    async def _enter(self, reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
        clock = asyncio.get_running_loop().time
        data = b"-"
        while data:
            async with self._room:
                await self._room.wait_for(lambda: self._queued < self._link.queue_bytes)
            data = await reader.read(_PACKET)
            self._queued += len(data)
            seconds = len(data) / self._link.rate if self._link.rate else 0.0
            self._free_at = max(self._free_at, clock()) + seconds
            queue.put_nowait((self._free_at + self._link.delay_s, data))

    async def _leave(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                return
            await self._hand_over(data, writer)
            async with self._room:
                self._queued -= len(data)
                self._room.notify_all()

    async def _hand_over(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        self.carried += len(data)
        writer.write(data)
        await writer.drain()


class Proxy:
    """Listens on a free loopback `port` in a thread of its own; everything goes to `target_port`."""

    def __init__(self, target_port: int, link: Link | None = None) -> None:
        self._target_port = target_port
        self._link = link or Link()
        self._loop = asyncio.new_event_loop()
        self._up, self._down = _Direction(self._link), _Direction(self._link)
        self._connections: set[asyncio.Task[None]] = set()
        self._listener = self._socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._listening = threading.Event()
        self._read_ahead = _PACKET if self._link.slow else _FAST_CHUNK
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)

    @property
    def bytes_down(self) -> int:
        """From the target to those who connected, so far."""
        return self._down.carried

    @property
    def bytes_up(self) -> int:
        return self._up.carried

    def start(self) -> None:
        self._thread.start()
        self._listening.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Ends all connections that go through now; new ones are taken."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for task in self._connections:
            task.cancel()

    def _serve(self) -> None:
        listening = asyncio.start_server(self._connected, sock=self._listener, limit=self._read_ahead)
        server = self._loop.run_until_complete(listening)
        self._loop.call_soon(self._listening.set)
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._join(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        out = self._socket()
        close = out.close
        try:
            out.setblocking(False)
            await self._loop.sock_connect(out, ("127.0.0.1", self._target_port))
            far_reader, far_writer = await asyncio.open_connection(sock=out, limit=self._read_ahead)
            # The transport owns the socket from now on: closed behind its back, its number would be another's.
            close = far_writer.close
            async with asyncio.TaskGroup() as both:
                both.create_task(self._up.carry(reader, far_writer))
                both.create_task(self._down.carry(far_reader, writer))
        except* OSError:
            # One side went away or never was there: the other side sees the connection end.
            pass
        finally:
            close()
            writer.close()

    def _socket(self) -> socket.socket:
        """Kernel buffers of a slow line are small, or they would be its real queue."""
        made = socket.socket()
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._link.slow:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_SOCKET_BYTES)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SLOW_SOCKET_BYTES)
        return made


@contextmanager
def proxy(target_port: int, link: Link | None = None) -> Iterator[Proxy]:
    made = Proxy(target_port, link)
    made.start()
    try:
        yield made
    finally:
        made.stop()
