"""Budgets over time: how many tries an address, an account or a company has left. The clock is passed in.

Of our own because rules here must run on a given clock and combine several windows in one decision.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

SECOND = 1.0
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

MAX_KEYS = 50_000


@dataclass(frozen=True)
class Window:
    """At most `count` events in any `seconds`."""

    count: int
    seconds: float


class Budget:
    """Counts events per key in sliding windows. The oldest keys are forgotten beyond MAX_KEYS, so memory is bounded."""

    def __init__(self, clock: Callable[[], float], *windows: Window, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock
        self._windows = windows
        self._longest = max(w.seconds for w in windows)
        # Twice the count: a try that is taken back must not have pushed an older one out.
        self._most = 2 * max(w.count for w in windows)
        self._max_keys = max_keys
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """0 if another event is allowed now, else the seconds until one is."""
        events = self._fresh(key)
        now = self._clock()
        return max((self._wait(events, window, now) for window in self._windows), default=0.0)

    def spend(self, key: str) -> None:
        events = self._fresh(key)
        events.append(self._clock())
        self._events[key] = events
        self._events.move_to_end(key)
        while len(self._events) > self._max_keys:
            self._events.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Undoes the latest `spend`: a try is counted before it is judged, so that tries under way at once all count."""
        events = self._events.get(key)
        if events:
            events.pop()

    def used(self, key: str) -> int:
        """Events of the longest window."""
        return len(self._fresh(key))

    def forget(self, key: str) -> None:
        self._events.pop(key, None)

    def _fresh(self, key: str) -> deque[float]:
        events = self._events.get(key)
        if events is None:
            return deque(maxlen=self._most)
        oldest = self._clock() - self._longest
        while events and events[0] <= oldest:
            events.popleft()
        return events

    @staticmethod
    def _wait(events: deque[float], window: Window, now: float) -> float:
        inside = [t for t in events if t > now - window.seconds]
        if len(inside) < window.count:
            return 0.0
        return inside[-window.count] + window.seconds - now


def address_key(address: str) -> str:
    """One key per IPv4 address and per IPv6 /64, which is what one customer line has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)
