"""The access program: gets into a session by number, operator or connection file, asks for consent, then supports it.

What the person sees is a `Desk`: the window (agent/window) or, for scripts, lines of text. The steps are the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from twisted.internet.defer import Deferred
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python.failure import Failure

from agent.capture.choose import open_capture
from agent.entrance import Entrance
from agent.facts import facts
from agent.features import clipboard, draw, execute, files, info, printing, seat, share, terminal
from agent.features.input import InputFeature
from agent.features.screen import ScreenFeature
from agent.kept import Kept, default_folder
from agent.link import LinkError, ServerLink, parse_server
from agent.overlay.process import FreePlace
from agent.parts import Parts, SessionView
from agent.platform.child import child_command
from agent.platform.interface import Platform, PlatformError, current_platform
from agent.platform.restart import current_restarter
from agent.platform.seat import current_seat
from agent.platform.terminal import terminal_opener
from agent.restarting import RestartParts
from agent.session import Joined, SupportSession
from agent.tools import ToolKind
from agent.window.texts import system_language
from wizhelper import __version__
from wizhelper.protocol import messages
from wizhelper.protocol.chat import Said
from wizhelper.protocol.control import Activity, Identity, SasPolicy, Trust
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.local import Person

log = Logger()

CONNECTION_FILE = "connect.wizhelper"
MAX_CONNECTION_FILE = 64 * 1024


@dataclass(frozen=True)
class ConnectionFile:
    """What travels beside a downloaded program. `token` None: the number is still to be typed."""

    server: str
    ca: str | None = None
    token: str | None = None


def read_connection_file(file: Path) -> ConnectionFile:
    """Raises LinkError("BAD_CONNECTION_FILE")."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_CONNECTION_FILE + 1)
        return messages.load_dataclass(ConnectionFile, data, "BAD_CONNECTION_FILE")
    except (OSError, RemoteProtocolError) as problem:
        raise LinkError("BAD_CONNECTION_FILE", str(problem)) from problem


def beside_program() -> Path | None:
    """The connection file that was unpacked together with this program, if there is one."""
    program = sys.executable if getattr(sys, "frozen", False) else sys.argv[0]
    file = Path(program).resolve().parent / CONNECTION_FILE
    return file if file.is_file() else None


class Desk(Protocol):
    """Leads the person from the start to the end; `run` returns the exit status."""

    async def run(self) -> int: ...


class Workshop:
    """Makes what a session needs of this PC."""

    def __init__(self, platform: Platform, kind: str = "one_time", restart: RestartParts | None = None) -> None:
        self._platform = platform
        self._restart = restart
        self._kind = kind
        self.host = platform.host()
        self.bar = FreePlace()
        self.input: InputFeature | None = None

    def parts(self) -> Parts:
        if self.input is None:
            self.input = self._input()
        return Parts(self._identity, self._screen, self.input, self._tools(), self._restart)

    def _tools(self) -> tuple[ToolKind, ...]:
        return (
            clipboard.kind(self._platform.clipboard),
            info.kind(facts()),
            execute.kind(),
            files.kind(),
            draw.kind(self.bar),
            printing.kind(),
            seat.kind(current_seat()),
            share.kind(),
            *terminal.kinds(terminal_opener()),
        )

    def _input(self) -> InputFeature | None:
        try:
            return InputFeature(self._platform.injector())
        except PlatformError as problem:
            log.error("No input on this PC: {code} {detail}", code=str(problem.code), detail=problem.detail)
            return None

    def _identity(self, key: str) -> Identity:
        host = self.host
        return Identity(
            self._kind, host.host_name, __version__, key, host.host_name, host.user_name, str(host.os), host.os_version
        )

    @staticmethod
    def _screen(send: Any, on_error: Any, report: Any) -> ScreenFeature:
        return ScreenFeature(open_capture, send, report=report, on_error=on_error)

    def close(self) -> None:
        if self.input is not None:
            self.input.close()


def one_time_restart(script: bool) -> RestartParts:
    """The program puts itself into the autostart of the person at the PC, for one start. `script`: without a window."""
    command = [*child_command("agent.main", "resume"), *(["--yes"] if script else [])]
    return RestartParts(current_restarter(), default_folder(), command)


