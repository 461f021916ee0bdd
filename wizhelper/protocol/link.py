"""One encrypted link, from m1 to the last frame, as a state machine without input or output.

Feed what arrives to `receive`, send what `data_to_send` returns, seal with `seal`. The first bad byte kills the link for
good: `receive` raises RemoteProtocolError, and from then on `receive` and `seal` raise LocalProtocolError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from wizhelper.protocol import control
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import ControlType, Identity
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.handshake import AgentHandshake, ConsoleHandshake, SessionKeys
from wizhelper.protocol.secure import Opener, Random, RekeyLimits, Sealer, SigningKey, system_random


class LinkState(Enum):
    M1 = "waiting for m1"
    M2 = "waiting for m2"
    M3 = "waiting for m3"
    AUTH = "waiting for the peer's identity"
    OPEN = "open"
    DEAD = "dead"


@dataclass(frozen=True)
class Established:
    """The peer holds the keys (key confirmation) and the signing key that its identity names."""

    peer: Identity
    sas: str
    resumed: bool
    resume_secret: bytes


@dataclass(frozen=True)
class Received:
    channel: Channel
    body: bytes


Event = Established | Received
Clock = Callable[[], float]


class _Link:
    """What both sides share: keys in use, AUTH, frames, rekeying."""

    _side: str
    _peer_side: str

    def __init__(self, identity: Identity, key: SigningKey, clock: Clock, limits: RekeyLimits | None) -> None:
        self._identity = identity
        self._key = key
        self._clock = clock
        self._limits = limits
        self._out: list[bytes] = []
        self.state = LinkState.M1

    def data_to_send(self) -> list[bytes]:
        """Messages to send now, in order; each is one binary WebSocket message."""
        out, self._out = self._out, []
        return out

    def seal(self, channel: Channel, body: bytes) -> None:
        """Queue one message. Allowed only when the link is open."""
        if self.state is not LinkState.OPEN:
            raise LocalProtocolError("LINK_NOT_OPEN", self.state.value)
        self._seal(channel, body)

    def receive(self, data: bytes) -> list[Event]:
        if self.state is LinkState.DEAD:
            raise LocalProtocolError("LINK_DEAD")
        try:
            return self._receive(data)
        except RemoteProtocolError:
            self.state = LinkState.DEAD
            raise

    def _receive(self, data: bytes) -> list[Event]:
        raise NotImplementedError

    def _use(self, keys: SessionKeys, sending: bytes, receiving: bytes, resumed: bool) -> None:
        self._keys = keys
        self._resumed = resumed
        self._sealer = Sealer(sending, self._clock, self._limits)
        self._opener = Opener(receiving)
        self.state = LinkState.AUTH

    def _seal(self, channel: Channel, body: bytes) -> None:
        if self._sealer.due():
            self._out.append(self._sealer.seal(Channel.CONTROL, control.encode(control.Rekey())))
            self._sealer.advance()
        self._out.append(self._sealer.seal(channel, body))

    def _send_auth(self) -> None:
        self._seal(Channel.CONTROL, control.encode_auth(self._side, self._keys.th, self._identity, self._key))

    def _receive_auth(self, data: bytes) -> Established:
        channel, body = self._opener.open(data)
        if channel is not Channel.CONTROL:
            raise RemoteProtocolError("BAD_AUTH", "another channel came first")
        peer = control.decode_auth(self._peer_side, self._keys.th, body)
        self.state = LinkState.OPEN
        return Established(peer, self._keys.sas, self._resumed, self._keys.resume)

    def _receive_frame(self, data: bytes) -> list[Event]:
        channel, body = self._opener.open(data)
        if channel is not Channel.CONTROL or body[0] not in (ControlType.REKEY, ControlType.AUTH):
            return [Received(channel, body)]
        if body[0] == ControlType.AUTH:
            raise RemoteProtocolError("BAD_AUTH", "a second one")
        control.decode(body)
        self._opener.advance()
        return []


class ConsoleLink(_Link):
    """The operator's end. `resume`: the secret of an earlier link of this session."""

    _side, _peer_side = "O", "A"

    def __init__(
        self,
        sid: bytes,
        identity: Identity,
        key: SigningKey,
        clock: Clock,
        resume: bytes | None = None,
        random: Random = system_random,
        limits: RekeyLimits | None = None,
    ) -> None:
        super().__init__(identity, key, clock, limits)
        self._handshake = ConsoleHandshake(sid, resume, random)
        self._with_resume = resume is not None
        self._out.append(self._handshake.m1)
        self.state = LinkState.M2

    def _receive(self, data: bytes) -> list[Event]:
        if self.state is LinkState.M2:
            m3, keys = self._handshake.receive_m2(data)
            self._out.append(m3)
            self._use(keys, keys.o2a, keys.a2o, self._with_resume)
            return []
        if self.state is LinkState.AUTH:
            established = self._receive_auth(data)
            self._send_auth()
            return [established]
        return self._receive_frame(data)


class AgentLink(_Link):
    """The PC's end. It sends its identity (m4) only after m3 proved the console's commitment."""

    _side, _peer_side = "A", "O"

    def __init__(
        self,
        sid: bytes,
        identity: Identity,
        key: SigningKey,
        clock: Clock,
        resume: bytes | None = None,
        random: Random = system_random,
        limits: RekeyLimits | None = None,
    ) -> None:
        super().__init__(identity, key, clock, limits)
        self._handshake = AgentHandshake(sid, resume, random)

    def _receive(self, data: bytes) -> list[Event]:
        if self.state is LinkState.M1:
            self._out.append(self._handshake.receive_m1(data))
            self.state = LinkState.M3
            return []
        if self.state is LinkState.M3:
            keys = self._handshake.receive_m3(data)
            self._use(keys, keys.a2o, keys.o2a, self._handshake.resumed)
            self._send_auth()
            return []
        if self.state is LinkState.AUTH:
            return [self._receive_auth(data)]
        return self._receive_frame(data)
