"""A guest machine under real systemd: the host's /usr, a root of its own, booted by systemd-nspawn (root only).

Its desktop is what a desktop environment is to us: an X server, and the programs in autostart. The guest shares the host's network.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.harness import stop

#: Exit status of systemd-nspawn with --keep-unit when the guest asked to be restarted.
REBOOT_ASKED = 133

SESSION = """#!/bin/bash
# The desktop session of the guest: an X server, then everything in autostart.
export HOME=/root XDG_SESSION_TYPE=x11 LANG=C.UTF-8
rm -f /run/display
Xvfb -displayfd 3 -screen 0 1024x700x24 -nolisten tcp -noreset -ac 3> /run/display &
for _ in $(seq 100); do [ -s /run/display ] && break; sleep 0.1; done
export DISPLAY=:$(cat /run/display)
xsetroot -solid "$(cat /root/colour)"
echo boot >> /root/boots
for entry in /root/.config/autostart/*.desktop; do
    [ -e "$entry" ] && eval "$(sed -n 's/^Exec=//p' "$entry")" >> /root/agent.log 2>&1 &
done
wait
"""

UNIT = """[Unit]
Description=Desktop session
[Service]
ExecStart=/root/session
TimeoutStopSec=10
"""

TARGET = """[Unit]
Description=Desktop
Wants=desktop.service
AllowIsolate=yes
"""


def possible() -> bool:
    return (
        os.geteuid() == 0 and shutil.which("systemd-nspawn") is not None and Path("/usr/lib/systemd/systemd").exists()
    )


def autostart(home: Path, name: str, command: str) -> None:
    folder = home / ".config" / "autostart"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"[Desktop Entry]\nType=Application\nExec={command}\n")


class Guest:
    """`root`: its file system; what is in `root / "root"` is the home of the person at the PC."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root / "root"
        self.colour = "#31507a"
        self._process: subprocess.Popen[bytes] | None = None
        for folder in ("etc/systemd/system", "usr", "var", "tmp", "run", "root", "proc", "sys", "dev", "opt"):
            (root / folder).mkdir(parents=True)
        for link in ("bin", "sbin", "lib", "lib64"):
            (root / link).symlink_to(f"usr/{link}")
        self._write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n")
        self._write("etc/group", "root:x:0:\nnogroup:x:65534:\n")
        self._write("etc/os-release", Path("/etc/os-release").read_text())
        self._write("etc/machine-id", "")
        self._write("etc/systemd/system/desktop.service", UNIT)
        self._write("etc/systemd/system/desktop.target", TARGET)
        (root / "etc/systemd/system/default.target").symlink_to("desktop.target")
        self._write("root/session", SESSION, 0o755)

    def _write(self, path: str, text: str, mode: int = 0o644) -> None:
        (self.root / path).write_text(text)
        (self.root / path).chmod(mode)

    def boot(self) -> None:
        (self.home / "colour").write_text(self.colour)
        with (self.root.parent / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["systemd-nspawn", "-q", "-D", self.root, "--bind-ro=/usr", "--boot", "--register=no", "--keep-unit"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def goes_down(self, timeout_s: float = 60.0) -> int:
        """Waits for the end of this boot; -> REBOOT_ASKED if it was a restart."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def boots(self) -> int:
        file = self.home / "boots"
        return len(file.read_text().split()) if file.exists() else 0

    def log(self) -> str:
        file = self.home / "agent.log"
        return file.read_text() if file.exists() else ""

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM)


@contextmanager
def guest(folder: Path) -> Iterator[Guest]:
    made = Guest(folder / "machine")
    try:
        yield made
    finally:
        made.stop()
