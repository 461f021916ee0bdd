"""`make demo`: an appliance with demo accounts, a virtual desktop with a few programs, and a customer who is connected.

Everything lives in a temporary folder and ends with Ctrl+C. Passwords are random and printed once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
PROGRAMS = Path(__file__).parent.parent / "dist" / "programs"


class Demo:
    """Starts processes, remembers them, stops them by pid."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = port
        self.url = f"https://localhost:{port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str | Path, display: str | None = None, log: str = "demo.log") -> subprocess.Popen[bytes]:
        environment = {**os.environ, "LANG": "C.UTF-8", "XDG_SESSION_TYPE": "x11"}
        if display:
            environment["DISPLAY"] = display
        with (self.folder / log).open("ab") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()

    def admin(self, *arguments: str) -> dict[str, Any]:
        command = [BIN / "wizhelper", "admin", *arguments, "--data", self.data, "--json"]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found

    def serve(self) -> None:
        extra = ["--programs", PROGRAMS] if PROGRAMS.is_dir() else []
        self.start(
            BIN / "wizhelper", "serve", "--data", self.data, "--port", str(self.port), *extra, log="appliance.log"
        )
        self._wait(lambda: self._get("/health"))

    def _wait(self, probe: Any, timeout_s: float = 20) -> None:
        end = time.monotonic() + timeout_s
        while True:
            try:
                probe()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _get(self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        trust = ssl.create_default_context(cafile=str(self.data / "ca.pem"))
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})})
        return urllib.request.urlopen(request, context=trust, timeout=10)

    def number(self, operator: dict[str, Any]) -> str:
        """The connection number that the operator gets at login."""
        body = {"company": operator["company"], "id": operator["id"], "password": operator["password"]}
        answer = self._get("/api/v1/login", json.dumps(body).encode())
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        sessions = json.load(self._get("/api/v1/sessions", headers={"Cookie": cookie}))
        return str(next(s["number"] for s in sessions["items"] if s["state"] == "WAITING"))

    def desktop(self) -> str:
        """A virtual screen with a few real programs; -> its display."""
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x900x24", "-noreset", "-nolisten", "tcp"]
        self._processes.append(subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL))
        os.close(write)
        with os.fdopen(read) as answer:
            display = ":" + answer.readline().strip()
        self.start("openbox", display=display)
        self.start("xsetroot", "-solid", "#31507a", display=display)
        terminal = ["xterm", "-u8", "-fa", "DejaVu Sans Mono", "-fs", "13", "-geometry", "86x24+60+60"]
        self.start(*terminal, "-T", "Terminal", "-e", "bash", "--norc", display=display)
        self.start(
            "xclock",
            "-digital",
            "-strftime",
            "%H:%M:%S",
            "-update",
            "1",
            "-geometry",
            "220x70+1300+40",
            display=display,
        )
        self.start("xcalc", "-geometry", "260x340+1240+200", display=display)
        self.start("xeyes", "-geometry", "220x140+1300+620", display=display)
        return display


def free_port(wished: int) -> int:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", wished)) != 0:
            return wished
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=8443)
    options.add_argument(
        "--own-desktop", action="store_true", help="show this machine's own desktop instead of a virtual one"
    )
    options.add_argument("--seconds", type=float, help="end by itself after so long")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder = Path(tempfile.mkdtemp(prefix="wizhelper-demo-"))
    demo = Demo(folder, free_port(chosen.port))
    try:
        run(demo, chosen.own_desktop, chosen.seconds)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        demo.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(demo: Demo, own_desktop: bool, seconds: float | None) -> None:
    admin = demo.admin("init", "--company", "demo", "--company-name", "데모 회사", "--admin", "admin")
    operator = demo.admin("add-account", "--company", "demo", "--role", "operator", "--id", "kim", "--name", "김상담")
    demo.serve()
    display = os.environ["DISPLAY"] if own_desktop else demo.desktop()
    number = demo.number(operator)
    agent = demo.start(
        BIN / "wizhelper-agent",
        "connect",
        "--server",
        demo.url,
        "--ca",
        demo.data / "ca.pem",
        "--number",
        number,
        "--yes",
        display=display,
        log="agent.log",
    )
    show(demo, admin, operator)
    end = time.monotonic() + seconds if seconds else None
    while agent.poll() is None and (end is None or time.monotonic() < end):
        time.sleep(0.2)
    if agent.poll() is not None:
        sys.stdout.write("The customer's program has ended: " + (demo.folder / "agent.log").read_text()[-300:] + "\n")
        while end is None or time.monotonic() < end:
            time.sleep(0.2)


def show(demo: Demo, admin: dict[str, Any], operator: dict[str, Any]) -> None:
    sys.stdout.write(f"""
WizHelper demo is running. Ctrl+C ends it.

  Console           {demo.url}/manager
    company code    demo
    operator        {operator["id"]}   password {operator["password"]}
    administrator   {admin["id"]}   password {admin["password"]}

  Customer page     {demo.url}/

Log in as the operator, then click 원격제어 / Control at the connected customer.
The browser will warn of the demo's own certificate; its CA is {demo.data / "ca.pem"}

""")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
