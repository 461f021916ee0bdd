"""From the customer's yes to the first full picture in the browser, at 1920x1080, everything on one machine.

    python -m bench.first_picture [--rounds 5]

The console clicks as soon as the PC is connected, as a very quick operator would. A page full of text is on the screen.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e import harness
from tests.e2e.test_main_job import same_picture, waiting_number

PICTURED = "[data-testid=remote-screen][data-pictured=true]"
OPEN = "[data-testid=session-row][data-state=ACTIVE] [data-testid=open-control]"


def one_round(page: Any, server: harness.Appliance, where: harness.Desktop) -> tuple[float, float]:
    """-> seconds from consent to (PC connected, first picture)."""
    page.goto(f"{server.url}/manager")
    with harness.agent(where, server, "--number", waiting_number(page), "--yes") as pc:
        harness.eventually("consent", lambda: pc.events("consented"))
        begin = time.monotonic()
        page.locator(OPEN).first.click()
        connected = time.monotonic() - begin
        page.locator(PICTURED).wait_for()
        pictured = time.monotonic() - begin
        harness.eventually("the picture is the PC's", lambda: same_picture(page, where))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        page.get_by_test_id("result-select").select_option("test")
        page.get_by_test_id("wrapup-save").click()
        page.get_by_test_id("wait-new").wait_for()
    return connected, pictured


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="wizhelper-bench-") as name:
        folder = Path(name)
        with (
            harness.appliance(folder) as server,
            harness.desktop(folder, "1920x1080") as where,
            harness.browser() as made,
        ):
            text = Path(__file__).read_text() * 3
            (folder / "text").write_text(text)
            where.start(
                "xterm",
                "-fa",
                "DejaVu Sans Mono",
                "-fs",
                "9",
                "-geometry",
                "230x70+0+0",
                "-e",
                "cat",
                str(folder / "text"),
                "-",
            )
            page = harness.new_context(made).new_page()
            harness.log_in(page, server)
            page.get_by_test_id("logout").wait_for()
            found = [one_round(page, server, where) for _ in range(rounds)]
    connected, pictured = (statistics.median(values) for values in zip(*found, strict=True))
    print(
        f"consent -> PC connected {connected * 1000:.0f} ms, -> first picture {pictured * 1000:.0f} ms (median of {rounds})"
    )
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
