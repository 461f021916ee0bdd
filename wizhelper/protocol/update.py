"""Signed manifests of agent releases: what a device may replace its own program by, and whom it believes.

A manifest is JSON text that a release key signs: Ed25519 over b"WH release\\x00" + text. The key is kept offline by whoever builds the
programs; its public half is built into each of them, with the one that comes next. A program that was built before a key was
replaced follows the handovers that travel with the manifest: each is a known key's word for a new one. The appliance only
hands manifests on and can make none.

`{"format":1,"version":"1.2.0","issued":"2026-11-27T00:00:00+00:00","expires":"2026-12-27T00:00:00+00:00","programs":[
{"os":"linux","arch":"x86_64","size_bytes":31457280,"sha256":"..."}]}`
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import SigningKey, verify_signature

BAD, NOT_SIGNED, EXPIRED, NOT_NEWER, NO_PROGRAM = (
    "UPDATE_BAD", "UPDATE_NOT_SIGNED", "UPDATE_EXPIRED", "UPDATE_NOT_NEWER", "UPDATE_NO_PROGRAM",
)
FORMAT = 1
MAX_HANDOVERS = 8
MAX_TEXT_BYTES = 8 * 1024
MAX_PROGRAMS = 16
#: A frozen program with all its parts has 40 to 120 MB.
MAX_PROGRAM_BYTES = 512 * 1024 * 1024
#: A manifest that lay about for longer is refused: a device that was away must not be led to a release with known holes.
VALID = timedelta(days=30)
_VERSION = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ReleaseProgram:
    """`os`: "linux", "windows" or "mac"; `arch`: "x86_64" or "arm64"; `sha256` in hex."""

    os: str
    arch: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`issued`, `expires`: ISO 8601 with an offset."""

    format: int
    version: str
    issued: str
    expires: str
    programs: tuple[ReleaseProgram, ...]


@dataclass(frozen=True)
class Handover:
    """The holder of key `by` vouches for `key`; all in hex."""

    key: str
    by: str
    signature: str


@dataclass(frozen=True)
class SignedManifest:
    """`text`: the JSON of a Manifest, exactly as it was signed; `signature` in hex. `handovers`: in the order of time."""

    text: str
    signature: str
    handovers: tuple[Handover, ...] = ()


