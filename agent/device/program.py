"""`wizhelper-agent enroll` and `wizhelper-agent device`. Both write one JSON object a line of what happens."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.access import Workshop, language, run_program
from agent.device import launcher
from agent.device.desk import DeviceDesk
from agent.device.enrolment import Application, about, enrol
from agent.device.link import DeviceLink
from agent.device.release_keys import release_keys
from agent.device.store import DeviceStore, default_folder
from agent.device.updating import Updater
from agent.device.versions import Versions
from agent.entrance import Entrance
from agent.kept import Kept
from agent.link import LinkError, ServerLink, parse_server
from agent.platform.interface import current_platform
from agent.platform.restart import Restarter, current_restarter
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


def tell(out: TextIO, event: str, **fields: Any) -> None:
    out.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
    out.flush()


def grouped_key(public: bytes) -> str:
    """The first half of the key as an administrator compares it with the page before he approves: "9f86 d081 ..."."""
    text = public.hex()[:32]
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def state_folder(options: Any) -> Path:
    return Path(options.state) if options.state else default_folder()


def _store(options: Any) -> DeviceStore:
    store = DeviceStore(state_folder(options))
    store.open()
    return store


def run_enroll(options: Any, reactor: Any) -> int:
    return run_program(partial(_enroll, options, reactor), reactor)


async def _enroll(options: Any, reactor: Any) -> int:
    """Exit status 0 also for a device that waits for approval: it is registered, and the service may be started."""
    server = ServerLink(reactor, parse_server(options.server, options.ca), language(options.lang))
    host = current_platform().host()
    asked = Application(options.company, options.name or host.host_name, options.group, options.token)
    try:
        store = _store(options)
        registration, standing = await enrol(server, store, asked, host)
        key = grouped_key(store.key().public)
    except OSError as problem:
        raise LinkError("STATE_FOLDER", f"{problem.filename}: {problem.strerror}") from None
    tell(sys.stdout, "registered", device=registration.device, name=registration.name, standing=standing, key=key)
    return 0


def run_device(options: Any, reactor: Any) -> int:
    """Of what is installed, or of a newer version that runs in its place."""
    if launcher.is_launched():
        return run_program(partial(_device, options, reactor), reactor)
    versions = Versions(state_folder(options), __version__, release_keys())
    return launcher.run(versions, sys.argv[1:], lambda: run_program(partial(_device, options, reactor), reactor))


async def _device(options: Any, reactor: Any) -> int:
    store = _store(options)
    restart = RestartParts(current_restarter(), store.folder, None)
    workshop = Workshop(current_platform(), "device", restart)
    try:
        program = DeviceProgram(reactor, store, workshop, language(options.lang), partial(tell, sys.stdout))
        program.go_on(restart)
        return await program.run()
    finally:
        workshop.close()
        store.close()


class DeviceProgram:
    """Runs until it is stopped, or until the device is unregistered."""

    def __init__(
        self, reactor: Any, store: DeviceStore, workshop: Workshop, words: str, say: Callable[..., None]
    ) -> None:
        self._reactor = reactor
        self._workshop = workshop
        self._language = words
        self._say = say
        registration = store.registration()
        ca = registration.ca.encode() if registration.ca is not None else None
        self._server = ServerLink(reactor, parse_server(registration.server, None, ca), words)
        self._key = store.key()
        said = about(workshop.host, os.urandom(INSTANCE_BYTES).hex())
        self._link = DeviceLink(reactor, self._server, store, registration, self._key, said, self)
        self._desks: dict[str, DeviceDesk] = {}
        self._done: Deferred[int] = Deferred()
        versions = Versions(store.folder, __version__, release_keys())
        self._updater = Updater(reactor, self._server, versions, self._link.answer, lambda: bool(self._desks), self._restart_soon)

    def run(self) -> Coroutine[Any, Any, int]:
        self._reactor.addSystemEventTrigger("before", "shutdown", self._shutdown)
        self._link.start()
        return self._until_done()

    async def _until_done(self) -> int:
        return await self._done

    def _shutdown(self) -> Deferred[Any]:
        self._link.stop()
        return DeferredList([desk.leave() for desk in self._desks.values()])

    # --- DeviceEvents -------------------------------------------------------------------------------------------------

    def device_state(self, state: str) -> None:
        self._say("device", state=state)
        if state != "offline":
            self._updater.reached()

    def offered(self, offer: wire.Update) -> None:
        self._updater.offered(offer)

    def restart_wanted(self, task: str) -> None:
        busy = bool(self._desks)
        self._link.answer(wire.TaskDone(task, "DEVICE_BUSY" if busy else "", None, ""))
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
        self._begin(Joined(invite.session, invite.secret, self._link.registration.company, invite.operator))

    def _begin(self, joined: Joined, kept: Kept | None = None) -> SupportSession:
        policy = self._link.registration.policy_now()
        assert policy is not None  # the link hands on no invitation without one
        desk = DeviceDesk(
            self._reactor, policy, self._language, self._say, asks=kept is None, free=self._workshop.bar
        )
        parts = self._workshop.parts()
        asks = desk.asks_first and kept is None
        session = SupportSession(self._reactor, self._server, joined, parts, desk, key=self._key, asks_first=asks, kept=kept)
        desk.attend(session)
        self._desks[joined.session] = desk
        session.done.addCallback(self._ended, joined.session)
        session.start()
        return session

    # --- after a restart of this PC -----------------------------------------------------------------------------------

    def go_on(self, restart: RestartParts) -> None:
        """The session for which this PC was restarted, if there is one."""
        kept = take_kept(restart)
        if kept is not None and self._link.registration.policy_now() is not None:
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

    def _ended(self, reason: str, session: str) -> str:
        del self._desks[session]
        self._updater.now_idle()
        return reason

    def unregistered(self) -> None:
        self._say("unregistered")
        for desk in list(self._desks.values()):
            desk.leave()
        if not self._done.called:
            self._done.callback(0)
