"""Starting this program once more in another role. A frozen program has no `-m`: it takes the role as an option."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parents[2]


def child_command(module: str, option: str) -> list[str]:
    """argv for `module` run as a program: `agent-exe OPTION` when frozen, else `python -m MODULE`. `option` that is a command
    of the program (no leading "--") is given to the module, too."""
    if getattr(sys, "frozen", False):
        return [sys.executable, option]
    return [sys.executable, "-m", module, *([] if option.startswith("--") else [option])]


def child_environment() -> dict[str, str]:
    """This process's environment, with the source tree importable and UTF-8 pipes whatever the locale is."""
    environment = dict(os.environ, PYTHONUTF8="1")
    if not getattr(sys, "frozen", False):
        inherited = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(_PACKAGES), *([inherited] if inherited else [])])
    return environment
