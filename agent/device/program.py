"""One registration of this PC at work: its link, and the sessions that operators open."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.access import Workshop
from agent.device import launcher
from agent.device.desk import DeviceDesk
from agent.device.enrolment import about
from agent.device.link import DeviceLink
from agent.device.release_keys import release_keys
from agent.device.store import DeviceStore
from agent.device.updating import Updater
from agent.device.versions import Versions
from agent.entrance import Entrance
from agent.kept import Kept
from agent.link import LinkError, ServerLink, parse_server
from agent.platform.restart import Restarter
from agent.restarting import RestartParts
from agent.resumed import back_in, pause, take_kept
from agent.session import Joined, SupportSession
from wizhelper import __version__
from wizhelper.protocol import device as wire

log = Logger()

INSTANCE_BYTES = 16
#: For an answer to leave before this program ends.
ANSWER_OUT_S = 1.0
#: After a restart that came back at the logon screen.
DESKTOP_EVERY_S = 2.0


class DeviceWatcher(Protocol):
    """Who follows a device at work: what the tray shows and the log of sessions keeps."""

    def changed(self) -> None:
        """The device's state or sessions are not what they were."""

    def renamed(self) -> None:
        """The appliance gave the device a name, which may be the one that was asked for."""

    def began(self, session: str, operator: str) -> None: ...

    def ended(self, session: str, reason: str) -> None: ...


@dataclass(frozen=True)
class Live:
    """A session that an operator was let into. `since`: seconds since 1970."""

    operator: str
    since: float


class DeviceProgram:
    """One registration at work, until the device is unregistered."""

    def __init__(
        self,
        reactor: Any,
        store: DeviceStore,
        workshop: Workshop,
        words: str,
        say: Callable[..., None],
        watcher: DeviceWatcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reactor = reactor
        self._workshop = workshop
        self._language = words
        self._say = say
        self._watcher = watcher
        self._clock = clock
        registration = store.registration()
        ca = registration.ca.encode() if registration.ca is not None else None
        self._server = ServerLink(reactor, parse_server(registration.server, None, ca), words)
        self._key = store.key()
        said = about(workshop.host, os.urandom(INSTANCE_BYTES).hex())
        self.link = DeviceLink(reactor, self._server, store, registration, self._key, said, self)
        self.state = "offline"
        self.live: dict[str, Live] = {}
        self._desks: dict[str, DeviceDesk] = {}
        self._done: Deferred[int] = Deferred()
        versions = Versions(store.folder, __version__, release_keys())
        self._updater = Updater(reactor, self._server, versions, self.link.answer, lambda: bool(self._desks), self._restart_soon)

    @property
    def key(self) -> bytes:
        return self._key.public

    async def run(self) -> int:
        """Until the device is unregistered: 0; or wants to be started anew: launcher.RESTART."""
        self.link.start()
        return await self._done

    def shut_down(self) -> Deferred[Any]:
        """For the end of the process; fires when the server has been told."""
        self.link.stop()
        return DeferredList([desk.leave() for desk in self._desks.values()])

    def end_session(self, session: str) -> bool:
        """The person at the PC wants the support to end. False: there is no such session."""
        desk = self._desks.get(session)
        if desk is not None:
            desk.end()
        return desk is not None

    # --- DeviceEvents -------------------------------------------------------------------------------------------------

    def device_state(self, state: str) -> None:
        self.state = state
        self._say("device", state=state)
        self._watcher.changed()
        if state != "offline":
            self._updater.reached()

    def renamed(self) -> None:
        self._watcher.renamed()

    def offered(self, offer: wire.Update) -> None:
        self._updater.offered(offer)

    def restart_wanted(self, task: str) -> None:
        busy = bool(self._desks)
        self.link.answer(wire.TaskDone(task, "DEVICE_BUSY" if busy else "", None, ""))
        if not busy:
            self._restart_soon()

    def _restart_soon(self) -> None:
        self._reactor.callLater(ANSWER_OUT_S, self._restart)

    def _restart(self) -> None:
        """A session that began in this moment goes first; an update asks again at its end."""
        if not self._done.called and not self._desks:
            self._say("restart")
            self._done.callback(launcher.RESTART)

    def invited(self, invite: wire.Invite) -> None:
        self._begin(Joined(invite.session, invite.secret, self.link.registration.company, invite.operator))

    def _begin(self, joined: Joined, kept: Kept | None = None) -> SupportSession:
        policy = self.link.registration.policy_now()
        assert policy is not None  # the link hands on no invitation without one
        desk = DeviceDesk(
            self._reactor,
            policy,
            self._language,
            self._say,
            asks=kept is None,
            free=self._workshop.bar,
            began=partial(self._began, joined.session),
        )
        parts = self._workshop.parts()
        asks = desk.asks_first and kept is None
        session = SupportSession(self._reactor, self._server, joined, parts, desk, key=self._key, asks_first=asks, kept=kept)
        desk.attend(session)
        self._desks[joined.session] = desk
        session.done.addCallback(self._ended, joined.session)
        session.start()
        return session

    def _began(self, session: str, operator: str) -> None:
        if session not in self.live:
            self.live[session] = Live(operator, self._clock())
            self._watcher.began(session, operator)
            self._watcher.changed()

    def _ended(self, reason: str, session: str) -> str:
        del self._desks[session]
        if self.live.pop(session, None) is not None:
            self._watcher.ended(session, reason)
            self._watcher.changed()
        self._updater.now_idle()
        return reason

    # --- after a restart of this PC -----------------------------------------------------------------------------------

    def go_on(self, restart: RestartParts) -> None:
        """The session for which this PC was restarted, if there is one."""
        kept = take_kept(restart)
        if kept is not None and self.link.registration.policy_now() is not None:
            Deferred.fromCoroutine(self._resume(kept, restart.restarter)).addErrback(self._not_resumed)

    async def _resume(self, kept: Kept, restarter: Restarter) -> None:
        entrance = Entrance(self._server, self._workshop.host)
        at_desktop = restarter.at_desktop()
        session = self._begin(await back_in(self._reactor, entrance, kept, at_desktop), kept)
        self._say("resumed", session=kept.session, at_desktop=at_desktop)
        while not at_desktop and not session.done.called:
            await pause(self._reactor, DESKTOP_EVERY_S)
            at_desktop = restarter.at_desktop()
        if not session.done.called:
            session.at_desktop()

    @staticmethod
    def _not_resumed(failure: Failure) -> None:
        failure.trap(LinkError)
        log.error("The session does not go on: {problem}", problem=str(failure.value))

    def unregistered(self) -> None:
        self._say("unregistered")
        for desk in list(self._desks.values()):
            desk.leave()
        if not self._done.called:
            self._done.callback(0)
