"""The WebSocket of registered devices (/ws/device): a challenge, a signed answer, then messages both ways."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wizhelper.protocol import device as wire
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.relay.pairing import CloseCode
from wizhelper.relay.sockets import CLOSE_PROTOCOL, LIVE_CLOSED, BaseSocket


@dataclass(frozen=True)
class DeviceCallbacks:
    """What the socket asks of the rest. `joined` follows the answer of `authenticate`; `left` follows `joined`, once."""

    authenticate: Callable[[wire.Proof, str], Awaitable[wire.Admitted]]
    joined: Callable[[wire.Proof, DeviceSocket, str], Awaitable[None]]
    left: Callable[[str, DeviceSocket], Awaitable[None]]
    says: Callable[[str, DeviceSocket, wire.DeviceMessage], Awaitable[None]]


class DeviceSocket(BaseSocket):
    browsers_never = True
    device: str | None = None
    calls: DeviceCallbacks
    _nonce: bytes | None = None

    def onOpen(self) -> None:
        super().onOpen()
        self._nonce = os.urandom(wire.NONCE_BYTES)
        self.send(wire.plain(wire.Challenge(self._nonce.hex())))

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not self.within_rate():
            self.refuse(CloseCode.LIMIT, "LIMIT")
            return
        try:
            self._received(wire.decode_from_device(payload))
        except RemoteProtocolError as problem:
            self.refuse(CLOSE_PROTOCOL, problem.code)

    def _received(self, message: wire.DeviceMessage) -> None:
        """Raises RemoteProtocolError."""
        if isinstance(message, wire.Proof):
            nonce, self._nonce = self._nonce, None
            if nonce is None:
                raise RemoteProtocolError(wire.BAD, "a nonce serves once")
            self.first_message_came()
            wire.check_proof(nonce, message)
            self.run(self._authenticate(message))
        elif self.device is not None:
            self.run(self.calls.says(self.device, self, message))
        else:
            raise RemoteProtocolError(wire.BAD, "no proof yet")

    async def _authenticate(self, proof: wire.Proof) -> None:
        admitted = await self.calls.authenticate(proof, self.address)
        if self.state != self.STATE_OPEN:
            return  # gone while the database was asked
        self.device = proof.device
        self.send(wire.plain(admitted))
        await self.calls.joined(proof, self, self.address)

    def gone(self) -> None:
        if self.device is not None:
            self.run(self.calls.left(self.device, self))

    def send(self, message: dict[str, Any]) -> None:
        self.send_json(message)

    def close(self, reason: str) -> None:
        self.sendClose(LIVE_CLOSED, reason)


def socket_kind(callbacks: DeviceCallbacks) -> type[DeviceSocket]:
    """The socket with its callbacks, as sockets.resources takes it."""

    class BoundSocket(DeviceSocket):
        calls = callbacks

    return BoundSocket
