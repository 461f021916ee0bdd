"""Installed software: dpkg or rpm, the uninstall keys of the registry, system_profiler."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from agent.facts.output import Output, output
from agent.platform.interface import PlatformCode, PlatformError
from wizhelper.protocol.info import Program

_DPKG = ("dpkg-query", "-W", "-f=${db:Status-Status}\t${Package}\t${Version}\t${Maintainer}\n")
_RPM = ("rpm", "-qa", "--qf", "installed\t%{NAME}\t%{VERSION}-%{RELEASE}\t%{VENDOR}\n")
_MAC = ("system_profiler", "-json", "SPApplicationsDataType")
_UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall"
_UNINSTALL_32 = r"Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"


def software(platform: str, run: Output = output) -> Sequence[Program]:
    """By name. Raises PlatformError(SYSTEM_UNSUPPORTED)."""
    if platform == "win32":
        found = list(_windows(importlib.import_module("winreg")))
    elif platform == "darwin":
        found = list(_mac(run(_MAC)))
    else:
        found = list(_linux(run(_linux_command())))
    return sorted(set(found), key=lambda program: (program.name.casefold(), program.version))


def _linux_command() -> Sequence[str]:
    for command in (_DPKG, _RPM):
        if shutil.which(command[0]):
            return command
    raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "neither dpkg nor rpm")


def _linux(text: str) -> Iterator[Program]:
    for line in text.splitlines():
        state, *rest = line.split("\t")
        if state == "installed" and len(rest) == 3:
            yield Program(*rest)


def _mac(text: str) -> Iterator[Program]:
    try:
        items = json.loads(text)["SPApplicationsDataType"]
    except (ValueError, KeyError) as problem:
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "system_profiler") from problem
    for item in items:
        yield Program(str(item.get("_name", "")), str(item.get("version", "")), str(item.get("obtained_from", "")))


def _windows(winreg: Any) -> Iterator[Program]:
    """As the system's own list: with a name, and no part of another program or of the system."""
    for root, path in (
        (winreg.HKEY_LOCAL_MACHINE, _UNINSTALL),
        (winreg.HKEY_LOCAL_MACHINE, _UNINSTALL_32),
        (winreg.HKEY_CURRENT_USER, _UNINSTALL),
    ):
        for key in _subkeys(winreg, root, path):
            values = _values(winreg, key)
            if values.get("DisplayName") and not values.get("SystemComponent") and not values.get("ParentKeyName"):
                texts = (str(values.get(name, "")) for name in ("DisplayName", "DisplayVersion", "Publisher"))
                yield Program(*texts)


def _subkeys(winreg: Any, root: Any, path: str) -> Iterator[Any]:
    try:
        parent = winreg.OpenKey(root, path)
    except OSError:  # a user without programs of his own has no such key
        return
    with parent:
        for index in range(winreg.QueryInfoKey(parent)[0]):
            with winreg.OpenKey(parent, winreg.EnumKey(parent, index)) as key:
                yield key


def _values(winreg: Any, key: Any) -> dict[str, Any]:
    return {name: value for name, value, _ in (winreg.EnumValue(key, i) for i in range(winreg.QueryInfoKey(key)[1]))}
