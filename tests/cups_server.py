"""A print service of one's own: cupsd on a socket in a folder, with a printer "Office" that writes PDF files (cups-pdf)."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CUPSD = shutil.which("cupsd") or "/usr/sbin/cupsd"
PPD = Path("/usr/share/ppd/cups-pdf/CUPS-PDF_opt.ppd")
START_S = 15.0

_FILES = """
ServerRoot {folder}
RequestRoot {folder}/spool
CacheDir {folder}/cache
StateDir {folder}/state
TempDir {folder}/temp
DocumentRoot {folder}
ServerBin /usr/lib/cups
DataDir /usr/share/cups
SystemGroup root
User lp
Group lp
AccessLog {folder}/access.log
ErrorLog {folder}/error.log
PageLog {folder}/page.log
"""
_SERVER = """
Listen {folder}/cups.sock
WebInterface No
Browsing Off
DefaultAuthType None
JobRetryInterval 5
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""


@dataclass(frozen=True)
class Cups:
    """`output`: where cups-pdf puts what was printed, named by the title."""

    folder: Path
    output: Path

    @property
    def socket(self) -> Path:
        return self.folder / "cups.sock"

    def run(self, *command: str) -> str:
        environment = {**os.environ, "CUPS_SERVER": str(self.socket)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def printed(self, part: str, timeout_s: float = 30.0) -> Path:
        """The file of the job whose title has this part, once it is whole."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for file in self.output.glob(f"*{part}*.pdf"):
                if b"%%EOF" in file.read_bytes()[-64:]:
                    return file
            time.sleep(0.1)
        raise AssertionError(f"nothing printed: {part}\n" + (self.folder / "error.log").read_text()[-3000:])


@contextmanager
def cups_server(folder: Path) -> Iterator[Cups]:
    """The printer is a real one, so this needs root and the package printer-driver-cups-pdf."""
    if not Path(CUPSD).exists() or not PPD.exists():
        pytest.fail("needs CUPS with a PDF printer: apt-get install cups printer-driver-cups-pdf")
    for name in ("spool", "spool/tmp", "cache", "state", "temp", "ppd"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(0o777)
    _reachable(folder)
    (folder / "cups-files.conf").write_text(_FILES.format(folder=folder))
    (folder / "cupsd.conf").write_text(_SERVER.format(folder=folder))
    command = [CUPSD, "-f", "-c", str(folder / "cupsd.conf"), "-s", str(folder / "cups-files.conf")]
    with (folder / "cupsd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    made = Cups(folder, Path.home() / "PDF")
    try:
        _wait_for(made, process)
        made.run("lpadmin", "-p", "Office", "-D", "사무실 프린터", "-v", "cups-pdf:/", "-P", str(PPD), "-E")
        made.run("lpadmin", "-d", "Office")
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _reachable(folder: Path) -> None:
    """Filters run as another user."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.getuid() and not each.stat().st_mode & 0o001:
            each.chmod(each.stat().st_mode | 0o011)


def _wait_for(made: Cups, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while not made.socket.is_socket():
        assert process.poll() is None and time.monotonic() < deadline, (made.folder / "cupsd.log").read_text()
        time.sleep(0.05)
