"""The evidence pack of a session: it verifies in a bare interpreter, and any flipped byte shows."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from fakes import random_id
from sqlalchemy import select
from test_matrix import Scene, _rows
from world import World

from wizhelper.protocol.secure import SigningKey
from wizhelper.records import events, evidence_verify
from wizhelper.records.model import ConsentRecord, SessionQuality
from wizhelper.store.audit import AuditLine

EXPECTED = {
    *("session.json", "events.json", "transfers.json", "chat.json", "consents.json", "quality.json", "audit.json"),
    "recordings.json",
    *("manifest.json", "manifest.sig", "verify.py", "README.ko.txt", "README.en.txt"),
}


@pytest.fixture
def scene(world: World) -> Scene:
    scene = Scene(world, _rows(world, "alpha", "ours"), _rows(world, "beta", "theirs"))
    at = world.time.now()

    def fill(db: object) -> None:
        events.append(db, scene.alpha.session, at, "customer", "consented", {"scopes": ["view"]})  # type: ignore[arg-type]
        events.append(db, scene.beta.session, at, "customer", "consented", {})  # type: ignore[arg-type]
        events.append(db, scene.alpha.session, at, "agent", "file_sent", {"name": "한글.txt", "ms": 1.5})  # type: ignore[arg-type]
        consent = ConsentRecord(session_id=scene.alpha.session, text_id=1, scopes=["view"], accepted=True)
        consent.source, consent.at, consent.address = "window", at, "203.0.113.1"
        quality = SessionQuality(session_id=scene.alpha.session, at=at, fps=30.0, kbit_s=800.0)
        db.add_all([consent, quality])  # type: ignore[attr-defined]

    world.db.transact(fill)
    return scene


def unpacked(scene: Scene, folder: Path) -> Path:
    answer = scene.world.logged_in("audit").api("GET", f"/records/{scene.alpha.session}/evidence")
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert set(archive.namelist()) == EXPECTED
        archive.extractall(folder)
    return folder


def verified(folder: Path, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_it_holds_the_session_and_verifies_in_a_bare_interpreter(scene: Scene, tmp_path: Path) -> None:
    folder = unpacked(scene, tmp_path / "pack")
    key = scene.world.logged_in("boss").api("GET", "/audit/evidence-key").json["fingerprint"]
    code, said = verified(folder, "--key", key)
    assert code == 0 and said.startswith("OK: 11 files, "), said
    assert verified(folder)[0] == 0
    assert verified(folder, "--key", "0" * 64)[0] == 1
    assert json.loads((folder / "session.json").read_text())["id"] == scene.alpha.session
    assert [e["data"]["name"] for e in json.loads((folder / "transfers.json").read_text())] == ["한글.txt"]
    assert json.loads((folder / "consents.json").read_text())[0]["text"]
    assert json.loads((folder / "quality.json").read_text())[0]["fps"] == 30.0
    assert scene.beta.session not in "".join(f.read_text() for f in folder.iterdir())
    lines = scene.world.db.look(lambda s: list(s.scalars(select(AuditLine.action).order_by(AuditLine.seq))))
    assert lines[-1] == "audit.evidence_packed"


def test_any_flipped_byte_shows(scene: Scene, tmp_path: Path) -> None:
    folder = unpacked(scene, tmp_path / "pack")
    for name in sorted(EXPECTED - {"verify.py"}):
        file = folder / name
        before = file.read_bytes()
        for place in {0, len(before) // 2, len(before) - 1}:
            changed = bytearray(before)
            changed[place] ^= 1
            file.write_bytes(bytes(changed))
            said = _said(folder)
            assert said is not None, (name, place)
        file.unlink()
        assert _said(folder) is not None
        file.write_bytes(before)
    assert _said(folder) is None


def _said(folder: Path) -> str | None:
    """What is wrong, found by the script's own functions: a process for each byte would take minutes."""
    try:
        evidence_verify.check(str(folder), None)
    except (evidence_verify.Broken, ValueError, KeyError, TypeError) as problem:
        return str(problem) or "unreadable"
    return None


def test_a_changed_byte_is_told_by_the_script_itself(scene: Scene, tmp_path: Path) -> None:
    folder = unpacked(scene, tmp_path / "pack")
    (folder / "events.json").write_text((folder / "events.json").read_text().replace("한글", "영문"))
    assert verified(folder) == (1, "NOT WHOLE: events.json was changed\n")


def test_an_event_without_its_audit_line_shows_even_in_a_signed_pack(scene: Scene, tmp_path: Path) -> None:
    folder = unpacked(scene, tmp_path / "pack")
    found, lines = (json.loads((folder / name).read_text()) for name in ("events.json", "audit.json"))
    evidence_verify.check_lines(scene.alpha.session, found, lines)
    with pytest.raises(evidence_verify.Broken):
        evidence_verify.check_lines(scene.alpha.session, found, lines[:-1])


def test_the_scripts_own_ed25519_agrees_with_the_library() -> None:
    for number in range(8):
        key, data = SigningKey(bytes([number]) * 32), b"data %d" % number
        signature = key.sign(data)
        assert evidence_verify.signed(key.public, signature, data)
        assert not evidence_verify.signed(key.public, signature, data + b"!")
        assert not evidence_verify.signed(key.public, bytes([signature[0] ^ 1]) + signature[1:], data)
        assert not evidence_verify.signed(key.public, signature[:63], data)
        assert not evidence_verify.signed(SigningKey(b"x" * 32).public, signature, data)
        beyond = int.from_bytes(signature[32:], "little") + evidence_verify.L
        assert not evidence_verify.signed(key.public, signature[:32] + beyond.to_bytes(32, "little"), data)


@pytest.mark.parametrize("login", ["kim", "chief"])
def test_only_administrators_and_auditors_take_it(scene: Scene, login: str) -> None:
    browser = scene.world.logged_in(login)
    assert browser.api("GET", f"/records/{scene.alpha.session}/evidence").status == 403
    boss = scene.world.logged_in("boss")
    assert boss.api("GET", f"/records/{scene.beta.session}/evidence").code == "NOT_FOUND"
    assert boss.api("GET", f"/records/{random_id()}/evidence").code == "NOT_FOUND"
