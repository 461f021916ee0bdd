"""The lists that the operator may ask for, through psutil where it knows and the system's own sources where not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from agent.facts.event_log import MAX_EVENT_TEXT, event_log
from agent.facts.hardware import hardware
from agent.facts.processes import Processes
from agent.facts.services import services
from agent.facts.software import software
from agent.facts.system import system
from wizhelper.protocol.info import MAX_CELL, Fact, LogEvent, Program, Row, Service

MAX_ROWS = 20_000
"""Of one answer; nobody reads more, and a PC with more is broken or lies."""


class PcFacts:
    """agent.features.info.Facts of this PC. `platform` is sys.platform, another one for tests."""

    def __init__(self, platform: str = sys.platform) -> None:
        self._platform = platform
        self._processes = Processes()
        self._lists: dict[str, Callable[[], Sequence[Row]]] = {
            "processes": self._processes.rows,
            "hardware": lambda: hardware(platform),
            "software": lambda: software(platform),
            "system": lambda: system(platform),
            "services": lambda: services(platform),
        }

    def rows(self, what: str, level: str = "") -> Sequence[Row]:
        if what == "events":
            return [_cut(event) for event in event_log(self._platform, level)]
        return [_cut(row) for row in self._lists[what]()[:MAX_ROWS]]

    def kill(self, pid: int, started: float) -> None:
        self._processes.kill(pid, started)


def _cut(row: Row) -> Row:
    """Texts that fit a cell; half of a surrogate pair, which file names may have, does not travel."""
    if isinstance(row, Fact | Program | Service):
        return type(row)(**{name: shown(value) for name, value in vars(row).items()})
    if isinstance(row, LogEvent):
        text = shown(row.text, MAX_EVENT_TEXT)
        return LogEvent(row.time, row.level, shown(row.source), shown(row.code), text)
    return row


def shown(text: str, limit: int = MAX_CELL) -> str:
    return text.encode("utf-8", "replace").decode()[:limit]


def facts() -> PcFacts:
    return PcFacts()
