"""Log lines: one JSON object per event with named fields, so that no text from outside can forge a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

#: twisted.logger's own fields; everything else that is plain is a field of the event.
_SKIPPED = ("log_", "isError", "why", "system", "format", "message", "time", "factory", "protocol", "eventSource")


@implementer(ILogObserver)
class _JsonLines:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: LogEvent) -> None:
        self._out.write(line(event) + "\n")
        self._out.flush()


def observer(out: TextIO) -> ILogObserver:
    return _JsonLines(out)


def line(event: LogEvent) -> str:
    """JSON escapes control characters, so a line is a line whatever a peer sent."""
    failure = event.get("log_failure")
    fields: dict[str, Any] = {
        "at": datetime.fromtimestamp(event.get("log_time", 0), UTC).isoformat(timespec="milliseconds"),
        "level": getattr(event.get("log_level"), "name", "info"),
        "text": formatEvent(event),
        "from": event.get("log_namespace", ""),
    }
    for key, value in event.items():
        if not key.startswith(_SKIPPED) and isinstance(value, (str, int, float, bool)):
            fields[key] = value
    if failure is not None:
        fields["traceback"] = failure.getTraceback()
    return json.dumps(fields, ensure_ascii=True)


def awaited(work: Callable[[], Any]) -> Deferred[Any]:
    """Runs a coroutine function where Twisted wants a Deferred."""
    return Deferred.fromCoroutine(work())
