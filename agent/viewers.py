"""All consoles that see this PC in one session: each with its own link, handshake, picture and pace; one operator controls.

Not here: what one console may send (agent/viewer.py), who may look on at all (the server's rules, and the customer's "no").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.averages import Averages
from agent.features.files.tool import FilesTool
from agent.link import ServerLink
from agent.parts import Parts, SessionView
from agent.tools import ToolKind
from agent.viewer import Memory, ScreenPart, Terms, Viewer
from wizhelper.protocol import live, local
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import Activity, SasPolicy, Trust
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.handshake import SID_BYTES
from wizhelper.protocol.live import MAX_VIEWERS, Role
from wizhelper.protocol.screen import Stats
from wizhelper.protocol.secure import SigningKey

log = Logger()

MAX_SEATS = 64
"""Windows whose resume secrets are kept; the oldest is forgotten."""


class Host(Protocol):
    """The session, as its viewers need it."""

    def viewer_alarm(self) -> None:
        """Data was altered on the way: the session must not simply go on."""

    def viewer_acted(self, act: str, facts: Mapping[str, str]) -> bool:
        """For the session's record; False: no more can be kept, and the console has to go."""

    def viewer_told(self, text: str) -> None: ...


@dataclass
class _Place:
    """Who sits where: as the server said it when the link was asked for."""

    person: str
    name: str
    seat: str
    id: str
    viewer: Viewer


