"""One console that sees this PC: relay socket, WH1, and the features behind it, each message checked against its right.

The agent is the last judge: what a console may do is decided here, per message, whatever the server said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from agent.link import AgentSocket, SocketEvents
from agent.tools import Tool, ToolKind
from wizhelper.protocol import control, input, messages, screen
from wizhelper.protocol.channels import CONTROL, VIEW, WATCHER_RIGHTS, Channel, Permission
from wizhelper.protocol.control import Activity, Doing, Identity, SasPolicy, Trust
from wizhelper.protocol.errors import ProtocolError, RemoteProtocolError
from wizhelper.protocol.link import AgentLink, Established, Received
from wizhelper.protocol.live import Role
from wizhelper.protocol.secure import SigningKey

log = Logger()

MAX_INPUT_PER_S = 600
ACTS_PER_S, ACTS_AT_ONCE = 2, 40
"""What a console may do that belongs into the record: no more than the record can surely take."""
PING_S = 1.0


class ScreenPart(Protocol):
    """agent.features.screen.ScreenFeature, as seen from here."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def handle(self, message: screen.ViewerMessage) -> None: ...

    def pong(self, rtt_s: float) -> None: ...

    def origin(self) -> tuple[int, int]: ...


class InputPart(Protocol):
    """agent.features.input.InputFeature, as seen from here."""

    def handle(self, message: input.InputMessage, origin: tuple[int, int]) -> None: ...

    def tell_refusals(self, refused: Callable[[str], None]) -> None: ...

    def release(self) -> None: ...


@dataclass(frozen=True)
class Terms:
    """What the session allows, as the customer agreed to it."""

    permissions: frozenset[Permission]
    sas_policy: SasPolicy

    def narrowed(self, other: Terms) -> Terms:
        """What both allow. A session that runs is never widened: the customer was not asked again."""
        stricter = max(self.sas_policy, other.sas_policy, key=tuple(SasPolicy).index)
        return Terms(self.permissions & other.permissions, stricter)


@dataclass
class Memory:
    """What outlives one link of a session: the resume secret (in memory only), and whether the number was typed."""

    resume: bytes | None = None
    resume_until_s: float = 0.0
    trust: Trust = Trust.UNVERIFIED


RESUME_S = 600.0


class ViewerEvents(Protocol):
    """What the session is told."""

    def viewer_open(self, viewer: Viewer, sas: str, trust: Trust) -> None: ...

    def viewer_closed(self, viewer: Viewer) -> None: ...

    def viewer_ended_session(self, viewer: Viewer) -> None: ...

    def viewer_alarm(self, viewer: Viewer, code: str) -> None: ...

    def viewer_activity(self, viewer: Viewer, activity: Activity, on: bool) -> None:
        """Each change; with the viewer all of its activities end."""

    def viewer_acted(self, viewer: Viewer, act: str, facts: Mapping[str, str]) -> None:
        """For the session's record."""

    def viewer_told(self, viewer: Viewer, text: str) -> None:
        """A line for the customer in the operator's name."""


class ViewerOutlet:
    """agent.tools.Outlet of one tool."""

    def __init__(self, viewer: Viewer, channel: Channel, reactor: Any) -> None:
        self._viewer = viewer
        self._channel = channel
        self.reactor = reactor

    def send(self, body: bytes) -> None:
        self._viewer.send_of_tool(self._channel, body)

    def may(self, right: Permission) -> bool:
        return right in self._viewer.granted()

    def activity(self, activity: Activity, on: bool) -> None:
        self._viewer.activity(activity, on)

    def record(self, act: str, **facts: str) -> None:
        self._viewer.asked(act, facts)

    def result(self, act: str, **facts: str) -> None:
        self._viewer.acted(act, facts)

    def tell_customer(self, text: str) -> None:
        self._viewer.tell_customer(text)

    def origin(self) -> tuple[int, int]:
        return self._viewer.origin()

    def operator(self) -> str:
        return self._viewer.peer.name if self._viewer.peer is not None else ""


