"""The registered device's link to the appliance: proves the key, keeps the policy, hands invitations on, comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.device.store import DeviceStore, Registration
from agent.device.tasks import Tasks
from agent.device.wake import networks
from agent.link import AgentSocket, BackOff, LinkError, ServerLink, SocketEvents
from wizhelper.protocol import device as wire
from wizhelper.protocol.device_access import refusal
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import SigningKey

log = Logger()

#: A whole fleet comes back after a restart of the appliance: up to a minute apart.
MOST_BACK_OFF_S = 60.0
#: Nothing will change by itself soon: the device was removed, or two machines have its key.
LONG_S = 300.0
HOPELESS = ("DEVICE_UNKNOWN", "DEVICE_CLONED")


class DeviceEvents(Protocol):
    """What the program is told."""

    def device_state(self, state: str) -> None:
        """ "online", "pending", "offline", or a code of HOPELESS."""

    def renamed(self) -> None:
        """The registration has another name or company."""

    def invited(self, invite: wire.Invite) -> None: ...

    def unregistered(self) -> None:
        """Last: the registration is forgotten."""

    def offered(self, offer: wire.Update) -> None:
        """A release; whether it is any good is the program's to check."""

    def restart_wanted(self, task: str) -> None: ...


class DeviceLink(SocketEvents):
    """`registration` is always the newest, with the policy that this PC obeys."""

    def __init__(
        self,
        reactor: Any,
        server: ServerLink,
        store: DeviceStore,
        registration: Registration,
        key: SigningKey,
        about: wire.About,
        events: DeviceEvents,
        uniform: Callable[[float, float], float] = random.uniform,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.registration = registration
        self._reactor = reactor
        self._server = server
        self._store = store
        self._key = key
        self._about = about
        self._events = events
        self._uniform = uniform
        self._now = now
        self._tasks = Tasks(reactor, self._say)
        self._back_off = BackOff(uniform, MOST_BACK_OFF_S)
        self._socket: AgentSocket | None = None
        self._stopped = False
        self._said = ""

    def start(self) -> None:
        if not self._stopped:
            self._server.connect("/ws/device", self).addErrback(self._failed)

    @property
    def linked(self) -> bool:
        """Admitted, and the link stands."""
        return self._socket is not None and self._said in ("online", "pending")

    def forget(self) -> None:
        """The person unregisters this PC, and the appliance cannot be told."""
        self.stop()
        self._removed()

    def stop(self) -> None:
        self._stopped = True
        if self._socket is not None:
            self._socket.close()

    def rename(self, name: str) -> None:
        self._say(wire.Rename(name))

    def unregister(self) -> None:
        self._say(wire.Unregister())

    def answer(self, message: wire.TaskDone | wire.Updated) -> None:
        self._say(message)

    def _say(self, message: wire.DeviceMessage) -> None:
        if self._socket is not None:
            self._socket.send_text(wire.encode(message))

    def _state(self, state: str) -> None:
        if state != self._said:
            self._said = state
            self._events.device_state(state)

    # --- socket ------------------------------------------------------------------------------------------------------

    def _failed(self, failure: Failure) -> None:
        failure.trap(LinkError)
        log.info("No link to the appliance: {problem}", problem=str(failure.value))
        self._state("offline")
        self._again(self._back_off.next_s())

    def _again(self, wait_s: float) -> None:
        if not self._stopped:
            self._reactor.callLater(wait_s, self.start)

    def opened(self, socket: AgentSocket) -> None:
        if self._stopped:
            socket.abort()
            return
        self._socket = socket

    def closed(self, code: int | None, reason: str) -> None:
        self._socket = None
        if self._stopped:
            return
        hopeless = reason in HOPELESS
        self._state(reason if hopeless else "offline")
        self._again(self._uniform(LONG_S / 2, LONG_S) if hopeless else self._back_off.next_s())

    def text(self, data: bytes) -> None:
        try:
            self._told(wire.decode_from_server(data))
        except RemoteProtocolError as problem:
            log.error("Refused what the appliance said: {code} {detail}", code=problem.code, detail=problem.detail)

    def _told(self, message: wire.ServerMessage) -> None:
        """Raises RemoteProtocolError."""
        match message:
            case wire.Challenge(nonce):
                self._say(wire.prove(nonce, self.registration.device, self._about, self._key))
            case wire.Admitted():
                self._admitted(message)
            case wire.Policy(policy):
                self._keep(self.registration.with_policy(policy))
            case wire.Invite():
                self._invited(message)
            case wire.Task():
                own = self.registration.policy_now()
                self._tasks.run(message, own.access if own else None)
            case wire.Wake():
                self._tasks.wake(message)
            case wire.Update():
                self._events.offered(message)
            case wire.Restart(task):
                self._events.restart_wanted(task)
            case wire.AreYouThere():
                self._say(wire.Alive())
            case wire.Removed():
                self._removed()

    def _admitted(self, message: wire.Admitted) -> None:
        self._back_off.reset()
        found = replace(self.registration, name=message.name, company=message.company)
        if message.policy is not None:
            found = found.with_policy(message.policy)
        renamed = (found.name, found.company) != (self.registration.name, self.registration.company)
        if found != self.registration:
            self._keep(found)
        if renamed:
            self._events.renamed()
        active = message.standing == wire.Standing.ACTIVE
        if active:
            self._say(wire.Networks(networks()))
        self._state("online" if active else "pending")

    def _invited(self, invite: wire.Invite) -> None:
        """Without a policy of its own nobody is let in: the device was never active."""
        policy = self.registration.policy_now()
        if policy is None:
            raise RemoteProtocolError(wire.BAD_POLICY, "an invitation without a policy")
        code = refusal(policy.access, self._now(), invite.reason, invite.approver)
        if code is not None:
            log.warn("Nobody is let in: {code}", code=code)
            self._say(wire.Declined(invite.session, code))
            return
        self._events.invited(invite)

    def _removed(self) -> None:
        self._stopped = True
        self._store.forget()
        self._events.unregistered()

    def _keep(self, registration: Registration) -> None:
        """A full disk does not stop this PC from obeying what it was told; the next start asks again."""
        self.registration = registration
        try:
            self._store.keep(registration)
        except OSError as problem:
            log.error("The policy could not be kept on disk: {problem}", problem=str(problem))
