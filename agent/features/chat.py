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


#: Both languages: the two people need not have the same one.
KEPT = "이 대화는 상담 기록에 보관됩니다.\nThis conversation is kept with the record of the session."


class Conversation:
    """What was said in a session. `heard(said)`: each new line, for the person at the PC. `kept`: the company keeps it with the
    record, which the first line tells both people."""

    def __init__(self, heard: Callable[[chat.Said], None], clock: Callable[[], float] = time.time) -> None:
        self._heard = heard
        self._clock = clock
        self._lines: deque[chat.Said] = deque(maxlen=MAX_LINES)
        self._count = 0
        self._consoles: list[Callable[[chat.Said], None]] = []
        self.kept = False

    @property
    def lines(self) -> tuple[chat.Said, ...]:
        return tuple(self._lines)

    def go_on(self, lines: Sequence[chat.Said]) -> None:
        """What was said before a restart of this PC; numbers go on after it."""
        for line in lines:
            self._lines.append(line)
            self._count = max(self._count, line.number)
            self._heard(line)

    def attach(self, console: Callable[[chat.Said], None]) -> Callable[[], None]:
        """A console that is there from now on; it is told everything that is known. -> to be called when it is gone."""
        self._consoles.append(console)
        for line in self._lines:
            console(line)
        return lambda: self._consoles.remove(console)

    def say(self, text: str, customer: bool) -> None:
        """`text` as chat.fits says."""
        if self.kept and not self._count:
            self._add(KEPT, customer=False)
        self._add(text, customer)

    def _add(self, text: str, customer: bool) -> None:
        self._count += 1
        line = chat.Said(self._count, customer, int(self._clock() * 1000), text)
        self._lines.append(line)
        for console in self._consoles:
            console(line)
        self._heard(line)


class ChatTool:
    def __init__(self, outlet: Outlet, conversation: Conversation) -> None:
        self._outlet = outlet
        self._conversation = conversation
        self._budget = float(BURST)
        self._at = outlet.reactor.seconds()
        self._detach = conversation.attach(lambda line: outlet.send(chat.encode(line)))

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
        self._detach()


def kind(conversation: Conversation) -> ToolKind:
    return ToolKind(Channel.CHAT, frozenset({CHAT}), lambda outlet: ChatTool(outlet, conversation))
