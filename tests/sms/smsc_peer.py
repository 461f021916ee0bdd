"""A message centre in a process of its own: smsc/smsc.cjs, driven line by line."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "smsc" / "smsc.cjs"


class Smsc:
    """`events`: what it told so far, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            ["node", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.port: int = json.loads(self._lines.get(timeout=20))["port"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def tell(self, command: str, **more: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **more}) + "\n")
        self._process.stdin.flush()

    def told(self, event: str) -> list[dict[str, Any]]:
        """All events of this name until now."""
        while not self._lines.empty():
            self.events.append(json.loads(self._lines.get()))
        return [each for each in self.events if each["event"] == event]

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
