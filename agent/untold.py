"""What was done on this PC and the server has not heard yet. Nothing is dropped: whoever acts faster than can be told is stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from wizhelper.protocol import live

EVERY_S = 0.25
"""The server takes five messages a second on this link; acts in between go together."""

MAX_UNTOLD = 5000
"""Acts kept while the link is away. Then `add` says that it is enough."""


class Untold:
    """Acts in their order. `say` sends a message to the server; call `tell` when the link to it opens, `flush` before it closes."""

    def __init__(self, reactor: Any, online: Callable[[], bool], say: Callable[[live.AgentMessage], None]) -> None:
        self._reactor = reactor
        self._online = online
        self._say = say
        self._acts: deque[live.Act] = deque()
        self._telling: Any = None

    def add(self, act: str, facts: Mapping[str, str]) -> bool:
        """False: kept as well, but nothing more may be done before the server has heard."""
        said = tuple(live.Fact(name, value[: live.MAX_FACT_LENGTH]) for name, value in facts.items())
        self._acts.append(live.Act(act, said))
        self.tell()
        return len(self._acts) < MAX_UNTOLD

    def tell(self) -> None:
        if self._telling is None and self._acts and self._online():
            self._say(self._batch())
            self._telling = self._reactor.callLater(EVERY_S, self._again)

    def _again(self) -> None:
        self._telling = None
        self.tell()

    def flush(self) -> None:
        """All of it now: the last words."""
        while self._acts and self._online():
            self._say(self._batch())

    def _batch(self) -> live.Acts:
        """As many as fit into one message, at least one."""
        taken = [self._acts.popleft()]
        room = live.MAX_MESSAGE_BYTES - live.ROOM_BYTES - live.weight(taken[0])
        while self._acts and len(taken) < live.MAX_ACTS and (room := room - live.weight(self._acts[0])) >= 0:
            taken.append(self._acts.popleft())
        return live.Acts(tuple(taken))
