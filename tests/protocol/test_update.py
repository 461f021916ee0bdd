"""Manifests of agent releases: whom a device believes, and what it refuses."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from wizhelper.protocol import update
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.messages import dump_json
from wizhelper.protocol.secure import SigningKey
from wizhelper.protocol.update import ReleaseProgram, SignedManifest

OLD, NEW, NEWEST, STRANGER = (SigningKey(bytes([n]) * 32) for n in range(1, 5))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LINUX = ReleaseProgram("linux", "x86_64", 1000, "ab" * 32)
WINDOWS = ReleaseProgram("windows", "x86_64", 2000, "cd" * 32)
MANIFEST = update.make_manifest("1.2.0", NOW, [LINUX, WINDOWS])


def refused(code: str, signed: SignedManifest, *keys: SigningKey) -> None:
    with pytest.raises(RemoteProtocolError) as problem:
        update.read_manifest(signed, [key.public for key in keys])
    assert problem.value.code == code


def test_a_manifest_of_a_known_key_is_read_as_it_was_signed() -> None:
    signed = update.sign_manifest(MANIFEST, OLD)
    assert update.read_manifest(signed, [NEW.public, OLD.public]) == MANIFEST


def test_nobody_else_can_make_one() -> None:
    signed = update.sign_manifest(MANIFEST, STRANGER)
    refused(update.NOT_SIGNED, signed, OLD, NEW)
    refused(update.NOT_SIGNED, signed)
    ours = update.sign_manifest(MANIFEST, OLD)
    refused(update.NOT_SIGNED, replace(ours, text=ours.text.replace("1.2.0", "1.3.0")), OLD)
    refused(update.NOT_SIGNED, replace(ours, signature=ours.signature[:-2]), OLD)
    refused(update.NOT_SIGNED, replace(ours, signature="no hex"), OLD)
    refused(update.BAD, replace(ours, text="\ud800"), OLD)


def test_a_program_that_knows_an_old_key_follows_the_handovers() -> None:
    chain = (update.hand_over(NEW.public, OLD), update.hand_over(NEWEST.public, NEW))
    signed = update.sign_manifest(MANIFEST, NEWEST, chain)
    assert update.read_manifest(signed, [OLD.public]) == MANIFEST
    refused(update.NOT_SIGNED, replace(signed, handovers=chain[1:]), OLD)
    refused(update.NOT_SIGNED, replace(signed, handovers=chain[::-1]), OLD)


def test_a_stranger_cannot_vouch_for_himself() -> None:
    own = update.hand_over(STRANGER.public, STRANGER)
    false = replace(own, by=OLD.public.hex())
    for handover in (own, false, replace(false, key=NEW.public.hex())):
        refused(update.NOT_SIGNED, update.sign_manifest(MANIFEST, STRANGER, [handover]), OLD)
    many = [update.hand_over(NEW.public, OLD)] * (update.MAX_HANDOVERS + 1)
    refused(update.BAD, update.sign_manifest(MANIFEST, OLD, many), OLD)


def test_it_is_valid_for_thirty_days() -> None:
    update.check_time(MANIFEST, NOW + timedelta(days=30) - timedelta(seconds=1))
    with pytest.raises(RemoteProtocolError, match=update.EXPIRED):
        update.check_time(MANIFEST, NOW + timedelta(days=30))


@pytest.mark.parametrize("running", ["1.2.0", "1.2.1", "1.10.0", "2.0.0"])
def test_the_same_or_an_older_version_is_refused(running: str) -> None:
    with pytest.raises(RemoteProtocolError, match=update.NOT_NEWER):
        update.check_newer(MANIFEST, running)


@pytest.mark.parametrize("running", ["0.9.9", "1.1.99"])
def test_a_newer_version_is_taken(running: str) -> None:
    update.check_newer(MANIFEST, running)


def test_a_program_of_another_system_is_not_taken() -> None:
    assert update.program_for(MANIFEST, "windows", "x86_64") is MANIFEST.programs[1]
    for system in (("linux", "arm64"), ("mac", "x86_64")):
        with pytest.raises(RemoteProtocolError, match=update.NO_PROGRAM):
            update.program_for(MANIFEST, *system)


@pytest.mark.parametrize(
    "spoilt",
    [
        replace(MANIFEST, format=2),
        replace(MANIFEST, version="1.2"),
        replace(MANIFEST, version="1.2.0-beta"),
        replace(MANIFEST, version="01.2.0"),
        replace(MANIFEST, issued="yesterday"),
        replace(MANIFEST, issued="2026-11-27T12:00:00"),
        replace(MANIFEST, expires=MANIFEST.issued),
        replace(MANIFEST, expires=(NOW + timedelta(days=30, seconds=1)).isoformat()),
        replace(MANIFEST, programs=()),
        replace(MANIFEST, programs=(LINUX, replace(LINUX, sha256="ef" * 32))),
        replace(MANIFEST, programs=(replace(LINUX, size_bytes=0),)),
        replace(MANIFEST, programs=(replace(LINUX, size_bytes=update.MAX_PROGRAM_BYTES + 1),)),
        replace(MANIFEST, programs=(replace(LINUX, sha256="AB" * 32),)),
        replace(MANIFEST, programs=tuple(replace(LINUX, arch=str(n)) for n in range(update.MAX_PROGRAMS + 1))),
    ],
)
def test_even_a_release_key_cannot_make_this(spoilt: update.Manifest) -> None:
    refused(update.BAD, update.sign_manifest(spoilt, OLD), OLD)


def test_the_file_of_a_release_is_read_strictly() -> None:
    signed = update.sign_manifest(MANIFEST, OLD, [update.hand_over(NEW.public, OLD)])
    assert update.parse_signed(dump_json(asdict(signed))) == signed
    for data in (b"", b"[]", b'{"text":1,"signature":""}', b" " * (2 * update.MAX_TEXT_BYTES + 1)):
        with pytest.raises(RemoteProtocolError, match=update.BAD):
            update.parse_signed(data)
