"""What a device keeps of newer programs: it always starts something, and nothing that no release key vouches for (E10)."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.device import versions as module
from agent.device.versions import DAMAGED, MAX_TRIES, NO_KEY, ROLLED_BACK, Versions, this_system
from wizhelper.protocol import update
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import SigningKey
from wizhelper.protocol.update import Manifest, ReleaseProgram, SignedManifest

KEY, STRANGER = SigningKey(b"r" * 32), SigningKey(b"s" * 32)
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def program_of(content: bytes, system: tuple[str, str] | None = None) -> ReleaseProgram:
    return ReleaseProgram(*(system or this_system()), len(content), hashlib.sha256(content).hexdigest())


def release(version: str, content: bytes, by: SigningKey = KEY) -> SignedManifest:
    return update.sign_manifest(update.make_manifest(version, NOW, [program_of(content)]), by)


def versions(folder: Path, own: str = "1.0.0", keys: Iterable[SigningKey] = (KEY,)) -> Versions:
    return Versions(folder, own, [key.public for key in keys])


def take(kept: Versions, version: str, content: bytes = b"", by_hand: bool = False) -> None:
    """As the updater does it. `content`: of the file, by default one of its own for each version."""
    content = content or version.encode()
    signed = release(version, content)
    manifest, program = kept.check(signed, NOW, by_hand)
    file = kept.new_file(version)
    file.write_bytes(content)
    kept.install(signed, manifest, program, file)


def started(kept: Versions) -> str | None:
    """What the program that would start now contains."""
    found = kept.begin()
    return found.read_text() if found else None


def prove(folder: Path, version: str) -> None:
    versions(folder, version).confirm()


def test_nothing_kept_means_the_installed_program(tmp_path: Path) -> None:
    assert versions(tmp_path).begin() is None


def test_a_release_runs_from_the_next_start_on_and_stays_once_it_has_proved_itself(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    assert started(versions(tmp_path)) == "1.1.0"
    prove(tmp_path, "1.1.0")
    assert {started(versions(tmp_path)) for _ in range(3 * MAX_TRIES)} == {"1.1.0"}
    mode = next((tmp_path / "programs").glob("wizhelper-agent-1.1.0*")).stat().st_mode & 0o777
    assert mode == 0o700


def test_a_version_that_does_not_prove_itself_is_rolled_back_to_the_one_before(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    prove(tmp_path, "1.1.0")
    take(versions(tmp_path, "1.1.0"), "1.2.0")
    assert [started(versions(tmp_path)) for _ in range(MAX_TRIES + 2)] == ["1.2.0"] * MAX_TRIES + ["1.1.0"] * 2
    assert versions(tmp_path).state().given_up == "1.2.0"


def test_a_first_version_that_fails_gives_way_to_the_installed_program(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    assert [started(versions(tmp_path)) for _ in range(MAX_TRIES + 1)] == ["1.1.0"] * MAX_TRIES + [None]


def test_what_was_rolled_back_is_tried_again_only_when_an_administrator_asks(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    for _ in range(MAX_TRIES + 1):
        versions(tmp_path).begin()
    with pytest.raises(RemoteProtocolError, match=ROLLED_BACK):
        take(versions(tmp_path), "1.1.0")
    take(versions(tmp_path), "1.1.0", by_hand=True)
    assert started(versions(tmp_path)) == "1.1.0"
    prove(tmp_path, "1.1.0")
    assert versions(tmp_path).state().given_up == ""


def test_a_newer_program_that_was_installed_by_hand_wins(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    assert versions(tmp_path, "1.1.0").begin() is None
    assert versions(tmp_path, "1.2.0").begin() is None


def test_at_most_the_running_version_and_the_one_before_stay_on_the_disk(tmp_path: Path) -> None:
    for before, version in (("1.0.0", "1.1.0"), ("1.1.0", "1.2.0"), ("1.2.0", "1.3.0")):
        take(versions(tmp_path, before), version)
        prove(tmp_path, version)
    left = {file.name.removesuffix(".exe") for file in (tmp_path / "programs").iterdir()}
    assert left == {"programs.json", "wizhelper-agent-1.2.0", "wizhelper-agent-1.3.0"}


# --- attacks ----------------------------------------------------------------------------------------------------------


def refused(kept: Versions, signed: SignedManifest, code: str, now: datetime = NOW) -> None:
    with pytest.raises(RemoteProtocolError) as problem:
        kept.check(signed, now, True)
    assert problem.value.code == code


def test_releases_that_are_refused(tmp_path: Path) -> None:
    """E10: wrong key, old version, same version, expired, another system, changed text, no keys at all."""
    kept, good = versions(tmp_path, "1.1.0"), release("1.2.0", b"x")
    elsewhere = update.make_manifest("1.2.0", NOW, [program_of(b"x", ("beos", "ppc"))])
    refused(kept, release("1.2.0", b"x", STRANGER), update.NOT_SIGNED)
    refused(kept, release("1.0.9", b"x"), update.NOT_NEWER)
    refused(kept, release("1.1.0", b"x"), update.NOT_NEWER)
    refused(kept, good, update.EXPIRED, NOW + timedelta(days=31))
    refused(kept, update.sign_manifest(elsewhere, KEY), update.NO_PROGRAM)
    refused(kept, replace(good, text=good.text.replace("1.2.0", "9.2.0")), update.NOT_SIGNED)
    refused(versions(tmp_path, "1.1.0", ()), good, NO_KEY)


@pytest.mark.parametrize("content", [b"evil", b"good program", b"good progra"])
def test_another_file_than_the_signed_one_is_not_installed(tmp_path: Path, content: bytes) -> None:
    kept, signed = versions(tmp_path), release("1.1.0", b"good program!")
    manifest, program = kept.check(signed, NOW, False)
    file = kept.new_file("1.1.0")
    file.write_bytes(content)
    with pytest.raises(RemoteProtocolError, match=DAMAGED):
        kept.install(signed, manifest, program, file)
    assert kept.begin() is None and not file.exists()


def test_a_file_that_was_changed_later_is_not_started(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    prove(tmp_path, "1.1.0")
    next((tmp_path / "programs").glob("wizhelper-agent-1.1.0*")).write_bytes(b"evil")
    assert versions(tmp_path).begin() is None


def test_who_can_write_the_list_but_has_no_key_starts_nothing(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    text = (tmp_path / "programs" / "programs.json").read_text()
    forged = release("1.1.0", b"evil", STRANGER)
    entry = module.State(module.Installed("1.1.0", "evil", forged))
    (tmp_path / "programs" / "evil").write_bytes(b"evil")
    versions(tmp_path)._keep(entry)
    assert versions(tmp_path).begin() is None
    for spoilt in ("", "{", "[]", text.replace("wizhelper-agent-1.1.0", "../../../bin/sh"), text[:-5]):
        (tmp_path / "programs" / "programs.json").write_text(spoilt)
        assert versions(tmp_path).begin() is None


def test_a_disk_that_takes_nothing_leads_to_the_version_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start on trial that cannot be counted could go on for ever."""
    take(versions(tmp_path), "1.1.0")

    def full(*_arguments: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(module, "replace_file", full)
    assert versions(tmp_path).begin() is None


# --- a power cut at any point -------------------------------------------------------------------------------------------

TOUCHES = ("open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "os.listdir", "os.scandir")


def updated_until(folder: Path, steps: int) -> int:
    """An update in a process of its own that ends, as by kill -9, before its access number `steps` to the folder.
    -> its exit status: 9, or 0 if it came to the end."""
    process = os.fork()
    if process == 0:
        try:
            left = [steps]

            def count(event: str, arguments: tuple[object, ...]) -> None:
                if event in TOUCHES and str(arguments[0]).startswith(str(folder)):
                    left[0] -= 1
                    if left[0] < 0:
                        os._exit(9)

            sys.addaudithook(count)
            take(versions(folder, "1.1.0"), "1.2.0")
            prove(folder, "1.2.0")
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_an_end_at_any_step_of_an_update_leaves_a_program_that_starts(tmp_path: Path) -> None:
    """E10: the process is ended before each access to the folder in turn."""
    seen, status, steps = set(), 9, 0
    while status == 9:
        folder = tmp_path / str(steps)
        folder.mkdir()
        take(versions(folder), "1.1.0")
        prove(folder, "1.1.0")
        status = updated_until(folder, steps)
        running = started(versions(folder))
        assert running in ("1.1.0", "1.2.0")
        seen.add(running)
        take(versions(folder, running), "1.3.0")  # and the next update goes through
        assert started(versions(folder)) == "1.3.0"
        steps += 1
    assert status == 0 and steps >= 15 and seen == {"1.1.0", "1.2.0"}


def test_the_manifest_says_what_the_file_of_a_release_says() -> None:
    manifest: Manifest = update.unverified(release("1.1.0", b"x"))
    assert manifest.version == "1.1.0"
