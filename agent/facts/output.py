"""What a program of the operating system writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

from agent.platform.interface import PlatformCode, PlatformError

TIMEOUT_S = 30.0
_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0

Output = Callable[[Sequence[str]], str]


def output(command: Sequence[str]) -> str:
    """Its standard output, whatever its exit status is. No shell. Raises PlatformError(SYSTEM_UNSUPPORTED) without the program."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            creationflags=_HIDDEN,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, f"{command[0]}: {problem}") from problem
    return decoded(done.stdout)


def decoded(data: bytes) -> str:
    """UTF-8, or the UTF-16 that programs of Windows write on request."""
    wide = data.startswith(b"\xff\xfe") or data[1:2] == b"\0"
    return data.decode("utf-16-le" if wide else "utf-8", "replace").removeprefix("\ufeff")
