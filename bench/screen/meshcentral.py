"""MeshCentral as a remote screen to measure: its server, its Linux agent and its web page, from the npm package `meshcentral`.

npm install meshcentral           # in a folder of your choice
MESHCENTRAL=that/folder python -m bench.screen --target wizhelper,meshcentral
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e import harness

_LOGIN, _PASSWORD, _GROUP = "boss", "Bench-12345", "bench"
_START_S = 60.0
_CONNECTED = 3


def installed() -> Path:
    """The package's folder; raises LookupError with what to do."""
    found = Path(os.environ.get("MESHCENTRAL", "")) / "node_modules" / "meshcentral"
    if not (found / "meshcentral.js").exists():
        raise LookupError("npm install meshcentral, and MESHCENTRAL=the folder it is installed in")
    return found


@dataclass
class Server:
    """On a free port, with one account and one group of computers."""

    package: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def set_up(self) -> None:
        options = {"cert": "127.0.0.1", "WANonly": True, "port": self.port, "redirPort": 0, "mpsPort": 0}
        options |= {"selfUpdate": False, "allowedOrigin": True}
        (self.folder / "config.json").write_text(json.dumps({"settings": options, "domains": {"": {}}}))
        self._run("meshcentral.js", "--createaccount", _LOGIN, "--pass", _PASSWORD)
        self._run("meshcentral.js", "--adminaccount", _LOGIN)

    def start(self) -> None:
        with (self.folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(self._command("meshcentral.js"), stdout=log, stderr=log, cwd=self.folder)
        harness.eventually("MeshCentral answers", lambda: self.get("/"), _START_S)

    def add_group(self) -> str:
        """-> the id that its agents need."""
        login = ["--url", f"wss://127.0.0.1:{self.port}", "--loginuser", _LOGIN, "--loginpass", _PASSWORD]
        said = self._run("meshctrl.js", "AddDeviceGroup", "--name", _GROUP, *login)
        return said.split("mesh//")[1].split()[0]

    def get(self, path: str) -> bytes:
        """Empty when there is no answer."""
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(self.url + path, context=trusting) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            return b""

    def _command(self, script: str) -> list[str]:
        return ["node", str(self.package / script), "--datapath", str(self.folder)]

    def _run(self, script: str, *arguments: str) -> str:
        # The server's certificate is one of its own making, on this computer.
        environment = {**os.environ, "NODE_TLS_REJECT_UNAUTHORIZED": "0"}
        command = [*self._command(script), *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=self.folder)
        return done.stdout


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    made = Server(installed(), folder, harness.free_port())
    made.set_up()
    made.start()
    assert made.process is not None
    try:
        yield made
    finally:
        harness.stop(made.process)


@contextmanager
def agent(where: harness.Desktop, made: Server) -> Iterator[int]:
    """The agent for this desktop, not installed -> its pid."""
    folder = made.folder / "agent"
    folder.mkdir()
    group = urllib.parse.quote(made.add_group())
    settings = made.get(f"/meshsettings?id={group}").decode()
    (folder / "meshagent.msh").write_text(settings)
    program = folder / "meshagent"
    shutil.copy(made.package / "agents" / "meshagent_x86-64", program)
    program.chmod(0o700)
    with (folder / "agent.log").open("wb") as log:
        process = subprocess.Popen([program, "connect"], cwd=folder, env=where.environment, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        harness.stop(process)


def open_screen(page: Page, url: str) -> None:
    """Until the screen is in the canvas #Desk."""
    # The page's content security policy has no room for Playwright's own waiting.
    there = "typeof nodes !== 'undefined' && nodes && nodes.length === 1 && (nodes[0].conn & 1) === 1"
    page.goto(url)
    page.fill("#username", _LOGIN)
    page.fill("#password", _PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    harness.eventually("the agent is listed", lambda: page.evaluate(there), _START_S)
    node = page.evaluate("nodes[0]._id").split("/")[2]
    page.goto(f"{url}/?viewmode=11&gotonode={node}")
    harness.eventually("its page is there", lambda: page.evaluate(f"{there} && !!currentNode"), _START_S)
    page.evaluate("connectDesktop(null, 3)")
    shown = f"desktop?.State === {_CONNECTED} && document.getElementById('Desk').width === 1920"
    harness.eventually("its screen is there", lambda: page.evaluate(shown), _START_S)
