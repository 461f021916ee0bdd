"""A key pressed by a program stays down when the program dies: so another process knows what is down and releases it.

The parent writes a line for every change, "+key KeyA" or "-button 1"; when its end of the pipe closes for whatever
reason, the guard releases what is still down and ends. Run as `python -m agent.platform.release_guard` or
`agent-exe --release-guard`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence

from twisted.logger import Logger

from agent.platform.child import child_command, child_environment
from agent.platform.interface import PlatformError
from agent.platform.keys import KEYS
from agent.platform.tracked import BUTTONS, Device

OPTION = "--release-guard"
END_TIMEOUT_S = 3.0


class ReleaseGuard:
    """The parent's side. `environment` is the child's (it says which display); the default is this process's own."""

    log = Logger()

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            child_command("agent.platform.release_guard", OPTION),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=child_environment() | (environment or {}),
            # Its own session: a signal to the agent's process group must not take the guard along.
            start_new_session=True,
        )
        self._broken = False

    def note(self, kind: str, name: str, down: bool) -> None:
        self._write(f"{'+' if down else '-'}{kind} {name}\n")

    def _write(self, line: str) -> None:
        if self._broken or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(line.encode("ascii"))
            self._process.stdin.flush()
        except OSError as problem:
            self._broken = True
            self.log.error("the release guard is gone: keys may stay down if we die: {problem}", problem=problem)

    def close(self) -> None:
        """Waits until the guard has released what it was told of and has ended."""
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError as problem:
                self.log.debug("the release guard was gone already: {problem}", problem=problem)
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.log.warn("the release guard did not end and is killed")
            self._process.kill()
            self._process.wait()


class Held:
    """What the parent's lines say is down: ("key", code) and ("button", bit), oldest first."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], None] = {}

    def read(self, line: str) -> None:
        """Unknown lines are ignored: the guard serves until the pipe closes, come what may."""
        kind, _, name = line[1:].strip().partition(" ")
        if (kind == "key" and name in KEYS) or (kind == "button" and name in map(str, BUTTONS)):
            if line.startswith("+"):
                self._held[kind, name] = None
            elif line.startswith("-"):
                self._held.pop((kind, name), None)

    def release(self, device: Device) -> None:
        for kind, name in reversed(self._held):
            if kind == "key":
                device.key(name, False)
            else:
                device.button(int(name), False)

    def __bool__(self) -> bool:
        return bool(self._held)


def open_device() -> Device:
    """Raises PlatformError."""
    if sys.platform == "win32":
        from agent.platform.windows import WindowsDevice

        return WindowsDevice()
    if sys.platform == "darwin":
        from agent.platform.macos import MacDevice

        return MacDevice()
    from agent.platform.linux import X11Device

    return X11Device()


def watch(lines: Iterable[str], open_device: Callable[[], Device]) -> None:
    """Reads to the end of `lines`, then releases what is down. Raises PlatformError."""
    held = Held()
    for line in lines:
        held.read(line)
    if held:
        device = open_device()
        held.release(device)
        device.close()


def main(arguments: Sequence[str] = ()) -> int:
    """Takes no arguments. 0, or 1 if the system did not allow the release (a display that is gone holds no keys)."""
    try:
        watch(sys.stdin, open_device)
    except PlatformError as problem:
        print(f"release guard: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
