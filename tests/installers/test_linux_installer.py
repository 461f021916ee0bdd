"""LNX-RUN LNX-ICON: setup_wizhelper_x86_64.run as a customer starts it, and every way in which it can go wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import eventually

TOP = Path(__file__).parent.parent.parent
NAME = "setup_wizhelper_x86_64.run"
NOBODY = 65534

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("makeself") is None, reason="needs makeself"),
]

PROGRAM = """#!/bin/bash
# {padding}
echo {version} "$@"
[ -z "$DISPLAY" ] || echo {version} > "$HOME/started"
[ "$1" != wait ] || read -t 60 < <(:)
"""

Make = Callable[[str], Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """An installer of one version, with a small program that says its version instead of the real one."""
    made: dict[str, Path] = {}

    def of_version(version: str) -> Path:
        if version not in made:
            folder = tmp_path_factory.mktemp("run")
            program = folder / "program"
            program.write_text(PROGRAM.format(padding="x" * 20_000, version=version))
            subprocess.run([TOP / "tools" / "make-run", program, version, folder], check=True)
            made[version] = folder / NAME
        return made[version]

    return of_version


class Person:
    """A home folder, and a folder for downloads."""

    def __init__(self, folder: Path) -> None:
        self.home, self.downloads = folder / "home", folder / "downloads"
        self.home.mkdir()
        self.downloads.mkdir()
        self.target = self.home / "ahranta" / "wizhelper"

    def install(self, file: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        shutil.copy(file, self.downloads / NAME)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        command = [*prefix, f"./{NAME}", *arguments]
        return subprocess.run(
            command, cwd=self.downloads, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def version(self) -> str:
        file = self.target / "VERSION"
        return file.read_text().strip() if file.exists() else ""

    def left_over(self) -> list[str]:
        """What should not be there, whatever happened."""
        beside = [entry.name for entry in self.downloads.iterdir() if entry.name not in (NAME, "connect.wizhelper")]
        parent = self.target.parent
        return beside + ([e.name for e in parent.iterdir() if e.name != "wizhelper"] if parent.exists() else [])


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_it_says_what_it_does_and_leaves_an_icon(person: Person, make: Make) -> None:
    done = person.install(make("1.2.0"))
    assert done.returncode == 0, done.stderr
    icon = person.home / "Desktop" / "run.desktop"
    assert "Creating directory wizhelper" in done.stderr
    order = [
        "Verifying archive integrity... All good.",
        "Uncompressing WizHelper",
        "= Starting.. WizHelper For Linux installer v1.0",
        f"Install path = {person.target}",
        "Step 1. Copy files and directories.",
        "finished. Step 1.",
        "Step 2. Create a desktop shortcut.",
        f"finished. Step 2. file = {icon}",
    ]
    places = [done.stdout.index(line) for line in order]
    assert places == sorted(places)
    assert os.access(icon, os.X_OK) and f'Exec="{person.target}/wizhelper"' in icon.read_text()
    assert subprocess.run([person.target / "wizhelper"], capture_output=True, text=True, check=True).stdout == "1.2.0\n"
    assert person.left_over() == []


def test_the_connection_file_of_the_download_comes_along_and_stays_private(person: Person, make: Make) -> None:
    (person.downloads / "connect.wizhelper").write_text('{"server":"https://h"}')
    assert person.install(make("1.2.0")).returncode == 0
    kept = person.target / "connect.wizhelper"
    assert kept.read_text() == '{"server":"https://h"}' and kept.stat().st_mode & 0o777 == 0o600
    (person.downloads / "connect.wizhelper").unlink()
    assert person.install(make("1.3.0")).returncode == 0
    assert kept.exists()


def test_a_corrupt_archive_fails_at_the_integrity_line(person: Person, make: Make, tmp_path: Path) -> None:
    data = bytearray(make("1.2.0").read_bytes())
    data[-200] ^= 0xFF
    bad = tmp_path / "bad.run"
    bad.write_bytes(data)
    bad.chmod(0o755)
    done = person.install(bad)
    assert done.returncode != 0 and "All good" not in done.stdout
    assert "checksum" in (done.stdout + done.stderr).lower()
    # makeself makes its folder first, as the manual shows; nothing was unpacked into it.
    assert not person.target.exists() and list((person.downloads / "wizhelper").iterdir()) == []


def test_a_truncated_archive_installs_nothing(person: Person, make: Make, tmp_path: Path) -> None:
    bad = tmp_path / "bad.run"
    bad.write_bytes(make("1.2.0").read_bytes()[:-500])
    bad.chmod(0o755)
    assert person.install(bad).returncode != 0
    assert not person.target.exists()


def test_over_an_older_version_it_replaces_it_as_a_whole(person: Person, make: Make) -> None:
    person.install(make("1.2.0"))
    (person.target / "of-the-old-version").touch()
    assert person.install(make("1.10.0")).returncode == 0
    assert person.version() == "1.10.0" and not (person.target / "of-the-old-version").exists()
    assert person.left_over() == []


def test_over_a_newer_version_it_refuses_unless_it_is_told_to(person: Person, make: Make) -> None:
    person.install(make("1.10.0"))
    done = person.install(make("1.2.0"))
    assert done.returncode == 1 and "A newer version is installed: 1.10.0" in done.stderr and "--force" in done.stderr
    assert person.version() == "1.10.0" and person.left_over() == []
    assert person.install(make("1.2.0"), "--", "--force").returncode == 0
    assert person.version() == "1.2.0"


def test_over_a_running_program_it_installs_and_says_so(person: Person, make: Make) -> None:
    person.install(make("1.2.0"))
    running = subprocess.Popen([person.target / "wizhelper", "wait"], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None and running.stdout.readline() == "1.2.0 wait\n"
        shutil.copy("/bin/sleep", person.target / "wizhelper.real")
        held = subprocess.Popen(["bash", "-c", f'exec -a "{person.target}/wizhelper" sleep 30'])
        done = person.install(make("1.3.0"))
        assert done.returncode == 0 and "WizHelper is running" in done.stdout
        assert held.poll() is None and person.version() == "1.3.0"
        held.kill()
        held.wait()
    finally:
        running.kill()
        running.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a small file system")
def test_without_space_it_says_how_much_is_needed_and_the_old_version_stays(person: Person, make: Make) -> None:
    person.install(make("1.2.0"))
    small = f"mount -t tmpfs -o size=24k,mode=755 none {person.home}/ahranta && cp -a {person.home}/keep {person.target} && "
    shutil.copytree(person.target, person.home / "keep")
    (person.home / "keep" / "wizhelper").write_text("#!/bin/sh\necho old\n")
    script = f'{small} "$@"; status=$?; {person.target}/wizhelper; ls {person.home}/ahranta; exit $status'
    done = person.install(make("1.3.0"), prefix=("unshare", "-m", "bash", "-c", script, "bash"))
    assert done.returncode == 1 and "Not enough space" in done.stderr and "KB are needed" in done.stderr
    assert done.stdout.splitlines()[-2:] == ["old", "wizhelper"]
    assert person.left_over() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_without_rights_it_says_so_and_leaves_nothing(tmp_path: Path, make: Make) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    person = Person(tmp_path)
    os.chown(person.downloads, NOBODY, NOBODY)
    prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    done = person.install(make("1.2.0"), prefix=prefix)
    assert done.returncode == 1 and "No right to write" in done.stderr
    assert list(person.home.iterdir()) == [] and person.left_over() == []


def test_the_uninstaller_leaves_nothing(person: Person, make: Make) -> None:
    person.install(make("1.2.0"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(person.home)}
    subprocess.run([person.target / "uninstall.sh"], check=True, env=environment, capture_output=True)
    assert [str(p.relative_to(person.home)) for p in person.home.rglob("*")] == ["Desktop"]


def test_after_a_download_the_program_starts_by_itself_where_there_is_a_screen(person: Person, make: Make) -> None:
    """CUST-RUN: who came from the customer page need not look for the icon."""
    (person.downloads / "connect.wizhelper").write_text("{}")
    assert person.install(make("1.2.0"), prefix=("env", "DISPLAY=:0")).returncode == 0
    started = person.home / "started"
    eventually("the program starts", lambda: started.exists() and started.read_text() == "1.2.0\n")
