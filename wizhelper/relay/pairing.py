"""Rules of the data plane: one room per (session, viewer), two ends, opaque messages from one to the other.

Knows no transport: an End is told what to do, and what it is told is all that a test has to look at. The relay never
drops and never reorders; when an end reads slowly, the other end's transport is paused (see sockets.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from wizhelper.relay.tickets import Side, Ticket


class CloseCode(IntEnum):
    """Why a relay socket was closed; codes of the private range of RFC 6455."""

    BAD_TICKET = 4000
    PEER_GONE = 4001
    LIMIT = 4002
    SESSION_ENDED = 4003
    NOBODY_CAME = 4004
    REPLACED = 4005
    STOPPING = 4006


class End(Protocol):
    """One relay socket, as the rules see it."""

    def joined(self) -> None: ...

    def paired(self, peer: End) -> None: ...

    def forward(self, data: bytes) -> None: ...

    def close(self, code: CloseCode) -> None: ...


class Delayed(Protocol):
    def cancel(self) -> None: ...


CallLater = Callable[[float, Callable[[], None]], Delayed]

WAIT_FOR_PEER_S = 30.0


@dataclass
class Room:
    ticket: Ticket
    ends: dict[Side, End] = field(default_factory=dict)
    timer: Delayed | None = None
    opened: bool = False
    forwarded_bytes: int = 0


RoomEvent = Callable[[uuid.UUID, uuid.UUID, bool], None]


class Pairing:
    """`changed(session, viewer, open)` is called when a pair is complete, and when a room ends, complete or not."""

    def __init__(self, call_later: CallLater, changed: RoomEvent) -> None:
        self._call_later = call_later
        self._changed = changed
        self._rooms: dict[tuple[uuid.UUID, uuid.UUID], Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def join(self, ticket: Ticket, end: End) -> Room:
        """An end with a good ticket. A second one for the same place replaces the first."""
        room = self._rooms.setdefault((ticket.session, ticket.viewer), Room(ticket))
        old = room.ends.get(ticket.side)
        if old is not None:
            old.close(CloseCode.REPLACED)
            self._break(room, CloseCode.PEER_GONE)
            room = self._rooms.setdefault((ticket.session, ticket.viewer), Room(ticket))
        room.ends[ticket.side] = end
        end.joined()
        if len(room.ends) == 2:
            self._open(room)
        else:
            room.timer = self._call_later(WAIT_FOR_PEER_S, lambda: self._nobody_came(room))
        return room

    def message(self, room: Room, side: Side, data: bytes) -> bool:
        """Forwards; False if there is no peer yet: the sender broke the rules and should be closed."""
        peer = room.ends.get(side.other)
        if not room.opened or peer is None:
            return False
        room.forwarded_bytes += len(data)
        peer.forward(data)
        return True

    def left(self, room: Room, side: Side, end: End) -> None:
        """An end's socket has closed."""
        if room.ends.get(side) is end:
            del room.ends[side]
            self._break(room, CloseCode.PEER_GONE)

    def is_open(self, session: uuid.UUID, viewer: uuid.UUID) -> bool:
        """Whether both ends are there now."""
        room = self._rooms.get((session, viewer))
        return room is not None and room.opened

    def end_session(self, session: uuid.UUID) -> None:
        for room in [r for r in self._rooms.values() if r.ticket.session == session]:
            self._break(room, CloseCode.SESSION_ENDED)

    def end_viewer(self, session: uuid.UUID, viewer: uuid.UUID, code: CloseCode = CloseCode.REPLACED) -> None:
        room = self._rooms.get((session, viewer))
        if room is not None:
            self._break(room, code)

    def stop(self) -> None:
        for room in list(self._rooms.values()):
            self._break(room, CloseCode.STOPPING)

    def _open(self, room: Room) -> None:
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None
        room.opened = True
        console, agent = room.ends[Side.CONSOLE], room.ends[Side.AGENT]
        console.paired(agent)
        agent.paired(console)
        self._changed(room.ticket.session, room.ticket.viewer, True)

    def _nobody_came(self, room: Room) -> None:
        room.timer = None
        self._break(room, CloseCode.NOBODY_CAME)

    def _break(self, room: Room, code: CloseCode) -> None:
        if self._rooms.get((room.ticket.session, room.ticket.viewer)) is not room:
            return
        del self._rooms[(room.ticket.session, room.ticket.viewer)]
        if room.timer is not None:
            room.timer.cancel()
        for end in list(room.ends.values()):
            end.close(code)
        room.ends.clear()
        self._changed(room.ticket.session, room.ticket.viewer, False)
