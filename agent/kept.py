"""What a session leaves on this PC over a restart: one file, readable by its owner only, good once and for fifteen minutes.

The server knows the hash of `secret` only. `resume` is the secret that the next handshake is mixed with (WH1, suite 2): the
console knows by it that this is the same program on the same PC.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from twisted.logger import Logger

from wizhelper.protocol import messages
from wizhelper.protocol.chat import Said
from wizhelper.protocol.errors import RemoteProtocolError

log = Logger()

FILE = "resume.json"
MAX_CHAT_BYTES = 24 * 1024


@dataclass(frozen=True)
class Kept:
    """`key`: secret of the session's own signing key, hex; "" for a device, which has one of its own. `until_s`: since 1970. `seat`: of the
    console that `resume` and `trust` belong to, who controlled."""

    until_s: float
    server: str
    ca: str | None
    session: str
    secret: str
    company: str
    operator: str
    since_s: float
    key: str
    resume: str
    trust: str
    permissions: tuple[str, ...]
    sas_policy: str
    said: tuple[Said, ...]
    seat: str = ""


def default_folder() -> Path:
    """Of the person at the PC."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "WizHelper"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "WizHelper"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "wizhelper"


def latest(said: tuple[Said, ...]) -> tuple[Said, ...]:
    """As many of the last lines as the file takes."""
    room, first = MAX_CHAT_BYTES, len(said)
    while first > 0 and (room := room - len(messages.dump_json(asdict(said[first - 1])))) >= 0:
        first -= 1
    return said[first:]


class ResumeFile:
    """`folder` is made if need be, for its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE

    def write(self, kept: Kept) -> None:
        """Raises OSError; nothing is left then."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600.
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=FILE)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(messages.dump_json(asdict(kept)))
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def exists(self) -> bool:
        return self.path.exists()

    def take(self, now_s: float | None = None) -> Kept | None:
        """What was kept; it is wiped before this returns, whatever it holds. None: nothing, too old, or no such file of ours."""
        try:
            owned = self.path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            log.error("{file} cannot be read: {problem}", file=str(self.path), problem=str(problem))
            return None
        finally:
            self.wipe()
        try:
            kept = messages.load_dataclass(Kept, data, "BAD_RESUME_FILE")
        except RemoteProtocolError as problem:
            log.error("What was kept over the restart is damaged: {detail}", detail=problem.detail)
            return None
        return kept if owned and kept.until_s > (time.time() if now_s is None else now_s) else None

    def wipe(self) -> None:
        """Overwritten first; a file system that copies on write keeps the old blocks all the same."""
        try:
            size = self.path.stat().st_size
            with self.path.open("r+b") as out:
                out.write(bytes(size))
                out.flush()
                os.fsync(out.fileno())
            self.path.unlink()
        except FileNotFoundError:
            return
        except OSError as problem:
            log.error("{file} stays: {problem}", file=str(self.path), problem=str(problem))
