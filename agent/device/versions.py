"""The programs that a registered device keeps: the one that was installed, and newer ones that the appliance handed out.

A folder `programs` in the state folder: the files, and `programs.json` that says which is to run. Each file is written under
another name and renamed when it is whole, so that a cut at any point leaves a program that starts: the one that was
installed, at worst. What runs is checked against its signed manifest at every start. A new program is on trial until it
has reached the appliance once; after MAX_TRIES starts without that the one before comes back.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from twisted.logger import Logger

from agent.device.store import replace_file
from wizhelper.protocol import messages, update
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.update import Manifest, ReleaseProgram, SignedManifest

log = Logger()

FOLDER, STATE_FILE, NEW = "programs", "programs.json", ".new"
MAX_TRIES = 3
NO_KEY, ROLLED_BACK, DAMAGED = "UPDATE_NO_KEY", "UPDATE_ROLLED_BACK", "UPDATE_DAMAGED"
BAD_STATE = "BAD_PROGRAMS"
CHUNK_BYTES = 1024 * 1024

_SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "mac"}
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Installed:
    """`file`: its name in the folder."""

    version: str
    file: str
    manifest: SignedManifest


@dataclass(frozen=True)
class State:
    """`current`: what is to run, None for the program that was installed. `tries`: its starts while it is on trial, None
    once it has proved itself. `given_up`: the version that was rolled back last, "" for none."""

    current: Installed | None = None
    previous: Installed | None = None
    tries: int | None = None
    given_up: str = ""


def this_system() -> tuple[str, str]:
    """-> system and architecture, as manifests name them."""
    return _SYSTEMS.get(sys.platform, sys.platform), _MACHINES.get(platform.machine().lower(), platform.machine())


class Versions:
    """`own`: the version of the running program; `keys`: its release keys."""

    def __init__(self, state_folder: Path, own: str, keys: Iterable[bytes]) -> None:
        self._folder = state_folder / FOLDER
        self._own = own
        self._keys = tuple(keys)

    @property
    def folder(self) -> Path:
        return self._folder

    def state(self) -> State:
        """A file that cannot be read counts as none: the installed program runs."""
        try:
            return messages.load_dataclass(State, (self._folder / STATE_FILE).read_bytes(), BAD_STATE)
        except FileNotFoundError:
            return State()
        except (OSError, RemoteProtocolError) as problem:
            log.error("What is kept about newer programs cannot be read: {problem}", problem=str(problem))
            return State()

    # --- the launcher's side ------------------------------------------------------------------------------------------

    def begin(self) -> Path | None:
        """The program to be started in place of this one, None for this one. A start on trial is counted before it happens."""
        state = self.state()
        if state.current is not None and not self._newer(state.current):
            return None  # a newer program was installed by hand since
        if state.tries is not None and state.tries >= MAX_TRIES:
            state = self._given_up(state)
        elif state.tries is not None:
            state = replace(state, tries=state.tries + 1)
            if not self._try_to_keep(state):  # what cannot be counted is not tried
                state = self._given_up(state)
        for each in (state.current, state.previous):
            if each is not None and self._newer(each) and self._sound(each):
                return self._folder / each.file
        return None

    def _newer(self, program: Installed) -> bool:
        try:
            return update.version_of(program.version) > update.version_of(self._own)
        except RemoteProtocolError:
            return False

    def _given_up(self, state: State) -> State:
        assert state.current is not None
        log.error("Version {version} did not reach the appliance; the one before is back", version=state.current.version)
        after = State(current=state.previous, given_up=state.current.version)
        self._try_to_keep(after)
        return after

    def _sound(self, program: Installed) -> bool:
        """Its file is the one that a release key vouches for. A manifest that has expired since it was taken still counts."""
        try:
            manifest = update.read_manifest(program.manifest, self._keys)
            wanted = update.program_for(manifest, *this_system())
            fits = manifest.version == program.version and digest(self._folder / program.file) == wanted.sha256
        except (OSError, RemoteProtocolError) as problem:
            log.error("Version {version} is not started: {problem}", version=program.version, problem=str(problem))
            return False
        if not fits:
            log.error("Version {version} is not started: the file is damaged", version=program.version)
        return fits

    # --- the running program's side -----------------------------------------------------------------------------------

    def check(self, signed: SignedManifest, now: datetime, by_hand: bool) -> tuple[Manifest, ReleaseProgram]:
        """Whether this PC takes the release. `by_hand`: an administrator asks for it, so that one that was rolled back is
        tried again. Raises RemoteProtocolError: UPDATE_NO_KEY, UPDATE_ROLLED_BACK, and those of protocol.update."""
        if not self._keys:
            raise RemoteProtocolError(NO_KEY, "this program was built without release keys")
        manifest = update.read_manifest(signed, self._keys)
        update.check_time(manifest, now)
        update.check_newer(manifest, self._own)
        if manifest.version == self.state().given_up and not by_hand:
            raise RemoteProtocolError(ROLLED_BACK, manifest.version)
        return manifest, update.program_for(manifest, *this_system())

    def new_file(self, version: str) -> Path:
        """Where a download goes; what an earlier one left is gone. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for left in self._folder.glob(f"*{NEW}"):
            left.unlink()
        return self._folder / f"{_file_name(version)}{NEW}"

    def install(self, signed: SignedManifest, manifest: Manifest, program: ReleaseProgram, file: Path) -> None:
        """`file`: from `new_file`, whole. It runs from the next start on. Raises RemoteProtocolError("UPDATE_DAMAGED") and
        OSError; nothing has changed then."""
        if file.stat().st_size != program.size_bytes or digest(file) != program.sha256:
            file.unlink()
            raise RemoteProtocolError(DAMAGED, manifest.version)
        file.chmod(0o700)
        name = _file_name(manifest.version)
        file.replace(self._folder / name)
        before = self.state()
        proved = before.current if before.tries is None else before.previous
        self._keep(State(Installed(manifest.version, name, signed), proved, tries=0, given_up=before.given_up))
        self._tidy()

    @property
    def on_trial(self) -> bool:
        state = self.state()
        return state.tries is not None and state.current is not None and state.current.version == self._own

    def confirm(self) -> None:
        """The running program has reached the appliance: it stays."""
        if self.on_trial:
            self._try_to_keep(replace(self.state(), tries=None, given_up=""))
            self._tidy()

    def _tidy(self) -> None:
        state = self.state()
        kept = {each.file for each in (state.current, state.previous) if each is not None} | {STATE_FILE}
        for file in self._folder.iterdir():
            if file.name not in kept:
                try:
                    file.unlink()
                except OSError as problem:  # Windows: it still runs; the next time
                    log.info("Not deleted yet: {problem}", problem=str(problem))

    def _keep(self, state: State) -> None:
        """Raises OSError; what was kept before is then still there."""
        replace_file(self._folder / STATE_FILE, messages.dump_json(asdict(state)))

    def _try_to_keep(self, state: State) -> bool:
        try:
            self._keep(state)
        except OSError as problem:
            log.error("What is to run could not be written: {problem}", problem=str(problem))
            return False
        return True


def _file_name(version: str) -> str:
    return f"wizhelper-agent-{version}" + (".exe" if sys.platform == "win32" else "")


def digest(file: Path) -> str:
    """SHA-256 in hex. Raises OSError."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()