class Viewers:
    """It tells `view` who is there, which number is to be compared, and what goes on."""

    def __init__(
        self,
        reactor: Any,
        server: ServerLink,
        parts: Parts,
        tools: Sequence[ToolKind],
        key: SigningKey,
        view: SessionView,
        host: Host,
        averages: Averages,
    ) -> None:
        self._reactor = reactor
        self._server = server
        self._parts = parts
        self._tools = tools
        self._key = key
        self._view = view
        self._host = host
        self._averages = averages
        self._places: list[_Place] = []
        self._memories: dict[str, Memory] = {}
        self._dismissed: set[str] = set()
        self._controllers_seat = ""
        self._input_held = False
        self._policy = SasPolicy.SHOWN
        self._activities: dict[Viewer, frozenset[Activity]] = {}
        self._shown_activities: frozenset[Activity] = frozenset()
        self._shown_people: tuple[local.Person, ...] = ()

    @property
    def here(self) -> list[Viewer]:
        return [place.viewer for place in self._places]

    # --- who comes and goes ------------------------------------------------------------------------------------------

    def open(self, message: live.Viewer, terms: Terms) -> None:
        """Raises RemoteProtocolError("BAD_LIVE")."""
        sid = _sid(message.sid)
        if message.person and message.person in self._dismissed:
            return
        for old in [place for place in self._places if place.seat == message.seat]:
            old.viewer.close()
        if len(self._places) >= MAX_VIEWERS:
            log.warn("More viewers than {most}: refused", most=MAX_VIEWERS)
            return
        self._policy = terms.sas_policy
        viewer = self._make(message, sid, terms)
        viewer.hold_input(self._input_held)
        if viewer.role is Role.CONTROLLER:
            self._controllers_seat = message.seat
        self._places.append(_Place(message.person, message.operator, message.seat, message.viewer, viewer))
        self._server.connect("/ws/relay", viewer).addErrback(self._relay_failed, viewer)

    def _make(self, message: live.Viewer, sid: bytes, terms: Terms) -> Viewer:
        made: list[Viewer] = []

        def screen(send: Any) -> ScreenPart:
            return self._parts.make_screen(
                send, self._refused_on_thread, lambda stats: self._measured_on_thread(made[0], stats)
            )

        identity = self._parts.identity(self._key.public.hex())
        memory, role = self._memory(message.seat), Role(message.role)
        made.append(
            Viewer(
                *(self._reactor, message.ticket, sid, identity, self._key, terms, memory, screen),
                *(self._parts.input_part, self._tools, self, role),
            )
        )
        return made[0]

    def _memory(self, seat: str) -> Memory:
        memory = self._memories.pop(seat, None) or Memory()
        self._memories[seat] = memory
        if len(self._memories) > MAX_SEATS:
            del self._memories[next(iter(self._memories))]
        return memory

    @staticmethod
    def _relay_failed(failure: Failure, viewer: Viewer) -> None:
        log.warn("No link to the relay: {problem}", problem=str(failure.value))
        viewer.close()

    def set_roles(self, message: live.Roles) -> None:
        """Whoever loses control loses it before another one gets it."""
        roles = {viewer.viewer: Role(viewer.role) for viewer in message.viewers}
        for place in list(self._places):
            role = roles.get(place.id)
            if role is None:
                place.viewer.close()
            elif role is Role.WATCHER:
                place.viewer.set_role(role)
        for place in list(self._places):
            place.viewer.set_role(roles[place.id])
            if place.viewer.role is Role.CONTROLLER:
                self._controllers_seat = place.seat
        self._show_people()
        self._show_number()

    def hold_input(self, held: bool) -> None:
        """While a question to the person is on the screen, no console must be able to answer it, one that comes now neither."""
        self._input_held = held
        for place in self._places:
            place.viewer.hold_input(held)

    def controllers_memory(self) -> tuple[str, Memory]:
        """What is to be kept over a restart of this PC: the seat that controls, or did last, and what belongs to it."""
        return self._controllers_seat, self._memory(self._controllers_seat)

    def remember(self, seat: str, memory: Memory) -> None:
        self._controllers_seat = seat
        self._memories[seat] = memory

    def dismiss(self, person: str) -> bool:
        """The customer sends somebody away who looks on, for the rest of the session. False: there is no such person."""
        here = [place for place in self._places if place.person == person]
        if not person or not here or any(place.viewer.role is Role.CONTROLLER for place in here):
            return False
        self._dismissed.add(person)
        for place in here:
            place.viewer.close()
        return True

    def offer_files(self, paths: Sequence[str]) -> bool:
        """To whoever controls. False: nobody is there who may have files."""
        for place in self._places:
            tool = place.viewer.tool(Channel.FILES) if place.viewer.role is Role.CONTROLLER else None
            if isinstance(tool, FilesTool):
                tool.offer(paths, "window")
                return True
        return False

    def close(self, reason: str | None = None) -> None:
        """All of them; `reason` as in Viewer.close."""
        for place in list(self._places):
            place.viewer.close(reason)

    # --- the confirmation number -------------------------------------------------------------------------------------

    def verify(self, number: str) -> bool | None:
        """For the viewer whose number is asked for now. None: there is none."""
        viewer = self._asked()
        if viewer is None:
            return None
        right = viewer.verify(number)
        if right:
            self._show_number()
        return right

    def _asked(self) -> Viewer | None:
        """The controller's number comes first, then those of the others whose number was not typed yet."""
        here = sorted((p.viewer for p in self._places if p.viewer.peer), key=lambda v: v.role is Role.WATCHER)
        return next((v for v in here if v.trust is Trust.UNVERIFIED), here[0] if here else None)

    def _show_number(self) -> None:
        viewer = self._asked()
        if viewer is not None:
            self._view.viewer_changed(True, viewer.sas, self._policy, viewer.trust)

    # --- ViewerEvents ------------------------------------------------------------------------------------------------

    def viewer_open(self, viewer: Viewer, sas: str, trust: Trust) -> None:
        self._show_people()
        self._show_number()

    def viewer_closed(self, viewer: Viewer) -> None:
        gone = next((place for place in self._places if place.viewer is viewer), None)
        if gone is None:
            return
        self._places.remove(gone)
        self._activities.pop(viewer, None)
        if viewer.role is Role.CONTROLLER:
            self._averages.flush()
        self._show_activities()
        self._show_people()
        if self._asked() is None:
            self._view.viewer_changed(False, "", SasPolicy.OFF, viewer.trust)
        else:
            self._show_number()

    def viewer_ended_session(self, viewer: Viewer) -> None:
        """Picture and input stop at once; that the session is over is the server's to say, and follows."""
        viewer.close()

    def viewer_alarm(self, viewer: Viewer, code: str) -> None:
        self._host.viewer_alarm()

    def viewer_activity(self, viewer: Viewer, activity: Activity, on: bool) -> None:
        before = self._activities.get(viewer, frozenset())
        self._activities[viewer] = before | {activity} if on else before - {activity}
        self._show_activities()

    def viewer_acted(self, viewer: Viewer, act: str, facts: Mapping[str, str]) -> None:
        """What somebody did who does not control is recorded with his name."""
        place = next((place for place in self._places if place.viewer is viewer), None)
        by = {"by": place.name[: live.MAX_FACT_LENGTH]} if place and viewer.role is Role.WATCHER else {}
        if not self._host.viewer_acted(act, {**facts, **by}):
            viewer.close()

    def viewer_told(self, viewer: Viewer, text: str) -> None:
        self._host.viewer_told(text)

    # --- what the person at the PC sees ------------------------------------------------------------------------------

    def _show_activities(self) -> None:
        now = frozenset().union(*self._activities.values()) if self._activities else frozenset[Activity]()
        if now != self._shown_activities:
            self._shown_activities = now
            self._view.activities_changed(now)

    def _show_people(self) -> None:
        now = self._people()
        if now != self._shown_people:
            self._shown_people = now
            self._view.people_changed(now)

    def _people(self) -> tuple[local.Person, ...]:
        """Whoever has a link, once each, in the order in which they came."""
        found: dict[str, local.Person] = {}
        for place in self._places:
            if place.viewer.peer is not None:
                known = found.get(place.person)
                controls = place.viewer.role is Role.CONTROLLER or (known is not None and known.controls)
                found[place.person] = local.Person(place.person, place.name, controls)
        return tuple(found.values())

    # --- measurements ------------------------------------------------------------------------------------------------

    def _refused_on_thread(self, code: str) -> None:
        """Called by the picture's own thread."""
        self._reactor.callFromThread(self._view.refused, code)

    def _measured_on_thread(self, viewer: Viewer, stats: Stats) -> None:
        self._reactor.callFromThread(self._measured, viewer, stats)

    def _measured(self, viewer: Viewer, stats: Stats) -> None:
        """The record keeps how it felt for whoever controls."""
        if viewer.role is Role.CONTROLLER and any(place.viewer is viewer for place in self._places):
            self._averages.add(stats, viewer.rtt_ms)


def _sid(text: str) -> bytes:
    try:
        sid = bytes.fromhex(text)
    except ValueError:
        raise RemoteProtocolError("BAD_LIVE", "sid") from None
    if len(sid) != SID_BYTES:
        raise RemoteProtocolError("BAD_LIVE", "sid")
    return sid