class ScriptDesk(SessionView):
    """Without a window: consent was given on the command line; one JSON object per line tells what happens."""

    def __init__(
        self, reactor: Any, server: ServerLink, workshop: Workshop, number: str | None, token: str | None, out: TextIO
    ) -> None:
        self._reactor = reactor
        self._server = server
        self._workshop = workshop
        self._number = number
        self._token = token
        self._out = out
        self._took_place = False

    async def run(self) -> int:
        entrance = Entrance(self._server, self._workshop.host)
        if self._token is not None:
            joined, consent = await entrance.by_token(self._token)
        else:
            joined, consent = await entrance.by_number(self._number or "")
        self._tell("joined", company=joined.company, operator=joined.operator)
        if consent is not None:
            await entrance.consent(joined, consent.text, True, "command_line")
            self._tell("consented", version=consent.version)
        return await self._attend(SupportSession(self._reactor, self._server, joined, self._workshop.parts(), self))

    async def resume(self, kept: Kept, joined: Joined) -> int:
        """The session goes on after a restart of this PC."""
        self._tell("resumed", company=joined.company, operator=joined.operator)
        parts = self._workshop.parts()
        return await self._attend(SupportSession(self._reactor, self._server, joined, parts, self, kept=kept))

    async def _attend(self, session: SupportSession) -> int:
        self.session = session
        session.start()
        self._reactor.addSystemEventTrigger("before", "shutdown", session.shut_down)
        await session.done
        return 0 if self._took_place else 1

    def _tell(self, event: str, **fields: Any) -> None:
        self._out.write(json.dumps({"event": event, **fields}) + "\n")
        self._out.flush()

    def started(self, company: str, operator: str, since_s: float) -> None:
        self._took_place = True
        self._tell("started", company=company, operator=operator)

    def link_changed(self, online: bool) -> None:
        self._tell("online" if online else "offline")

    def viewer_changed(self, present: bool, sas: str, policy: SasPolicy, trust: Trust) -> None:
        shown = sas if policy is SasPolicy.SHOWN else ""
        self._tell("viewer" if present else "viewer_gone", number=shown, trust=str(trust))

    def ask_approval(self, operator: str, timeout_s: float) -> None:
        """--yes answers this question, too."""
        self._tell("approved", operator=operator)
        self.session.approve(True)

    def ask_restart(self, operator: str, timeout_s: float) -> None:
        """--yes answers this question, too."""
        self._tell("restart_asked", operator=operator)
        self.session.restart_answered(True)

    def restart_settled(self) -> None:
        """Nobody was asked."""

    def refused(self, code: str) -> None:
        self._tell("refused", code=code)

    def activities_changed(self, activities: frozenset[Activity]) -> None:
        self._tell("activities", names=sorted(activities))

    def people_changed(self, people: tuple[Person, ...]) -> None:
        self._tell("people", people=[{"name": person.name, "controls": person.controls} for person in people])

    def chat_line(self, line: Said) -> None:
        self._tell("chat", customer=line.customer, text=line.text)

    def ended(self, reason: str, receipt: str) -> None:
        self._tell("ended", reason=reason, receipt=receipt)


def language(chosen: str | None) -> str:
    return chosen or str(system_language())


def run(options: Any, reactor: Any) -> int:
    """Runs the access program to its end; -> exit status."""
    return run_program(lambda: _run(options, reactor), reactor)


def run_program(main: Callable[[], Coroutine[Any, Any, int]], reactor: Any) -> int:
    """Logging, the reactor, and words for what went wrong; -> exit status."""
    levels = LogLevelFilterPredicate(LogLevel.info)
    for noisy in ("twisted.web.client._HTTP11ClientFactory", "autobahn.twisted.websocket.WebSocketClientFactory"):
        levels.setLogLevelForNamespace(noisy, LogLevel.warn)
    observer = FilteringLogObserver(textFileLogObserver(sys.stderr), [levels])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    status: list[int] = []

    def finished(result: int | Failure) -> None:
        status.append(_explained(result) if isinstance(result, Failure) else result)
        if reactor.running:
            reactor.stop()

    def begin() -> None:
        Deferred.fromCoroutine(main()).addBoth(finished)

    reactor.callWhenRunning(begin)
    reactor.run()
    return status[0] if status else 1


async def _run(options: Any, reactor: Any) -> int:
    words = language(options.lang)
    workshop = Workshop(current_platform(), restart=one_time_restart(options.yes))
    try:
        desk = _desk(options, reactor, _connection(options), workshop, words)
        return await desk.run()
    except LinkError as problem:
        if options.yes:
            raise
        return await _window_desk(reactor, None, workshop, options.number, None, words, problem.code).run()
    finally:
        workshop.close()


def _connection(options: Any) -> ConnectionFile:
    file = options.file or (None if options.server else beside_program())
    connection = read_connection_file(file) if file else ConnectionFile(options.server or "")
    if not connection.server and options.yes:
        raise LinkError("NO_SERVER", "name the appliance with --server")
    return connection


def _desk(options: Any, reactor: Any, connection: ConnectionFile, workshop: Workshop, words: str) -> Desk:
    ca = connection.ca.encode() if connection.ca is not None else None
    server = parse_server(connection.server, options.ca, ca) if connection.server else None
    link = ServerLink(reactor, server, words) if server else None
    if options.yes and link is not None:
        return ScriptDesk(reactor, link, workshop, options.number, connection.token, sys.stdout)
    return _window_desk(reactor, link, workshop, options.number, connection.token, words)


def _window_desk(
    reactor: Any,
    link: ServerLink | None,
    workshop: Workshop,
    number: str | None,
    token: str | None,
    words: str,
    problem: str | None = None,
) -> Desk:
    from agent.window_desk import WindowDesk

    entrance = Entrance(link, workshop.host) if link else None
    return WindowDesk(
        reactor, link, entrance, workshop.parts, number, token, words, problem=problem, free=workshop.bar
    )


def _explained(failure: Failure) -> int:
    problem = failure.value
    if isinstance(problem, LinkError):
        sys.stderr.write(f"{problem.code}: {problem.text or problem.detail} {problem.next_step}\n".rstrip() + "\n")
    elif isinstance(problem, PlatformError):
        sys.stderr.write(f"{problem}\n")
    else:
        log.failure("The access program failed", failure)
    return 1
