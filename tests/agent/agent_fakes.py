"""Recorders for the parts around the agent's core, and an operator's console at the other end of a viewer's link."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from agent.link import AgentSocket, ServerLink, SocketEvents
from agent.parts import Parts, SessionView
from agent.platform.interface import HostInfo, OsKind
from agent.tools import ToolKind
from agent.viewer import InputPart, Memory, ScreenPart, Terms, Viewer
from tests.protocol.pair import AGENT, AGENT_KEY, CONSOLE, CONSOLE_KEY, SID
from wizhelper.protocol import control, input, live, screen
from wizhelper.protocol.channels import ALL_PERMISSIONS, Channel, Permission
from wizhelper.protocol.chat import Said
from wizhelper.protocol.control import Activity, Identity, SasPolicy, Trust
from wizhelper.protocol.link import ConsoleLink, Established, Event, Received
from wizhelper.protocol.local import Person
from wizhelper.protocol.secure import RekeyLimits

Call = tuple[Any, ...]

HOST = HostInfo("PC", "kim", OsKind.LINUX, "12", "x11")


class FakeReactor(Clock):
    """Time moved by hand; calls from threads happen at once; triggers are kept in `triggers`."""

    def __init__(self) -> None:
        super().__init__()
        self.triggers: list[Callable[[], Any]] = []

    def callFromThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        function(*arguments)

    def addSystemEventTrigger(self, phase: str, event: str, function: Callable[[], Any]) -> None:
        assert (phase, event) == ("before", "shutdown")
        self.triggers.append(function)

    @property
    def waits(self) -> list[float]:
        """Seconds until each of the pending calls."""
        return [call.getTime() - self.seconds() for call in self.getDelayedCalls()]


class FakeSocket(AgentSocket):
    """`calls`: what the owner did, in order. `log`, if given, gets the same: to compare the order with other parts."""

    def __init__(self, log: list[Call] | None = None) -> None:
        self.calls: list[Call] = []
        self._log = log if log is not None else []

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        self._log.append(("socket", *call))

    def send_text(self, data: bytes) -> None:
        self._note("text", data)

    def send_binary(self, data: bytes) -> None:
        self._note("binary", data)

    def close(self) -> None:
        self._note("close")

    def abort(self) -> None:
        self._note("abort")

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [json.loads(call[1]) for call in self.calls if call[0] == "text"]

    @property
    def is_closed(self) -> bool:
        return ("close",) in self.calls or ("abort",) in self.calls


class FakeScreen:
    def __init__(self, send: Callable[[bytes], int]) -> None:
        self.send = send
        self.begins_at = (0, 0)
        self.calls: list[Call] = []

    def start(self) -> None:
        self.calls.append(("start",))

    def stop(self) -> None:
        self.calls.append(("stop",))

    def handle(self, message: screen.ViewerMessage) -> None:
        self.calls.append(("handle", message))

    def pong(self, rtt_s: float) -> None:
        self.calls.append(("pong", rtt_s))

    def origin(self) -> tuple[int, int]:
        return self.begins_at


class FakeInput:
    """What reached the keyboard and the pointer."""

    def __init__(self, log: list[Call] | None = None) -> None:
        self.origins: list[tuple[int, int]] = []
        self.calls: list[Call] = []
        self._log = log if log is not None else []

    def handle(self, message: input.InputMessage, origin: tuple[int, int]) -> None:
        self.calls.append(("handle", message))
        self.origins.append(origin)
        self._log.append(("input", message))

    def tell_refusals(self, refused: Callable[[str], None]) -> None:
        self.refused = refused

    def release(self) -> None:
        self.calls.append(("release",))
        self._log.append(("release",))

    @property
    def handled(self) -> list[input.InputMessage]:
        return [call[1] for call in self.calls if call[0] == "handle"]


class FakeViewerEvents:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def viewer_open(self, viewer: Viewer, sas: str, trust: Trust) -> None:
        self.calls.append(("open", sas, trust))

    def viewer_closed(self, viewer: Viewer) -> None:
        self.calls.append(("closed",))

    def viewer_ended_session(self, viewer: Viewer) -> None:
        self.calls.append(("ended_session",))

    def viewer_alarm(self, viewer: Viewer, code: str) -> None:
        self.calls.append(("alarm", code))

    def viewer_activity(self, viewer: Viewer, activity: Activity, on: bool) -> None:
        self.calls.append(("activity", activity, on))

    def viewer_acted(self, viewer: Viewer, act: str, facts: Mapping[str, str]) -> None:
        self.calls.append(("acted", act, dict(facts)))

    def viewer_told(self, viewer: Viewer, text: str) -> None:
        self.calls.append(("told", text))


class FakeView:
    """What the person at the PC was shown."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def started(self, company: str, operator: str, since_s: float) -> None:
        self.calls.append(("started", company, operator, since_s))

    def link_changed(self, online: bool) -> None:
        self.calls.append(("link", online))

    def viewer_changed(self, present: bool, sas: str, policy: SasPolicy, trust: Trust) -> None:
        self.calls.append(("viewer", present, sas, policy, trust))

    def ask_approval(self, operator: str, timeout_s: float) -> None:
        self.calls.append(("ask_approval", operator, timeout_s))

    def refused(self, code: str) -> None:
        self.calls.append(("refused", code))

    def activities_changed(self, activities: frozenset[Activity]) -> None:
        self.calls.append(("activities", activities))

    def people_changed(self, people: tuple[Person, ...]) -> None:
        self.calls.append(("people", [(person.name, person.controls) for person in people]))

    def chat_line(self, line: Said) -> None:
        self.calls.append(("chat", line.customer, line.text))

    def ended(self, reason: str, receipt: str) -> None:
        self.calls.append(("ended", reason))

    def named(self, name: str) -> list[Call]:
        return [call for call in self.calls if call[0] == name]


