"""The agent replaces itself by a release that the appliance offers: check, fetch, install, start anew when nobody is connected."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.device.versions import ROLLED_BACK, Versions
from agent.link import LinkError, ServerLink
from wizhelper.protocol import device as wire
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.update import Manifest, ReleaseProgram, SignedManifest

log = Logger()

PATH = "/download/agent/"
BUSY, NO_SPACE = "UPDATE_BUSY", "UPDATE_NO_SPACE"
#: A version on trial that has not reached the appliance by then counts as a failed start.
TRIAL_S = 600.0
#: So much stays free on the disk of the PC.
SPARE_BYTES = 200 * 1024 * 1024


class Updater:
    """`tell`: to the appliance. `restart`: ends this program so that its launcher starts it anew; the owner calls
    `now_idle` when the last session has ended, and says by `busy` whether one goes on."""

    def __init__(
        self,
        reactor: Any,
        server: ServerLink,
        versions: Versions,
        tell: Callable[[wire.Updated], None],
        busy: Callable[[], bool],
        restart: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        in_thread: Callable[..., Deferred[Any]] = deferToThread,
    ) -> None:
        self._server = server
        self._versions = versions
        self._tell = tell
        self._busy = busy
        self._restart = restart
        self._now = now
        self._in_thread = in_thread
        self._working = False
        self._installed = False
        self._trial = reactor.callLater(TRIAL_S, self._not_proved) if versions.on_trial else None

    # --- trial --------------------------------------------------------------------------------------------------------

    def reached(self) -> None:
        """The appliance has admitted this PC: the running version has proved itself."""
        if self._trial is not None and self._trial.active():
            self._trial.cancel()
        self._trial = None
        self._versions.confirm()
        given_up = self._versions.state().given_up
        if given_up:
            self._tell(wire.Updated("", given_up, ROLLED_BACK))

    def _not_proved(self) -> None:
        log.error("This version has not reached the appliance in {limit} s", limit=TRIAL_S)
        self._trial = None
        self._restart()

    # --- a release ----------------------------------------------------------------------------------------------------

    def offered(self, offer: wire.Update) -> None:
        Deferred.fromCoroutine(self._take(offer)).addErrback(self._failed, offer)

    async def _take(self, offer: wire.Update) -> None:
        manifest, program = self._versions.check(offer.manifest, self._now(), bool(offer.task))
        if self._working or self._installed:
            raise RemoteProtocolError(BUSY, manifest.version)
        self._working = True
        try:
            await self._fetch(offer.manifest, manifest, program)
        finally:
            self._working = False
        self._installed = True
        log.info("Version {version} is there and starts when nobody is connected", version=manifest.version)
        self._tell(wire.Updated(offer.task, manifest.version, ""))
        self.now_idle()

    async def _fetch(self, signed: SignedManifest, manifest: Manifest, program: ReleaseProgram) -> None:
        """Raises RemoteProtocolError, LinkError, OSError."""
        file = self._versions.new_file(manifest.version)
        if shutil.disk_usage(file.parent).free < program.size_bytes + SPARE_BYTES:
            raise RemoteProtocolError(NO_SPACE, str(program.size_bytes))
        with file.open("xb") as out:
            await self._server.download(PATH + program.sha256, program.size_bytes, out.write)
            out.flush()
            await self._in_thread(os.fsync, out.fileno())
        await self._in_thread(self._versions.install, signed, manifest, program, file)

    def _failed(self, failure: Failure, offer: wire.Update) -> None:
        problem = failure.value
        if not isinstance(problem, RemoteProtocolError | LinkError | OSError):
            log.failure("The update failed", failure)
        code = getattr(problem, "code", NO_SPACE if isinstance(problem, OSError) else "UPDATE_FAILED")
        log.error("No update: {code} {problem}", code=code, problem=str(problem))
        self._tell(wire.Updated(offer.task, "", code))

    def now_idle(self) -> None:
        if self._installed and not self._busy():
            self._restart()
