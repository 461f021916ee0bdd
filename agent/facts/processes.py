"""Running processes with what they use, and the way to end one."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import psutil

from agent.platform.interface import PlatformCode, PlatformError
from wizhelper.protocol.info import MAX_CELL, Process

SAME_START_S = 1.0
"""A pid is used again: a process that started at another time is another one."""
END_WAIT_S = 3.0


class Processes:
    """Keeps what psutil needs to tell how much CPU was used since the last question. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[int, float], psutil.Process] = {}

    def rows(self) -> Sequence[Process]:
        with self._lock:
            seen: dict[tuple[int, float], psutil.Process] = {}
            found = [row for process in psutil.process_iter() if (row := self._row(process, seen)) is not None]
            self._known = seen
            return found

    def _row(self, process: psutil.Process, seen: dict[tuple[int, float], psutil.Process]) -> Process | None:
        try:
            key = (process.pid, process.create_time())
            kept = seen[key] = self._known.get(key, process)
            with kept.oneshot():
                memory = kept.memory_info().rss
                cpu = kept.cpu_percent(None)
                return Process(kept.pid, _text(kept.name()), _user(kept), cpu, memory, key[1], _command(kept))
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return None
        except psutil.AccessDenied:
            return Process(process.pid, _name(process), "", 0.0, 0, 0.0, "")

    def kill(self, pid: int, started: float) -> None:
        """Asks the process to end, and makes it after END_WAIT_S. Raises PlatformError."""
        if pid <= 1 or pid in _family():
            raise PlatformError(PlatformCode.PROCESS_PROTECTED, str(pid))
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - started) > SAME_START_S:
                raise PlatformError(PlatformCode.PROCESS_GONE, str(pid))
            process.terminate()
            _, left = psutil.wait_procs([process], END_WAIT_S)
            for stubborn in left:
                stubborn.kill()
        except psutil.NoSuchProcess as problem:
            raise PlatformError(PlatformCode.PROCESS_GONE, str(pid)) from problem
        except psutil.AccessDenied as problem:
            raise PlatformError(PlatformCode.PROCESS_REFUSED, str(pid)) from problem


def _family() -> set[int]:
    """This program and what it runs under: who ends them ends the session without wanting to."""
    own = psutil.Process(os.getpid())
    return {own.pid, *(parent.pid for parent in own.parents())}


def _name(process: psutil.Process) -> str:
    try:
        return _text(process.name())
    except psutil.Error:
        return ""


def _user(process: psutil.Process) -> str:
    try:
        return _text(process.username())
    except (psutil.AccessDenied, KeyError):  # a user id without a name
        return ""


def _command(process: psutil.Process) -> str:
    try:
        return _text(" ".join(process.cmdline()))
    except (psutil.AccessDenied, OSError):
        return ""


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:MAX_CELL]
