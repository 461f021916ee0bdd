"""The programs that this server hands out, and the archive in which one travels with its connection file.

The program's own bytes are never changed: the archive holds the program and, beside it, `connect.wizhelper` (JSON:
server, ca, token). A signed program stays signed, and its SHA-256 is the same for every customer.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wizhelper.protocol.messages import dump_json

Os = Literal["windows", "linux", "mac"]
OS_NAMES: Mapping[Os, str] = {"windows": "Windows", "linux": "Linux", "mac": "macOS"}
SIDECAR = "connect.wizhelper"

#: File names in the programs folder, as the build leaves them.
FILES: Mapping[Os, str] = {
    "windows": "wizhelper-access-windows-x86_64.exe",
    "linux": "wizhelper-access-linux-x86_64",
    "mac": "wizhelper-access-macos.zip",
}

#: Instead of the bare Linux program, if it has been built: an installer that needs no root, and the icon that starts it.
BUILT_INSTALLER, INSTALLER, STARTER = "setup_wizhelper_x86_64.run", "setup_wizhelper.run", "w_setup.desktop"
STARTER_TEXT = """[Desktop Entry]
Type=Application
Name=WizHelper
Name[ko]=WizHelper 설치
Exec=sh -c 'cd "$(dirname "$1")" && exec ./setup_wizhelper.run' sh %k
Terminal=true
""".encode()


@dataclass(frozen=True)
class Program:
    os: Os
    file_name: str
    content: bytes
    sha256: str
    arch: str = "x86_64"


@dataclass(frozen=True)
class Archive:
    file_name: str
    content_type: str
    body: bytes


def load(folder: Path | None) -> Mapping[Os, Program]:
    """What has been built. Read once: the files are handed out as they were at start."""
    found: dict[Os, Program] = {}
    for os, name in FILES.items():
        program = _read(folder, os, name) if folder else None
        if program is not None:
            found[os] = program
    installer = _read(folder, "linux", BUILT_INSTALLER, INSTALLER) if folder else None
    return found | {"linux": installer} if installer is not None else found


def _read(folder: Path, os: Os, name: str, called: str | None = None) -> Program | None:
    """`called`: its name in the archive, if another one."""
    file = folder / name
    if not file.is_file():
        return None
    content = file.read_bytes()
    return Program(os, called or name, content, hashlib.sha256(content).hexdigest())


def sidecar(server: str, ca: bytes | None, token: str | None) -> bytes:
    """The connection file. `ca`: PEM of the appliance's own CA, None if it has a public certificate."""
    return dump_json({"server": server, "ca": ca.decode() if ca else None, "token": token})


def archive(program: Program, connection: bytes) -> Archive:
    """The program, untouched, with its connection file."""
    if program.os == "linux":
        return Archive(f"setup_wizhelper_{program.arch}.tar.gz", "application/gzip", _tar_gz(program, connection))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as out:
        out.writestr(program.file_name, program.content)
        out.writestr(SIDECAR, connection)
    return Archive(f"setup_wizhelper_{program.os}.zip", "application/zip", body.getvalue())


_packed: dict[tuple[str, str], bytes] = {}


def _tar_gz(program: Program, connection: bytes) -> bytes:
    """gzip members may be joined: the program's large member is made once and reused as it is."""
    large = _packed.get((program.file_name, program.sha256))
    if large is None:
        # mtime 0: the same program gives the same bytes.
        large = gzip.compress(_member(program.file_name, program.content, 0o755), 1, mtime=0)
        _packed[(program.file_name, program.sha256)] = large
    end = bytes(2 * tarfile.BLOCKSIZE)
    small = _member(SIDECAR, connection, 0o600)
    if program.file_name == INSTALLER:
        small += _member(STARTER, STARTER_TEXT, 0o755)
    return gzip.compress(small, 6, mtime=0) + large + gzip.compress(end, 6, mtime=0)


def _member(name: str, content: bytes, mode: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    padding = -len(content) % tarfile.BLOCKSIZE
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(padding)
