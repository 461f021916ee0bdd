"""Real parts for the end-to-end tests: an appliance process, a virtual X desktop, an agent process, a browser.

Each is a context manager that stops what it started, by pid, and shows its log when a test fails.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

T = TypeVar("T")

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PYTHON_BIN = Path(sys.executable).parent
TOP = Path(__file__).parent.parent.parent
SCREENSHOTS = TOP / "build" / "screenshots"


def eventually(what: str, probe: Callable[[], T | None], timeout_s: float = 20.0) -> T:
    """Polls until `probe` gives something true; fails with `what` when it never does."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {timeout_s:.0f} s: {what}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(process: subprocess.Popen[Any], how: int = signal.SIGTERM) -> int:
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def code_of(tree: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a process that runs the code of this tree, whatever tree is installed."""
    return {**environment, "PYTHONPATH": str(tree)}


@dataclass
class Appliance:
    """`wizhelper serve` on a free port with its own data folder; `tree` is the checkout that it runs, and its agents."""

    folder: Path
    port: int
    extra: tuple[str, ...] = ()
    tree: Path = TOP
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    #: A frozen program gets an empty environment.
    program: Path = PYTHON_BIN / "wizhelper"
    frozen: bool = False

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.frozen else code_of(self.tree)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def ca(self) -> Path:
        return self.data / "ca.pem"

    @property
    def log(self) -> Path:
        return self.folder / "appliance.log"

    def admin(self, *arguments: str) -> dict[str, Any]:
        command = [self.program, "admin", *arguments, "--data", self.data, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def set_up(self) -> None:
        """Company acme with an administrator and two operators."""
        self.passwords["boss"] = self.admin("init", "--company", "acme", "--admin", "boss")["password"]
        for login, name in (("kim", "김상담"), ("lee", "이상담")):
            made = self.admin("add-account", "--company", "acme", "--role", "operator", "--id", login, "--name", name)
            self.passwords[login] = made["password"]

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [self.program, "serve", "--data", self.data, "--port", str(self.port), *self.extra]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        eventually("the appliance listens", self._listens)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        return stop(self.process, how)

    def events(self) -> list[dict[str, Any]]:
        """The log, one object a line."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def appliance(folder: Path, *extra: str, tree: Path = TOP) -> Iterator[Appliance]:
    made = Appliance(folder, free_port(), extra, tree)
    made.set_up()
    made.start()
    try:
        yield made
    except BaseException:
        sys.stderr.write(made.log.read_text()[-6000:])
        raise
    finally:
        made.stop()


@dataclass
class Desktop:
    """A virtual X screen with a window manager, and programs started on it."""

    display: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    extra_environment: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"DISPLAY": self.display, "LANG": "C.UTF-8", "XDG_SESSION_TYPE": "x11"}
        return {**os.environ, **own, **self.extra_environment}

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "desktop.log").open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def run(self, *command: str) -> str:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def picture(self) -> Any:
        """What is on the screen now, as a PIL image."""
        from PIL import Image

        file = self.folder / "screen.png"
        self.run("import", "-window", "root", str(file))
        return Image.open(file).convert("RGB")


@contextmanager
def desktop(folder: Path, size: str = "1280x800") -> Iterator[Desktop]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-noreset", "-nolisten", "tcp"]
    with (folder / "xvfb.log").open("wb") as log:
        server = subprocess.Popen(command, pass_fds=[write], stderr=log)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    assert number, (folder / "xvfb.log").read_text()
    made = Desktop(f":{number}", folder)
    try:
        made.start("openbox")
        # Windows that are mapped before the window manager is there get no keyboard focus.
        ready = lambda: "window id" in made.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")  # noqa: E731
        eventually("the window manager is there", ready)
        yield made
    finally:
        for process in reversed(made.processes):
            stop(process)
        stop(server)


@dataclass
class AgentProcess:
    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Lines that the agent wrote, of one kind if `name` is given."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if name is None or line["event"] == name]


@contextmanager
def agent(
    where: Desktop,
    server: Appliance,
    *arguments: str,
    program: tuple[str | Path, ...] = (PYTHON_BIN / "wizhelper-agent",),
) -> Iterator[AgentProcess]:
    log = where.folder / f"agent-{len(where.processes)}.log"
    command = [*program, "connect", "--server", server.url, "--ca", server.ca, *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=code_of(server.tree, where.environment), stdout=out, stderr=out)
    try:
        yield AgentProcess(process, log)
    except BaseException:
        sys.stderr.write(log.read_text()[-4000:])
        raise
    finally:
        stop(process)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            yield made
        finally:
            made.close()


def new_context(made: Browser, locale: str = "ko-KR", width: int = 1366, height: int = 768) -> BrowserContext:
    return made.new_context(
        ignore_https_errors=True,
        locale=locale,
        viewport={"width": width, "height": height},
        permissions=["clipboard-read", "clipboard-write"],
    )


def log_in(page: Page, server: Appliance, login: str = "kim", password: str | None = None) -> None:
    page.goto(f"{server.url}/manager")
    page.get_by_test_id("login-company").fill("acme")
    page.get_by_test_id("login-id").fill(login)
    page.get_by_test_id("login-password").fill(password or server.passwords[login])
    page.get_by_test_id("login-submit").click()


def watch_errors(page: Page) -> list[str]:
    """Script errors and refused policies of a page: a test asserts that there are none."""
    found: list[str] = []
    page.on("pageerror", lambda problem: found.append(str(problem)))

    def console(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(message.text)

    page.on("console", console)
    return found


def canvas_picture(page: Page) -> Any:
    """The pixels of the remote screen in the page, as a PIL image."""
    import base64
    import io

    from PIL import Image

    url = page.get_by_test_id("remote-screen").evaluate(
        """canvas => { const copy = document.createElement('canvas'); copy.width = canvas.width; copy.height = canvas.height;
        copy.getContext('2d').drawImage(canvas, 0, 0); return copy.toDataURL('image/png'); }"""
    )
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
