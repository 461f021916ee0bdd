"""What a registered device keeps: its key, where the appliance is, and its own copy of the signed policy.

One folder, readable by its owner only. A file is replaced as a whole or not at all: a full disk leaves the one before.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from agent.link import LinkError
from wizhelper.protocol import messages
from wizhelper.protocol.device import DevicePolicy, SignedPolicy, from_hex, read_policy
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SigningKey

KEY_FILE, REGISTRATION_FILE, LOCK_FILE = "device.key", "device.json", "device.lock"


@dataclass(frozen=True)
class Registration:
    """`ca`: PEM of the only CA to be trusted, None for the system's. `organisation`: the pinned key that signs policies, hex."""

    server: str
    ca: str | None
    device: str
    organisation: str
    company: str
    name: str
    policy: SignedPolicy | None = None

    def policy_now(self) -> DevicePolicy | None:
        """The policy that this PC obeys, checked anew. Raises RemoteProtocolError for a file that was tampered with."""
        if self.policy is None:
            return None
        return read_policy(self.policy, bytes.fromhex(self.organisation), self.device, 0)

    def with_policy(self, signed: SignedPolicy) -> Registration:
        """Raises RemoteProtocolError: not signed by the organisation, of another device, or older than what is known."""
        known = self.policy_now()
        read_policy(signed, bytes.fromhex(self.organisation), self.device, known.serial if known else 0)
        return replace(self, policy=signed)


def default_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "WizHelper"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/WizHelper")
    if os.geteuid() == 0:
        return Path("/var/lib/wizhelper-agent")
    return Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state")) / "wizhelper-agent"


class DeviceStore:
    """The folder. `lock` before anything else: one agent per device."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[str] | None = None

    @property
    def folder(self) -> Path:
        return self._folder

    def open(self) -> None:
        """Makes the folder and takes its lock until this process ends. Raises LinkError: STATE_FOLDER, ALREADY_RUNNING."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (self._folder / LOCK_FILE).open("a")
        except OSError as problem:
            raise LinkError("STATE_FOLDER", f"{problem.filename}: {problem.strerror}") from None
        try:
            _lock_file(self._lock)
        except OSError:
            raise LinkError("ALREADY_RUNNING", str(self._folder)) from None

    def close(self) -> None:
        """Another process may have the folder from now on."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def key(self) -> SigningKey:
        """The device's key, made at the first call. Raises LinkError("STATE_FOLDER") for a file that holds none."""
        file = self._folder / KEY_FILE
        try:
            if not file.exists():
                replace_file(file, os.urandom(KEY_BYTES).hex().encode())
            return SigningKey(from_hex(file.read_text("ascii").strip(), KEY_BYTES, "STATE_FOLDER"))
        except (OSError, UnicodeDecodeError, RemoteProtocolError) as problem:
            raise LinkError("STATE_FOLDER", f"{file}: {problem}") from None

    def registration(self) -> Registration:
        """Raises LinkError("NOT_REGISTERED" or "STATE_FOLDER")."""
        file = self._folder / REGISTRATION_FILE
        try:
            found = messages.load_dataclass(Registration, file.read_bytes(), "STATE_FOLDER")
            from_hex(found.organisation, KEY_BYTES, "STATE_FOLDER")
            return found
        except FileNotFoundError:
            raise LinkError("NOT_REGISTERED", "run `wizhelper-agent enroll` first") from None
        except (OSError, RemoteProtocolError) as problem:
            raise LinkError("STATE_FOLDER", f"{file}: {problem}") from None

    def keep(self, registration: Registration) -> None:
        """Raises OSError; what was kept before is then still there."""
        replace_file(self._folder / REGISTRATION_FILE, messages.dump_json(asdict(registration)))

    def forget(self) -> None:
        """The PC is not registered any more: its key is of no use, and the next registration makes a new one."""
        for name in (REGISTRATION_FILE, KEY_FILE):
            (self._folder / name).unlink(missing_ok=True)


def replace_file(file: Path, data: bytes) -> None:
    """The whole of it or nothing, readable by its owner only (mkstemp: 0600). Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lock_file(file: IO[str]) -> None:
    """Raises OSError if another process has it. The system takes the lock back when this process ends, however it ends."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
