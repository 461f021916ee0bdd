"""One support session on this PC, from "joined" to its end: the live link, the viewers, the customer's bar.

The customer's End works here and now: input and picture stop first, then the network is told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.averages import Averages
from agent.features import chat, reboot
from agent.features.chat import Conversation
from agent.kept import Kept, latest
from agent.link import AgentSocket, BackOff, LinkError, ServerLink, SocketEvents
from agent.parts import Parts, SessionView
from agent.restarting import Restarting
from agent.tools import ToolKind
from agent.untold import Untold
from agent.viewer import RESUME_S, Memory, Terms
from agent.viewers import Viewers
from wizhelper import __version__
from wizhelper.protocol import live
from wizhelper.protocol.channels import ALL_PERMISSIONS
from wizhelper.protocol.chat import fits
from wizhelper.protocol.control import SasPolicy, Trust
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SigningKey

log = Logger()

#: How long the last words to the server may take.
GOODBYE_S = 2.0
#: Characters of a line that a tool says to the customer.
MAX_TOLD = 1000

SESSION_OVER = ("NOT_FOUND", "SESSION_STATE")


@dataclass(frozen=True)
class Joined:
    """What the server answered to the number: the session and the secret that opens its live link."""

    session: str
    secret: str
    company: str
    operator: str


def _terms(hello: live.Hello) -> Terms:
    """The server names rights, the agent grants only those that it knows. Raises RemoteProtocolError("BAD_LIVE")."""
    try:
        policy = SasPolicy(hello.sas_policy)
    except ValueError:
        raise RemoteProtocolError("BAD_LIVE", "sas_policy") from None
    return Terms(frozenset(p for p in ALL_PERMISSIONS if p in hello.permissions), policy)


class SupportSession(SocketEvents):
    """`done` fires with the reason when the session is over and the server has been told."""

    def __init__(
        self,
        reactor: Any,
        server: ServerLink,
        joined: Joined,
        parts: Parts,
        view: SessionView,
        *,
        key: SigningKey | None = None,
        asks_first: bool = False,
        kept: Kept | None = None,
    ) -> None:
        """`key`: a registered device's own. `asks_first`: this PC's own rule asks the person, whatever the server says.
        `kept`: the session goes on after a restart of this PC."""
        self._reactor = reactor
        self._server = server
        self._joined = joined
        self._parts = parts
        if parts.input_part is not None:
            parts.input_part.tell_refusals(view.refused)
        self._view = view
        self._key_secret = b"" if key is not None else bytes.fromhex(kept.key) if kept else os.urandom(KEY_BYTES)
        self._key = key or SigningKey(self._key_secret)
        self._asks_first = asks_first
        self._asked_by_server = False
        self._conversation = Conversation(view.chat_line)
        self._back_off = BackOff()
        self._socket: AgentSocket | None = None
        self._averages = Averages(reactor.seconds, self._tell_quality)
        self._online = False
        self._terms: Terms | None = None
        self._receipt = ""
        self._untold = Untold(reactor, lambda: self._online, self._say)
        self._over: str | None = None
        self._unapproved = asks_first
        self._since_s = 0.0
        self._restarting = Restarting(reactor, parts.restart, self) if parts.restart is not None else None
        self._viewers = Viewers(
            *(reactor, server, parts, (*parts.tools, chat.kind(self._conversation), *self._restart_tool()), self._key, view, self),
            self._averages,
        )
        if kept is not None:
            self._go_on(kept)
        self.done: Deferred[str] = Deferred()

    def start(self) -> None:
        self._connect()

    # --- live link ---------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._over is None:
            self._server.connect("/ws/agent", self).addErrback(self._retry)

    def _retry(self, failure: Failure) -> None:
        failure.trap(LinkError)
        log.info("No link to the server: {problem}", problem=str(failure.value))
        self._reactor.callLater(self._back_off.next_s(), self._connect)

    def opened(self, socket: AgentSocket) -> None:
        if self._over is not None:
            socket.abort()
            return
        self._socket = socket
        socket.send_text(live.encode(live.Auth(self._joined.session, self._joined.secret, __version__)))

    def text(self, data: bytes) -> None:
        if self._over is not None:
            return
        try:
            self._told(live.decode_from_server(data))
        except RemoteProtocolError as problem:
            log.error("Bad message of the server: {code} {detail}", code=problem.code, detail=problem.detail)

    def closed(self, code: int | None, reason: str) -> None:
        self._socket = None
        self._online = False
        if self._over is not None:
            self._gone()
            return
        if reason in SESSION_OVER:
            self._finish("session_over")
            return
        self._view.link_changed(False)
        self._reactor.callLater(self._back_off.next_s(), self._connect)

    def _told(self, message: live.ServerMessage) -> None:
        match message:
            case live.Hello():
                self._greeted(message)
            case live.ApprovalAsked(operator, timeout_s):
                self._unapproved = self._asked_by_server = True
                self._view.ask_approval(operator, timeout_s)
            case live.Viewer():
                self._open_viewer(message)
            case live.Roles():
                self._viewers.set_roles(message)
            case live.RebootNoted():
                if self._restarting is not None:
                    self._restarting.noted()
            case live.Ended(reason):
                self._finish(reason)

    def _greeted(self, hello: live.Hello) -> None:
        """Raises RemoteProtocolError("BAD_LIVE") for a policy that is none."""
        terms = _terms(hello)
        first = not self._since_s
        self._since_s = hello.since_s
        self._terms = terms if self._terms is None else self._terms.narrowed(terms)
        self._back_off.reset()
        self._receipt = hello.receipt
        self._conversation.kept = hello.chat_kept
        if first:
            self._view.started(hello.company, hello.operator, hello.since_s)
            if self._asks_first:
                self._view.ask_approval(hello.operator, 0.0)
        self._view.link_changed(True)
        self._online = True
        self._untold.tell()

    # --- viewers -----------------------------------------------------------------------------------------------------

    def _open_viewer(self, message: live.Viewer) -> None:
        if self._terms is not None and not self._unapproved:
            self._viewers.open(message, self._terms)

    def _tell_quality(self, samples: tuple[live.Sample, ...]) -> None:
        """Lost while the server is away: figures are worth less than the order of acts."""
        if self._online:
            self._say(live.Quality(samples))

    def viewer_alarm(self) -> None:
        self.end("security_alarm")

    def viewer_acted(self, act: str, facts: Mapping[str, str]) -> bool:
        return self._untold.add(act, facts)

    def viewer_told(self, text: str) -> None:
        line = text[:MAX_TOLD]
        self._conversation.say(line if fits(line) else "…", customer=False)

    # --- a restart of this PC ----------------------------------------------------------------------------------------

    @property
    def going_down(self) -> bool:
        """The PC restarts: the end of this process, or of the window, is not the session's."""
        return self._restarting is not None and self._restarting.going_down

    def _restart_tool(self) -> tuple[ToolKind, ...]:
        if self._restarting is None:
            return ()
        account = self._parts.identity(self._key.public.hex()).user
        return (reboot.kind(self._restarting, account),)

    def ask_restart(self, timeout_s: float) -> None:
        self._hold_input(True)
        self._view.ask_restart(self._joined.operator, timeout_s)

    def restart_settled(self) -> None:
        self._hold_input(False)
        self._view.restart_settled()

    def _hold_input(self, held: bool) -> None:
        self._viewers.hold_input(held)

    def say_live(self, message: live.AgentMessage) -> bool:
        self._untold.flush()
        self._say(message)
        return self._online

    def kept(self, secret: str) -> Kept:
        assert self._terms is not None
        server = self._server.server
        seat, memory = self._viewers.controllers_memory()
        fresh = memory.resume_until_s > self._reactor.seconds()
        return Kept(
            time.time() + live.RESUME_S,
            server.base,
            server.ca.decode() if server.ca is not None else None,
            self._joined.session,
            secret,
            self._joined.company,
            self._joined.operator,
            self._since_s,
            self._key_secret.hex(),
            memory.resume.hex() if memory.resume is not None and fresh else "",
            memory.trust,
            tuple(sorted(self._terms.permissions)),
            self._terms.sas_policy,
            latest(self._conversation.lines),
            seat,
        )

    def _go_on(self, kept: Kept) -> None:
        """Raises ValueError for a file that this version did not write."""
        rights = frozenset(p for p in ALL_PERMISSIONS if p in kept.permissions)
        self._terms = Terms(rights, SasPolicy(kept.sas_policy))
        if kept.resume:
            until_s = self._reactor.seconds() + RESUME_S
            self._viewers.remember(kept.seat, Memory(bytes.fromhex(kept.resume), until_s, Trust(kept.trust)))
        self._conversation.go_on(kept.said)

    def at_desktop(self) -> None:
        """After a restart that came back at the logon screen: somebody has logged on."""
        self._say(live.AtDesktop())

    def _leave(self) -> Deferred[str]:
        """The session stays open on the server: this PC comes back."""
        self._over = "restart"
        self._viewers.close()
        self._untold.flush()
        if self._socket is not None:
            self._socket.close()
        self._gone()
        return succeed("restart")

    # --- the person at the PC ----------------------------------------------------------------------------------------

    def approve(self, accepted: bool) -> None:
        """The answer to `ask_approval`. Until it is yes, no console is let in, whatever the server asks for."""
        self._unapproved = not accepted
        if self._asked_by_server:
            self._say(live.Approval(accepted))
        elif not accepted:
            self.end()

    def restart_answered(self, accepted: bool) -> None:
        """The answer to `ask_restart`."""
        if self._restarting is not None:
            self._restarting.answered(accepted)

    def say(self, text: str) -> None:
        """The person writes to the operator; it is kept for a console that is away. `text` as chat.fits says."""
        self._conversation.say(text, customer=True)

    def verify(self, number: str) -> None:
        """The confirmation number that the operator read out. One try: a wrong one ends the session with an alarm."""
        if self._viewers.verify(number) is False:
            self.end("security_alarm")

    def offer_files(self, paths: tuple[str, ...]) -> None:
        """The person hands files to the operator, who is asked whether to take them."""
        self._view.refused("FILES_OFFERED" if self._viewers.offer_files(paths) else "FILES_NOT_TAKEN")

    def dismiss(self, person: str) -> None:
        """Somebody who only looks on has to go, and is not let in again in this session."""
        if self._viewers.dismiss(person):
            self._say(live.Dismiss(person))

    def end(self, reason: str = "customer_ended") -> None:
        """The customer's End."""
        if self._over is not None:
            return
        self._viewers.close(reason)
        self._untold.flush()
        self._say(live.EndSession(reason))
        self._finish(reason)

    def _say(self, message: live.AgentMessage) -> None:
        if self._socket is not None:
            self._socket.send_text(live.encode(message))

    def _finish(self, reason: str) -> None:
        if self._over is not None:
            return
        self._over = reason
        self._viewers.close()
        self._untold.flush()
        if self._restarting is not None:
            self._restarting.session_over()
        self._view.ended(reason, self._receipt)
        if self._socket is None:
            self._gone()
            return
        self._socket.close()
        self._reactor.callLater(GOODBYE_S, self._gone)

    def _gone(self) -> None:
        """The last words have been sent, or had their time."""
        if not self.done.called:
            self.done.callback(self._over or "")

    def shut_down(self) -> Deferred[str]:
        """For the end of the process: ends the session, unless it is the restart of this PC that ends the process; fires
        when the server has been told."""
        if self.going_down:
            return self._leave()
        self.end()
        waiting: Deferred[str] = Deferred()

        def told(reason: str) -> str:
            waiting.callback(reason)
            return reason

        self.done.addCallback(told)
        return waiting
