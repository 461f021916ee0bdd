"""Relay under load: idle agents, sessions at a frame rate, one stalled console. Prints delay percentiles and memory.

    python -m bench.relay [--agents 1000] [--sessions 100] [--fps 10] [--size 16384] [--seconds 20]

Everything on the loopback address; the load generator shares the machine with the server, so the delays are an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
from twisted.internet import reactor as default_reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import LoopingCall, deferLater

from agent.link import AgentSocket, ServerLink, SocketEvents, parse_server
from wizhelper.protocol import live
from wizhelper.records.model import SupportSession
from wizhelper.relay.tickets import Side, Ticket, TicketOffice
from wizhelper.server import now
from wizhelper.settings.keys import load_keys
from wizhelper.store.database import Database, sqlite_url
from wizhelper.support import joining
from wizhelper.support.states import State

BIN = Path(sys.executable).parent
STAMP = struct.Struct(">d")
MIB = 1 << 20
reactor: Any = default_reactor


class Server:
    """An appliance in a process of its own, with sessions that agents may take up."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        command = [BIN / "wizhelper", "admin", "init", "--company", "bench", "--admin", "boss", "--data", self.data]
        subprocess.run(command, check=True, capture_output=True)
        self.tickets = TicketOffice(load_keys(self.data).for_purpose("relay tickets"), time.time)

    def sessions(self, count: int) -> list[tuple[str, str]]:
        """Sessions in state CONNECTING -> (id, secret)."""
        db = Database(sqlite_url(self.data / "wizhelper.db"))

        def work(session: Any) -> list[tuple[str, str]]:
            found = []
            for _ in range(count):
                row = SupportSession(
                    id=str(uuid.uuid4()),
                    company_id=1,
                    owner_id=1,
                    state=State.CONNECTING,
                    created_at=now(),
                    state_since=now(),
                    join_secret_hash=joining.hash_secret("s"),
                    channel="program",
                )
                session.add(row)
                found.append((row.id, "s"))
            return found

        made = db.transact(work)
        db.stop()
        return made

    def start(self) -> None:
        command = [BIN / "wizhelper", "serve", "--data", self.data, "--port", str(self.port)]
        self.process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)

    def memory_mib(self) -> float:
        return float(self.process.memory_info().rss) / MIB

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def link(self) -> ServerLink:
        return ServerLink(reactor, parse_server(f"https://127.0.0.1:{self.port}", self.data / "ca.pem"), "en")


class IdleAgent(SocketEvents):
    def __init__(self, session: str, secret: str) -> None:
        self._auth = live.encode(live.Auth(session, secret, "bench"))
        self.ready: Deferred[None] = Deferred()

    def opened(self, socket: AgentSocket) -> None:
        socket.send_text(self._auth)

    def text(self, data: bytes) -> None:
        if not self.ready.called:
            self.ready.callback(None)

    def closed(self, code: int | None, reason: str) -> None:
        if not self.ready.called:
            self.ready.errback(RuntimeError(f"closed {code} {reason}"))


class RelayEnd(SocketEvents):
    """One end of a data link; `delays` collects milliseconds of what it receives."""

    def __init__(self, ticket: str) -> None:
        self._ticket = ticket
        self.delays: list[float] = []
        self.received_bytes = 0
        self.paired: Deferred[None] = Deferred()

    def opened(self, socket: AgentSocket) -> None:
        self.socket = socket
        socket.send_text(json.dumps({"type": "join", "ticket": self._ticket}).encode())

    def text(self, data: bytes) -> None:
        if b"paired" in data and not self.paired.called:
            self.paired.callback(None)

    def binary(self, data: bytes) -> None:
        self.received_bytes += len(data)
        self.delays.append((time.monotonic() - STAMP.unpack_from(data)[0]) * 1000)


def pair(server: Server, link: ServerLink) -> tuple[RelayEnd, RelayEnd]:
    session, viewer = uuid.uuid4(), uuid.uuid4()
    ends = tuple(RelayEnd(server.tickets.issue(Ticket(side, session, viewer))) for side in (Side.AGENT, Side.CONSOLE))
    for end in ends:
        link.connect("/ws/relay", end)
    return ends[0], ends[1]


