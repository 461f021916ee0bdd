"""The device service: waits for this PC's registration, keeps one at work, and answers trays.

What a tray may ask is decided here: everybody at the PC sees the state and ends sessions; registering, renaming and
unregistering are for the service's own user and the PC's administrator.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent import texts
from agent.access import ConnectionFile, Workshop
from agent.device.diary import Diary
from agent.device.door import Door, Visitor
from agent.device.enrolment import Application, OfferedGroups, enrol, grouped_key, groups_of
from agent.device.program import DeviceProgram
from agent.device.store import DeviceStore
from agent.link import LinkError, Server, ServerLink, parse_server
from agent.restarting import RestartParts
from wizhelper import __version__
from wizhelper.protocol import local_device as wire

log = Logger()

ANSWER_S = 15.0
#: What a list of groups may take of a line to the tray.
GROUPS_BYTES = 48 * 1024
_CONDITIONS = {
    "online": wire.Condition.ONLINE,
    "pending": wire.Condition.PENDING,
    "DEVICE_UNKNOWN": wire.Condition.UNKNOWN,
    "DEVICE_CLONED": wire.Condition.CLONED,
}
_OWNERS_ONLY = (wire.Register, wire.Rename, wire.Unregister, wire.AskGroups)
_ACTS = {
    wire.AskGroups: wire.Act.GROUPS,
    wire.Register: wire.Act.REGISTER,
    wire.Rename: wire.Act.RENAME,
    wire.Unregister: wire.Act.UNREGISTER,
    wire.EndSession: wire.Act.END,
}


@dataclass(frozen=True)
class Setting:
    """`wait`: an unregistered PC is no error; it may be registered by its tray. `connection`: what came with the program."""

    words: str
    wait: bool
    connection: ConnectionFile | None


class DeviceService:
    """`run` until the process ends, wants to be started anew or, without `wait`, until the device is unregistered."""

    def __init__(
        self,
        reactor: Any,
        store: DeviceStore,
        workshop: Workshop,
        setting: Setting,
        diary: Diary,
        say: Callable[..., None],
        make_program: Callable[..., DeviceProgram] = DeviceProgram,
        make_link: Callable[[Any, Server, str], ServerLink] = ServerLink,
    ) -> None:
        self._reactor = reactor
        self._store = store
        self._workshop = workshop
        self._setting = setting
        self._diary = diary
        self._say = say
        self._make_program = make_program
        self._make_link = make_link
        self.door = Door(reactor, self)
        self._program: DeviceProgram | None = None
        self._registered: Deferred[None] = Deferred()
        self._registering = False
        self._removed = False
        self._renaming: list[tuple[Visitor, Any]] = []
        self._leaving: list[tuple[Visitor, Any]] = []

    async def run(self, restart: RestartParts) -> int:
        """-> exit status. Raises LinkError("NOT_REGISTERED") where nobody is waited for."""
        self._reactor.addSystemEventTrigger("before", "shutdown", self._shutdown)
        if not self._setting.wait:
            self._store.registration()
        self._open_door()
        while True:
            await self._until_registered()
            status = await self._work(restart)
            if status or not self._setting.wait:
                self.door.close()
                return status

    def _open_door(self) -> None:
        """A PC whose tray cannot come is still served."""
        try:
            self.door.open(self._store.folder)
        except OSError as problem:
            log.error("No tray can reach this service: {problem}", problem=str(problem))

    async def _until_registered(self) -> None:
        try:
            self._store.registration()
        except LinkError as problem:
            if problem.code != "NOT_REGISTERED":
                raise
            self._say("waiting")
            self.door.tell()
            self._registered = Deferred()
            await self._registered

    async def _work(self, restart: RestartParts) -> int:
        """-> 0 when the device is not registered any more, else the status to end with."""
        self._removed = False
        program = self._make_program(self._reactor, self._store, self._workshop, self._setting.words, self._say, self)
        self._program = program
        program.go_on(restart)
        status = await program.run()
        if not status:
            self._program, self._removed = None, not self._leaving
            self._settle(self._leaving, wire.Act.UNREGISTER)
        return status

    def _shutdown(self) -> Deferred[Any]:
        self.door.close()
        return self._program.shut_down() if self._program is not None else succeed(None)

    # --- DeviceWatcher ------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        self.door.tell()

    def renamed(self) -> None:
        self._settle(self._renaming, wire.Act.RENAME)
        self.door.tell()

    def began(self, session: str, operator: str) -> None:
        self._diary.began(session, operator)

    def ended(self, session: str, reason: str) -> None:
        self._diary.ended(session, reason)

    # --- Host: what trays see and ask -----------------------------------------------------------------------------------

    def state(self, visitor: Visitor) -> wire.State:
        program = self._program
        if program is None:
            server = self._setting.connection.server if self._setting.connection is not None else ""
            name = wire.clean_name(self._workshop.host.host_name) or ""
            nothing: tuple[wire.LiveSession, ...] = ()
            condition = wire.Condition.UNREGISTERED
            return wire.State(condition, visitor.owner, server, "", "", name, "", __version__, self._removed, nothing)
        known = program.link.registration
        condition = _CONDITIONS.get(program.state, wire.Condition.OFFLINE)
        live = tuple(wire.LiveSession(id, each.operator, each.since) for id, each in program.live.items())
        key = grouped_key(program.key)
        return wire.State(
            condition, visitor.owner, known.server, known.company, known.device, known.name, key, __version__, False, live
        )

    def asked(self, visitor: Visitor, message: wire.FromTray) -> None:
        if isinstance(message, _OWNERS_ONLY) and not visitor.owner:
            self._refused(visitor, _ACTS[type(message)], LinkError("NOT_OWNER"))
            return
        match message:
            case wire.AskHistory():
                visitor.send(self._history(visitor))
            case wire.EndSession(session):
                self._end(visitor, session)
            case wire.AskGroups():
                self._start(visitor, wire.Act.GROUPS, self._groups(visitor, message))
            case wire.Register():
                self._start(visitor, wire.Act.REGISTER, self._register(visitor, message))
            case wire.Rename(name):
                self._rename(visitor, name)
            case wire.Unregister():
                self._unregister(visitor)

    def _history(self, visitor: Visitor) -> wire.History:
        return wire.History(
            tuple(
                wire.PastSession(visit.operator, visit.since, visit.until, _ended(visit.reason, visitor.lang))
                for visit in self._diary.visits()
            )
        )

    def _end(self, visitor: Visitor, session: str) -> None:
        """Any local user may: whoever sits there decides who looks on."""
        if self._program is not None and self._program.end_session(session):
            self._done(visitor, wire.Act.END)
        else:
            self._refused(visitor, wire.Act.END, LinkError("NO_SESSION"))

    # --- registering --------------------------------------------------------------------------------------------------

    def _start(self, visitor: Visitor, act: wire.Act, work: Awaitable[None]) -> None:
        async def done() -> None:
            await work

        Deferred.fromCoroutine(done()).addErrback(self._failed, visitor, act)

    def _failed(self, failure: Failure, visitor: Visitor, act: wire.Act) -> None:
        failure.trap(LinkError)
        assert isinstance(failure.value, LinkError)
        self._refused(visitor, act, failure.value)

    def _server(self, address: str, ca: str | None, lang: str) -> ServerLink:
        """Raises LinkError."""
        if not address.strip():
            raise LinkError("BAD_SERVER_URL")
        pem = ca.encode() if ca is not None else self._known_ca(address)
        return self._make_link(self._reactor, parse_server(address.strip(), None, pem), lang)

    def _known_ca(self, address: str) -> bytes | None:
        """The CA of the connection file, if the address is the one that the file is for. Raises LinkError."""
        connection = self._setting.connection
        if connection is None or connection.ca is None:
            return None
        same = _place(parse_server(connection.server)) == _place(parse_server(address.strip()))
        return connection.ca.encode() if same else None

    async def _groups(self, visitor: Visitor, asked: wire.AskGroups) -> None:
        server = self._server(asked.server, None, visitor.lang)
        visitor.send(_fitting(await groups_of(server, asked.company.strip(), asked.token.strip() or None)))

    async def _register(self, visitor: Visitor, asked: wire.Register) -> None:
        if self._program is not None or self._registering:
            raise LinkError("ALREADY_REGISTERED")
        name = wire.clean_name(asked.name)
        if name is None:
            raise LinkError("BAD_NAME")
        server = self._server(asked.server, asked.ca, visitor.lang)
        application = Application(asked.company.strip(), name, asked.group, asked.token.strip() or None)
        self._registering = True
        try:
            registration, standing = await enrol(server, self._store, application, self._workshop.host)
        except OSError as problem:
            raise LinkError("STATE_FOLDER", f"{problem.filename}: {problem.strerror}") from None
        finally:
            self._registering = False
        self._say("registered", device=registration.device, name=registration.name, standing=standing)
        self._done(visitor, wire.Act.REGISTER)
        self._registered.callback(None)

    # --- renaming, leaving --------------------------------------------------------------------------------------------

    def _rename(self, visitor: Visitor, typed: str) -> None:
        name = wire.clean_name(typed)
        if name is None:
            self._refused(visitor, wire.Act.RENAME, LinkError("BAD_NAME"))
        elif self._program is None or not self._program.link.linked:
            self._refused(visitor, wire.Act.RENAME, LinkError("NOT_LINKED"))
        elif name == self._program.link.registration.name:
            self._done(visitor, wire.Act.RENAME)
        else:
            self._wait(self._renaming, visitor, wire.Act.RENAME)
            self._program.link.rename(name)

    def _unregister(self, visitor: Visitor) -> None:
        """Where the appliance cannot be told, the PC still forgets: its owner decides who may reach it."""
        if self._program is None:
            self._done(visitor, wire.Act.UNREGISTER)
        elif self._program.link.linked:
            self._wait(self._leaving, visitor, wire.Act.UNREGISTER, self._forget)
            self._program.link.unregister()
        else:
            self._forget(visitor)

    def _forget(self, visitor: Visitor) -> None:
        self._refused(visitor, wire.Act.UNREGISTER, LinkError("NOT_TOLD"))
        if self._program is not None:
            self._leaving.append((visitor, None))
            self._program.link.forget()

    def _wait(
        self,
        waiting: list[tuple[Visitor, Any]],
        visitor: Visitor,
        act: wire.Act,
        otherwise: Callable[[Visitor], None] | None = None,
    ) -> None:
        """For the appliance's answer, which `renamed` or the end of the program brings."""

        def too_long() -> None:
            waiting.remove(entry)
            if otherwise is not None:
                otherwise(visitor)
            else:
                self._refused(visitor, act, LinkError("NO_ANSWER"))

        entry = (visitor, self._reactor.callLater(ANSWER_S, too_long))
        waiting.append(entry)

    def _settle(self, waiting: list[tuple[Visitor, Any]], act: wire.Act) -> None:
        for visitor, timer in waiting:
            if timer is not None:
                _cancel(timer)
                self._done(visitor, act)
        waiting.clear()

    # --- answers ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _done(visitor: Visitor, act: wire.Act) -> None:
        visitor.send(wire.Result(act, "", "", ""))

    @staticmethod
    def _refused(visitor: Visitor, act: wire.Act, problem: LinkError) -> None:
        text, next_step = problem.text, problem.next_step
        if not text:
            text, next_step = texts.problem(problem.code, visitor.lang)
        visitor.send(wire.Result(act, problem.code, text, next_step))


def _cancel(timer: Any) -> None:
    try:
        timer.cancel()
    except (AlreadyCalled, AlreadyCancelled):
        return


def _place(server: Server) -> tuple[str, int]:
    return server.host.lower(), server.port


def _ended(reason: str, lang: str) -> str:
    return texts.ended(reason, lang) if reason else ""


def _fitting(found: OfferedGroups) -> wire.Groups:
    """As many as a line can carry."""
    left, kept = GROUPS_BYTES, []
    for path in found.groups:
        left -= 2 * len(path.encode()) + 3
        if left < 0:
            break
        kept.append(path)
    return wire.Groups(found.company[: wire.MAX_SERVER], tuple(kept))
