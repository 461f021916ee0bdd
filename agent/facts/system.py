"""The system: names, versions, times, addresses, how full it is."""

from __future__ import annotations

import getpass
import locale
import platform as names
import socket
import time
from collections.abc import Iterator, Sequence

import psutil

from wizhelper.protocol.info import Fact


def system(platform: str) -> Sequence[Fact]:
    return [*_computer(platform), *_time(), *_space(), *_addresses()]


def _computer(platform: str) -> Iterator[Fact]:
    yield Fact("computer", "host", names.node())
    yield Fact("computer", "user", _user())
    yield Fact("computer", "os", os_name(platform))
    yield Fact("computer", "kernel", f"{names.system()} {names.release()}")
    yield Fact("computer", "architecture", names.machine())
    language = locale.getlocale()[0]
    if language:
        yield Fact("computer", "language", language)


def os_name(platform: str) -> str:
    if platform == "win32":
        return f"Windows {names.release()} {names.version()}"
    if platform == "darwin":
        return f"macOS {names.mac_ver()[0]}"
    try:
        return names.freedesktop_os_release().get("PRETTY_NAME", names.platform())
    except OSError:
        return names.platform()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in containers
        return ""


def _time() -> Iterator[Fact]:
    yield Fact("time", "now", time.strftime("%Y-%m-%d %H:%M:%S %z"))
    yield Fact("time", "zone", time.strftime("%Z"))
    yield Fact("time", "started", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(psutil.boot_time())))


def _space() -> Iterator[Fact]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    yield Fact("use", "memory", used(memory.total - memory.available, memory.total))
    if swap.total:
        yield Fact("use", "swap", used(swap.used, swap.total))
    for part in psutil.disk_partitions(all=False):
        try:
            usage = psutil.disk_usage(part.mountpoint)
        except OSError:  # an empty card reader, a locked disk
            continue
        yield Fact("disk", part.mountpoint, f"{used(usage.used, usage.total)} {part.fstype}")


def used(amount: int, total: int) -> str:
    share = 100 * amount / total if total else 0
    return f"{size(amount)} / {size(total)} ({share:.0f} %)"


def size(amount: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def _addresses() -> Iterator[Fact]:
    kinds = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6", psutil.AF_LINK: "MAC"}
    for adapter, addresses in sorted(psutil.net_if_addrs().items()):
        told = [f"{kinds[a.family]} {a.address}" for a in addresses if a.family in kinds and a.address]
        if told:
            yield Fact("network", adapter, ", ".join(told))