def version_of(text: str) -> tuple[int, int, int]:
    """ "1.2.0" as numbers that can be compared. Raises RemoteProtocolError("UPDATE_BAD")."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise RemoteProtocolError(BAD, "version")
    return int(found[1]), int(found[2]), int(found[3])


def make_manifest(version: str, issued: datetime, programs: Iterable[ReleaseProgram]) -> Manifest:
    """`issued`: aware. Raises RemoteProtocolError("UPDATE_BAD") for what no device would take."""
    manifest = Manifest(FORMAT, version, issued.isoformat(), (issued + VALID).isoformat(), tuple(programs))
    _check(manifest)
    return manifest


def hand_over(key: bytes, by: SigningKey) -> Handover:
    return Handover(key.hex(), by.public.hex(), by.sign(_handover_text(key)).hex())


def sign_manifest(manifest: Manifest, key: SigningKey, handovers: Iterable[Handover] = ()) -> SignedManifest:
    text = messages.dump_json(asdict(manifest))
    return SignedManifest(text.decode(), key.sign(_manifest_text(text)).hex(), tuple(handovers))


def read_manifest(signed: SignedManifest, keys: Iterable[bytes]) -> Manifest:
    """The manifest, if one of `keys` signed it, or a key that one of them leads to; whether it is still valid is asked by
    `check_time`. Raises RemoteProtocolError: UPDATE_NOT_SIGNED, UPDATE_BAD."""
    text = _bytes(signed.text)
    if not any(_signed_by(key, signed.signature, _manifest_text(text)) for key in _trusted(keys, signed.handovers)):
        raise RemoteProtocolError(NOT_SIGNED, "by none of the known release keys")
    return unverified(signed)


def unverified(signed: SignedManifest) -> Manifest:
    """What the text says, for whoever only hands it on. Raises RemoteProtocolError("UPDATE_BAD")."""
    manifest = messages.load_dataclass(Manifest, _bytes(signed.text), BAD)
    _check(manifest)
    return manifest


def parse_signed(data: bytes) -> SignedManifest:
    """The file that a release is handed out with. Raises RemoteProtocolError("UPDATE_BAD")."""
    if len(data) > 2 * MAX_TEXT_BYTES:
        raise RemoteProtocolError(BAD, "too long")
    return messages.load_dataclass(SignedManifest, data, BAD)


def check_time(manifest: Manifest, now: datetime) -> None:
    """`now`: aware. Raises RemoteProtocolError("UPDATE_EXPIRED")."""
    if now >= datetime.fromisoformat(manifest.expires):
        raise RemoteProtocolError(EXPIRED, manifest.expires)


def check_newer(manifest: Manifest, than: str) -> None:
    """Raises RemoteProtocolError("UPDATE_NOT_NEWER"): the same version, or an older one."""
    if version_of(manifest.version) <= version_of(than):
        raise RemoteProtocolError(NOT_NEWER, f"{manifest.version} after {than}")


def program_for(manifest: Manifest, os: str, arch: str) -> ReleaseProgram:
    """Raises RemoteProtocolError("UPDATE_NO_PROGRAM")."""
    for program in manifest.programs:
        if (program.os, program.arch) == (os, arch):
            return program
    raise RemoteProtocolError(NO_PROGRAM, f"{os} {arch}")


def _check(manifest: Manifest) -> None:
    """Raises RemoteProtocolError("UPDATE_BAD")."""
    version_of(manifest.version)
    issued, expires = _time(manifest.issued), _time(manifest.expires)
    if manifest.format != FORMAT or not 0 < len(manifest.programs) <= MAX_PROGRAMS:
        raise RemoteProtocolError(BAD, "format")
    if not issued < expires <= issued + VALID:
        raise RemoteProtocolError(BAD, "times")
    if len({(p.os, p.arch) for p in manifest.programs}) != len(manifest.programs):
        raise RemoteProtocolError(BAD, "two programs of one kind")
    for program in manifest.programs:
        if not 0 < program.size_bytes <= MAX_PROGRAM_BYTES or not _SHA256.fullmatch(program.sha256):
            raise RemoteProtocolError(BAD, "program")


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RemoteProtocolError(BAD, "time") from None
    if found.tzinfo is None:
        raise RemoteProtocolError(BAD, "time without an offset")
    return found


def _trusted(keys: Iterable[bytes], handovers: tuple[Handover, ...]) -> list[bytes]:
    """Raises RemoteProtocolError("UPDATE_BAD")."""
    known = list(keys)
    if len(handovers) > MAX_HANDOVERS:
        raise RemoteProtocolError(BAD, "handovers")
    for each in handovers:
        key, by = _unhex(each.key), _unhex(each.by)
        if by in known and _signed_by(by, each.signature, _handover_text(key)):
            known.append(key)
    return known


def _signed_by(key: bytes, signature: str, text: bytes) -> bool:
    try:
        verify_signature(key, _unhex(signature), text)
    except RemoteProtocolError:
        return False
    return True


def _unhex(text: str) -> bytes:
    """Raises RemoteProtocolError("UPDATE_BAD")."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise RemoteProtocolError(BAD, "hex") from None


def _bytes(text: str) -> bytes:
    """Raises RemoteProtocolError("UPDATE_BAD"): too long, or not Unicode."""
    try:
        found = text.encode()
    except UnicodeEncodeError:
        raise RemoteProtocolError(BAD, "text") from None
    if len(found) > MAX_TEXT_BYTES:
        raise RemoteProtocolError(BAD, "too long")
    return found


def _manifest_text(text: bytes) -> bytes:
    return b"WH release\x00" + text


def _handover_text(key: bytes) -> bytes:
    return b"WH release key\x00" + key
