"""The agent's end of prepare.py: one child process for each document, with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from agent.platform.child import child_command, child_environment
from agent.printing.problems import BROKEN, DocumentError

OPTION = "--prepare-print"
TIMEOUT_S = 120.0
_NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0


def prepare_in_child(source: Path, kind: str, pages: str, target: Path) -> int:
    """-> the number of pages in `target`. Takes seconds: not for the reactor's thread. Raises DocumentError; whatever the
    parser does with a bad document, only its process goes."""
    command = [*child_command("agent.printing.prepare", OPTION), str(source), kind, pages, str(target)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT_S, env=child_environment(), check=True, creationflags=_NO_WINDOW
        )
        said = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as problem:
        raise DocumentError(BROKEN, str(problem)) from problem
    if "code" in said:
        raise DocumentError(str(said["code"]))
    return int(said["pages"])
