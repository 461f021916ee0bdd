"""Hardware: processor, memory, disks, board, graphics, battery, displays."""

from __future__ import annotations

import json
import platform as names
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from agent.facts.output import Output, output
from agent.facts.system import size
from agent.platform.interface import PlatformError
from wizhelper.protocol.info import Fact

_DMI = Path("/sys/class/dmi/id")
_DMI_FILES = {
    "maker": "sys_vendor",
    "model": "product_name",
    "board": "board_name",
    "bios": "bios_version",
    "bios_date": "bios_date",
}
_POWERSHELL = ("powershell", "-NoProfile", "-NonInteractive", "-Command")
_CIM = {
    "computer": ("Win32_ComputerSystem", {"maker": "Manufacturer", "model": "Model"}),
    "board": ("Win32_BaseBoard", {"maker": "Manufacturer", "board": "Product"}),
    "bios": ("Win32_BIOS", {"bios": "SMBIOSBIOSVersion"}),
    "graphics": ("Win32_VideoController", {"graphics": "Name"}),
    "disk": ("Win32_DiskDrive", {"drive": "Model"}),
}
_MAC = ("system_profiler", "-json", "SPHardwareDataType", "SPDisplaysDataType")


def hardware(platform: str, run: Output = output, sys_folder: Path = Path("/sys")) -> Sequence[Fact]:
    found = [*_processor(platform, run), *_memory(), *_disks(), *_battery()]
    if platform == "win32":
        return [*_windows(run), *found]
    if platform == "darwin":
        return [*_mac(run), *found]
    return [*_linux(sys_folder), *found]


def _processor(platform: str, run: Output) -> Iterator[Fact]:
    yield Fact("processor", "model", _model(platform, run) or names.processor() or names.machine())
    cores, threads = psutil.cpu_count(logical=False), psutil.cpu_count()
    yield Fact("processor", "cores", f"{cores or '?'} / {threads or '?'}")
    frequency = psutil.cpu_freq()
    if frequency and (frequency.max or frequency.current):
        yield Fact("processor", "frequency", f"{frequency.max or frequency.current:.0f} MHz")


def _model(platform: str, run: Output) -> str:
    if platform == "darwin":
        return run(("sysctl", "-n", "machdep.cpu.brand_string")).strip()
    if platform == "win32":
        return names.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _memory() -> Iterator[Fact]:
    yield Fact("memory", "total", size(psutil.virtual_memory().total))


def _disks() -> Iterator[Fact]:
    for name, counters in sorted((psutil.disk_io_counters(perdisk=True) or {}).items()):
        if not name.startswith(("loop", "ram")):
            yield Fact("disk", name, f"{size(counters.read_bytes)} / {size(counters.write_bytes)}")


def _battery() -> Iterator[Fact]:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is not None:
        yield Fact("battery", "charge", f"{battery.percent:.0f} %")


def _linux(folder: Path) -> Iterator[Fact]:
    for key, name in _DMI_FILES.items():
        if text := _read(folder / _DMI.relative_to("/sys") / name):
            yield Fact("computer", key, text)
    for block in sorted((folder / "block").glob("*")):
        model, sectors = _read(block / "device/model"), _read(block / "size")
        if model and sectors.isdigit():
            yield Fact("drive", block.name, f"{model}, {size(512 * int(sectors))}")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:  # not there, or for root only
        return ""


def _windows(run: Output) -> Iterator[Fact]:
    for section, (source, keys) in _CIM.items():
        text = run(
            (*_POWERSHELL, f"Get-CimInstance {source} | Select-Object {','.join(keys.values())} | ConvertTo-Json")
        )
        for item in _items(text):
            for key, name in keys.items():
                if item.get(name):
                    yield Fact(section, key, str(item[name]))


def _items(text: str) -> list[dict[str, object]]:
    """PowerShell writes one object, or a list of several."""
    try:
        value = json.loads(text)
    except ValueError:
        return []
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _mac(run: Output) -> Iterator[Fact]:
    try:
        value = json.loads(run(_MAC))
    except (ValueError, PlatformError):
        return
    for item in value.get("SPHardwareDataType", []):
        for key, name in {"model": "machine_model", "board": "machine_name", "bios": "boot_rom_version"}.items():
            if item.get(name):
                yield Fact("computer", key, str(item[name]))
    for item in value.get("SPDisplaysDataType", []):
        yield Fact("graphics", "graphics", str(item.get("sppci_model", item.get("_name", ""))))
