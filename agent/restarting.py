"""One restart of this PC within a session: asked, prepared, announced, begun; and taken back as a whole where a step fails.

Nothing happens before the password was found right (RB-WRONGPW), the customer agreed and the server knows that the PC comes back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from agent.kept import Kept, ResumeFile
from agent.platform.restart import Restarter, RestartError
from wizhelper.protocol import live
from wizhelper.protocol.reboot import Code, Restart, State

log = Logger()

T = TypeVar("T")

ANSWER_S = 60.0
NOTED_S = 10.0
#: Somebody stopped it, or a program did not want to end.
STILL_UP_S = 180.0


class RefusedError(Exception):
    """The PC does not restart; `code` says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class RestartParts:
    """`command`: what runs at the next logon; None: the system starts this program itself. `folder`: for the resume file."""

    restarter: Restarter
    folder: Path
    command: Sequence[str] | None


class SessionSide(Protocol):
    """The session, as seen from here."""

    def ask_restart(self, timeout_s: float) -> None:
        """Asks the person; the answer comes by Restarting.answered."""

    def restart_settled(self) -> None: ...

    def kept(self, secret: str) -> Kept: ...

    def say_live(self, message: live.AgentMessage) -> bool:
        """False: there is no link to the server now."""


class Restarting:
    """Of one session. `going_down`: the end of this process is no end of the session."""

    def __init__(self, reactor: Any, parts: RestartParts, session: SessionSide) -> None:
        self._reactor = reactor
        self.restarter = parts.restarter
        self._file = ResumeFile(parts.folder)
        self._command = parts.command
        self._session = session
        self._busy = False
        self._asking: Deferred[bool] | None = None
        self._noting: Deferred[None] | None = None
        self.going_down = False

    async def run(self, wish: Restart, tell: Callable[[State, Code], None]) -> None:
        """Returns when the system has begun to restart. `tell` hears how far it is, also when the PC stays up after all.
        Raises RefusedError: nothing is left of it."""
        if self._busy:
            raise RefusedError(Code.BUSY)
        self._busy = True
        try:
            await self._check(wish)
            tell(State.ASKING, Code.NONE)
            await self._agreed()
            await self._prepare(wish)
        except BaseException:
            self._busy = False
            raise
        tell(State.GOING_DOWN, Code.NONE)
        await self._begin(wish.safe_mode)
        self._reactor.callLater(STILL_UP_S, self._still_up, tell)

    async def _check(self, wish: Restart) -> None:
        ability = await self.on_thread(self.restarter.ability)
        possible = ability.restart and (ability.safe_mode or not wish.safe_mode)
        if not possible or (wish.account and not ability.auto_logon):
            raise RefusedError(Code.UNSUPPORTED)
        if not wish.account:
            return
        try:
            right = await self.on_thread(self.restarter.password_is_right, wish.account, wish.password)
        except RestartError as problem:
            log.warn("A password cannot be checked: {problem}", problem=str(problem))
            raise RefusedError(Code.UNSUPPORTED) from None
        if not right:
            raise RefusedError(Code.WRONG_PASSWORD)

    async def _agreed(self) -> None:
        asked = self._asking = Deferred()
        asked.addTimeout(ANSWER_S, self._reactor)
        self._session.ask_restart(ANSWER_S)
        try:
            agreed = await asked
        except TimeoutError:
            raise RefusedError(Code.NOBODY_ANSWERED) from None
        finally:
            self._asking = None
            self._session.restart_settled()
        if not agreed:
            raise RefusedError(Code.CUSTOMER_REFUSED)

    def answered(self, accepted: bool) -> None:
        """The person's answer; one that comes too late changes nothing."""
        if self._asking is not None:
            asking, self._asking = self._asking, None
            asking.callback(accepted)

    async def _prepare(self, wish: Restart) -> None:
        secret = secrets.token_urlsafe(32)
        kept = self._session.kept(secret)
        try:
            await self.on_thread(self._keep, kept, wish)
        except (OSError, RestartError) as problem:
            log.error("The restart cannot be prepared: {problem}", problem=str(problem))
            await self._take_back()
            raise RefusedError(Code.NOT_KEPT) from None
        await self._announce(
            live.Rebooting(hashlib.sha256(secret.encode()).hexdigest(), wish.safe_mode, bool(wish.account))
        )

    def _keep(self, kept: Kept, wish: Restart) -> None:
        """On a thread. Raises OSError, RestartError."""
        self._file.write(kept)
        if self._command is not None:
            self.restarter.start_at_logon(self._command)
        if wish.account:
            self.restarter.log_on_once(wish.account, wish.password)

    async def _announce(self, message: live.Rebooting) -> None:
        noted = self._noting = Deferred()
        noted.addTimeout(NOTED_S, self._reactor)
        try:
            if not self._session.say_live(message):
                raise RefusedError(Code.SERVER_SILENT)
            await noted
        except (TimeoutError, RefusedError):
            await self._take_back()
            raise RefusedError(Code.SERVER_SILENT) from None
        finally:
            self._noting = None

    def noted(self) -> None:
        """The server waits for this PC."""
        if self._noting is not None and not self._noting.called:
            self._noting.callback(None)

    async def _begin(self, safe_mode: bool) -> None:
        self.going_down = True
        try:
            await self.on_thread(self.restarter.restart, safe_mode)
        except RestartError as problem:
            log.error("The system does not restart: {problem}", problem=str(problem))
            await self.call_off()
            raise RefusedError(Code.RESTART_REFUSED) from None

    def _still_up(self, tell: Callable[[State, Code], None]) -> None:
        if self.going_down:
            log.warn("The PC was to restart and is still up")
            Deferred.fromCoroutine(self.call_off()).addErrback(
                lambda failure: log.failure("The restart could not be taken back", failure)
            )
            tell(State.REFUSED, Code.STILL_UP)

    async def call_off(self) -> None:
        """It stays up: everything that was prepared is taken back, and the server told."""
        self.going_down = self._busy = False
        await self._take_back()

    async def _take_back(self) -> None:
        self._session.say_live(live.RebootCalledOff())
        await self.on_thread(self._forget)

    def _forget(self) -> None:
        self._file.wipe()
        self.restarter.forget()

    def session_over(self) -> None:
        """There is nothing to come back to."""
        if self._file.exists():
            self._forget()

    def on_thread(self, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work, *arguments)
