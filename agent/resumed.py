"""`wizhelper-agent resume`: the autostart entry of one start (RB-RECON). Goes back into the session for which this PC was restarted.

What was kept is wiped and the entry removed before anything else: neither works a second time, whatever happens next.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from agent import texts
from agent.access import ScriptDesk, Workshop, language, one_time_restart, run_program
from agent.entrance import Entrance
from agent.kept import Kept, ResumeFile
from agent.link import BackOff, LinkError, ServerLink, parse_server
from agent.platform.interface import current_platform
from agent.restarting import RestartParts
from agent.session import Joined, SupportSession
from agent.window_desk import WindowDesk
from wizhelper.protocol import local

log = Logger()

#: Right after a start the network may not be there; anything else is the server's last word.
PASSING = ("SERVER_UNREACHABLE", "STORE_BUSY", "BAD_ANSWER")


def take_kept(parts: RestartParts) -> Kept | None:
    """What was kept over the restart, once. With it goes all that the restart had left on this PC."""
    file = ResumeFile(parts.folder)
    if not file.exists():
        return None
    kept = file.take()
    parts.restarter.forget()
    return kept


def pause(reactor: Any, seconds: float) -> Deferred[None]:
    waiting: Deferred[None] = Deferred()
    reactor.callLater(seconds, waiting.callback, None)
    return waiting


async def back_in(reactor: Any, entrance: Entrance, kept: Kept, at_desktop: bool) -> Joined:
    """Tries until the network is up, as long as the server waits. Raises LinkError."""
    back_off = BackOff(most_s=5.0)
    while True:
        try:
            return await entrance.resume(kept.session, kept.secret, at_desktop)
        except LinkError as problem:
            if problem.code not in PASSING or time.time() >= kept.until_s:
                raise
            log.info("Not back yet: {problem}", problem=str(problem))
        await pause(reactor, back_off.next_s())


def run(options: Any, reactor: Any) -> int:
    return run_program(lambda: _run(options, reactor), reactor)


async def _run(options: Any, reactor: Any) -> int:
    """Exit status 1 also where there is nothing to go on with: an old entry is nothing that a person should be told of."""
    parts = one_time_restart(options.yes)
    kept = take_kept(parts)
    if kept is None:
        return 1
    words = language(options.lang)
    server = ServerLink(
        reactor, parse_server(kept.server, None, kept.ca.encode() if kept.ca is not None else None), words
    )
    workshop = Workshop(current_platform(), restart=parts)
    try:
        entrance = Entrance(server, workshop.host)
        if not options.yes:
            return await ResumedDesk(reactor, server, entrance, workshop.parts, None, None, words, kept=kept).run()
        joined = await back_in(reactor, entrance, kept, True)
        return await ScriptDesk(reactor, server, workshop, None, None, sys.stdout).resume(kept, joined)
    finally:
        workshop.close()


class ResumedDesk(WindowDesk):
    """The access program's window after a restart: no number, no consent, the bar as soon as the session is there again."""

    def __init__(self, *arguments: Any, kept: Kept, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._kept = kept

    def begin(self) -> None:
        self._begin(self._resume(), "")

    async def _resume(self) -> None:
        try:
            self._joined = await back_in(self._reactor, self._the_entrance, self._kept, True)
        except LinkError as problem:
            log.warn("The session does not go on: {problem}", problem=str(problem))
            self._window.send(local.Ended(texts.ended("session_over", self._language)))
            return
        self._start()

    def make_session(self, joined: Joined) -> SupportSession:
        assert self._server is not None
        return SupportSession(self._reactor, self._server, joined, self._parts(), self, kept=self._kept)