class Viewer(SocketEvents):
    """`make_screen(send)` builds the screen feature; `send` may be called from its thread."""

    def __init__(
        self,
        reactor: IReactorTime,
        ticket: str,
        sid: bytes,
        identity: Identity,
        key: SigningKey,
        terms: Terms,
        memory: Memory,
        make_screen: Callable[[Callable[[bytes], int]], ScreenPart],
        input_part: InputPart | None,
        tools: Sequence[ToolKind],
        events: ViewerEvents,
        role: Role = Role.CONTROLLER,
    ) -> None:
        self._reactor = reactor
        self.role = role
        self._ticket = ticket
        self._terms = terms
        self._memory = memory
        self._make_screen = make_screen
        self._input = input_part
        self._kinds = {kind.channel: kind for kind in tools}
        self._served = frozenset({VIEW, CONTROL}).union(*(kind.rights for kind in tools))
        self._tools: dict[Channel, Tool] = {}
        self._activities: set[Activity] = set()
        self._events = events
        resume = memory.resume if memory.resume_until_s > reactor.seconds() else None
        self._link = AgentLink(sid, identity, key, reactor.seconds, resume)
        self._socket: AgentSocket | None = None
        self._screen: ScreenPart | None = None
        self._pings: dict[int, float] = {}
        self._ping_token = 0
        self._input_budget = float(MAX_INPUT_PER_S)
        self._input_at = reactor.seconds()
        self._acts_budget = float(ACTS_AT_ONCE)
        self._acts_at = reactor.seconds()
        self._closed = False
        self._input_held = False
        self.peer: Identity | None = None
        self.rtt_ms: float | None = None

    # --- socket ------------------------------------------------------------------------------------------------------

    def opened(self, socket: AgentSocket) -> None:
        if self._closed:
            socket.abort()
            return
        self._socket = socket
        socket.send_text(messages.dump_json({"type": "join", "ticket": self._ticket}))

    def binary(self, data: bytes) -> None:
        if self._closed:
            return
        try:
            for event in self._link.receive(data):
                self._established(event) if isinstance(event, Established) else self._received(event)
            self._flush()
        except RemoteProtocolError as problem:
            self._alarm(problem)

    def closed(self, code: int | None, reason: str) -> None:
        self._socket = None
        self.close()

    def close(self, reason: str | None = None) -> None:
        """Input is dead when this returns, whatever the network does. `reason`: the customer's end of the whole session,
        told to a console that is there."""
        if self._closed:
            return
        self._closed = True
        self._release()
        if self._screen is not None:
            self._screen.stop()
        for tool in self._tools.values():
            tool.close()
        if reason is not None and self.peer is not None:
            self._send(Channel.CONTROL, control.encode(control.End(reason)))
        if self._socket is not None:
            self._socket.close()
        self._events.viewer_closed(self)

    def _alarm(self, problem: ProtocolError) -> None:
        """A frame that does not open is an attack or a bug: either way this link ends now."""
        log.error("Link broken off: {code}", code=problem.code, detail=problem.detail)
        was_open = self.peer is not None
        self.close()
        if was_open:
            self._events.viewer_alarm(self, problem.code)

    def _flush(self) -> None:
        if self._socket is not None:
            for data in self._link.data_to_send():
                self._socket.send_binary(data)

    # --- link --------------------------------------------------------------------------------------------------------

    def _established(self, event: Established) -> None:
        self.peer = event.peer
        if not event.resumed:
            self._memory.trust = Trust.UNVERIFIED
        self._resumed = event.resumed
        self._memory.resume = event.resume_secret
        self._memory.resume_until_s = self._reactor.seconds() + RESUME_S
        self._sas = event.sas
        self._greet()
        self._events.viewer_open(self, event.sas, self._memory.trust)
        self._ping()

    def set_role(self, role: Role) -> None:
        """What the console may do from now on; what it loses ends before this returns."""
        if self._closed or role is self.role:
            return
        self._release()
        self.role = role
        granted = self.granted()
        for channel in [c for c in self._tools if not granted & self._kinds[c].rights]:
            self._tools.pop(channel).close()
        if self.peer is not None:
            self._greet()

    def _release(self) -> None:
        """Nothing that this console pressed stays down; one that looks on has pressed nothing."""
        if self._input is not None and self.role is Role.CONTROLLER:
            self._input.release()

    def verify(self, number: str) -> bool:
        """The customer typed the confirmation number: one try, and a wrong one ends the link."""
        right = number == self._sas
        if right:
            self._memory.trust = Trust.NUMBER
            self._greet()
        return right

    def _greet(self) -> None:
        granted = self.granted()
        welcome = control.Welcome(tuple(sorted(granted)), self._terms.sas_policy, self._memory.trust, self._resumed)
        self._send(Channel.CONTROL, control.encode(welcome))
        if VIEW in granted and self._screen is None:
            self._screen = self._make_screen(self._send_screen)
            self._screen.start()
        for channel, kind in self._kinds.items():
            if channel not in self._tools and granted & kind.rights:
                self._tools[channel] = kind.make(ViewerOutlet(self, channel, self._reactor))

    def tool(self, channel: Channel) -> Tool | None:
        """None: the console may not use it, or is not there yet."""
        return self._tools.get(channel)

    @property
    def sas(self) -> str:
        return self._sas if self.peer is not None else ""

    @property
    def trust(self) -> Trust:
        return self._memory.trust

    def granted(self) -> frozenset[Permission]:
        """Nothing before the number was typed, where the company requires it; and nothing that this PC cannot do."""
        if self._terms.sas_policy is SasPolicy.REQUIRED and self._memory.trust is Trust.UNVERIFIED:
            return frozenset()
        granted = self._terms.permissions & self._served
        return granted if self.role is Role.CONTROLLER else granted & WATCHER_RIGHTS

    def _received(self, event: Received) -> None:
        if event.channel is Channel.CONTROL:
            self._control(control.decode(event.body))
        elif event.channel is Channel.SCREEN:
            message = screen.decode_viewer(event.body)
            if VIEW in self.granted() and self._screen is not None:
                self._screen.handle(message)
        elif event.channel is Channel.INPUT:
            self._pass_input(input.decode(event.body))
        elif event.channel in self._kinds:
            self._pass_to_tool(event)
        else:
            raise RemoteProtocolError("CHANNEL_UNKNOWN", event.channel.name)

    def _pass_to_tool(self, event: Received) -> None:
        tool = self._tools.get(event.channel)
        if tool is not None and self.granted() & self._kinds[event.channel].rights:
            tool.received(event.body)

    def _pass_input(self, message: input.InputMessage) -> None:
        if CONTROL not in self.granted() or self._input is None or self._input_held:
            return
        now = self._reactor.seconds()
        self._input_budget = min(MAX_INPUT_PER_S, self._input_budget + (now - self._input_at) * MAX_INPUT_PER_S)
        self._input_at = now
        if self._input_budget < 1:
            raise RemoteProtocolError("INPUT_FLOOD")
        self._input_budget -= 1
        self._input.handle(message, self.origin())

    def origin(self) -> tuple[int, int]:
        return self._screen.origin() if self._screen is not None else (0, 0)

    def hold_input(self, held: bool) -> None:
        """While a question to the person is on the screen, the console must not be able to answer it."""
        self._input_held = held
        if held and self._input is not None:
            self._input.release()

    def _control(self, message: control.ControlMessage) -> None:
        match message:
            case control.Ping(token):
                self._send(Channel.CONTROL, control.encode(control.Pong(token)))
            case control.Pong(token):
                self._pong(token)
            case control.Note(doing):
                self._noted(Doing(doing))
            case control.End():
                self._events.viewer_ended_session(self)
            case _:
                raise RemoteProtocolError("BAD_CONTROL", type(message).__name__)

    def _noted(self, doing: Doing) -> None:
        if doing is not Doing.SCREENSHOT:
            self.activity(Activity.RECORDING, doing is Doing.RECORDING_STARTED)
        self.asked(doing, {})

    def activity(self, activity: Activity, on: bool) -> None:
        if self._closed or (activity in self._activities) == on:
            return
        self._activities ^= {activity}
        self._events.viewer_activity(self, activity, on)

    def asked(self, act: str, facts: Mapping[str, str]) -> None:
        """Recorded, and counted. Raises RemoteProtocolError("ACT_FLOOD")."""
        now = self._reactor.seconds()
        self._acts_budget = min(ACTS_AT_ONCE, self._acts_budget + (now - self._acts_at) * ACTS_PER_S) - 1
        self._acts_at = now
        self.acted(act, facts)
        if self._acts_budget < 0:
            raise RemoteProtocolError("ACT_FLOOD")

    def acted(self, act: str, facts: Mapping[str, str]) -> None:
        self._events.viewer_acted(self, act, facts)

    def tell_customer(self, text: str) -> None:
        self._events.viewer_told(self, text)

    def _ping(self) -> None:
        if self._closed:
            return
        self._ping_token += 1
        if len(self._pings) < 30:
            self._pings[self._ping_token] = self._reactor.seconds()
            self._send(Channel.CONTROL, control.encode(control.Ping(self._ping_token)))
        self._reactor.callLater(PING_S, self._ping)

    def _pong(self, token: int) -> None:
        sent = self._pings.pop(token, None)
        if sent is not None and self._screen is not None:
            self._screen.pong(self._reactor.seconds() - sent)
        if sent is not None:
            self.rtt_ms = 1000 * (self._reactor.seconds() - sent)

    def _send(self, channel: Channel, body: bytes) -> None:
        self._link.seal(channel, body)
        self._flush()

    def send_of_tool(self, channel: Channel, body: bytes) -> None:
        if not self._closed:
            self._send(channel, body)

    def _send_screen(self, body: bytes) -> int:
        """Called on the pipeline's thread: sealing stays on the reactor's, so that frames keep one order."""
        self._reactor.callFromThread(self._send_screen_now, body)  # type: ignore[attr-defined]
        return len(body) + 30

    def _send_screen_now(self, body: bytes) -> None:
        if not self._closed:
            self._send(Channel.SCREEN, body)
