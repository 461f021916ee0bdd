"""Services: systemd, the service manager of Windows, launchd."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from agent.facts.output import Output, output
from agent.platform.interface import PlatformCode, PlatformError
from wizhelper.protocol.info import Service

_SYSTEMD = ("systemctl", "list-units", "--type=service", "--all", "--no-pager", "--output=json")
_LAUNCHD = ("launchctl", "list")


def services(platform: str, run: Output = output) -> Sequence[Service]:
    """By name. Raises PlatformError(SYSTEM_UNSUPPORTED)."""
    if platform == "win32":
        found = list(_windows(psutil))
    elif platform == "darwin":
        found = list(_launchd(run(_LAUNCHD)))
    else:
        found = list(_systemd(run(_SYSTEMD)))
    return sorted(found, key=lambda service: service.name.casefold())


def _systemd(text: str) -> Iterator[Service]:
    """Without systemd as the first process systemctl writes nothing."""
    try:
        units = json.loads(text)
    except ValueError as problem:
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "systemd does not run") from problem
    for unit in units:
        state = f"{unit.get('active', '')} ({unit.get('sub', '')})"
        yield Service(str(unit.get("unit", "")), str(unit.get("description", "")), state)


def _windows(source: Any) -> Iterator[Service]:
    for service in source.win_service_iter():
        try:
            yield Service(service.name(), service.display_name(), service.status())
        except (source.NoSuchProcess, source.AccessDenied, OSError):
            # It went away meanwhile, or this user may not ask for it.
            continue


def _launchd(text: str) -> Iterator[Service]:
    """Columns: pid or "-", last exit status, label."""
    for line in text.splitlines()[1:]:
        pid, _, rest = line.partition("\t")
        status, _, label = rest.partition("\t")
        if label:
            yield Service(label, "", "running" if pid != "-" else f"stopped ({status})")
