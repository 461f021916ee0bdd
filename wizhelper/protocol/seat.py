"""Channel 21: the seat of the customer's user: lock it, log the user off. `type u8 | JSON`. Needs the right `control`.

0x01 DO      console -> agent: {"request", "action"}: one of ACTIONS
0x11 OFFER   agent -> console: {"actions"}: what this PC can do; once, at the beginning of each link
0x12 RESULT  agent -> console: {"request", "code"}: "" when it was done (log_off: is about to be done), else why not
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_SEAT"
ACTIONS = ("lock", "log_off")


class SeatType(IntEnum):
    DO = 0x01
    OFFER = 0x11
    RESULT = 0x12


@dataclass(frozen=True)
class Do:
    request: int
    action: str


@dataclass(frozen=True)
class Offer:
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    request: int
    code: str


_KINDS: dict[type[Any], SeatType] = {Do: SeatType.DO, Offer: SeatType.OFFER, Result: SeatType.RESULT}


def encode(message: Do | Offer | Result) -> bytes:
    return bytes([_KINDS[type(message)]]) + messages.dump_json(asdict(message))


def decode_console(body: bytes) -> Do:
    """What a console may send. Raises RemoteProtocolError("BAD_SEAT")."""
    if not body or body[0] != SeatType.DO:
        raise RemoteProtocolError(BAD, "message")
    message = messages.load_dataclass(Do, body[1:], BAD)
    if message.action not in ACTIONS:
        raise RemoteProtocolError(BAD, "action")
    return message


def decode_agent(body: bytes) -> Offer | Result:
    """What an agent may send; actions of another version are left out. Raises RemoteProtocolError("BAD_SEAT")."""
    kind = body[0] if body else -1
    if kind == SeatType.RESULT:
        return messages.load_dataclass(Result, body[1:], BAD)
    if kind != SeatType.OFFER:
        raise RemoteProtocolError(BAD, "message")
    offer = messages.load_dataclass(Offer, body[1:], BAD)
    return Offer(tuple(action for action in offer.actions if action in ACTIONS))
