"""Installers for the firm's own roll-out, as `make installer` leaves them: offered on the download page beside the access program.

They hold no settings; what is asked for at the installation is the address of the appliance.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from wizhelper.downloads.programs import Os

#: Name -> for which system. The architecture is the last word of the name before the ending.
_KINDS: tuple[tuple[re.Pattern[str], Os], ...] = (
    (re.compile(r"wizhelper-agent_[0-9][\w.]*_(amd64|arm64)\.deb"), "linux"),
    (re.compile(r"setup_wizhelper_agent_[0-9][\w.]*_(x86_64|arm64)\.exe"), "windows"),
    (re.compile(r"wizhelper-agent_[0-9][\w.]*_(x86_64|arm64)\.pkg"), "mac"),
)


@dataclass(frozen=True)
class Package:
    os: Os
    arch: str
    file: Path
    size_bytes: int
    sha256: str


def load(folder: Path | None) -> dict[str, Package]:
    """By file name. Hashes are those of the files at the start; a file that is exchanged later is not handed out."""
    found: dict[str, Package] = {}
    for file in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
        for pattern, os in _KINDS:
            fits = pattern.fullmatch(file.name)
            if fits and file.is_file() and not file.is_symlink():
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                found[file.name] = Package(os, fits[1], file, file.stat().st_size, digest)
    return found


def content(package: Package) -> bytes | None:
    """None: it is not the file any more whose hash the page shows."""
    try:
        data = package.file.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == package.sha256 else None
