"""A real X server without a screen, for the tests that capture one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

SCREEN = (1367, 769)


@dataclass(frozen=True)
class Screen:
    """`display` such as ":7"; `server` to be ended by tests that want it dead."""

    display: str
    server: subprocess.Popen[bytes]


@pytest.fixture
def xvfb() -> Iterator[Screen]:
    """An Xvfb of 1367 x 769 on a free display of its own, without TCP."""
    if shutil.which("Xvfb") is None:
        pytest.fail("needs Xvfb: apt-get install xvfb")
    read_end, write_end = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    command = ["Xvfb", "-displayfd", str(write_end), "-noreset", "-nolisten", "tcp", "-screen", "0", size]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as numbers:
            yield Screen(":" + numbers.readline().strip(), server)
    finally:
        server.terminate()
        server.wait(10)
