"""What the system wrote down: the journal of systemd, the Windows Event Log, the unified log of macOS; newest first."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from agent.facts.output import Output, output
from agent.platform.interface import PlatformCode, PlatformError
from wizhelper.protocol.info import LogEvent

MAX_EVENTS = 5000
MAX_EVENT_TEXT = 1000
ERROR, WARNING, INFORMATION = "error", "warning", "information"

_JOURNAL = ("journalctl", "--output=json", "--reverse", "--no-pager", "--quiet", f"--lines={MAX_EVENTS}")
_JOURNAL_FIELDS = "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID"
_JOURNAL_PRIORITY = {ERROR: "3", WARNING: "4"}

_WINDOWS_LOGS = ("System", "Application")
_WINDOWS_LEVEL = {ERROR: "(Level=1 or Level=2)", WARNING: "(Level=1 or Level=2 or Level=3)"}
_NAMESPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"

#: The unified log has thousands of lines a minute: a shorter time where everything is asked for.
_MAC = {
    ERROR: ("--last", "24h", "--predicate", "messageType == error OR messageType == fault"),
    WARNING: ("--last", "24h", "--predicate", "messageType == error OR messageType == fault"),
    "": ("--last", "10m"),
}


def event_log(platform: str, level: str, run: Output = output) -> Sequence[LogEvent]:
    """At most MAX_EVENTS of at least this level; "": all. Raises PlatformError(SYSTEM_UNSUPPORTED)."""
    if platform == "win32":
        found = sorted(_windows(level, run), key=lambda event: event.time, reverse=True)
    elif platform == "darwin":
        found = list(_mac(run(("log", "show", "--style", "ndjson", *_MAC[level]))))[::-1]
    else:
        found = list(_journal(level, run))
    return found[:MAX_EVENTS]


def _event(time: float, level: str, source: str, code: str, text: str) -> LogEvent:
    return LogEvent(time, level, source, code, text[:MAX_EVENT_TEXT])


def _objects(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """One JSON object a line; the last may be cut off."""
    for line in lines:
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def _journal(level: str, run: Output) -> Iterator[LogEvent]:
    least = [f"--priority={_JOURNAL_PRIORITY[level]}"] if level else []
    for entry in _objects(run((*_JOURNAL, _JOURNAL_FIELDS, *least)).splitlines()):
        priority = str(entry.get("PRIORITY", "6"))
        found = ERROR if priority in "0123" else WARNING if priority == "4" else INFORMATION
        source = _journal_text(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or "")
        time = _number(entry.get("__REALTIME_TIMESTAMP")) / 1_000_000
        yield _event(time, found, source, _journal_text(entry.get("_PID") or ""), _journal_text(entry.get("MESSAGE")))


def _journal_text(value: Any) -> str:
    """Bytes that are no UTF-8 come as a list of numbers; a field that stands twice as a list of texts."""
    if isinstance(value, list) and all(isinstance(item, int) and 0 <= item < 256 for item in value):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _windows(level: str, run: Output) -> Iterator[LogEvent]:
    for name in _WINDOWS_LOGS:
        query = [f"/q:*[System[{_WINDOWS_LEVEL[level]}]]"] if level else []
        command = ("wevtutil", "qe", name, "/f:RenderedXml", "/rd:true", f"/c:{MAX_EVENTS // 2}", "/uni:true", *query)
        yield from islice(_rendered(run(command)), MAX_EVENTS // 2)


def _rendered(text: str) -> Iterator[LogEvent]:
    """wevtutil writes one <Event> after the other, without a root. An event log has no document type: no entities grow."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "wevtutil wrote a document type")
    for piece in text.lstrip("\ufeff").split("</Event>"):
        start = piece.find("<Event ")
        if start < 0:
            continue
        with suppress(ElementTree.ParseError):  # control characters that XML does not have
            yield _windows_event(ElementTree.fromstring(piece[start:] + "</Event>"))


def _windows_event(event: ElementTree.Element) -> LogEvent:
    def text(path: str) -> str:
        found = event.find("/".join(_NAMESPACE + part for part in path.split("/")))
        return (found.text or "") if found is not None else ""

    provider = event.find(f"{_NAMESPACE}System/{_NAMESPACE}Provider")
    created = event.find(f"{_NAMESPACE}System/{_NAMESPACE}TimeCreated")
    number = text("System/Level")
    level = ERROR if number in ("1", "2") else WARNING if number == "3" else INFORMATION
    message = text("RenderingInfo/Message") or " ".join(part.strip() for part in event.itertext() if part.strip())
    return _event(
        _iso_time(created.get("SystemTime", "") if created is not None else ""),
        level,
        provider.get("Name", "") if provider is not None else "",
        text("System/EventID"),
        message,
    )


def _mac(text: str) -> Iterator[LogEvent]:
    for entry in _objects(text.splitlines()):
        kind = str(entry.get("messageType", ""))
        if "eventMessage" not in entry:
            continue
        level = ERROR if kind in ("Error", "Fault") else INFORMATION
        source = str(entry.get("processImagePath", "")).rpartition("/")[2]
        code = str(entry.get("subsystem") or "")
        yield _event(_iso_time(str(entry.get("timestamp", ""))), level, source, code, str(entry["eventMessage"]))


def _iso_time(text: str) -> float:
    """Seconds since 1970; 0: unreadable. Windows writes seven digits after the second."""
    whole, _, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :]
    try:
        return datetime.fromisoformat(f"{whole}.{digits[:6]:0<6}{zone}" if digits else text).timestamp()
    except ValueError:
        return 0.0