async def connect_agents(server: Server, link: ServerLink, sessions: list[tuple[str, str]]) -> float:
    """In batches, as a limit of the generator; -> seconds."""
    begin = time.monotonic()
    for start in range(0, len(sessions), 50):
        batch = [IdleAgent(*s) for s in sessions[start : start + 50]]
        for agent in batch:
            link.connect("/ws/agent", agent)
        await DeferredList([a.ready for a in batch], fireOnOneErrback=True)
    return time.monotonic() - begin


async def measure(server: Server, options: argparse.Namespace, sessions: list[tuple[str, str]]) -> None:
    link = server.link()
    start_mib = server.memory_mib()
    took = await connect_agents(server, link, sessions)
    print(
        f"{options.agents} idle agents over TLS: {took:.1f} s, server {start_mib:.0f} -> {server.memory_mib():.0f} MiB"
    )
    pairs = []
    for _ in range(options.sessions):
        pairs.append(pair(server, link))
        await DeferredList([end.paired for end in pairs[-1]])
    cpu, begin = server.cpu_s(), time.monotonic()
    filler = os.urandom(options.size - STAMP.size)
    loops = []
    for i, (agent, _) in enumerate(pairs):

        def send(end: RelayEnd = agent) -> None:
            end.socket.send_binary(STAMP.pack(time.monotonic()) + filler)

        loop = LoopingCall(send)
        loops.append(loop)
        reactor.callLater(i / options.sessions / options.fps, loop.start, 1 / options.fps)
    await deferLater(reactor, options.seconds, lambda: None)
    busy = (server.cpu_s() - cpu) / (time.monotonic() - begin)
    for loop in loops:
        if loop.running:
            loop.stop()
    delays = sorted(d for _, console in pairs for d in console.delays)
    quantiles = statistics.quantiles(delays, n=100)
    sent = options.sessions * options.fps * options.size / MIB
    print(
        f"{options.sessions} sessions x {options.fps}/s x {options.size} B ({sent:.1f} MiB/s): delay p50 {quantiles[49]:.1f} "
        f"p95 {quantiles[94]:.1f} p99 {quantiles[98]:.1f} ms, server {server.memory_mib():.0f} MiB, {busy * 100:.0f} % of a core"
    )
    await stalled(server, link)


async def stalled(server: Server, link: ServerLink) -> None:
    """One console stops reading while its agent pushes as fast as it can."""
    agent, console = pair(server, link)
    await DeferredList([agent.paired, console.paired])
    before = server.memory_mib()
    console.socket._protocol.transport.pauseProducing()
    block = STAMP.pack(time.monotonic()) + os.urandom(64 * 1024)
    pushed, most = 0, before
    end = time.monotonic() + 10
    while time.monotonic() < end:
        transport = agent.socket._protocol.transport
        waiting = len(getattr(transport, "_write_buffer", b"")) if transport else 0
        if pushed < 500 * MIB and waiting < MIB:
            for _ in range(16):
                agent.socket.send_binary(block)
                pushed += len(block)
        await deferLater(reactor, 0.01, lambda: None)
        most = max(most, server.memory_mib())
    print(f"stalled console, {pushed // MIB} MiB offered in 10 s: server +{most - before:.1f} MiB")


def main() -> int:
    options = argparse.ArgumentParser()
    for name, value in (("agents", 1000), ("sessions", 100), ("fps", 10), ("size", 16 * 1024), ("seconds", 20)):
        options.add_argument(f"--{name}", type=int, default=value)
    chosen = options.parse_args()
    wanted = 2 * (chosen.agents + 2 * chosen.sessions) + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, wanted), hard), hard))
    with tempfile.TemporaryDirectory(prefix="wizhelper-bench-") as folder:
        server = Server(Path(folder))
        sessions = server.sessions(chosen.agents)
        server.start()
        done = Deferred.fromCoroutine(measure(server, chosen, sessions))
        done.addErrback(lambda f: f.printTraceback()).addBoth(lambda _: reactor.stop())
        try:
            reactor.run()
        finally:
            server.process.terminate()
            server.process.wait(10)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
