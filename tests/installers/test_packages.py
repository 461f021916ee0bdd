"""The .deb packages: what is in them, what their units may, and that a real dpkg installs, upgrades and removes them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
UNITS = TOP / "installer" / "systemd"
#: Of 10; an unhardened service has 9.6. systemd-analyze(1), "security".
MOST_EXPOSED = 2.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("dpkg-deb") is None or shutil.which("systemd-analyze") is None, reason="needs Debian"
    ),
]


def out(*command: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd).stdout


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deb")
    program = folder / "program"
    program.write_text("#!/bin/sh\necho program\n")
    for version in ("1.2.0", "1.10.0"):
        subprocess.run([TOP / "tools" / "make-deb", program, program, version, folder], check=True)
    return folder


def file_of(folder: Path, name: str, version: str = "1.2.0") -> Path:
    (found,) = folder.glob(f"{name}_{version}_*.deb")
    return found


@pytest.mark.parametrize(
    ("name", "unit"),
    [("wizhelper", "usr/lib/systemd/system"), ("wizhelper-agent", "usr/lib/systemd/user")],
)
def test_a_package_holds_its_program_and_its_unit_owned_by_root(packages: Path, name: str, unit: str) -> None:
    listed = out("dpkg-deb", "--contents", file_of(packages, name))
    for path in (f"usr/bin/{name}", f"{unit}/{name}.service"):
        assert re.search(rf"root/root .* \./{path}$", listed, re.M)
    assert all("root/root" in line for line in listed.splitlines())


def test_the_same_sources_make_the_same_package(packages: Path, tmp_path: Path) -> None:
    program = packages / "program"
    subprocess.run([TOP / "tools" / "make-deb", program, program, "1.2.0", tmp_path], check=True)
    for name in ("wizhelper", "wizhelper-agent"):
        assert file_of(packages, name).read_bytes() == file_of(tmp_path, name).read_bytes()


def test_the_appliance_may_hardly_anything(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / "wizhelper.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    exposed = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout + done.stderr)
    assert exposed and float(exposed[1]) <= MOST_EXPOSED, done.stdout[-2000:]


@pytest.mark.parametrize(("name", "way"), [("wizhelper", "--system"), ("wizhelper-agent", "--user")])
def test_systemd_understands_each_line_of_a_unit(tmp_path: Path, name: str, way: str) -> None:
    unit = tmp_path / f"{name}.service"
    unit.write_text((UNITS / f"{name}.service").read_text().replace(f"/usr/bin/{name}", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", way, "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert f"{name}.service" not in done.stderr, done.stderr


def environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XDG_RUNTIME_DIR": "/tmp"}


@pytest.mark.parametrize("name", ["wizhelper", "wizhelper-agent"])
def test_dpkg_installs_upgrades_and_removes_it_without_a_trace(packages: Path, tmp_path: Path, name: str) -> None:
    """In a root of its own: the scripts see no systemd there, and must not mind."""
    root = tmp_path / "root"
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    dpkg = (
        "dpkg",
        f"--root={root}",
        "--force-not-root",
        "--force-depends",
        "--force-script-chrootless",
        f"--log={tmp_path}/log",
    )
    for version in ("1.2.0", "1.10.0"):
        subprocess.run([*dpkg, "--install", file_of(packages, name, version)], check=True, capture_output=True)
        assert (root / "usr/bin" / name).exists()
    assert "1.10.0" in out("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", name)
    subprocess.run([*dpkg, "--purge", name], check=True, capture_output=True)
    left = [p for p in root.rglob("*") if p.is_file() and "var/lib/dpkg" not in str(p)]
    assert left == []
