"""`wizhelper-agent device` from the outside: runs the newest program that may run, and starts anew what asks for it.

The program that was installed is the launcher of the newer ones (versions.py). It imports little, since it stays in memory
beside them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from agent.device.versions import Versions

#: The exit status of a device program that wants to be started anew, perhaps as another version (EX_TEMPFAIL of sysexits.h).
RESTART = 75
#: Set for the programs that the launcher starts: they do not look for newer ones themselves.
LAUNCHED = "WIZHELPER_LAUNCHED"


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    return environment.get(LAUNCHED) == "1"


def run(versions: Versions, arguments: Sequence[str], here: Callable[[], int]) -> int:
    """-> exit status. `here` runs the device program in this process, and can do so only once; `arguments`: of this program."""
    program = versions.begin()
    status = here() if program is None else supervise([str(program), *arguments])
    while status == RESTART or (status != 0 and program is not None and versions.state().tries is not None):
        program = versions.begin()
        status = supervise([*([str(program)] if program else own_command()), *arguments])
    return status


def own_command() -> list[str]:
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "agent.main"]


def supervise(command: Sequence[str]) -> int:
    """Starts it, hands on the signals that end a service, and waits. -> its exit status, negative for a crash; 0 after such a
    signal, however it went."""
    environment = dict(os.environ, **{LAUNCHED: "1"})
    if not getattr(sys, "frozen", False):
        top = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [top, environment.get("PYTHONPATH")]))
    # A frozen one-file program must unpack its own parts, not use those of this one.
    environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    child = subprocess.Popen(command, env=environment)
    asked: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        child.send_signal(number)

    before = {each: signal.signal(each, hand_on) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        status = child.wait()
        return 0 if asked else status
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
