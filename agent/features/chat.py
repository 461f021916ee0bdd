"""Chat: the agent keeps the conversation of its session in memory and gives it to each new link (RC-CHAT)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from agent.tools import Outlet, ToolKind
from wizhelper.protocol import chat
from wizhelper.protocol.channels import CHAT, Channel
from wizhelper.protocol.errors import RemoteProtocolError

MAX_LINES = 500
"""Of the conversation that is kept; older lines are forgotten."""
MAX_PER_S = 5
BURST = 20


class Conversation:
    """What was said in a session. `heard(said)`: each new line, for the person at the PC."""

    def __init__(self, heard: Callable[[chat.Said], None], clock: Callable[[], float] = time.time) -> None:
        self._heard = heard
        self._clock = clock
        self._lines: deque[chat.Said] = deque(maxlen=MAX_LINES)
        self._count = 0
        self._console: Callable[[chat.Said], None] | None = None

    @property
    def lines(self) -> tuple[chat.Said, ...]:
        return tuple(self._lines)

    def go_on(self, lines: Sequence[chat.Said]) -> None:
        """What was said before a restart of this PC; numbers go on after it."""
        for line in lines:
            self._lines.append(line)
            self._count = max(self._count, line.number)
            self._heard(line)

    def attach(self, console: Callable[[chat.Said], None] | None) -> None:
        """A console that is there from now on; it is told everything that is known. None: it is gone."""
        self._console = console
        if console is not None:
            for line in self._lines:
                console(line)

    def say(self, text: str, customer: bool) -> None:
        """`text` as chat.fits says."""
        self._count += 1
        line = chat.Said(self._count, customer, int(self._clock() * 1000), text)
        self._lines.append(line)
        if self._console is not None:
            self._console(line)
        self._heard(line)


class ChatTool:
    def __init__(self, outlet: Outlet, conversation: Conversation) -> None:
        self._outlet = outlet
        self._conversation = conversation
        self._budget = float(BURST)
        self._at = outlet.reactor.seconds()
        conversation.attach(lambda line: outlet.send(chat.encode(line)))

    def received(self, body: bytes) -> None:
        message = chat.decode_console(body)
        now = self._outlet.reactor.seconds()
        self._budget = min(BURST, self._budget + (now - self._at) * MAX_PER_S)
        self._at = now
        if self._budget < 1:
            raise RemoteProtocolError("CHAT_FLOOD")
        self._budget -= 1
        self._conversation.say(message.text, customer=False)

    def close(self) -> None:
        self._conversation.attach(None)


def kind(conversation: Conversation) -> ToolKind:
    return ToolKind(Channel.CHAT, frozenset({CHAT}), lambda outlet: ChatTool(outlet, conversation))
