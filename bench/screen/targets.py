"""Remote screens to measure: the product, x11vnc and TigerVNC through noVNC, MeshCentral. Everything with its defaults.

Each is a context manager: its X server of 1920 x 1080, its programs, a counting proxy and a page that shows the screen.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Worker

from bench.first_picture import OPEN, PICTURED
from bench.screen import meshcentral
from bench.screen.marker import HOOK
from bench.screen.trees import checked_out
from bench.slow_link import Link, Proxy, proxy
from tests.e2e import harness
from tests.e2e.test_main_job import waiting_number
from wizhelper.protocol.screen import QUALITIES

SIZE = "1920x1080"
NOVNC = Path("/usr/share/novnc")
PACKAGES = {
    "x11vnc": "x11vnc",
    "Xtigervnc": "tigervnc-standalone-server",
    "websockify": "websockify",
    str(NOVNC / "vnc_lite.html"): "novnc",
}


class MissingPackageError(Exception):
    """Says how to install it."""


@dataclass(frozen=True)
class Target:
    """`agent_pids` include the X server, which TigerVNC cannot be told from.

    `reader` is where the canvas lives: the page, with `canvas` as its CSS selector, or a worker (`canvas` None).
    """

    desktop: harness.Desktop
    page: Page
    reader: Page | Worker
    proxy: Proxy
    canvas: str | None
    agent_pids: tuple[int, ...]
    server_pids: tuple[int, ...]


Opener = Callable[[Path, Browser, Link], AbstractContextManager[Target]]


def _need(*programs: str) -> None:
    missing = [PACKAGES[name] for name in programs if shutil.which(name) is None and not Path(name).exists()]
    if missing:
        raise MissingPackageError(f"apt-get install -y --no-install-recommends {' '.join(missing)}")


def _page(made: Browser) -> Page:
    """Large enough for the whole screen, pixel by pixel."""
    return harness.new_context(made, width=2040, height=1320).new_page()


def _x_server_pid(where: harness.Desktop) -> int:
    """Whoever listens on the display's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(f"/tmp/.X11-unix/X{where.display.removeprefix(':')}")
        pid, _user, _group = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


@contextmanager
def wizhelper(
    folder: Path, made: Browser, link: Link, revision: str | None = None, quality: str | None = None
) -> Iterator[Target]:
    """Over TLS and end-to-end encrypted, as always; of this tree or of a git revision, with a quality of the menu."""
    with (
        checked_out(revision, folder / "tree") if revision else nullcontext(harness.TOP) as tree,
        harness.appliance(folder, tree=tree) as server,
        harness.desktop(folder, SIZE) as where,
        proxy(server.port, link) as line,
    ):
        near = harness.Appliance(folder, line.port, passwords=server.passwords)
        page = _page(made)
        if quality:
            page.add_init_script(f"localStorage.setItem('wizhelper.quality', '{quality}')")
        harness.log_in(page, near)
        page.get_by_test_id("logout").wait_for()
        with harness.agent(where, server, "--number", waiting_number(page), "--yes") as pc:
            harness.eventually("consent", lambda: pc.events("consented"))
            page.locator(OPEN).first.click()
            page.locator(PICTURED).wait_for()
            assert server.process is not None
            agent = (pc.process.pid, _x_server_pid(where))
            (worker,) = page.workers
            worker.evaluate(HOOK)
            yield Target(where, page, worker, line, None, agent, (server.process.pid,))


@contextmanager
def x11vnc(folder: Path, made: Browser, link: Link) -> Iterator[Target]:
    _need("x11vnc", "websockify", str(NOVNC / "vnc_lite.html"))
    with harness.desktop(folder, SIZE) as where:
        port = harness.free_port()
        program = where.start(
            "x11vnc", "-display", where.display, "-rfbport", str(port), "-localhost", "-forever", "-nopw"
        )
        agent = (program.pid, _x_server_pid(where))
        with _novnc(where, made, link, port) as (page, line, server):
            yield Target(where, page, page, line, "#screen canvas", agent, (server,))


@contextmanager
def tigervnc(folder: Path, made: Browser, link: Link) -> Iterator[Target]:
    """Xtigervnc is the X server itself: nothing has to be captured."""
    _need("Xtigervnc", "websockify", str(NOVNC / "vnc_lite.html"))
    port = harness.free_port()
    with _x_tigervnc(folder, port) as (where, pid), _novnc(where, made, link, port) as (page, line, server):
        yield Target(where, page, page, line, "#screen canvas", (pid,), (server,))


@contextmanager
def _x_tigervnc(folder: Path, port: int) -> Iterator[tuple[harness.Desktop, int]]:
    read, write = os.pipe()
    command = ["Xtigervnc", "-displayfd", str(write), "-geometry", SIZE, "-depth", "24", "-SecurityTypes", "None"]
    with (folder / "xtigervnc.log").open("wb") as log:
        options = ["-rfbport", str(port), "-localhost", "-noreset"]
        process = subprocess.Popen([*command, *options], pass_fds=[write], stdout=log, stderr=log)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    where = harness.Desktop(f":{number}", folder)
    try:
        where.start("openbox")
        yield where, process.pid
    finally:
        for started in reversed(where.processes):
            harness.stop(started)
        harness.stop(process)


@contextmanager
def _novnc(where: harness.Desktop, made: Browser, link: Link, rfb_port: int) -> Iterator[tuple[Page, Proxy, int]]:
    harness.eventually("the VNC server listens", lambda: _listens(rfb_port))
    web_port = harness.free_port()
    program = where.start("websockify", "--web", NOVNC, f"127.0.0.1:{web_port}", f"127.0.0.1:{rfb_port}")
    harness.eventually("websockify listens", lambda: _listens(web_port))
    with proxy(web_port, link) as line:
        page = _page(made)
        page.goto(f"http://127.0.0.1:{line.port}/vnc_lite.html")
        drawn: Any = "() => document.querySelector('#screen canvas')?.width === 1920"
        page.wait_for_function(drawn)
        yield page, line, program.pid


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mesh(folder: Path, made: Browser, link: Link) -> Iterator[Target]:
    """Over TLS, relayed by its server, with the page's own choice of quality."""
    try:
        meshcentral.installed()
    except LookupError as missing:
        raise MissingPackageError(str(missing)) from missing
    with (
        meshcentral.server(folder) as server,
        harness.desktop(folder, SIZE) as where,
        proxy(server.port, link) as line,
        meshcentral.agent(where, server) as pid,
    ):
        page = _page(made)
        meshcentral.open_screen(page, f"https://127.0.0.1:{line.port}")
        assert server.process is not None
        yield Target(where, page, page, line, "#Desk", (pid, _x_server_pid(where)), (server.process.pid,))


TARGETS: dict[str, Opener] = {"wizhelper": wizhelper, "x11vnc": x11vnc, "tigervnc": tigervnc, "meshcentral": mesh}


def opener(name: str) -> Opener:
    """One of TARGETS, or the product at another commit and with another quality: "wizhelper@main~3+economy".

    Raises ValueError for an unknown name.
    """
    product, _, quality = name.partition("+")
    product, _, revision = product.partition("@")
    if product not in TARGETS or (product != name and product != "wizhelper") or quality not in ("", *QUALITIES):
        raise ValueError(f"unknown target: {name}")
    if product == name:
        return TARGETS[name]
    return lambda folder, made, link: wizhelper(folder, made, link, revision or None, quality or None)