@dataclass
class Connection:
    """One call of ServerLink.connect. `done` is what the caller waits for."""

    path: str
    events: SocketEvents
    done: Deferred[Any]


class FakeServer:
    """The server as agent.link.ServerLink shows it. `answers[path]` is a dict, or an exception to be raised."""

    def __init__(self) -> None:
        self.language = "ko"
        self.connections: list[Connection] = []
        self.requests: list[Call] = []
        self.answers: dict[str, Any] = {}

    def connect(self, path: str, events: SocketEvents) -> Deferred[Any]:
        self.connections.append(Connection(path, events, Deferred()))
        return self.connections[-1].done

    async def post(self, path: str, body: dict[str, Any], bearer: str | None = None) -> dict[str, Any]:
        self.requests.append(("POST", path, body, bearer))
        return await self._answer(path)

    async def get(self, path: str) -> dict[str, Any]:
        self.requests.append(("GET", path))
        return await self._answer(path)

    async def _answer(self, path: str) -> dict[str, Any]:
        """An answer that is a Deferred is waited for."""
        answer = self.answers[path]
        if isinstance(answer, Deferred):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return cast(dict[str, Any], answer)

    @property
    def link(self) -> ServerLink:
        return cast(ServerLink, self)

    def paths(self, path: str) -> list[Connection]:
        return [c for c in self.connections if c.path == path]


class ConsolePeer:
    """The operator's console of one viewer. `resume`: the secret of an earlier link."""

    def __init__(
        self, events: SocketEvents, socket: FakeSocket, resume: bytes | None = None, limits: RekeyLimits | None = None
    ) -> None:
        self._events = events
        self._socket = socket
        self.link = ConsoleLink(SID, CONSOLE, CONSOLE_KEY, lambda: 0.0, resume, limits=limits)
        self.got: list[Event] = []
        self._read = 0

    def ferry(self) -> None:
        """Everything that both ends have to say arrives; a console that breaks off says nothing more."""
        moved = True
        while moved:
            outgoing = self.link.data_to_send()
            for data in outgoing:
                self._events.binary(data)
            incoming = [c[1] for c in self._socket.calls[self._read :] if c[0] == "binary"]
            self._read = len(self._socket.calls)
            for data in incoming:
                self.got.extend(self.link.receive(data))
            moved = bool(outgoing or incoming)

    def send(self, channel: Channel, body: bytes) -> None:
        self.link.seal(channel, body)
        self.ferry()

    def say(self, message: control.ControlMessage) -> None:
        self.send(Channel.CONTROL, control.encode(message))

    def type(self, message: input.InputMessage) -> None:
        self.send(Channel.INPUT, input.encode(message))

    def messages(self, channel: Channel) -> list[Received]:
        return [e for e in self.got if isinstance(e, Received) and e.channel is channel]

    @property
    def established(self) -> Established:
        return next(e for e in self.got if isinstance(e, Established))

    @property
    def bodies(self) -> list[tuple[Channel, bytes]]:
        return [(e.channel, e.body) for e in self.got if isinstance(e, Received)]

    @property
    def controls(self) -> list[control.ControlMessage]:
        return [control.decode(body) for channel, body in self.bodies if channel is Channel.CONTROL]

    @property
    def welcomes(self) -> list[control.Welcome]:
        return [m for m in self.controls if isinstance(m, control.Welcome)]


