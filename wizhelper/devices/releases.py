"""The agent release that this appliance hands on: `agent-release.json` in the programs folder, and the programs that it names.

The appliance cannot make a release, and whether one is good is the devices' to judge, by the keys that they were built with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.logger import Logger

from wizhelper.protocol import update
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.update import Manifest, SignedManifest

log = Logger()

FILE = "agent-release.json"


@dataclass(frozen=True)
class Release:
    """`programs`: content by SHA-256 in hex; only what was found in the folder."""

    signed: SignedManifest
    manifest: Manifest
    programs: Mapping[str, bytes]

    @property
    def version(self) -> str:
        return self.manifest.version


def load(folder: Path) -> Release | None:
    """None, with the reason in the log, where there is nothing to hand on. Read once, at the start."""
    try:
        signed = update.parse_signed((folder / FILE).read_bytes())
        manifest = update.unverified(signed)
    except FileNotFoundError:
        return None
    except (OSError, RemoteProtocolError) as problem:
        log.error("{file} is not handed on: {problem}", file=str(folder / FILE), problem=str(problem))
        return None
    programs = _found(folder, manifest)
    if not programs:
        log.error("{file} names no program that lies beside it", file=str(folder / FILE))
        return None
    return Release(signed, manifest, programs)


def _found(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    sizes = {program.size_bytes for program in manifest.programs}
    wanted = {program.sha256 for program in manifest.programs}
    found: dict[str, bytes] = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.stat().st_size in sizes:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if digest in wanted:
                found[digest] = content
    return found
