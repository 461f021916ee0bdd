"""File transfer beside what the relay forwards for plain messages in the same run, and the screen's latency meanwhile.

    python -m bench.transfer [--mb 500] [--seconds 8] [--rounds 3] [--link 50mbit,10ms]

Both use the same appliance, a real Chromium at one end and a Python process at the other. Plain: one WebSocket that is not
encrypted end to end, whose messages are dropped at arrival. Transfer: the product's own, encrypted, summed with SHA-256 on both
sides, written to the disk and read from it. Everything shares this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bench.screen import measure
from bench.screen.targets import Target, wizhelper
from bench.slow_link import Link
from tests.e2e import harness
from wizhelper.protocol.files import MAX_CHUNK
from wizhelper.relay.tickets import Side, Ticket, TicketOffice
from wizhelper.settings.keys import load_keys

MB = 1_000_000
SCENE = "typing"
PATIENCE_MS = 600_000

# One end of a data link in the page: [ticket, sends, message bytes, total bytes] -> seconds from "paired" to the last byte.
PLAIN = """([ticket, sends, size, total]) => new Promise((resolve, reject) => {
  const url = new URL('/ws/relay', location.href); url.protocol = 'wss:'
  const socket = new WebSocket(url); socket.binaryType = 'arraybuffer'
  let left = total, began = 0
  const message = new Uint8Array(size)
  const end = () => { resolve((performance.now() - began) / 1000); socket.close() }
  const push = () => {
    while (left > 0 && socket.bufferedAmount < 8 * 1024 * 1024) { socket.send(message); left -= size }
    if (left > 0) setTimeout(push, 1)
  }
  socket.onopen = () => socket.send(JSON.stringify({ type: 'join', ticket }))
  socket.onerror = () => reject(new Error('socket'))
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') {
      if (!data.includes('paired')) return
      began = performance.now()
      if (sends) push()
      return
    }
    left -= data.byteLength
    if (sends) end()
    else if (left <= 0) { socket.send(new Uint8Array(3)); setTimeout(end, 0) }
  }
})"""


def plain(page: Page, target: Target, folder: Path, up: bool, total: int) -> float:
    """MB/s; `up`: from the browser to the other process."""
    office = TicketOffice(load_keys(folder / "data").for_purpose("relay tickets"), time.time)
    session, viewer = uuid.uuid4(), uuid.uuid4()
    ours, theirs = (office.issue(Ticket(side, session, viewer)) for side in (Side.CONSOLE, Side.AGENT))
    url = f"https://127.0.0.1:{target.proxy.port}"
    way = "receive" if up else "send"
    command = [sys.executable, "-m", "bench.plain_end", url, folder / "data" / "ca.pem", theirs, way, str(MAX_CHUNK), str(total)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        seconds = float(page.evaluate(PLAIN, [ours, up, MAX_CHUNK, total]))
        process.wait(60)
    return total / MB / seconds


def row(page: Page, side: str, name: str) -> Any:
    return page.get_by_test_id(f"files-{side}").locator(f'[data-testid=file-row][data-name="{name}"]')


def done(page: Page) -> None:
    page.locator("[data-testid=transfer][data-state=done]").wait_for(timeout=PATIENCE_MS)


def begin(page: Page, up: bool, name: str) -> None:
    clear = page.get_by_test_id("transfers-clear")
    if clear.count():
        clear.click()
        page.get_by_test_id("transfer").first.wait_for(state="detached")
    row(page, "local" if up else "remote", name).click()
    page.get_by_test_id("files-send" if up else "files-fetch").click()


def transfer(page: Page, up: bool, name: str, total: int) -> float:
    """MB/s from the click to "done"."""
    began = time.monotonic()
    begin(page, up, name)
    done(page)
    return total / MB / (time.monotonic() - began)


def file_of(path: Path, size: int) -> Path:
    with path.open("wb") as out:
        for _ in range(size // MB):
            out.write(os.urandom(MB))
    return path


def open_panel(page: Page, remote: Path, local: Path) -> None:
    harness.eventually("the panel is there", lambda: page.get_by_test_id("panel-files").is_enabled())
    page.get_by_test_id("panel-files").click()
    page.get_by_test_id("files-remote").get_by_test_id("file-row").first.wait_for()
    page.get_by_test_id("remote-path").fill(str(remote))
    page.get_by_test_id("remote-path").press("Enter")
    page.get_by_test_id("local-files").set_input_files(local)


def throughput(page: Page, target: Target, folder: Path, options: argparse.Namespace) -> None:
    total = options.mb * MB
    for up in (True, False):
        plains, transfers, costs = [], [], []
        for number in range(options.rounds):
            used = measure.cpu_seconds(measure.browser_pids())
            plains.append(plain(page, target, folder, up, total))
            plain_ms = 1000 * (measure.cpu_seconds(measure.browser_pids()) - used) / options.mb
            if up:
                (folder / "pc" / "up.bin").unlink(missing_ok=True)
            pids = (target.agent_pids[:1], target.server_pids, measure.browser_pids())
            used = [measure.cpu_seconds(some) for some in pids]
            transfers.append(transfer(page, up, "up.bin" if up else "down.bin", total))
            spent = [measure.cpu_seconds(some) - before for some, before in zip(pids, used, strict=True)]
            costs.append([1000 * seconds / options.mb for seconds in spent])
            print(f"  round {number + 1}: plain {plains[-1]:.0f}, transfer {transfers[-1]:.0f} MB/s", flush=True)
        one, other = statistics.median(plains), statistics.median(transfers)
        way = "browser -> PC" if up else "PC -> browser"
        print(f"{way}: plain {one:.0f} MB/s, transfer {other:.0f} MB/s = {100 * other / one:.0f} %", flush=True)
        agent, server, browser = (statistics.median(column) for column in zip(*costs, strict=True))
        print(f"  CPU ms per MB: agent {agent:.1f}, server {server:.1f}, browser {browser:.1f} (plain {plain_ms:.1f})", flush=True)


def latency(page: Page, target: Target, folder: Path, options: argparse.Namespace) -> None:
    """The typing scene alone and while a file goes each way that is longer than the scene."""
    quiet = [measure.run(target, SCENE, options.seconds) for _ in range(options.rounds)]
    print(f"screen alone: p50 {measure.median(quiet, 'p50'):.0f}, p95 {measure.median(quiet, 'p95'):.0f} ms", flush=True)
    for up in (True, False):
        busy: list[measure.Run] = []
        for _ in range(options.rounds):
            busy.append(_with_transfer(page, target, folder, up, options.seconds))
        grown = measure.median(busy, "p95") - measure.median(quiet, "p95")
        way = "browser -> PC" if up else "PC -> browser"
        print(
            f"screen while a file goes {way}: p50 {measure.median(busy, 'p50'):.0f}, p95 {measure.median(busy, 'p95'):.0f} ms "
            f"({grown:+.0f}), {len(busy[0].latencies)} of {busy[0].drawn} marks",
            flush=True,
        )


def _with_transfer(page: Page, target: Target, folder: Path, up: bool, seconds: float) -> measure.Run:
    (folder / "pc" / "up.bin").unlink(missing_ok=True)
    begin(page, up, "up.bin" if up else "down.bin")
    page.locator("[data-testid=transfer][data-state=running]").wait_for()
    found = measure.run(target, SCENE, seconds)
    state = page.get_by_test_id("transfer").first.get_attribute("data-state")
    if state != "running":
        print(f"  the transfer was {state} before the scene ended: take a larger --mb", flush=True)
    else:
        page.get_by_test_id("transfer-cancel").click()
    page.locator("[data-testid=transfer]:not([data-state=running])").wait_for()
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--link", type=Link.parse, default=Link())
    parser.add_argument("--only", choices=("throughput", "latency"))
    options = parser.parse_args()
    parts: dict[str, Callable[..., None]] = {"throughput": throughput, "latency": latency}
    with tempfile.TemporaryDirectory(prefix="wizhelper-bench-") as name, harness.browser() as made:
        folder = Path(name)
        (folder / "pc").mkdir()
        file_of(folder / "pc" / "down.bin", options.mb * MB)
        file_of(folder / "up.bin", options.mb * MB)
        with wizhelper(folder, made, options.link) as target:
            open_panel(target.page, folder / "pc", folder / "up.bin")
            for name, part in parts.items():
                if options.only in (None, name):
                    part(target.page, target, folder, options)
    print(json.dumps({"load": os.getloadavg()[0], "cores": os.cpu_count(), "mb": options.mb}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
