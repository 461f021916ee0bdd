"""Two links back to back, with a wire between them that a test can look at and tamper with. No sockets, no waiting."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wizhelper.protocol.control import Identity
from wizhelper.protocol.link import AgentLink, ConsoleLink, Established, Event, LinkState
from wizhelper.protocol.secure import RekeyLimits, SigningKey

SID = bytes(range(16))
AGENT_KEY = SigningKey(b"\x21" * 32)
CONSOLE_KEY = SigningKey(b"\x22" * 32)
AGENT = Identity("one_time", "PC", "1.0.0", AGENT_KEY.public.hex(), "PC", "kim", "linux", "12")
CONSOLE = Identity("operator", "Lee", "1.0.0", CONSOLE_KEY.public.hex())

#: Names of the two directions; also the receiver of each.
O2A, A2O = "o2a", "a2o"


class ManualClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def seeded(seed: int) -> Callable[[int], bytes]:
    """A random source that is the same at every run."""
    return random.Random(seed).randbytes


@dataclass
class Pair:
    """A console and an agent of one session. `wire[d]` holds what is under way, `log[d]` all that was ever sent."""

    console: ConsoleLink
    agent: AgentLink
    wire: dict[str, deque[bytes]] = field(default_factory=lambda: {O2A: deque(), A2O: deque()})
    log: dict[str, list[bytes]] = field(default_factory=lambda: {O2A: [], A2O: []})
    events: dict[str, list[Event]] = field(default_factory=lambda: {O2A: [], A2O: []})

    def sender(self, direction: str) -> ConsoleLink | AgentLink:
        return self.console if direction == O2A else self.agent

    def receiver(self, direction: str) -> ConsoleLink | AgentLink:
        return self.agent if direction == O2A else self.console

    def collect(self) -> None:
        for direction in (O2A, A2O):
            data = self.sender(direction).data_to_send()
            self.wire[direction].extend(data)
            self.log[direction].extend(data)

    def deliver(self, direction: str, data: bytes) -> list[Event]:
        """Hands `data` to the receiver of `direction`; what it answers goes on the wire."""
        events = self.receiver(direction).receive(data)
        self.events[direction].extend(events)
        self.collect()
        return events

    def ferry(self) -> None:
        """An honest relay: everything arrives, in order."""
        self.collect()
        while self.wire[O2A] or self.wire[A2O]:
            for direction in (O2A, A2O):
                if self.wire[direction]:
                    self.deliver(direction, self.wire[direction].popleft())

    def established(self, direction: str) -> Established:
        return next(e for e in self.events[direction] if isinstance(e, Established))

    @property
    def is_open(self) -> bool:
        return self.console.state is LinkState.OPEN and self.agent.state is LinkState.OPEN


def make_pair(
    seed: int = 1,
    *,
    sid: bytes = SID,
    console_resume: bytes | None = None,
    agent_resume: bytes | None = None,
    limits: RekeyLimits | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Pair:
    """A pair before m1 was delivered."""
    console = ConsoleLink(sid, CONSOLE, CONSOLE_KEY, clock, console_resume, seeded(2 * seed), limits)
    agent = AgentLink(sid, AGENT, AGENT_KEY, clock, agent_resume, seeded(2 * seed + 1), limits)
    pair = Pair(console, agent)
    pair.collect()
    return pair


def open_pair(seed: int = 1, *, limits: RekeyLimits | None = None, clock: Callable[[], float] = lambda: 0.0) -> Pair:
    """A pair after the handshake."""
    pair = make_pair(seed, limits=limits, clock=clock)
    pair.ferry()
    return pair