@dataclass
class ViewerBench:
    """A viewer with fakes on all sides; `memory` and `reactor` may be those of an earlier one."""

    permissions: frozenset[Permission] = frozenset(ALL_PERMISSIONS)
    policy: SasPolicy = SasPolicy.SHOWN
    memory: Memory = field(default_factory=Memory)
    reactor: FakeReactor = field(default_factory=FakeReactor)
    log: list[Call] = field(default_factory=list)
    screens: list[FakeScreen] = field(default_factory=list)
    events: FakeViewerEvents = field(default_factory=FakeViewerEvents)
    tools: Sequence[ToolKind] = ()

    def __post_init__(self) -> None:
        self.socket = FakeSocket(self.log)
        self.input = FakeInput(self.log)
        terms = Terms(self.permissions, self.policy)
        self.viewer = Viewer(
            cast(Any, self.reactor),
            "ticket",
            SID,
            AGENT,
            AGENT_KEY,
            terms,
            self.memory,
            self._make_screen,
            self.input,
            self.tools,
            self.events,
        )

    def _make_screen(self, send: Callable[[bytes], int]) -> FakeScreen:
        self.screens.append(FakeScreen(send))
        return self.screens[-1]

    def open(self, resume: bytes | None = None, limits: RekeyLimits | None = None) -> ConsolePeer:
        """After the handshake and the first WELCOME."""
        self.viewer.opened(self.socket)
        console = ConsolePeer(self.viewer, self.socket, resume, limits)
        console.ferry()
        return console

    @property
    def alarms(self) -> list[Call]:
        return [call for call in self.events.calls if call[0] == "alarm"]

    @property
    def acts(self) -> list[Any]:
        """Messages of the console that did something on this PC."""
        seen = [call[1] for made in self.screens for call in made.calls if call[0] == "handle"]
        return [*seen, *self.input.handled]


class FakePC:
    """`parts` of a PC whose screen and input are recorded."""

    def __init__(self, log: list[Call] | None = None) -> None:
        self.screens: list[FakeScreen] = []
        self.on_errors: list[Callable[[str], None]] = []
        self.input = FakeInput(log)
        self.made = 0

    def parts(self) -> Parts:
        self.made += 1
        return Parts(self._identity, self._screen, self.input)

    @staticmethod
    def _identity(key: str) -> Identity:
        return Identity("one_time", "PC", "1.0.0", key)

    def _screen(
        self, send: Callable[[bytes], int], on_error: Callable[[str], None], report: Callable[[screen.Stats], None]
    ) -> FakeScreen:
        self.report = report
        self.screens.append(FakeScreen(send))
        self.on_errors.append(on_error)
        return self.screens[-1]


def hello(policy: str = "shown", permissions: tuple[str, ...] = ("view", "control")) -> live.Hello:
    return live.Hello("active", "한빛전산", "김상담", 1000.0, policy, permissions)


def viewer_call(sid: str = SID.hex(), ticket: str = "ticket") -> live.Viewer:
    return live.Viewer("viewer-1", ticket, sid, "김상담")


_screen_part: type[ScreenPart] = FakeScreen
_input_part: type[InputPart] = FakeInput
_view: type[SessionView] = FakeView
